package emulator_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

func TestNoOtherPageControlsTheEmulator(t *testing.T) {
	s := start(t)
	token := s.session("ada@example.com", `{"a":1}`)
	b := visit(t)
	b.Open(chromium.EvilPage(t, fmt.Sprintf(
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
		got := b.Text(fmt.Sprintf("(async () => { const service = %q; try { return await (%s) } catch { return '' } })()", s.origin+"/_emulator/", attempt))
		require.Empty(t, got, attempt)
	}
	b.Press("Win a prize")
	b.Reads("not for web pages")
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
	_, err = chromedp.Call(b.Context, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	require.NoError(t, err)
	b.Open("http://" + chromium.EvilHost + ":" + address.Port() + "/")
	b.Reads("What there is here")
	got := b.Text(`fetch('/_emulator/id-token', {method: 'POST', body: '{"email":"eve@example.com"}'}).then(answer => answer.text())`)
	require.Contains(t, got, "DNS rebinding")
	require.NotContains(t, got, "eyJ")
	b.Step("open the page", chromedp.Navigate("http://"+chromium.EvilHost+":"+address.Port()+"/_emulator/"))
	b.Reads("DNS rebinding")
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
