package website_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// traffic is what one visitor's tabs sent and were answered, and with it the
// session tokens that went through the browser's address bar.
type traffic struct {
	mu        sync.Mutex // guards all below
	requested []requested
	statuses  map[network.RequestID][]int64 // of its answers, of which all but the last redirect
	tokens    []string                      // oldest first
	restored  int                           // pages from the back-button cache
}

type requested struct {
	id     network.RequestID
	method string
	url    *url.URL
}

// observe is called with the browser's events, of several tabs at once.
func (tr *traffic) observe(event any) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		if sent, err := url.Parse(event.Request.URL); err == nil {
			tr.requested = append(tr.requested, requested{event.RequestID, event.Request.Method, sent})
			if token := sent.Query().Get("sessionToken"); token != "" {
				tr.tokens = append(tr.tokens, token)
			}
		}
	case *network.EventResponseReceivedExtraInfo: // also of answers that no page is given
		if tr.statuses == nil {
			tr.statuses = make(map[network.RequestID][]int64)
		}
		tr.statuses[event.RequestID] = append(tr.statuses[event.RequestID], event.StatusCode)
	case *page.EventFrameNavigated:
		if event.Type == page.NavigationTypeBackForwardCacheRestore {
			tr.restored++
		}
	}
}

// token is the newest that a sign-in brought. A test that asks has seen one.
func (tr *traffic) token(t *testing.T) string {
	t.Helper()
	all := tr.allTokens(t)
	return all[len(all)-1]
}

func (tr *traffic) allTokens(t *testing.T) []string {
	t.Helper()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	require.NotEmpty(t, tr.tokens, "no session token was seen on its way")
	return append([]string(nil), tr.tokens...)
}

// logins counts the visits to the hosted login page.
func (tr *traffic) logins() int {
	return len(tr.visits("/app/sessions/login"))
}

// visits are the pages opened at a path, of whatever host.
func (tr *traffic) visits(path string) []*url.URL {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var visits []*url.URL
	for _, sent := range tr.requested {
		if sent.method == http.MethodGet && sent.url.Path == path {
			visits = append(visits, sent.url)
		}
	}
	return visits
}

// answers are the statuses of what was asked of an address, whoever asked.
func (tr *traffic) answers(address string) []int64 {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var answers []int64
	for _, sent := range tr.requested {
		if sent.url.String() == address {
			answers = append(answers, tr.statuses[sent.id]...)
		}
	}
	return answers
}

// restorations counts the pages that came back from the back-button cache.
func (tr *traffic) restorations() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.restored
}
