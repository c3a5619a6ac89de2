package identity

import (
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/input"
)

// A claim is a value of a request whose name says that it is an identity.
type claim struct {
	v     ssa.Value
	name  string
	email bool
}

// subjects are names of an identity, in small letters, without - and _.
var subjects = []string{
	"userid", "uid", "workspaceid", "tenantid", "accountid", "ownerid", "orgid", "organizationid", "organisationid",
	"email", "useremail", "emailaddress",
}

// subject reports whether a name is an identity's, and whether an e-mail address.
func subject(name string) (ok, email bool) {
	plain := strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	plain = strings.TrimPrefix(plain, "x")
	return slices.Contains(subjects, plain), strings.Contains(plain, "email")
}

// claims gives the identities that requests say: parameters of the path, the
// query, a form or a header, and fields of what is decoded from a body.
func claims(program *flow.Program, given *flow.Reached) []claim {
	var found []claim
	add := func(v ssa.Value, name string) {
		if ok, email := subject(name); ok && v != nil {
			found = append(found, claim{v, name, email})
		}
	}
	for _, fn := range program.Functions {
		for instruction := range flow.Instructions(fn) {
			switch instruction := instruction.(type) {
			case *ssa.Call:
				if input.Reads(instruction) && fromRequest(instruction, given) {
					add(valueOf(instruction), named(instruction))
				}
			case *ssa.Lookup:
				if given.Has(instruction.X) {
					add(instruction, text(instruction.Index))
				}
			}
		}
	}
	return append(found, decoded(program, given)...)
}

// fromRequest reports whether a call reads from a request that came in; there
// are headers of answers, too.
func fromRequest(call *ssa.Call, given *flow.Reached) bool {
	if receiver := flow.Receiver(call); receiver != nil {
		return given.Has(receiver)
	}
	_, ok := given.Any(flow.Args(call))
	return ok
}

// valueOf gives what a call gives, which may be the first of two results.
func valueOf(call *ssa.Call) ssa.Value { return flow.Result(call, 0) }

// named gives the name that is asked for.
func named(call *ssa.Call) string {
	for _, argument := range flow.Args(call) {
		if name := text(argument); name != "" {
			return name
		}
	}
	return ""
}

func text(v ssa.Value) string {
	if c, ok := v.(*ssa.Const); ok && c.Value != nil && c.Value.Kind() == constant.String {
		return constant.StringVal(c.Value)
	}
	return ""
}

// decoded gives the uses of fields that are filled from requests alone. A field
// that the program stores to as well may have its value from there.
func decoded(program *flow.Program, given *flow.Reached) []claim {
	names := map[*types.Var]string{}
	for call := range program.Calls() {
		if !input.Binds(call) && !reads(call, given) {
			continue
		}
		for _, field := range input.Filled(program, call) {
			for _, name := range field.Names {
				if ok, _ := subject(name); ok {
					names[field.Variable] = name
				}
			}
		}
	}
	for _, field := range program.FieldStores() {
		delete(names, field)
	}
	var found []claim
	for _, v := range input.Uses(program, func(field *types.Var) bool { return names[field] != "" }) {
		name := names[flow.Field(v)]
		_, email := subject(name)
		found = append(found, claim{v, name, email})
	}
	return found
}

// reads reports whether a decoder has a request before it.
func reads(call ssa.CallInstruction, given *flow.Reached) bool {
	if receiver := flow.Receiver(call); receiver != nil && given.Has(receiver) {
		return true
	}
	arguments := flow.Args(call)
	if len(arguments) < 2 {
		return false
	}
	_, ok := given.Any(arguments[:len(arguments)-1])
	return ok
}
