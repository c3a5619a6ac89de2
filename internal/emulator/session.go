package emulator

import (
	"net/http"
	"sync"
	"time"
)

// session is a row of the service: the data, which outlives its tokens.
type session struct {
	id      int64
	tenant  *tenant
	app     *App // nil when opened without one
	owner   *person
	created instant

	// The tenant's lock guards these; see roll.
	counted bool
	queued  instant

	// Written under the tenant's lock and mu both, so either is enough to read.
	revoked bool
	endedAt instant // by a revocation
	expires instant
	life    time.Duration // what a renewal gives the session; 0 is for ever

	mu       sync.Mutex // guards all below
	revision int64      // tokens of another revision are superseded
	payload  payload
	updated  instant // when the payload was last written
	active   instant // when a token was last used or issued
	// ended holds the serials of tokens that ExpireToken ended.
	ended map[int64]struct{}
	// endedUpTo is the serial up to which all have been ended.
	endedUpTo int64
	// good counts the tokens issued and neither superseded nor ended, and
	// signedIn is when the last of them expires. The account page tells by them
	// whether somebody is signed in, without a list of all that were issued.
	good     int
	signedIn instant
	// last is the token issued last, kept only for Config.StableTokens.
	last string
}

// admit says whether a token with these claims may use the session, whose lock
// the caller holds. Revocation comes before expiry, so that a superseded token
// is told so on every call, however old it is.
func (e *Emulator) admit(s *session, c claims, now instant) *refusal {
	switch {
	case s.revoked, c.Revision != s.revision:
		return errSessionRevoked
	case s.expires.reached(now):
		return errSessionExpired
	case s.expired(c, now) && e.config.ExpiredStatus == http.StatusUnauthorized:
		return errTokenExpired401
	case s.expired(c, now):
		return errSessionExpired
	}
	return nil
}

// expired is about the token, not the session.
func (s *session) expired(c claims, now instant) bool {
	if _, ended := s.ended[c.Serial]; ended || c.Serial <= s.endedUpTo {
		return true
	}
	return c.Expires.reached(now)
}

// issue makes a token of the session, whose lock the caller holds.
func (e *Emulator) issue(s *session, now instant) string {
	ttl := directSessionTTL
	if s.app != nil {
		ttl = s.app.TokenTTL
	}
	c := claims{
		Subject:  s.id,
		Type:     typeSession,
		Revision: s.revision,
		Serial:   e.serials.Add(1),
		Issued:   now,
	}
	if ttl > 0 {
		c.Expires = now.after(ttl)
	}
	if s.expires != never && (c.Expires == never || s.expires < c.Expires) {
		c.Expires = s.expires // no token outlives its session
	}
	s.active = now
	s.count(c, now)
	token := e.signer.sign(c)
	if e.config.StableTokens {
		s.last = token
	}
	return token
}

// count takes a token into the books that state reads. The caller holds the lock.
func (s *session) count(c claims, now instant) {
	if s.signedIn.reached(now) {
		s.good = 0
	}
	if s.good == 0 || s.signedIn != never && (c.Expires == never || c.Expires > s.signedIn) {
		s.signedIn = c.Expires
	}
	s.good++
}

// end makes the token with these claims useless. The caller holds the lock.
func (s *session) end(c claims, now instant) {
	if s.revoked || c.Revision != s.revision || s.expired(c, now) {
		return // it is already
	}
	if s.ended == nil {
		s.ended = make(map[int64]struct{})
	}
	s.ended[c.Serial] = struct{}{}
	s.good--
}

// endAll is end for all tokens up to a serial. The caller holds the lock.
func (s *session) endAll(serial int64) {
	if s.revoked || s.good == 0 {
		return
	}
	s.endedUpTo, s.ended = serial, nil
	s.good = 0
}

// reissue is issue for a session that is reused.
func (e *Emulator) reissue(s *session, now instant) string {
	if s.last != "" {
		c, ok := e.signer.verify(s.last, typeSession)
		if ok && e.admit(s, c, now) == nil {
			return s.last
		}
	}
	return e.issue(s, now)
}

// supersede makes every token issued so far useless. The caller holds the lock.
func (s *session) supersede() {
	s.revision++
	s.ended, s.endedUpTo = nil, 0 // they are all of older revisions
	s.good, s.signedIn = 0, never
	s.last = ""
}

// setLife gives the session d from now; 0 is for ever. The caller holds the
// locks of the tenant and the session.
func (s *session) setLife(d time.Duration, now instant) {
	s.life = d
	s.expires = never
	if d > 0 {
		s.expires = now.after(d)
	}
	s.tenant.roll.enter(s)
}

// destroy ends the session and its data for good. The caller holds the locks of
// the tenant and the session. The row stays, to answer 410 rather than 404.
func (s *session) destroy(now instant) {
	s.revoked, s.endedAt, s.updated = true, now, now
	s.payload = nil
	s.ended = nil
	s.last = ""
	s.tenant.forget(s)
}

// revoke is destroy for who holds no lock; what is revoked already stays so.
func (s *session) revoke(now instant) {
	s.tenant.mu.Lock()
	defer s.tenant.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.revoked {
		s.destroy(now)
	}
}
