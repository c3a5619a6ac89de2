package emulator

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dashboardFiles are what the page at /_emulator/ loads.
//
//go:embed pages/dashboard.js pages/dashboard.css
var dashboardFiles embed.FS

// dashboardView is what the page shows. No token is part of it.
type dashboardView struct {
	Form       string
	Notice     string
	Problem    string
	Now        string
	Ahead      string // how far the clock was moved; "" is not at all
	Locked     bool
	Limits     Limits
	Faults     []faultView
	Workspaces []workspaceView
	Sessions   []ownedView
	Total      int // of sessions; may be more than are listed
	Requests   []sight
	Steps      []clockStep
}

type workspaceView struct {
	Workspace
	Active        int // sessions that have not ended
	NoSelfService bool
}

type ownedView struct {
	sessionView
	Email string
	User  int64
}

// Expirable is whether the session has a token that expiring would end.
func (v ownedView) Expirable() bool { return v.State == stateActive }

type faultView struct {
	Where, What string
	Times       int
}

const (
	maxDashboardSessions = 50
	maxDashboardRequests = 50
	maxDashboardFaults   = 50
	maxDashboardKeys     = 50
	maxDashboardValue    = 2 << 10 // bytes
)

// controlPages are what people and their browsers open, with the methods.
var controlPages = map[string]string{"": "GET, HEAD, POST", "dashboard.js": "GET, HEAD", "dashboard.css": "GET, HEAD", eventsName: "GET"}

// controlPage answers with the page and its files, or not at all.
func (e *Emulator) controlPage(r *request, name string) (answer, bool) {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case name == "" && reads:
		return e.dashboard(r, http.StatusOK, ""), true
	case name == "" && r.Method == http.MethodPost:
		return e.dashboardForm(r), true
	case name == "dashboard.js" && reads:
		return dashboardFile(name, "text/javascript; charset=utf-8"), true
	case name == "dashboard.css" && reads:
		return dashboardFile(name, "text/css; charset=utf-8"), true
	}
	allowed, found := controlPages[name]
	if !found {
		return answer{}, false
	}
	a := errNotAllowed.answer()
	a.setHeader("Allow", allowed)
	return a, true
}

func dashboardFile(name, contentType string) answer {
	body, err := dashboardFiles.ReadFile("pages/" + name)
	if err != nil {
		panic("emulator: " + err.Error()) // a name that is not embedded
	}
	return answer{status: http.StatusOK, contentType: contentType, body: body}
}

// dashboard renders the page. Its script and its requests are its own, and it
// keeps the Origin of its forms: their URLs carry no token.
func (e *Emulator) dashboard(r *request, status int, problem string) answer {
	view := e.dashboardView(r)
	view.Problem = problem
	a := page(status, "dashboard", view)
	a.header.Set("Content-Security-Policy", strings.Replace(pagePolicy(), "style-src", "style-src 'self'", 1)+
		"; script-src 'self'; connect-src 'self'; form-action 'self'")
	a.header.Set("Referrer-Policy", "same-origin")
	return a
}

func (e *Emulator) dashboardView(r *request) dashboardView {
	view := dashboardView{
		Form:     controlPrefix,
		Notice:   notice(r.URL.Query()),
		Now:      r.now.time().Format("2006-01-02 15:04:05 UTC"),
		Locked:   e.locked.Load(),
		Limits:   e.Limits(),
		Faults:   e.faults.view(),
		Requests: e.recorder.recent(maxDashboardRequests),
		Steps:    clockSteps,
	}
	if ahead := time.Duration(e.clock.offset.Load()); ahead > 0 {
		view.Ahead = length(ahead)
	}
	sessions := e.store.Load().sessions.list()
	view.Total = len(sessions)
	slices.Reverse(sessions)
	for _, s := range sessions[:min(len(sessions), maxDashboardSessions)] {
		view.Sessions = append(view.Sessions, ownedView{s.viewOf(r.now, maxDashboardKeys, maxDashboardValue), shown(s.owner.email), s.owner.id})
	}
	for _, workspace := range e.config.Workspaces {
		t := e.store.Load().tenants[workspace.Name]
		view.Workspaces = append(view.Workspaces, workspaceView{workspace, t.active(r.now), t.noSelfService.Load()})
	}
	return view
}

// active counts the sessions that have not ended.
func (t *tenant) active(now instant) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.roll.active(now)
}

// notice says what the button did that led here. Nothing of the query is
// repeated: anybody can make a link.
func notice(query url.Values) string {
	switch query.Get("done") {
	case "expire":
		return "Its tokens have expired. The data is kept."
	case "revoke":
		return "The session is revoked and its data deleted."
	case "lock":
		return "Every workspace is under the billing lock."
	case "unlock":
		return "The billing lock has ended."
	case "advance":
		return "The clock has moved."
	case "fault":
		return "The next requests that match meet the fault."
	case "reset":
		return "Everything is as it was at the start."
	}
	return ""
}

func (q *Faults) view() []faultView {
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []faultView
	for _, f := range q.queue[:min(len(q.queue), maxDashboardFaults)] {
		list = append(list, faultView{shown(f.where()), f.what(), f.Times})
	}
	return list
}

func (f Fault) where() string {
	path := f.Path
	if path == "" {
		path = "*"
	}
	if f.Method != "" {
		return f.Method + " " + path
	}
	return path
}

// what names the fault's effect in a few words.
func (f Fault) what() string {
	text := ""
	add := func(part string) {
		if text != "" {
			text += ", "
		}
		text += part
	}
	if f.Status != 0 {
		add(strconv.Itoa(f.Status))
	}
	if f.Delay > 0 {
		add("after " + f.Delay.String())
	}
	if f.Drop {
		add("connection dropped")
	}
	if f.Truncate {
		add("cut half-way")
	}
	if text == "" {
		return "more headers"
	}
	return text
}
