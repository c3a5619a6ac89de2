package emulator_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const ada = "ada.lovelace-countess@example.com"

// busy is a service with something of everything to show.
func busy(t *testing.T) (*service, string) {
	t.Helper()
	s := start(t, "-redirect-uri", "http://localhost:5173/a/rather/long/path/to/the/callback")
	token := s.session(ada, `{"theme":"dark","note:1":{"text":"`+strings.Repeat("buy milk and bread ", 30)+`","tags":["a","b"]}}`)
	s.session("bob@example.com", `{}`)
	ended := s.session("eve@example.com", `{"a":1}`)
	s.control("expire", map[string]string{"sessionToken": ended})
	revoked := s.session("eve@example.com", `{"a":1}`)
	status, _ := s.call(revoked, "POST", "/api/v1/sessions/revoke", "")
	require.Equal(t, 200, status)
	s.call(token, "GET", "/api/v1/sessions/get/"+strings.Repeat("a-long-key-that-has-no-place-to-break", 4), "")
	s.call("none", "GET", "/api/v1/sessions?session_token="+token, "")
	s.control("faults", map[string]any{"path": "/api/v1/docs/*", "status": 503, "times": 3})
	s.control("limits", map[string]any{"maxSessions": 20, "maxPayloadBytes": 2048})
	return s, token
}

func (b *tab) width(width int64) {
	b.T.Helper()
	b.Step("set the width", chromedp.EmulateViewport(width, 800))
}

func (b *tab) fits() {
	b.T.Helper()
	require.False(b.T, b.Holds("document.documentElement.scrollWidth > document.documentElement.clientWidth"), "the page scrolls sideways")
}

func (b *tab) live() {
	b.T.Helper()
	b.Until("be live", "document.querySelector('#stream').textContent.startsWith('Live')")
}

func TestTheDashboardFitsItsWindow(t *testing.T) {
	s, token := busy(t)
	b := visit(t)
	for _, width := range []int64{320, 360, 800, 1280} {
		b.width(width)
		b.Open(s.origin + "/_emulator/")
		b.live()
		b.Step("open everything", chromedp.Evaluate[chromedp.Void]("document.querySelectorAll('details').forEach(details => { details.open = true })"))
		b.fits()
		for _, scheme := range []string{"light", "dark"} {
			b.shoot(fmt.Sprintf("dashboard-%d-%s.png", width, scheme), scheme)
		}
	}
	text := b.Text("document.documentElement.outerHTML")
	require.NotContains(t, text, token)
	require.NotContains(t, text, "eyJ")
}

// shoot takes a picture where they are asked for.
func (b *tab) shoot(name, scheme string) {
	dir := os.Getenv("SECUREFLOWS_SHOTS")
	if dir == "" {
		return
	}
	_, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.T, err)
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	require.NoError(b.T, err)
	require.NoError(b.T, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
}

func TestTheButtonsOfTheDashboard(t *testing.T) {
	for _, width := range []int64{360, 1280} {
		s := start(t)
		token := s.session("ada@example.com", `{"theme":"dark"}`)
		b := visit(t)
		b.width(width)
		b.Open(s.origin + "/_emulator/")
		status := func() int {
			t.Helper()
			status, _ := s.call(token, "GET", "/api/v1/sessions", "")
			return status
		}
		b.Press("Lock billing")
		b.Reads("under the billing lock")
		require.Equal(t, 403, status())
		b.Press("Unlock billing")
		require.Equal(t, 200, status())
		b.Step("open the form", chromedp.Click(`//summary[contains(., "Inject")]`))
		b.Press("Inject")
		b.Reads("meet the fault")
		require.Equal(t, 503, status())
		require.Equal(t, 200, status())
		b.Press("Expire tokens")
		b.Reads("Its tokens have expired.")
		require.Equal(t, 410, status())
		b.Step("choose a day", chromedp.Evaluate[chromedp.Void]("document.querySelector('#seconds').value = '86400'"))
		b.Press("Move")
		b.Reads("24 h ahead")
		b.Press("Revoke")
		b.Reads("its data deleted")
		b.fits()
		b.Press("Reset everything")
		b.Reads("None yet. One opens")
		require.Equal(t, 404, status())
		b.live()
		b.fits()
	}
}

func TestRequestsAppearWithoutAReload(t *testing.T) {
	s := start(t)
	b := visit(t)
	b.Open(s.origin + "/_emulator/")
	b.live()
	b.Step("mark the page", chromedp.Evaluate[chromedp.Void]("window.stays = true"))
	token := s.session("ada@example.com", `{"theme":"dark"}`)
	b.Reads("POST /api/v1/sessions")
	b.Reads("ada@example.com")
	b.Step("open the payload", chromedp.Click(`//summary[contains(., "Payload")]`))
	b.Step("focus a button", chromedp.Evaluate[chromedp.Void]("document.querySelector('#expire-1001').focus()"))
	status, _ := s.call(token, "POST", "/api/v1/sessions/set/theme", `"light"`)
	require.Equal(t, 200, status)
	b.Reads(`"light"`) // what was opened stays open
	require.Equal(t, "expire-1001", b.Text("document.activeElement.id"))
	s.control("billing", map[string]bool{"locked": true})
	b.Until("see the lock", "document.querySelector('#press-unlock')")
	require.True(t, b.Holds("window.stays"))
	require.Equal(t, "grid", b.Text("getComputedStyle(document.querySelector('.columns')).display"), "its stylesheet is let in")
}

// Without JavaScript the page is a snapshot.
func TestTheDashboardWithoutJavaScript(t *testing.T) {
	s := start(t)
	b := visit(t)
	_, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	b.Open(s.origin + "/_emulator/")
	s.session("ada@example.com", `{}`)
	b.Step("reload by the link", chromedp.Click(`//a[text()="Reload"]`), chromedp.WaitVisible(`//h3[text()="ada@example.com"]`))
	b.Step("revoke", chromedp.Click(`//button[text()="Revoke"]`), chromedp.WaitVisible(`//*[contains(text(), "its data deleted")]`))
}
