// Package outcome follows the error of a call, and knows at every place after
// it what that error may still stand for: what errors.Is, a comparison, or a
// function of the package that asks for them has left.
package outcome

import (
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// A Set is what an error may stand for. An error of the SDK is exactly one.
type Set uint16

// What an error may stand for: nothing, one of the sentinels, or none of them,
// as a cancellation.
const (
	Nil Set = 1 << iota
	Unauthenticated
	Expired
	Revoked
	SessionGone
	KeyNotFound
	GraceLock
	Forbidden
	SessionLimit
	PayloadTooLarge
	RateLimited
	InvalidRequest
	Unavailable
	Other

	SignedOut = Unauthenticated | Expired | Revoked | SessionGone
	All       = Other<<1 - 1
	Failed    = All &^ Nil
)

var bySentinel = map[string]Set{
	"ErrSignedOut": SignedOut, "ErrUnauthenticated": Unauthenticated, "ErrTokenExpired": Expired,
	"ErrSessionRevoked": Revoked, "ErrSessionNotFound": SessionGone, "ErrKeyNotFound": KeyNotFound,
	"ErrGraceLock": GraceLock, "ErrForbidden": Forbidden, "ErrSessionLimit": SessionLimit,
	"ErrPayloadTooLarge": PayloadTooLarge, "ErrRateLimited": RateLimited, "ErrInvalidRequest": InvalidRequest,
	"ErrUnavailable": Unavailable,
}

// Of gives what a sentinel stands for, and false for any other value.
func Of(v ssa.Value) (Set, bool) {
	load, ok := v.(*ssa.UnOp)
	if !ok {
		return 0, false
	}
	global, ok := load.X.(*ssa.Global)
	if !ok {
		return 0, false
	}
	set, ok := bySentinel[sdk.Sentinel(global.Object())]
	return set, ok
}

// Has reports whether any of what is in other is in s.
func (s Set) Has(other Set) bool { return s&other != 0 }

// Only reports whether s is something, and nothing that is not in other.
func (s Set) Only(other Set) bool { return s != 0 && s&^other == 0 }
