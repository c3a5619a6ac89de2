package middleware

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
)

// visitor is what is remembered of somebody who has signed in.
type visitor struct {
	id       string // of the record
	Token    token
	SignedIn time.Time
	Seen     time.Time // to within a twentieth of the idle timeout
	Served   bool      `json:",omitempty"` // a page has been shown since the sign-in

	// Renewals that went out and have not come back, and when the last did.
	Renewals int       `json:",omitempty"`
	Renewing time.Time `json:",omitzero"`
}

// token gives that of somebody, or the zero value for nobody.
func (v *visitor) token() secureflows.Token {
	if v == nil {
		return secureflows.Token{}
	}
	return v.Token.Token
}

// declined reports whether a renewal was begun, and has not come back.
func (v *visitor) declined(now time.Time) bool {
	since := now.Sub(v.Renewing)
	return v.Renewals > 0 && since >= renewalPatience && since < 2*attemptAge
}

// token is a secureflows.Token that writes itself into a record, which those do
// not.
type token struct{ secureflows.Token }

func (t token) MarshalText() ([]byte, error) { return []byte(t.Reveal()), nil }

func (t *token) UnmarshalText(text []byte) (err error) {
	t.Token, err = secureflows.NewToken(string(text))
	return err
}

// visitors are those who have signed in.
type visitors struct {
	records  records
	cookie   http.Cookie
	idle     time.Duration
	lifetime time.Duration
}

// recordID gives the id of the record that a request's cookie stands for, ""
// without one. It is a digest: whoever reads the records must not find what to
// put into a cookie.
func (v *visitors) recordID(r *http.Request) string {
	cookie, err := r.Cookie(v.cookie.Name)
	if err != nil {
		return ""
	}
	return digest(cookie.Value)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// find gives the visitor who makes a request, or nil, and keeps their sign-in
// from idling out.
func (v *visitors) find(r *http.Request) (*visitor, error) {
	id := v.recordID(r)
	if id == "" {
		return nil, nil
	}
	data, found, err := v.records.find(r.Context(), id)
	if err != nil || !found {
		return nil, err
	}
	visitor := &visitor{id: id}
	if json.Unmarshal(data, visitor) != nil {
		return nil, nil // of another version
	}
	now := time.Now()
	if !now.Before(v.expiry(visitor)) {
		return nil, nil // a store may be late
	}
	if now.Sub(visitor.Seen) >= v.idle/20 {
		visitor.Seen = now
		// A store that takes no writes just now is no reason to refuse them: the
		// next request tries again.
		_ = v.update(r.Context(), visitor)
	}
	return visitor, nil
}

// expiry is when a visitor is signed out who does nothing.
func (v *visitors) expiry(visitor *visitor) time.Time {
	expiry, idle := visitor.SignedIn.Add(v.lifetime), visitor.Seen.Add(v.idle)
	if idle.Before(expiry) {
		return idle
	}
	return expiry
}

// update stores what has changed about somebody.
func (v *visitors) update(ctx context.Context, visitor *visitor) error {
	return v.records.update(ctx, visitor.id, encode(visitor), v.expiry(visitor))
}

// signIn replaces whoever was signed in, under a new id, so that nobody who knew
// the old one is signed in too.
func (v *visitors) signIn(w http.ResponseWriter, r *http.Request, bearer secureflows.Token) error {
	cookie := v.cookie
	cookie.Value = rand.Text() // 130 bits
	now := time.Now()
	visitor := &visitor{Token: token{bearer}, SignedIn: now, Seen: now}
	if old := v.recordID(r); old != "" {
		if err := v.records.remove(r.Context(), old); err != nil {
			return err
		}
	}
	if err := v.records.create(r.Context(), digest(cookie.Value), encode(visitor), v.expiry(visitor)); err != nil {
		return err
	}
	http.SetCookie(w, &cookie)
	return nil
}

// signOut ends the sign-in of whoever makes a request.
func (v *visitors) signOut(w http.ResponseWriter, r *http.Request) error {
	id := v.recordID(r)
	if id == "" {
		return nil
	}
	if err := v.records.remove(r.Context(), id); err != nil {
		return err
	}
	expire(w, v.cookie)
	return nil
}

// forget is signOut for somebody who is signed out at the service already:
// should the store fail, they are refused there the next time.
//
// The cookie stays: it stands for nobody now, and another tab may have been given
// a new one since.
func (v *visitors) forget(r *http.Request, logger *slog.Logger) {
	if err := v.records.remove(r.Context(), v.recordID(r)); err != nil {
		logger.WarnContext(r.Context(), "secureflows: the session store failed", "error", err)
	}
}

// served remembers that a sign-in has come to a page, unless the page's own
// calls have ended it meanwhile.
func (v *visitors) served(r *http.Request) {
	visitor, err := v.find(r)
	if err != nil || visitor == nil || visitor.Renewals > 0 {
		return
	}
	visitor.Served = true
	_ = v.update(r.Context(), visitor) // only spares the next request the same
}

func expire(w http.ResponseWriter, cookie http.Cookie) {
	cookie.MaxAge = -1
	http.SetCookie(w, &cookie)
}
