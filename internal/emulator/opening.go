package emulator

import "time"

// opening is what a new session is made of.
type opening struct {
	tenant  *tenant
	app     *App
	owner   *person
	payload payload
	// life is the ttl_seconds of a login; nil is what the application says.
	life *time.Duration
}

// admits says whether the plan has room for the session. The caller holds the
// tenant's lock.
func (e *Emulator) admits(o opening, limits Limits, now instant) *refusal {
	if limit := limits.MaxPayloadBytes; limit > 0 && o.payload.size() > limit {
		return e.payloadTooLarge(limit)
	}
	if limit := limits.MaxSessions; limit > 0 && o.tenant.roll.active(now) >= limit {
		return sessionLimitReached(limit)
	}
	return nil
}

// open adds a new session. The caller holds the tenant's lock.
func (e *Emulator) open(o opening, now instant) *session {
	s := &session{
		id:      e.sessions.Add(1),
		tenant:  o.tenant,
		app:     o.app,
		owner:   o.owner,
		created: now,
		payload: o.payload,
		updated: now,
		active:  now,
	}
	s.setLife(o.lifetime(), now)
	of := ownership{o.owner, o.app}
	o.tenant.owned[of] = append(o.tenant.owned[of], s)
	o.tenant.sessions.add(s)
	return s
}

func (o opening) lifetime() time.Duration {
	switch {
	case o.life != nil:
		return *o.life
	case o.app != nil:
		return o.app.PayloadTTL
	}
	return directSessionTTL
}

// create opens a session whatever the owner has already, and issues its token.
func (e *Emulator) create(o opening, limits Limits, now instant) (string, *refusal) {
	o.tenant.mu.Lock()
	defer o.tenant.mu.Unlock()
	if refused := e.admits(o, limits, now); refused != nil {
		return "", refused
	}
	s := e.open(o, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	return e.issue(s, now), nil
}

// getOrOpen issues a token of the owner's newest active session, or of a new
// one. Earlier tokens of a reused session stay good, and the payload of the
// opening is not stored. A life that was asked for is the session's from now.
func (e *Emulator) getOrOpen(o opening, limits Limits, now instant) (string, *refusal) {
	o.tenant.mu.Lock()
	defer o.tenant.mu.Unlock()
	s := o.tenant.newest(ownership{o.owner, o.app}, now)
	fresh := s == nil
	if fresh {
		if refused := e.admits(o, limits, now); refused != nil {
			return "", refused
		}
		s = e.open(o, now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !fresh && o.life != nil {
		s.setLife(*o.life, now)
	}
	return e.reissue(s, now), nil
}

// renewal is what a token is renewed for.
type renewal struct {
	owner *person
	// life nil keeps what the session had.
	life *time.Duration
	// within nil is any session of the owner. A login renews only what belongs
	// to its application, or to none in the same workspace: the token is handed
	// to that application's page.
	within *loginReturn
}

// renew gives the session a new revision, token and life, and supersedes every
// token before. The old token, whose claims these are, may be expired or
// superseded.
func (e *Emulator) renew(c claims, n renewal, now instant) (string, payload, *refusal) {
	s := e.store.Load().sessions.find(c.Subject)
	if s == nil || !n.covers(s) {
		return "", nil, errSessionNotFound
	}
	s.tenant.mu.Lock()
	defer s.tenant.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.owner != n.owner:
		return "", nil, errNotOwner
	case s.revoked:
		return "", nil, errSessionRevoked
	case e.locked.Load():
		return "", nil, errGraceLock
	}
	life := s.life
	if n.life != nil {
		life = *n.life
	}
	s.supersede()
	s.setLife(life, now)
	return e.issue(s, now), s.payload.clone(), nil
}

func (n renewal) covers(s *session) bool {
	return n.within == nil || s.tenant.workspace.Name == n.within.tenant.workspace.Name && (s.app == nil || s.app == n.within.app)
}

// idToken signs the person in for an hour.
func (e *Emulator) idToken(p *person) string {
	now := e.clock.now()
	return e.signer.sign(claims{
		Subject: p.id,
		Type:    typeID,
		Serial:  e.serials.Add(1),
		Email:   p.email,
		Issued:  now,
		Expires: now.after(idTokenTTL),
	})
}

// bearerOf returns the person an ID token stands for.
func (e *Emulator) bearerOf(idToken string, now instant) (*person, *refusal) {
	c, ok := e.signer.verify(idToken, typeID)
	if !ok || c.Expires.reached(now) {
		return nil, errBadIDToken
	}
	if p := e.people.find(c.Subject); p != nil {
		return p, nil
	}
	return nil, errBadIDToken
}
