package emulator

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"sync"
)

const contentTypeHTML = "text/html; charset=utf-8"

//go:embed pages/*.html
var pageFiles embed.FS

// pages are parsed when the first is shown: most emulators never show one.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(pageFiles, "pages/*.html"))
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
			// No form-action: browsers apply it to the redirect that leads back
			// to the application.
			"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"},
			"X-Content-Type-Options":  {"nosniff"},
			"X-Frame-Options":         {"DENY"},
			// The page's URL may carry a token. Same-origin rather than none: a
			// form must be able to show that it is the page's own.
			"Referrer-Policy": {"same-origin"},
		},
	}
}

// GET /: what there is here, for a person who opens the origin.
func (e *Emulator) welcome(r *request) answer {
	return page(http.StatusOK, "welcome", map[string]any{
		"Origin":     "http://" + r.Host,
		"Workspaces": e.config.Workspaces,
	})
}
