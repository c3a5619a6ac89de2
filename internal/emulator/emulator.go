package emulator

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Emulator is the service in memory. Make one with New; serve it as an
// http.Handler.
type Emulator struct {
	config  Config // as New completed it; never written again
	signer  *signer
	clock   clock
	people  people
	store   atomic.Pointer[store]
	serials atomic.Int64 // of tokens
	// sessions is the last session's id. It goes on after a reset: a token from
	// before must not name a session from after.
	sessions atomic.Int64

	limits   atomic.Pointer[Limits]
	locked   atomic.Bool
	faults   Faults
	recorder recorder
	watchers watchers

	closing sync.Once
	closed  chan struct{}
}

// firstSession keeps session ids apart from user ids, so that a mix-up shows.
const firstSession = 1000

// New returns an emulator that knows what the config says. The error names the
// setting that is wrong and what to write instead.
func New(config Config) (*Emulator, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	e := &Emulator{config: config.complete(), signer: newSigner(), closed: make(chan struct{})}
	for i, email := range config.Users {
		if _, err := e.people.signUp(email); err != nil {
			return nil, wrongSetting("Users", "has a mistake in entry %d: %v", i+1, err)
		}
	}
	e.sessions.Store(firstSession)
	e.limits.Store(&e.config.Limits)
	fresh := newStore(e.config.Workspaces)
	if err := e.plant(fresh, config.Seed); err != nil {
		return nil, wrongSetting("Seed", "has a mistake: %v", err)
	}
	e.store.Store(fresh)
	return e, nil
}

// complete is a deep copy of the config with its defaults filled in.
func (c Config) complete() Config {
	if c.Workspaces == nil {
		c.Workspaces = DefaultWorkspaces()
	}
	c.Workspaces = slices.Clone(c.Workspaces)
	for i := range c.Workspaces {
		apps := slices.Clone(c.Workspaces[i].Apps)
		for j := range apps {
			apps[j].RedirectURIs = slices.Clone(apps[j].RedirectURIs)
			if apps[j].TokenTTL == 0 {
				apps[j].TokenTTL = defaultTokenTTL
			}
			if apps[j].DisplayName == "" {
				apps[j].DisplayName = apps[j].ID
			}
		}
		c.Workspaces[i].Apps = apps
	}
	c.Users = slices.Clone(c.Users)
	return c
}

// Close ends the delays of faults: answers held back are sent at once. Close
// the emulator before the server, which waits for its requests. Closing twice
// does nothing, and a closed emulator still answers.
func (e *Emulator) Close() error {
	e.closing.Do(func() { close(e.closed) })
	return nil
}

// Now is the emulator's time.
func (e *Emulator) Now() time.Time { return e.clock.now().time() }

// Advance moves the clock forward, for tokens, sessions and their payloads.
// It never moves back: a negative duration does nothing.
func (e *Emulator) Advance(d time.Duration) {
	if d > 0 {
		e.clock.advance(d)
	}
}

// Workspaces is the configuration in force, with its defaults filled in.
func (e *Emulator) Workspaces() []Workspace { return e.config.complete().Workspaces }

// IDToken returns a Firebase ID token of the person with this email, whom it
// signs up on first use. It is good for an hour of the emulator's time, here
// and nowhere else.
func (e *Emulator) IDToken(email string) (string, error) {
	p, err := e.people.signUp(email)
	if err != nil {
		return "", fmt.Errorf("emulator: ID token: %w", err)
	}
	return e.idToken(p), nil
}

// UserID returns the stable id of the person with this email, whom it signs up
// on first use.
func (e *Emulator) UserID(email string) (int64, error) {
	p, err := e.people.signUp(email)
	if err != nil {
		return 0, fmt.Errorf("emulator: user id: %w", err)
	}
	return p.id, nil
}

// CreateSession opens a new session without HTTP and returns its token. An
// empty app opens it without an application. Limits and the billing lock are
// not asked: they are for the requests under test.
func (e *Emulator) CreateSession(workspace, app, email string) (token string, err error) {
	o, err := e.opening(workspace, app, email)
	if err != nil {
		return "", fmt.Errorf("emulator: create session: %w", err)
	}
	token, refused := e.create(o, Limits{}, e.clock.now())
	if refused != nil {
		return "", fmt.Errorf("emulator: create session: %w", refused)
	}
	return token, nil
}

