package emulator_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a step may take. It must hold on a slow machine that
// does other things as well.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	for i := len(atTheEnd) - 1; i >= 0; i-- {
		atTheEnd[i]()
	}
	os.Exit(code)
}

// atTheEnd is what outlives the tests that began it.
var atTheEnd []func()

var errNoBrowser = errors.New("no Chromium here: install Chromium, on Debian: apt-get install chromium")

func browserPath() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", errNoBrowser
}

// chromium is one browser for all tests, started by the first.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := browserPath()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "secureflows-e2e-emulator-*")
	if err != nil {
		return nil, err
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.WSURLReadTimeout(2*patience),
		chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		// Containers run this as root, and as root Chromium's sandbox does not
		// start. It opens pages of this test only.
		chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), // small in containers
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		// Tabs in the background are looked at too.
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
		// A name that an attacker would make resolve to this machine, and no way
		// out of it.
		chromedp.Flag("host-resolver-rules", "MAP "+evilHost+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	)
	browser, stop := chromedp.NewContext(allocator)
	atTheEnd = append(atTheEnd, func() {
		stop()
		stopAllocator()
		_ = os.RemoveAll(profile) // a leftover in the temporary directory fails nobody's test
	})
	return browser, chromedp.Do(browser)
})

const evilHost = "evil.example"

// needsBrowser gives the browser, or ends the test: by a skip on a machine that
// has none, but never where the tests are relied upon.
func needsBrowser(t *testing.T) context.Context {
	t.Helper()
	browser, err := chromium()
	if errors.Is(err, errNoBrowser) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	return browser
}
