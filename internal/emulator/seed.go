package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/secureflows/secureflows-go/internal/emulator/strictjson"
)

// Seed is people with the payloads of their sessions. Export gives one, and
// what New or Seed makes of it has the same payloads for whoever signs in.
// There is no token in it: those of another emulator are worth nothing here.
type Seed struct {
	People []SeedPerson `json:"people"`
}

// SeedPerson signs up on first use, so the order decides about user ids.
type SeedPerson struct {
	Email    string        `json:"email"`
	Sessions []SeedSession `json:"sessions,omitempty"` // oldest first
}

// SeedSession is a session that opens when it is seeded and lives as long as
// its application says. A login goes on with the last of the same application.
type SeedSession struct {
	Workspace string          `json:"workspace"`
	App       string          `json:"app,omitempty"`     // "" is without an application
	Payload   json.RawMessage `json:"payload,omitempty"` // a JSON object; absent is {}
}

// ParseSeed reads a seed as Export writes it. The error names the member that
// is wrong.
func ParseSeed(text []byte) (Seed, error) {
	var seed Seed
	err := strictjson.Decode(text, &seed)
	return seed, err
}

// Seed adds people and sessions to those there are. It adds all or, when it
// returns an error, nobody's session.
func (e *Emulator) Seed(seed Seed) error {
	if err := e.plant(e.store.Load(), seed); err != nil {
		return fmt.Errorf("emulator: seed: %w", err)
	}
	return nil
}

// plant is Seed for a store that is perhaps not in use yet.
func (e *Emulator) plant(st *store, seed Seed) error {
	var openings []opening
	for i, sown := range seed.People {
		owner, err := e.people.signUp(sown.Email)
		if err != nil {
			return fmt.Errorf("people[%d].email: %w", i, err)
		}
		for j, session := range sown.Sessions {
			o, err := session.opening(st, owner)
			if err != nil {
				return fmt.Errorf("people[%d].sessions[%d].%w", i, j, err)
			}
			openings = append(openings, o)
		}
	}
	now := e.clock.now()
	for _, o := range openings {
		o.tenant.mu.Lock()
		e.open(o, now)
		o.tenant.mu.Unlock()
	}
	return nil
}

func (s SeedSession) opening(st *store, owner *person) (opening, error) {
	o := opening{tenant: st.tenants[s.Workspace], owner: owner}
	if o.tenant == nil {
		return o, fmt.Errorf("workspace %q is unknown: there is %s", s.Workspace, st.names())
	}
	if o.app = o.tenant.apps[s.App]; o.app == nil && s.App != "" {
		return o, fmt.Errorf("app %q is not in workspace %q: name one of its apps, or leave app out", s.App, s.Workspace)
	}
	data, ok := parsePayload(s.Payload)
	if !ok {
		return o, fmt.Errorf("payload is not a JSON object: write such as {\"theme\": \"dark\"}")
	}
	o.payload = data
	return o, nil
}

// Export is everybody who signed up and what they can still reach by signing
// in. Revoked sessions have no data, and an expired one comes back by its own
// token only: neither is part of it.
func (e *Emulator) Export() Seed {
	now, st := e.clock.now(), e.store.Load()
	seed := Seed{People: []SeedPerson{}}
	sessions := st.sessions.byOwner()
	for _, p := range e.people.all() {
		sown := SeedPerson{Email: p.email}
		for _, s := range sessions[p] {
			if exported, ok := e.exportSession(s, now); ok {
				sown.Sessions = append(sown.Sessions, exported)
			}
		}
		seed.People = append(seed.People, sown)
	}
	return seed
}

func (e *Emulator) exportSession(s *session, now instant) (SeedSession, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revoked || s.expires.reached(now) {
		return SeedSession{}, false
	}
	exported := SeedSession{Workspace: s.tenant.workspace.Name}
	if s.app != nil {
		exported.App = s.app.ID
	}
	exported.Payload = e.withoutTokens(s.payload.appendJSON(nil))
	return exported, true
}

// withoutTokens takes the emulator's own tokens out of a payload that an
// application put one into. Others stay: they are data.
func (e *Emulator) withoutTokens(payload []byte) []byte {
	if !bytes.Contains(payload, []byte(jwtStart)) {
		return payload
	}
	return jwtPattern.ReplaceAllFunc(payload, func(found []byte) []byte {
		if _, own := e.signer.check(string(bytes.TrimRight(found, "."))); own {
			return []byte(redacted)
		}
		return found
	})
}

// byOwner are all sessions of a store, oldest first.
func (all *sessions) byOwner() map[*person][]*session {
	owned := make(map[*person][]*session)
	for _, s := range all.list() {
		owned[s.owner] = append(owned[s.owner], s)
	}
	return owned
}

// list is all sessions, oldest first.
func (all *sessions) list() []*session {
	var list []*session
	for i := range all.shards {
		sh := &all.shards[i]
		sh.mu.RLock()
		for _, s := range sh.sessions {
			list = append(list, s)
		}
		sh.mu.RUnlock()
	}
	slices.SortFunc(list, func(a, b *session) int { return int(a.id - b.id) })
	return list
}

func (e *Emulator) controlSeed(r *request) (any, error) {
	var seed Seed
	if err := r.decode(&seed); err != nil {
		return nil, err
	}
	sessions := 0
	for _, sown := range seed.People {
		sessions += len(sown.Sessions)
	}
	return map[string]int{"people": len(seed.People), "sessions": sessions}, e.Seed(seed)
}

func (e *Emulator) controlExport(*request) (any, error) { return e.Export(), nil }
