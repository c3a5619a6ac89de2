package emulator

import (
	"slices"
)

// allows reports whether the URI is on the allowlist, by exact comparison.
func (a *App) allows(uri string) bool { return slices.Contains(a.RedirectURIs, uri) }

// POST /api/v1/applications/validate-redirect. No workspace is asked for, so an
// id that several workspaces use is valid where any of them allows the URI.
func (e *Emulator) validateRedirect(r *request) answer {
	body, refused := r.object()
	if refused != nil {
		return refused.answer()
	}
	id, refused := body.text("appId")
	if refused != nil {
		return refused.answer()
	}
	uri, refused := body.text("redirectUri")
	if refused != nil {
		return refused.answer()
	}
	app, reason := e.validate(id, uri)
	text := []byte(`{"valid":false`)
	if app != nil {
		text = []byte(`{"valid":true`)
	}
	text = appendNullable(append(text, `,"appId":`...), id)
	text = appendNullable(append(text, `,"redirectUri":`...), uri)
	text = appendJSONString(append(text, `,"reason":`...), reason)
	text = append(text, `,"displayName":`...)
	if app == nil {
		text = append(text, "null"...)
	} else {
		text = appendJSONString(text, app.DisplayName)
	}
	return jsonAnswer(append(text, '}'))
}

// validate returns the app that allows the URI, or nil and why not.
func (e *Emulator) validate(id, uri string) (*App, string) {
	switch {
	case id == "":
		return nil, "appId is required"
	case uri == "":
		return nil, "redirectUri is required"
	}
	reason := "unknown appId"
	for i := range e.config.Workspaces {
		apps := e.config.Workspaces[i].Apps
		for j := range apps {
			if apps[j].ID != id {
				continue
			}
			if apps[j].allows(uri) {
				return &apps[j], "ok"
			}
			reason = "redirectUri is not on the allowlist of the application"
		}
	}
	return nil, reason
}

func appendNullable(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendJSONString(b, s)
}
