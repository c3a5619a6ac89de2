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
	b.t.Helper()
	b.step("set the width", chromedp.EmulateViewport(width, 800))
}

func (b *tab) fits() {
	b.t.Helper()
	require.False(b.t, value[bool](b, "document.documentElement.scrollWidth > document.documentElement.clientWidth"), "the page scrolls sideways")
}

func (b *tab) live() {
	b.t.Helper()
	b.until("be live", "document.querySelector('#stream').textContent.startsWith('Live')")
}

func TestTheDashboardFitsItsWindow(t *testing.T) {
	s, token := busy(t)
	b := visit(t)
	for _, width := range []int64{320, 360, 800, 1280} {
		b.width(width)
		b.open(s.origin + "/_emulator/")
		b.live()
		b.step("open everything", chromedp.Evaluate[chromedp.Void]("document.querySelectorAll('details').forEach(details => { details.open = true })"))
		b.fits()
		for _, scheme := range []string{"light", "dark"} {
			b.shoot(fmt.Sprintf("dashboard-%d-%s.png", width, scheme), scheme)
		}
	}
	text := value[string](b, "document.documentElement.outerHTML")
	require.NotContains(t, text, token)
	require.NotContains(t, text, "eyJ")
}

// shoot takes a picture where they are asked for.
func (b *tab) shoot(name, scheme string) {
	dir := os.Getenv("SECUREFLOWS_SHOTS")
	if dir == "" {
		return
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	require.NoError(b.t, err)
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
}

func TestTheButtonsOfTheDashboard(t *testing.T) {
	for _, width := range []int64{360, 1280} {
		s := start(t)
		token := s.session("ada@example.com", `{"theme":"dark"}`)
		b := visit(t)
		b.width(width)
		b.open(s.origin + "/_emulator/")
		status := func() int {
			t.Helper()
			status, _ := s.call(token, "GET", "/api/v1/sessions", "")
			return status
		}
		b.press("Lock billing")
		b.reads("under the billing lock")
		require.Equal(t, 403, status())
		b.press("Unlock billing")
		require.Equal(t, 200, status())
		b.step("open the form", chromedp.Click(`//summary[contains(., "Inject")]`))
		b.press("Inject")
		b.reads("meet the fault")
		require.Equal(t, 503, status())
		require.Equal(t, 200, status())
		b.press("Expire tokens")
		b.reads("Its tokens have expired.")
		require.Equal(t, 410, status())
		b.step("choose a day", chromedp.Evaluate[chromedp.Void]("document.querySelector('#seconds').value = '86400'"))
		b.press("Move")
		b.reads("24 h ahead")
		b.press("Revoke")
		b.reads("its data deleted")
		b.fits()
		b.press("Reset everything")
		b.reads("None yet. One opens")
		require.Equal(t, 404, status())
		b.live()
		b.fits()
	}
}

func TestRequestsAppearWithoutAReload(t *testing.T) {
	s := start(t)
	b := visit(t)
	b.open(s.origin + "/_emulator/")
	b.live()
	b.step("mark the page", chromedp.Evaluate[chromedp.Void]("window.stays = true"))
	token := s.session("ada@example.com", `{"theme":"dark"}`)
	b.reads("POST /api/v1/sessions")
	b.reads("ada@example.com")
	b.step("open the payload", chromedp.Click(`//summary[contains(., "Payload")]`))
	b.step("focus a button", chromedp.Evaluate[chromedp.Void]("document.querySelector('#expire-1001').focus()"))
	status, _ := s.call(token, "POST", "/api/v1/sessions/set/theme", `"light"`)
	require.Equal(t, 200, status)
	b.reads(`"light"`) // what was opened stays open
	require.Equal(t, "expire-1001", value[string](b, "document.activeElement.id"))
	s.control("billing", map[string]bool{"locked": true})
	b.until("see the lock", "document.querySelector('#press-unlock')")
	require.True(t, value[bool](b, "window.stays"))
	require.Equal(t, "grid", value[string](b, "getComputedStyle(document.querySelector('.columns')).display"), "its stylesheet is let in")
}

// Without JavaScript the page is a snapshot.
func TestTheDashboardWithoutJavaScript(t *testing.T) {
	s := start(t)
	b := visit(t)
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	b.open(s.origin + "/_emulator/")
	s.session("ada@example.com", `{}`)
	b.step("reload by the link", chromedp.Click(`//a[text()="Reload"]`), chromedp.WaitVisible(`//h3[text()="ada@example.com"]`))
	b.step("revoke", chromedp.Click(`//button[text()="Revoke"]`), chromedp.WaitVisible(`//*[contains(text(), "its data deleted")]`))
}
