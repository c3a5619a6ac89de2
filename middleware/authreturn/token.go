package authreturn

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/middleware"
)

// algorithm is the only one, whatever a token says.
const algorithm = "HS256"

// said is what a token says of itself. Whoever wrote it may have written
// anything: it may refuse a token, and never let anybody in.
type said struct {
	userID  int64
	email   string
	expires time.Time // to the second, in UTC
}

var (
	errForeign  = fmt.Errorf("authreturn: %w", middleware.ErrForeignToken)
	errUserID   = refused("its user_id is no positive whole number")
	errEmail    = refused("its email is no text")
	errNoExpiry = refused("it has no exp that is a date")
	errExpired  = fmt.Errorf("%w: authreturn", secureflows.ErrTokenExpired)
)

// refused is what is wrong with a token.
func refused(reason string) error {
	return fmt.Errorf("%w: authreturn: %s", secureflows.ErrUnauthenticated, reason)
}

// read gives what a token of AuthReturn says, and refuses what cannot be one
// that is good. It is asked before any request: what is of another provider must
// not be sent to this one.
func (r *Resolver) read(token secureflows.Token) (said, error) {
	shape, ok := jwtverify.Peek(token.Reveal())
	if !ok || !isOurs(&shape) {
		return said{}, errForeign
	}
	var s said
	id, err := strconv.ParseInt(string(shape.Claims["user_id"]), 10, 64)
	if err != nil || id <= 0 {
		return said{}, errUserID
	}
	s.userID = id
	if email := shape.Claims["email"]; email != nil && json.Unmarshal(email, &s.email) != nil {
		return said{}, errEmail
	}
	if s.expires, ok = date(shape.Claims["exp"]); !ok {
		return said{}, errNoExpiry
	}
	return s, nil
}

// isOurs is narrow, as secureFlows and others have JWTs, too: those of AuthReturn
// name a user by a number, and neither their issuer nor a key.
func isOurs(shape *jwtverify.Shape) bool {
	if shape.Algorithm != algorithm || shape.HasKeyID || shape.Type != "" && shape.Type != "JWT" {
		return false
	}
	return isNumber(shape.Claims["user_id"]) && !slices.ContainsFunc(others, shape.Has)
}

// others are claims that tokens of AuthReturn do not have.
var others = []string{"iss", "aud", "sub", "jti", "nbf"}

func isNumber(value json.RawMessage) bool {
	return len(value) > 0 && (value[0] == '-' || '0' <= value[0] && value[0] <= '9')
}

// lastSecond is the end of the year 9999. A number beyond it is no date.
const lastSecond = 253402300799

func date(value json.RawMessage) (time.Time, bool) {
	if !isNumber(value) {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil || seconds < 0 || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.Unix(int64(math.Floor(seconds)), 0).UTC(), true
}

// expired reports whether the service need not be asked any more.
func (r *Resolver) expired(s said) bool { return !r.now().Before(s.expires.Add(r.leeway)) }