// GetOrCreateSession is CreateSession unless the person has an active session
// of this application already.
func (e *Emulator) GetOrCreateSession(workspace, app, email string) (token string, err error) {
	o, err := e.opening(workspace, app, email)
	if err != nil {
		return "", fmt.Errorf("emulator: get or create session: %w", err)
	}
	token, refused := e.getOrOpen(o, Limits{}, e.clock.now())
	if refused != nil {
		return "", fmt.Errorf("emulator: get or create session: %w", refused)
	}
	return token, nil
}

func (e *Emulator) opening(workspace, app, email string) (opening, error) {
	t := e.store.Load().tenants[workspace]
	if t == nil {
		return opening{}, fmt.Errorf("no workspace %q: configure it in Workspaces", workspace)
	}
	if app != "" && t.apps[app] == nil {
		return opening{}, fmt.Errorf("no app %q in workspace %q: configure it in its Apps", app, workspace)
	}
	owner, err := e.people.signUp(email)
	if err != nil {
		return opening{}, err
	}
	return opening{tenant: t, app: t.apps[app], owner: owner}, nil
}

// errNotMine is about a token, which it does not show.
var errNotMine = errors.New("not a session token of this emulator: was it made by another one?")

// ExpireToken ends this token, as its lifetime would, and not its session:
// renewal and hosted login bring the data back.
func (e *Emulator) ExpireToken(token string) error {
	s, c, err := e.session(token)
	if err != nil {
		return fmt.Errorf("emulator: expire token: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(c, e.clock.now())
	return nil
}

// RevokeSession destroys the token's session and its data. Any token of the
// session will do, and revoking twice does nothing.
func (e *Emulator) RevokeSession(token string) error {
	s, _, err := e.session(token)
	if err != nil {
		return fmt.Errorf("emulator: revoke session: %w", err)
	}
	s.revoke(e.clock.now())
	return nil
}

func (e *Emulator) session(token string) (*session, claims, error) {
	c, ok := e.signer.verify(token, typeSession)
	if !ok {
		return nil, c, errNotMine
	}
	s := e.store.Load().sessions.find(c.Subject)
	if s == nil {
		return nil, c, errSessionNotFound
	}
	return s, c, nil
}

// SetLimits replaces the plan's limits until the next Reset.
func (e *Emulator) SetLimits(limits Limits) error {
	if err := limits.check(); err != nil {
		return err
	}
	e.limits.Store(&limits)
	return nil
}

// Limits are the limits in force.
func (e *Emulator) Limits() Limits { return *e.limits.Load() }

// LockBilling puts every workspace under the billing grace lock, or ends it.
func (e *Emulator) LockBilling(locked bool) { e.locked.Store(locked) }

// EnableSelfService lets people at their own list of sessions in a workspace,
// or keeps them from it, until the next Reset.
func (e *Emulator) EnableSelfService(workspace string, enabled bool) error {
	st := e.store.Load()
	t := st.tenants[workspace]
	if t == nil {
		return fmt.Errorf("emulator: workspace %q is unknown: there is %s", redactText(workspace, nil), st.names())
	}
	t.noSelfService.Store(!enabled)
	return nil
}

// AddFault lets the next matching requests meet the fault, after those queued
// before it.
func (e *Emulator) AddFault(f Fault) error {
	if err := e.faults.Add(f); err != nil {
		return fmt.Errorf("emulator: fault: %w", err)
	}
	return nil
}

// Requests is what arrived, oldest first, with every token redacted. Only the
// last thousand are kept. Calls of the control API are not among them.
func (e *Emulator) Requests() []Request { return e.recorder.requests() }

// Reset forgets sessions and their data, faults, the billing lock, limits and
// self-service set since New, the moved clock and the recorded requests. People
// keep their ids, the config stays, and its seed is sown again.
func (e *Emulator) Reset() {
	e.faults.Clear()
	e.locked.Store(false)
	e.limits.Store(&e.config.Limits)
	e.clock.reset()
	e.recorder.clear()
	fresh := newStore(e.config.Workspaces)
	if err := e.plant(fresh, e.config.Seed); err != nil {
		panic("emulator: seed: " + err.Error()) // New has sown it before
	}
	e.store.Store(fresh)
}
