package emulator

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// store is everything that a reset forgets about sessions. The set of tenants
// is fixed; each locks for itself.
//
// Locks are taken in the order tenant, session. Reads and writes of a payload
// take the session's only, so that users do not wait for each other.
type store struct {
	tenants  map[string]*tenant
	sessions sessions
}

// sessions finds a session by its id.
type sessions struct {
	shards [sessionShards]shard
}

// sessionShards is a power of two well above the number of cores that a test
// machine has.
const sessionShards = 64

type shard struct {
	mu       sync.RWMutex // guards sessions
	sessions map[int64]*session
}

// tenant is a workspace with its sessions.
type tenant struct {
	id        int64 // its place in the config, from 1
	workspace Workspace
	apps      map[string]*App
	sessions  *sessions // of the whole store
	// noSelfService starts as the config says.
	noSelfService atomic.Bool

	mu sync.Mutex // guards all below
	// owned are the sessions that are not revoked, oldest first.
	owned map[ownership][]*session
	roll  roll
}

// ownership is what get-or-create looks sessions up by.
type ownership struct {
	owner *person
	app   *App // nil without an application
}

func newStore(workspaces []Workspace) *store {
	st := &store{tenants: make(map[string]*tenant, len(workspaces))}
	for place, workspace := range workspaces {
		t := &tenant{
			id:        int64(place + 1),
			workspace: workspace,
			apps:      make(map[string]*App, len(workspace.Apps)),
			sessions:  &st.sessions,
			owned:     make(map[ownership][]*session),
		}
		t.noSelfService.Store(workspace.DisableSelfService)
		for i := range workspace.Apps {
			t.apps[workspace.Apps[i].ID] = &workspace.Apps[i]
		}
		st.tenants[workspace.Name] = t
	}
	return st
}

// names are the workspaces, for whoever asked for one that is not there.
func (st *store) names() string {
	return strings.Join(slices.Sorted(maps.Keys(st.tenants)), ", ")
}

func (all *sessions) shard(id int64) *shard { return &all.shards[id%sessionShards] }

// find returns nil for a session that is unknown here.
func (all *sessions) find(id int64) *session {
	sh := all.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.sessions[id]
}

func (all *sessions) add(s *session) {
	sh := all.shard(s.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.sessions == nil {
		sh.sessions = make(map[int64]*session)
	}
	sh.sessions[s.id] = s
}

// ownedBy are the person's sessions, revoked ones too, in no order.
func (all *sessions) ownedBy(p *person) []*session {
	var own []*session
	for i := range all.shards {
		own = all.shards[i].ownedBy(p, own)
	}
	return own
}

func (sh *shard) ownedBy(p *person, own []*session) []*session {
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	for _, s := range sh.sessions {
		if s.owner == p {
			own = append(own, s)
		}
	}
	return own
}

// newest returns the most recent session of this owner and application that is
// active, or nil. The caller holds the tenant's lock.
func (t *tenant) newest(o ownership, now instant) *session {
	for _, s := range slices.Backward(t.owned[o]) {
		if !s.expires.reached(now) {
			return s
		}
	}
	return nil
}

// forget takes a revoked session out of the tenant's books.
func (t *tenant) forget(s *session) {
	t.roll.leave(s)
	o := ownership{s.owner, s.app}
	if rest := slices.DeleteFunc(t.owned[o], func(other *session) bool { return other == s }); len(rest) > 0 {
		t.owned[o] = rest
	} else {
		delete(t.owned, o)
	}
}
