// Package chromium is what the tests in a browser share: headless Chromium, the
// tabs of its visitors, and the programs of this repository that they visit.
//
// A package of tests runs by [Run], starts a [Program], and looks at it in a
// [Tab], which it embeds in a tab of its own with the steps of its own.
package chromium

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/program"
)

// Patience is how long a step may take. It is long for a page on loopback, and
// meant to be: it must hold on a slow machine that does other things as well.
const Patience = 30 * time.Second

// Run is for TestMain: it runs the tests, and then ends the browser and removes
// what was built.
func Run(m *testing.M) {
	m.Run()
	for i := len(atTheEnd) - 1; i >= 0; i-- {
		atTheEnd[i]()
	}
	program.Remove()
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

// browser is one for all tests, started by the first.
var browser = sync.OnceValues(func() (context.Context, error) { return start() })

// siteBrowser is one for those of [VisitSites].
var siteBrowser = sync.OnceValues(func() (context.Context, error) {
	return start(
		chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("host-resolver-rules", "MAP *."+SiteDomain+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	)
})

func start(more ...chromedp.ExecAllocatorOption) (context.Context, error) {
	path, err := browserPath()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "secureflows-e2e-*")
	if err != nil {
		return nil, err
	}
	options := slices.Concat([]chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile)}, flags, more)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	started, stop := chromedp.NewContext(allocator)
	atTheEnd = append(atTheEnd, func() {
		stop()
		stopAllocator()
		_ = os.RemoveAll(profile) // a leftover in the temporary directory fails nobody's test
	})
	return started, chromedp.Do(started)
}

var flags = []chromedp.ExecAllocatorOption{
	chromedp.WSURLReadTimeout(2 * Patience),
	chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
	// Containers run this as root, and as root Chromium's sandbox does not
	// start. It opens pages of these tests only.
	chromedp.NoSandbox,
	// /dev/shm is small in containers.
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	// Tabs in the background are looked at too.
	chromedp.Flag("disable-background-timer-throttling", true),
	chromedp.Flag("disable-backgrounding-occluded-windows", true),
	chromedp.Flag("disable-renderer-backgrounding", true),
	// The other site, and no way out of this machine.
	chromedp.Flag("host-resolver-rules", "MAP "+EvilHost+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
}

// needsBrowser gives the browser, or ends the test: by a skip on a machine that
// has none, but never where the tests are relied upon.
func needsBrowser(t *testing.T, browser func() (context.Context, error)) context.Context {
	t.Helper()
	started, err := browser()
	if errors.Is(err, errNoBrowser) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	return started
}
