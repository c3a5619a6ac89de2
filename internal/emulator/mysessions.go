package emulator

import (
	"cmp"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mySession is a row of a person's own list. A nil pointer is null.
type mySession struct {
	ID                   int64           `json:"id"`
	WorkspaceID          int64           `json:"workspaceId"`
	ProviderUID          string          `json:"providerUid"`
	UserEmail            string          `json:"userEmail"`
	AppID                *string         `json:"appId"`
	Status               lifecycle       `json:"status"`
	SecurityLevel        *string         `json:"securityLevel"`
	TokenRevision        int64           `json:"tokenRevision"`
	CreatedAt            *string         `json:"createdAt"`
	UpdatedAt            *string         `json:"updatedAt"`
	LastActivityAt       *string         `json:"lastActivityAt"`
	ExpiresAt            *string         `json:"expiresAt"`
	EndedAt              *string         `json:"endedAt"`
	RevokedBy            *string         `json:"revokedBy"`
	RevokedByDisplayName *string         `json:"revokedByDisplayName"`
	CurrentDataSizeBytes *int            `json:"currentDataSizeBytes"`
	MaxDataSizeBytes     *int            `json:"maxDataSizeBytes"`
	Payload              json.RawMessage `json:"payload"`

	created, updated, active, expires instant // to sort by
}

// lifecycle is the status of a session, whatever its tokens.
type lifecycle string

const (
	lifecycleActive  lifecycle = "active"
	lifecycleExpired lifecycle = "expired"
	lifecycleRevoked lifecycle = "revoked"
)

// mine is the row of a session. Its payload is there while it is active; the
// published schema requires the field of every row, so others have {}.
func (s *session) mine(limit int, now instant) mySession {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := mySession{
		ID: s.id, WorkspaceID: s.tenant.id, ProviderUID: s.owner.uid(), UserEmail: s.owner.email,
		Status: lifecycleActive, TokenRevision: s.revision,
		CreatedAt: s.created.stamp(), UpdatedAt: s.updated.stamp(), LastActivityAt: s.active.stamp(), ExpiresAt: s.expires.stamp(),
		Payload: json.RawMessage("{}"),
		created: s.created, updated: s.updated, active: s.active, expires: s.expires,
	}
	if s.app != nil {
		row.AppID = &s.app.ID
	}
	if limit > 0 {
		row.MaxDataSizeBytes = &limit
	}
	if !s.revoked {
		size := s.payload.size()
		row.CurrentDataSizeBytes = &size
	}
	switch {
	case s.revoked:
		row.Status, row.EndedAt = lifecycleRevoked, s.endedAt.stamp()
	case s.expires.reached(now):
		row.Status, row.EndedAt = lifecycleExpired, s.expires.stamp()
	default:
		row.Payload = s.payload.appendJSON(nil)
	}
	return row
}

// stamp is an instant as OpenAPI's date-time, and null for never.
func (i instant) stamp() *string {
	if i == never {
		return nil
	}
	text := i.time().Format(time.RFC3339Nano)
	return &text
}

// listing is what is asked of the list.
type listing struct {
	page, size  int
	wanted      string // is contained in the id, the app, the status or the own UID
	status, app string // "all" is all
	order       string
	ascending   bool
}

const (
	defaultPageSize = 20
	maxPageSize     = 200
	everything      = "all"
)

// sessionOrders are the keys to sort by. All rows have the same user, which
// leaves the order to the id.
var sessionOrders = map[string]func(a, b *mySession) int{
	"id":           func(a, b *mySession) int { return 0 },
	"user":         func(a, b *mySession) int { return 0 },
	"app":          func(a, b *mySession) int { return strings.Compare(textOf(a.AppID), textOf(b.AppID)) },
	"created":      func(a, b *mySession) int { return cmp.Compare(a.created, b.created) },
	"expires":      func(a, b *mySession) int { return cmp.Compare(a.expires.orEnd(), b.expires.orEnd()) },
	"status":       func(a, b *mySession) int { return cmp.Compare(a.Status, b.Status) },
	"lastActivity": func(a, b *mySession) int { return cmp.Compare(a.active, b.active) },
	"updated":      func(a, b *mySession) int { return cmp.Compare(a.updated, b.updated) },
}

// orEnd sorts never behind every moment.
func (i instant) orEnd() instant {
	if i == never {
		return math.MaxInt64
	}
	return i
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// readListing is strict where the published text gives an enumeration, and
// lenient about pageSize, where it says so.
func readListing(query url.Values) (listing, *refusal) {
	get := func(name, otherwise string) string {
		if value := query.Get(name); value != "" {
			return value
		}
		return otherwise
	}
	l := listing{
		wanted: strings.ToLower(query.Get("q")), status: get("status", everything), app: get("app_id", everything),
		order: get("sort", "created"), ascending: get("dir", "desc") == "asc", size: pageSize(query.Get("pageSize")),
	}
	var err error
	l.page, err = strconv.Atoi(get("page", "0"))
	switch {
	case err != nil || l.page < 0:
		return l, badRequest("page must be a number from 0")
	case l.status != everything && !slices.Contains([]lifecycle{lifecycleActive, lifecycleExpired, lifecycleRevoked}, lifecycle(l.status)):
		return l, badRequest("status must be all, active, expired or revoked")
	case sessionOrders[l.order] == nil:
		return l, badRequest("sort must be id, user, app, created, expires, status, lastActivity or updated")
	case !l.ascending && get("dir", "desc") != "desc":
		return l, badRequest("dir must be asc or desc")
	}
	return l, nil
}

// pageSize clamps a number, and takes 0 and what is no number for the default.
func pageSize(text string) int {
	size, err := strconv.Atoi(text)
	if err != nil || size == 0 {
		return defaultPageSize
	}
	return min(max(size, 1), maxPageSize)
}

func (l listing) covers(row *mySession) bool {
	if l.status != everything && l.status != string(row.Status) || l.app != everything && l.app != textOf(row.AppID) {
		return false
	}
	for _, text := range []string{strconv.FormatInt(row.ID, 10), textOf(row.AppID), string(row.Status), row.ProviderUID} {
		if strings.Contains(strings.ToLower(text), l.wanted) {
			return true
		}
	}
	return false
}

func (l listing) compare(a, b mySession) int {
	order := cmp.Or(sessionOrders[l.order](&a, &b), cmp.Compare(a.ID, b.ID))
	if l.ascending {
		return order
	}
	return -order
}

// GET /api/v1/sessions/my reads payloads, so the grace lock refuses it.
func (e *Emulator) listOwnSessions(r *request) answer {
	return e.asUser(r, func(owner *person, t *tenant) answer {
		l, refused := readListing(r.URL.Query())
		switch {
		case refused != nil:
			return refused.answer()
		case e.locked.Load():
			return errGraceLock.answer()
		}
		limit, rows := e.Limits().MaxPayloadBytes, []mySession{}
		for _, s := range e.store.Load().sessions.ownedBy(owner) {
			if s.tenant != t {
				continue
			}
			if row := s.mine(limit, r.now); l.covers(&row) {
				rows = append(rows, row)
			}
		}
		slices.SortFunc(rows, l.compare)
		first := min(l.page, len(rows)/l.size+1) * l.size // a page far out does not overflow
		shown := rows[min(first, len(rows)):min(first+l.size, len(rows))]
		return jsonAnswer(marshal(map[string]any{
			"items": shown, "page": l.page, "pageSize": l.size,
			"totalItems": len(rows), "totalPages": (len(rows) + l.size - 1) / l.size,
		}))
	})
}
