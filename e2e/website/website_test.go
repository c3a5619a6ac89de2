package website_test

import (
	"regexp"
	"testing"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

func TestMain(m *testing.M) { chromium.Run(m) }

var program = chromium.NewProgram("examples/website")

// website is the running program, and the mock it runs on.
type website struct {
	t    *testing.T
	url  string
	mock string // its origin
}

var addresses = regexp.MustCompile(`http://[a-z0-9.]+:[0-9]+`)

// start runs the website until the test ends.
func start(t *testing.T) *website {
	t.Helper()
	process := program.Start(t)
	address := func() (found string) {
		for found == "" {
			found = addresses.FindString(process.Line())
		}
		return found
	}
	return &website{t: t, url: address(), mock: address()}
}

// control makes a call of the mock's control API.
func (s *website) control(call string, body any) {
	s.t.Helper()
	chromium.Control(s.t, s.mock, call, body)
}

// expire ends a token, as its lifetime would.
func (s *website) expire(token string) {
	s.t.Helper()
	s.control("expire", map[string]string{"sessionToken": token})
}
