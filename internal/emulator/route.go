package emulator

import (
	"net/http"
	"slices"
	"strings"
)

type handler func(*Emulator, *request) answer

// endpoint is what a path answers to; GET answers HEAD as well.
type endpoint map[string]handler

// The routes are matched by hand on the path as sent. http.ServeMux would clean
// it first, and a key may well be a//b or ..%2F..
var (
	routes = map[string]endpoint{
		"/":                                      {http.MethodGet: (*Emulator).welcome},
		"/app/sessions/login":                    {http.MethodGet: (*Emulator).loginPage, http.MethodPost: (*Emulator).loginForm},
		"/app/self":                              {http.MethodGet: (*Emulator).accountPage, http.MethodPost: (*Emulator).accountForm},
		"/docs/read/":                            {http.MethodGet: (*Emulator).readDoc},
		"/api/v1/sessions":                       {http.MethodGet: (*Emulator).readPayload, http.MethodPost: (*Emulator).createSession},
		"/api/v1/sessions/identity":              {http.MethodGet: (*Emulator).readIdentity},
		"/api/v1/sessions/get-or-create":         {http.MethodPost: (*Emulator).getOrCreateSession},
		"/api/v1/sessions/my":                    {http.MethodGet: (*Emulator).listOwnSessions},
		"/api/v1/users/login":                    {http.MethodPost: (*Emulator).loginUser},
		"/api/v1/sessions/revoke":                {http.MethodPost: (*Emulator).revokeSession},
		"/api/v1/auth/callback":                  {http.MethodGet: (*Emulator).loginCallback},
		"/api/v1/auth/logout":                    {http.MethodGet: (*Emulator).browserLogout, http.MethodPost: (*Emulator).logout},
		"/api/v1/docs/search":                    {http.MethodGet: (*Emulator).searchDocs},
		"/api/v1/applications/validate-redirect": {http.MethodPost: (*Emulator).validateRedirect},
	}
	// segmentRoutes take one more segment, a key, a token or a number.
	segmentRoutes = []struct {
		prefix string
		endpoint
	}{
		{"/api/v1/sessions/get/", endpoint{http.MethodGet: (*Emulator).readKey}},
		{"/api/v1/sessions/set/", endpoint{http.MethodPost: (*Emulator).writeKey}},
		{"/api/v1/sessions/delete/", endpoint{http.MethodDelete: (*Emulator).deleteKey}},
		{"/api/v1/sessions/revoke/", endpoint{http.MethodPost: (*Emulator).revokeOwnSession}},
		{renewPrefix, endpoint{http.MethodPost: (*Emulator).renewSession}},
	}
)

const renewPrefix = "/api/v1/sessions/renew/"

func (e *Emulator) route(r *request) answer {
	for i := range segmentRoutes {
		if segment, found := strings.CutPrefix(r.path, segmentRoutes[i].prefix); found && !strings.Contains(segment, "/") {
			r.segment = segment
			return segmentRoutes[i].serve(e, r)
		}
	}
	if found, ok := routes[r.path]; ok {
		return found.serve(e, r)
	}
	if r.path != "/api" && !strings.HasPrefix(r.path, "/api/") {
		return page(http.StatusNotFound, "notFound", nil)
	}
	return errNotFound.answer()
}

func (p endpoint) serve(e *Emulator, r *request) answer {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handle, ok := p[method]; ok {
		return handle(e, r)
	}
	a := errNotAllowed.answer()
	a.setHeader("Allow", p.allow())
	return a
}

func (p endpoint) allow() string {
	methods := []string{http.MethodOptions}
	for method := range p {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
