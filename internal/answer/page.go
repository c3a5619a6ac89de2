package answer

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

var (
	//go:embed page.css
	style string
	//go:embed refusal.html
	refusalText string
)

var refusal = ParsePage(refusalText)

// StyleSource is what a policy lets the style of the pages in by.
var StyleSource = SourceOf(style)

// policy lets the page's own style be, and nothing else.
var policy = "default-src 'none'; style-src " + StyleSource + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// SourceOf is what a Content-Security-Policy lets a script or a style of a page's
// own in by: its hash.
func SourceOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ParsePage reads the template of a page, in which {{style}} is the common style.
// It panics where that is wrong.
func ParsePage(text string) *template.Template {
	functions := template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}
	return template.Must(template.New("page").Funcs(functions).Parse(text))
}

// RenderPage gives the text of a page. It panics where template and values do not
// fit.
func RenderPage(page *template.Template, values any) []byte {
	var text bytes.Buffer
	if err := page.Execute(&text, values); err != nil {
		panic(err) // both are ours
	}
	return text.Bytes()
}

// WritePage answers with a page.
func WritePage(w http.ResponseWriter, r *http.Request, status int, policy string, text []byte) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(text) // whoever left does not read it
	}
}

// RefusalPage is one that says why there is no other.
type RefusalPage struct {
	Title, Detail string
	Said          string // the reason that somebody else gave, "" for none
	Again         string // a URL at which to try again, "" for none
}

// Write answers with the page.
func (p RefusalPage) Write(w http.ResponseWriter, r *http.Request, status int) {
	WritePage(w, r, status, policy, RenderPage(refusal, p))
}
