package middleware

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
)

// The service sets a key whatever it held before, so that no set can be made to
// fail for the second of two. But each answers with the whole payload as it is
// afterwards. So each call of Import sets a key of its own, its claim, and looks
// for those of others in the answer: of two that meet, the second sees the first
// and withdraws. Where each sees the other both do, and try again.

const (
	importKeys   = "secureflows:import:"
	importMarks  = importKeys + "done:"
	importClaims = importKeys + "claim:"

	importClaimAge = time.Minute
	// importWorkAge is shorter, so that what is sent last arrives while the claim
	// is good, also in the eyes of a replica whose clock is ahead.
	importWorkAge  = 30 * time.Second
	maxClockOffset = importClaimAge - importWorkAge
	// importSettling is how long a write without an answer may still be under way.
	importSettling    = 5 * time.Second
	importWithdrawing = 5 * time.Second // how long to try that
)

var (
	errImportClaimed = errors.New("middleware: Import: another call imports")
	errImportLate    = fmt.Errorf("%w: Import: not done in the %v that a claim gives: call again to go on", secureflows.ErrUnavailable, importWorkAge)
	errImportLost    = fmt.Errorf("%w: Import: another call took the claim for one that has ended: call again", secureflows.ErrUnavailable)
)

// importClaim is the value of a claim.
type importClaim struct {
	Until time.Time `json:"until"`
}

// importClaimed reports whether somebody holds the claim under key. One that can
// not be read, or ends later than any can, is nobody's, or it would be in the way
// for good.
func importClaimed(payload secureflows.Payload, key string) bool {
	var claim importClaim
	left := time.Duration(0)
	if payload.Decode(key, &claim) == nil {
		left = time.Until(claim.Until)
	}
	return left > 0 && left <= importClaimAge+maxClockOffset
}

// look reports whether the import is done already, and fails with
// errImportClaimed while somebody is at it. Claims that have ended it takes away:
// there may be no room for another, and an owner that is still alive finds its own
// missing, and stops.
func (i *importing) look(ctx context.Context) (done bool, err error) {
	payload, err := i.session.Payload(ctx)
	if err != nil || payload.Has(i.mark) {
		return err == nil, err
	}
	for key := range payload.WithPrefix(importClaims) {
		if importClaimed(payload, key) {
			return false, errImportClaimed
		}
	}
	for key := range payload.WithPrefix(importClaims) {
		if _, err := i.session.Delete(ctx, key); err != nil {
			return false, err
		}
	}
	return false, nil
}

// claimedByOthers reports whether the payload has a claim of another call.
func (i *importing) claimedByOthers(payload secureflows.Payload) bool {
	for key := range payload.WithPrefix(importClaims) {
		if key != i.held && importClaimed(payload, key) {
			return true
		}
	}
	return false
}

// claim makes a claim and gives the payload that has it. A later one takes the
// place of the earlier, provided that nobody has taken that away. Each is a key of
// its own: a deletion that the network holds back must not hit the next.
func (i *importing) claim(ctx context.Context) (secureflows.Payload, error) {
	key, made := importClaims+rand.Text(), time.Now()
	earlier := i.held
	if earlier == "" {
		i.held, i.made = key, made
	}
	i.claims = append(i.claims, key)
	payload, err := i.set(ctx, key, importClaim{made.Add(importClaimAge).UTC()})
	if err == nil && earlier != "" {
		i.held, i.made = key, made
		i.release(ctx, earlier)
	}
	return payload, err
}

// set sets a key while there is time to work, and fails where the claim has gone.
func (i *importing) set(ctx context.Context, key string, value any) (secureflows.Payload, error) {
	working, cancel := i.working(ctx)
	defer cancel()
	payload, err := i.session.Set(working, key, value)
	if err != nil {
		i.refused = errors.Is(err, secureflows.ErrSignedOut)
		return nil, i.late(ctx, err)
	}
	if !payload.Has(i.held) {
		return nil, errImportLost
	}
	return payload, nil
}

func (i *importing) working(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, i.made.Add(importWorkAge))
}

// late gives errImportLate in place of an error that says that the time to work
// was over: it is no end of the caller's own context.
func (i *importing) late(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) && time.Since(i.made) >= importWorkAge {
		return errImportLate
	}
	return err
}

// release takes a claim away. One that stays for an outage ends by itself.
func (i *importing) release(ctx context.Context, key string) {
	if _, err := i.session.Delete(ctx, key); err == nil {
		i.claims = slices.DeleteFunc(i.claims, func(claim string) bool { return claim == key })
	}
}

// withdraw gives up what is claimed, also for a caller who has left. Where a write
// may still be under way, the next to import must not begin before it has arrived.
func (i *importing) withdraw(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), importWithdrawing)
	defer cancel()
	for _, key := range slices.Clone(i.claims) {
		switch {
		case i.refused:
		case i.pending:
			_, _ = i.session.Set(ctx, key, importClaim{time.Now().Add(importSettling).UTC()}) // or it ends by itself
		default:
			i.release(ctx, key)
		}
	}
	i.held, i.claims, i.pending = "", nil, false
}
