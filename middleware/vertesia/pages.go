package vertesia

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

var (
	//go:embed bridge.html
	bridgeText string
	//go:embed bridge.js
	bridgeScript string
	//go:embed failure.html
	failureText string
	//go:embed page.css
	pageStyle string

	failurePage = template.Must(template.New("failure").Parse(failureText))
)

// bridge is the page that takes the token out of the fragment. It never changes,
// so that nothing of a request can get into it.
var bridge = render(template.Must(template.New("bridge").Parse(bridgeText)), map[string]any{
	"Style": template.CSS(pageStyle), "Script": template.JS(bridgeScript),
})

// The policies let the page's own script and style be, and nothing else.
var (
	bridgePolicy = "default-src 'none'; script-src " + hashOf(bridgeScript) + "; style-src " + hashOf(pageStyle) +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	failurePolicy = "default-src 'none'; style-src " + hashOf(pageStyle) +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func render(page *template.Template, values any) []byte {
	var text bytes.Buffer
	if err := page.Execute(&text, values); err != nil {
		panic(err) // pages and values are ours
	}
	return text.Bytes()
}

func writeBridge(w http.ResponseWriter, r *http.Request) {
	writePage(w, r, http.StatusOK, bridgePolicy, bridge)
}

func writeFailure(w http.ResponseWriter, r *http.Request, failure Failure) {
	writePage(w, r, failure.Status, failurePolicy,
		render(failurePage, map[string]any{"Style": template.CSS(pageStyle), "Failure": failure}))
}

func writePage(w http.ResponseWriter, r *http.Request, status int, policy string, text []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // whoever left does not read it
	}
}
