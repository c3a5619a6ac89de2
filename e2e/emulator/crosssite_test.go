package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// stranger is a page of an origin that has nothing to do with the emulator.
func stranger(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><title>stranger</title><body>%s", body)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", evilHost, 1)
}

func TestNoOtherPageControlsTheEmulator(t *testing.T) {
	s := start(t)
	token := s.session("ada@example.com", `{"a":1}`)
	b := visit(t)
	b.open(stranger(t, fmt.Sprintf(
		`<form method="post" action="%[1]s/_emulator/" ><button name="action" value="reset">Win a prize</button></form>`, s.origin)))
	for _, attempt := range []string{
		`fetch(service + 'id-token', {method: 'POST', body: '{"email":"ada@example.com"}'}).then(answer => answer.ok ? answer.text() : '')`,
		`fetch(service + 'id-token', {method: 'POST', mode: 'no-cors', body: '{"email":"eve@example.com"}'}).then(answer => answer.ok ? answer.text() : '')`,
		`fetch(service + 'reset', {method: 'POST', mode: 'no-cors', body: '{}'}).then(answer => answer.ok ? answer.text() : '')`,
		`fetch(service + 'export').then(answer => answer.ok ? answer.text() : '')`,
		`fetch(service).then(answer => answer.ok ? answer.text() : '')`,
		`new Promise(done => { const events = new EventSource(service + 'events')
			events.onopen = () => done('open')
			events.onerror = () => { events.close(); done('') } })`,
		`new Promise(done => { const script = document.createElement('script'); script.src = service + 'dashboard.js'
			script.onload = () => done('loaded')
			script.onerror = () => done(''); document.body.append(script) })`,
	} {
		got := value[string](b, fmt.Sprintf("(async () => { const service = %q; try { return await (%s) } catch { return '' } })()", s.origin+"/_emulator/", attempt))
		require.Empty(t, got, attempt)
	}
	b.press("Win a prize")
	b.reads("not for web pages")
	status, text := s.call(token, "GET", "/api/v1/sessions", "")
	require.Equal(t, 200, status)
	require.Equal(t, `{"a":1}`, text)
	s.noOneButAda()
}

// A name of the attacker's that resolves to this machine makes their page the
// emulator's own, as far as the browser can tell.
func TestNoRebindingPageControlsTheEmulator(t *testing.T) {
	s := start(t)
	s.session("ada@example.com", `{"a":1}`)
	address, err := url.Parse(s.origin)
	require.NoError(t, err)
	b := visit(t)
	// The attacker's page came from the attacker, without the emulator's policy.
	_, err = chromedp.Call(b.ctx, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	require.NoError(t, err)
	b.open("http://" + evilHost + ":" + address.Port() + "/")
	b.reads("What there is here")
	got := value[string](b, `fetch('/_emulator/id-token', {method: 'POST', body: '{"email":"eve@example.com"}'}).then(answer => answer.text())`)
	require.Contains(t, got, "DNS rebinding")
	require.NotContains(t, got, "eyJ")
	b.step("open the page", chromedp.Navigate("http://"+evilHost+":"+address.Port()+"/_emulator/"))
	b.reads("DNS rebinding")
	s.noOneButAda()
}

// noOneButAda fails when somebody signed up by a call that should have failed.
func (s *service) noOneButAda() {
	s.t.Helper()
	response, err := http.Get(s.origin + "/_emulator/export")
	require.NoError(s.t, err)
	defer response.Body.Close()
	text := make([]byte, 1<<10)
	n, _ := response.Body.Read(text)
	require.Equal(s.t, `{"people":[{"email":"ada@example.com","sessions":[{"workspace":"demo-workspace","app":"demo-app","payload":{"a":1}}]}]}`, string(text[:n]))
}
