package emulator

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"sync"
)

const contentTypeHTML = "text/html; charset=utf-8"

var (
	//go:embed pages/*.html
	pageFiles embed.FS
	// pageStyle is part of each page: a stylesheet of its own would be one more
	// request, which the record would show and a fault on every path would meet.
	//go:embed pages/style.css
	pageStyle string
)

// pages are parsed when the first is shown: most emulators never show one.
var pages = sync.OnceValue(func() *template.Template {
	style := func() template.CSS { return template.CSS(pageStyle) }
	return template.Must(template.New("").Funcs(template.FuncMap{"style": style}).ParseFS(pageFiles, "pages/*.html"))
})

// pagePolicy lets the pages' own style in by its hash, and nothing else but the
// icon. No form-action: browsers apply it to the redirect that leads back to
// the application.
var pagePolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
})

// page renders one of the hosted pages. All work without scripts, and none may
// be framed: hosted login is a top-level navigation.
func page(status int, name string, data any) answer {
	var body bytes.Buffer
	if err := pages().ExecuteTemplate(&body, name, data); err != nil {
		panic("emulator: page " + name + ": " + err.Error()) // a mistake in pages/
	}
	return answer{
		status:      status,
		contentType: contentTypeHTML,
		body:        body.Bytes(),
		header: http.Header{
			"Content-Security-Policy": {pagePolicy()},
			"X-Content-Type-Options":  {"nosniff"},
			"X-Frame-Options":         {"DENY"},
			// The page's URL may carry a token. It makes the Origin of forms
			// null; that they are the page's own shows in Sec-Fetch-Site, which
			// browsers send to loopback also over plain http.
			"Referrer-Policy": {"no-referrer"},
		},
	}
}

// shown is text from outside as a page may show it: without tokens, which end
// up in screenshots and histories.
func shown(text string) string { return redactNamed(redactText(text, nil)) }

// GET /: what there is here, for a person who opens the origin.
func (e *Emulator) welcome(r *request) answer {
	return page(http.StatusOK, "welcome", map[string]any{
		"Origin":     "http://" + r.Host,
		"Workspaces": e.config.Workspaces,
		"Login":      exampleLogin(e.config.Workspaces),
	})
}

// exampleLogin is the login of the first application that has somewhere to
// return to, or "".
func exampleLogin(workspaces []Workspace) string {
	for _, workspace := range workspaces {
		for _, app := range workspace.Apps {
			if len(app.RedirectURIs) == 0 {
				continue
			}
			return loginPath + "?" + url.Values{
				"workspace_name": {workspace.Name}, "app_id": {app.ID}, "redirect_uri": {app.RedirectURIs[0]},
			}.Encode()
		}
	}
	return ""
}
