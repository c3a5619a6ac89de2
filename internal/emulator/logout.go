package emulator

import (
	"net/http"
	"net/url"
	"strings"
)

// clearSiteData asks the browser to forget the hosted pages' sign-in. The quotes
// belong to the value.
const clearSiteData = `"cookies"`

// ending runs end on the session whose token the request carries, holding the
// locks of the tenant and the session. It works under the grace lock: nobody is
// kept signed in, or kept from deleting data, over a bill.
func (e *Emulator) ending(r *request, end func(*session) answer) answer {
	s, c, refused := e.identified(r)
	if refused != nil {
		return refused.answer()
	}
	s.tenant.mu.Lock()
	defer s.tenant.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused := e.admit(s, c, r.now); refused != nil {
		return refused.answer()
	}
	return end(s)
}

// POST /api/v1/sessions/revoke
func (e *Emulator) revokeSession(r *request) answer {
	return e.ending(r, func(s *session) answer {
		s.destroy(r.now)
		return revokedAnswer(s.id)
	})
}

// POST /api/v1/auth/logout. The hosted sign-in stays: a browser ignores
// Clear-Site-Data in the answer to another origin's fetch.
func (e *Emulator) logout(r *request) answer {
	return e.ending(r, func(s *session) answer {
		s.supersede()
		a := jsonAnswer([]byte(`{"loggedOut":true}`))
		a.setHeader("Clear-Site-Data", clearSiteData)
		return a
	})
}

// GET /api/v1/auth/logout, by navigation. Only a token that is none refuses:
// somebody whose token has ended wants to be signed out all the same.
func (e *Emulator) browserLogout(r *request) answer {
	query := r.URL.Query()
	target := query.Get("redirect_uri")
	if target == "" {
		return badRequest("redirect_uri is required").answer()
	}
	token := query.Get("session_token")
	if token == "" {
		return refuse(http.StatusUnauthorized, "Missing session_token").answer()
	}
	c, ok := e.signer.verify(token, typeSession)
	if !ok {
		return errBadSessionToken.answer()
	}
	s := e.store.Load().sessions.find(c.Subject)
	location, ok := e.afterLogout(s, target)
	if !ok {
		return errBadRedirect.answer()
	}
	if s != nil {
		r.person, r.session = s.owner, s
		e.invalidate(s, c, r.now)
	}
	a := redirectAnswer(http.StatusFound, location)
	a.setHeader("Clear-Site-Data", clearSiteData)
	// Not every browser implements Clear-Site-Data.
	a.setHeader("Set-Cookie", expiredCookie(r).String())
	return a
}

// invalidate supersedes the tokens of a session that is active and whose
// present token this is; an older one must not sign out a newer.
func (e *Emulator) invalidate(s *session, c claims, now instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.revoked && c.Revision == s.revision && !s.expires.reached(now) {
		s.supersede()
	}
}

// afterLogout returns the Location of a logout from this session, or false for
// a target that neither is on the workspace's allowlist nor shares its origin
// with an entry. A session that is forgotten belongs to no workspace.
func (e *Emulator) afterLogout(s *session, target string) (string, bool) {
	workspaces := e.config.Workspaces
	if s != nil {
		workspaces = []Workspace{s.tenant.workspace}
	}
	parsed, err := url.Parse(target)
	if err != nil || parsed.User != nil {
		return "", false
	}
	for _, workspace := range workspaces {
		for _, app := range workspace.Apps {
			for _, entry := range app.RedirectURIs {
				if entry == target {
					return target, true
				}
				if o := originOf(parsed); o != "" && o == originOf(mustParse(entry)) {
					return parsed.String(), true // percent-encoded, for a header
				}
			}
		}
	}
	return "", false
}

// originOf is scheme, host and port of a web URL, and "" of any other.
func originOf(u *url.URL) string {
	ports := map[string]string{"http": "80", "https": "443"}
	port, web := ports[u.Scheme]
	if !web || u.Hostname() == "" {
		return ""
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// mustParse is for allowlist entries, which New has parsed before.
func mustParse(uri string) *url.URL {
	parsed, err := url.Parse(uri)
	if err != nil {
		panic("emulator: allowlist entry does not parse: " + err.Error())
	}
	return parsed
}
