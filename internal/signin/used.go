package signin

import (
	"sync"
	"time"
)

const (
	// maxUsed bounds what is remembered: 13 sign-ins a second, at some 300 KiB.
	// Of more than that the cookie alone keeps single use.
	maxUsed = 4096
	// usedAge is how long a cookie may still be sent: see isRecent.
	usedAge = attemptAge + time.Minute
)

// used remembers the nonces that have come back, in this process.
type used struct {
	mu    sync.Mutex // guards all below
	known map[string]bool
	order []usedNonce // the oldest first
}

type usedNonce struct {
	nonce string
	until time.Time
}

// add remembers a nonce, and reports whether it is new.
func (u *used) add(nonce string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.known[nonce] {
		return false
	}
	for len(u.order) > 0 && (len(u.order) >= maxUsed || !now.Before(u.order[0].until)) {
		delete(u.known, u.order[0].nonce)
		u.order = u.order[1:]
	}
	u.known[nonce] = true
	u.order = append(u.order, usedNonce{nonce, now.Add(usedAge)})
	return true
}
