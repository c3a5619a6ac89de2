package identity

import (
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/input"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// databases are known by the beginnings of their packages' paths.
var databases = []string{
	"database/sql", "github.com/jmoiron/sqlx", "github.com/jackc/pgx", "gorm.io/gorm", "go.mongodb.org/mongo-driver",
	"github.com/redis/go-redis", "github.com/gomodule/redigo", "go.etcd.io/bbolt", "github.com/dgraph-io/badger",
}

// use is what becomes of one claim.
type use struct {
	program *flow.Program
	claim   claim
	reached *flow.Reached // by the claim
	proven  *flow.Reached // by the identity that the service gave
}

// checked reports whether the claim is held against the proven identity
// somewhere: compared with it, or given with it to a function that may refuse.
func (u *use) checked() bool {
	for instruction := range instructions(u.program) {
		switch instruction := instruction.(type) {
		case *ssa.BinOp:
			x, y := instruction.X, instruction.Y
			if u.reached.Has(x) && u.proven.Has(y) && !owns(y) || u.reached.Has(y) && u.proven.Has(x) && !owns(x) {
				return true
			}
		case *ssa.Call:
			if refuses(instruction) && u.with(flow.Args(instruction)) {
				return true
			}
		}
	}
	return false
}

// with reports whether both the claim and the proven identity are among values.
func (u *use) with(values []ssa.Value) bool {
	_, claimed := u.reached.Any(values)
	_, proven := u.proven.Any(values)
	return claimed && proven
}

// refuses reports whether a call may say no.
func refuses(call *ssa.Call) bool {
	callee := flow.Callee(call)
	if callee != nil && callee.Pkg() != nil && slices.Contains([]string{"fmt", "errors", "log/slog"}, callee.Pkg().Path()) {
		return false
	}
	results := call.Common().Signature().Results()
	if results.Len() == 0 {
		return false
	}
	last := results.At(results.Len() - 1).Type()
	return types.Identical(last, types.Typ[types.Bool]) || last.String() == "error"
}

// decides says how the claim decides whose data is used at an instruction, or "".
func (u *use) decides(instruction ssa.Instruction) string {
	switch instruction := instruction.(type) {
	case *ssa.Call:
		return u.called(instruction)
	case *ssa.BinOp:
		if u.authorizes(instruction) {
			return "is compared to let somebody in"
		}
	case *ssa.Lookup:
		if u.reached.Has(instruction.Index) && kept(instruction.X) {
			return "chooses whose record is looked up"
		}
	case *ssa.MapUpdate:
		if u.reached.Has(instruction.Key) && kept(instruction.Map) && !u.proven.Has(instruction.Value) {
			return "chooses whose record is written"
		}
	case *ssa.Store:
		if field, ok := instruction.Addr.(*ssa.FieldAddr); ok && u.reached.Has(instruction.Val) &&
			(sdk.Is(field.X.Type(), sdk.Path, "Key") || sdk.Is(field.X.Type(), sdk.Path, "Collection")) &&
			slices.Contains([]string{"Name", "Prefix"}, flow.Field(field).Name()) {
			return "chooses a key"
		}
	}
	return ""
}

// kept reports whether a map is the program's, and not one of this request.
func kept(v ssa.Value) bool {
	load, ok := v.(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return false
	}
	switch at := load.X.(type) {
	case *ssa.Global:
		return true
	case *ssa.FieldAddr:
		_, made := at.X.(*ssa.Alloc)
		return !made
	}
	return false
}

func (u *use) called(call *ssa.Call) string {
	name, arguments := sdk.Of(flow.Callee(call)), flow.Args(call)
	switch {
	case slices.ContainsFunc(databases, func(root string) bool { return input.Under(name.Package, root) }):
		if _, ok := u.reached.Any(arguments); ok && (!u.claim.email || asksByEmail(arguments)) {
			return "chooses whose data the database is asked for"
		}
	case name.Package == "sync" && name.Receiver == "Map" && len(arguments) > 0:
		if u.reached.Has(arguments[0]) {
			return "chooses whose record it is"
		}
	case sdk.In(flow.Callee(call), sdk.SessionGet, sdk.SessionSet, sdk.SessionDelete):
		if u.reached.Has(arguments[1]) {
			return "chooses a key"
		}
	case sdk.In(flow.Callee(call), sdk.Get, sdk.GetOr):
		if u.reached.Has(arguments[2]) {
			return "chooses a key"
		}
	}
	return ""
}

// byEmail finds a condition on an e-mail address in a query, or in the clause
// that a library makes a query of.
var byEmail = regexp.MustCompile(`(?is)(^|\bwhere\b.*?)\s*\w*\.?e_?mail\w*\s*(=|\bin\b|\blike\b)`)

// asksByEmail reports whether a query has an e-mail address for its condition:
// one that is stored may well be somebody else's.
func asksByEmail(arguments []ssa.Value) bool {
	return slices.ContainsFunc(arguments, func(v ssa.Value) bool {
		if made, ok := v.(*ssa.MakeInterface); ok {
			v = made.X
		}
		return byEmail.MatchString(text(v))
	})
}

// owners are names of fields that say whose a record is, in small letters.
var owners = []string{"owner", "ownerid", "author", "authorid", "createdby", "creator", "creatorid", "tenantid", "workspaceid"}

// authorizes reports whether a comparison of the claim lets somebody in: with
// the owner of a record, or with a refusal on one of its ways.
func (u *use) authorizes(comparison *ssa.BinOp) bool {
	if comparison.Op != token.EQL && comparison.Op != token.NEQ {
		return false
	}
	other := comparison.Y
	if u.reached.Has(other) {
		other = comparison.X
	}
	_, constant := other.(*ssa.Const)
	if u.reached.Has(comparison.X) == u.reached.Has(comparison.Y) || constant {
		return false
	}
	return owns(other) || fieldOf(other) != nil && refusesAfter(comparison)
}

// owns reports whether a value is the field that says whose a record is.
func owns(v ssa.Value) bool {
	field := fieldOf(v)
	return field != nil && slices.Contains(owners, strings.ToLower(field.Name()))
}

// fieldOf gives the field that a value was read from, or nil.
func fieldOf(v ssa.Value) *types.Var {
	if load, ok := v.(*ssa.UnOp); ok {
		v = load.X
	}
	return flow.Field(v)
}

// refusesAfter reports whether one of the ways from a comparison answers 401 or
// 403 at once.
func refusesAfter(comparison *ssa.BinOp) bool {
	for _, referrer := range *comparison.Referrers() {
		branch, ok := referrer.(*ssa.If)
		if !ok {
			continue
		}
		for _, way := range branch.Block().Succs {
			for _, instruction := range way.Instrs {
				if call, ok := instruction.(ssa.CallInstruction); ok && slices.ContainsFunc(flow.Args(call), isRefusal) {
					return true
				}
			}
		}
	}
	return false
}

func isRefusal(v ssa.Value) bool {
	c, ok := v.(*ssa.Const)
	if !ok || c.Value == nil || c.Value.Kind() != constant.Int {
		return false
	}
	status, exact := constant.Int64Val(c.Value)
	return exact && (status == 401 || status == 403)
}
