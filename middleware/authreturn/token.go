package authreturn

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	josejson "github.com/go-jose/go-jose/v4/json" // duplicate members are errors there

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/middleware"
)

// algorithm is the only one, whatever a token says.
const algorithm = "HS256"

// said is what a token says of its user and its end.
type said struct {
	userID  int64
	email   string
	expires time.Time // to the second, in UTC
}

var (
	errForeign   = fmt.Errorf("authreturn: %w", middleware.ErrForeignToken)
	errMalformed = refused("it is no JWT in compact form, or has a member twice")
	errUserID    = refused("its user_id is no positive whole number")
	errEmail     = refused("its email is no text")
	errNoExpiry  = refused("it has no exp that is a date")
	errExpired   = fmt.Errorf("%w: authreturn", secureflows.ErrTokenExpired)
)

// refused is what is wrong with a token.
func refused(reason string) error {
	return fmt.Errorf("%w: authreturn: %s", secureflows.ErrUnauthenticated, reason)
}

// route passes on what is of another provider. It comes before any request: that
// provider's token must not be sent to this one.
func route(token secureflows.Token) error {
	if shape, ok := jwtverify.Peek(token.Reveal()); !ok || !isOurs(&shape) {
		return errForeign
	}
	return nil
}

// Owns reports whether a token is AuthReturn's by its outside, which says nothing
// about whether it is good. It asks nobody; [middleware.FirstOf] goes by it.
func (r *Resolver) Owns(token secureflows.Token) bool { return route(token) == nil }

// read gives what a token says that nobody has verified. Whoever wrote it may have
// written anything: it may be reason to refuse a token, and never to let anybody
// in.
func read(token secureflows.Token) (said, error) {
	if err := route(token); err != nil {
		return said{}, err
	}
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 || members(parts[0]) == nil || !isBase64(parts[2]) {
		return said{}, errMalformed
	}
	claims := members(parts[1])
	if claims == nil {
		return said{}, errMalformed
	}
	return saidBy(claims)
}

// members gives those of a part that is a JSON object in its one spelling, and nil
// for any other: what is taken in two ways by two readers is not worth a request.
func members(part string) (object map[string]json.RawMessage) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil || !utf8.Valid(text) || josejson.Unmarshal(text, &object) != nil {
		return nil
	}
	return object
}

func isBase64(part string) bool {
	_, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil
}

// saidBy reads the claims of a token.
func saidBy(claims map[string]json.RawMessage) (s said, err error) {
	id, err := strconv.ParseInt(string(claims["user_id"]), 10, 64)
	if err != nil || id <= 0 {
		return said{}, errUserID
	}
	s.userID = id
	if email := claims["email"]; email != nil && json.Unmarshal(email, &s.email) != nil {
		return said{}, errEmail
	}
	var ok bool
	if s.expires, ok = date(claims["exp"]); !ok {
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
