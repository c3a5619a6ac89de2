package vertesia

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/secureflows/secureflows-go/internal/answer"
)

var (
	//go:embed bridge.html
	bridgeText string
	//go:embed bridge.js
	bridgeScript string
)

// bridge is the page that takes the token out of the fragment. It never changes,
// so that nothing of a request can get into it.
var bridge = answer.RenderPage(answer.ParsePage(bridgeText), map[string]any{"Script": template.JS(bridgeScript)})

// bridgePolicy lets the page's own script and style be, and nothing else.
var bridgePolicy = "default-src 'none'; script-src " + answer.SourceOf(bridgeScript) + "; style-src " + answer.StyleSource +
	"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func writeBridge(w http.ResponseWriter, r *http.Request) {
	answer.WritePage(w, r, http.StatusOK, bridgePolicy, bridge)
}
