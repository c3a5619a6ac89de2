package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// named sends a request under another Host.
func (s *service) named(method, path, host, body string, header ...string) reply {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	require.NoError(s.t, err)
	request.Host = host
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := s.client.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	return reply{status: response.StatusCode, header: response.Header}
}

// controlCalls are all there are, and some there are not.
var controlCalls = [][2]string{
	{"POST", "id-token"}, {"POST", "expire"}, {"POST", "advance"}, {"POST", "limits"}, {"POST", "billing"}, {"POST", "faults"},
	{"POST", "seed"}, {"POST", "self-service"}, {"POST", "reset"}, {"GET", "export"}, {"GET", "requests"}, {"HEAD", "requests"}, {"OPTIONS", "id-token"},
	{"GET", "none"}, {"GET", "reset"}, {"GET", ""}, {"POST", ""}, {"GET", "events"}, {"GET", "dashboard.js"},
}

// A control API that any page could call would hand out ID tokens of anybody.
func TestNoPageFromElsewhereReachesTheControlAPI(t *testing.T) {
	s := serve(t, demo())
	own := s.server.URL
	for _, header := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://localhost.evil.example"}, {"Origin", ""}, {"Origin", "file://localhost"},
		{"Origin", own + ".evil.example"}, {"Origin", own, "Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", ""}, {"Sec-Fetch-Site", "Same-Origin"},
		{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, {"Sec-Fetch-Site", "same-origin", "Origin", "https://evil.example"}, {"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
	} {
		for _, call := range controlCalls {
			got := s.do(call[0], "/_emulator/"+call[1], `{"email":"ada@example.com"}`, header...)
			require.Equal(t, 403, got.status, "%s %v", call, header)
			require.NotContains(t, got.body, "eyJ")
			if call[0] != "HEAD" {
				require.Contains(t, got.body, "not for web pages")
			}
		}
	}
	require.Empty(t, s.mock.Export().People, "nothing was done")
}

func TestNoRebindingPageReachesTheControlAPI(t *testing.T) {
	s := serve(t, demo())
	port := s.server.URL[strings.LastIndex(s.server.URL, ":"):]
	for _, host := range []string{
		"evil.example", "evil.example" + port, "localhost.evil.example" + port, "127.0.0.1.evil.example" + port, "notlocalhost" + port,
		"192.0.2.1" + port, "0.0.0.0" + port, "[2001:db8::1]" + port, "localhost." + port,
	} {
		for _, call := range controlCalls {
			got := s.named(call[0], "/_emulator/"+call[1], host, `{"email":"ada@example.com"}`, "Origin", "http://"+host, "Sec-Fetch-Site", "same-origin")
			require.Equal(t, 403, got.status, "%s %s", call, host)
		}
	}
	require.Empty(t, s.mock.Export().People)
	require.Equal(t, 401, s.named("GET", create, "service.example", "").status, "the service's own API has no such rule")
}

func TestWhoMayCallTheControlAPI(t *testing.T) {
	config := demo()
	config.ControlHosts = []string{"emulator.test"}
	s := serve(t, config)
	port := s.server.URL[strings.LastIndex(s.server.URL, ":"):]
	for _, host := range []string{"localhost" + port, "LOCALHOST" + port, "127.0.0.1" + port, "127.0.0.2", "[::1]" + port, "sub.localhost", "emulator.test" + port} {
		for _, header := range [][]string{
			nil, {"Sec-Fetch-Site", "same-origin", "Origin", "null"}, {"Sec-Fetch-Site", "none"}, {"Origin", "http://" + host}, {"Origin", "https://" + host},
			{"Origin", "http://localhost:5173", "Sec-Fetch-Site", "cross-site"}, // a suite in the browser
		} {
			got := s.named("POST", "/_emulator/id-token", host, `{"email":"ada@example.com"}`, header...)
			require.Equal(t, 200, got.status, "%s %v", host, header)
			require.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
		}
	}
}

// The address that a connection arrived at is a name no attacker can have.
func TestTheListeningAddressIsAName(t *testing.T) {
	mock, err := emulator.New(demo())
	require.NoError(t, err)
	for host, want := range map[string]int{"192.0.2.7:8787": 200, "192.0.2.8:8787": 403, "[2001:db8::7]": 403} {
		require.Equal(t, want, arrivingAt(t, mock, "192.0.2.7", host), host)
	}
	require.Equal(t, 200, arrivingAt(t, mock, "2001:db8::7", "[2001:db8::7]:1"))
}

func TestAForgedFormDoesNothing(t *testing.T) {
	s := serve(t, demo())
	s.session(ada, `{"a":1}`)
	form := url.Values{"action": {"reset"}}.Encode()
	got := s.do("POST", "/_emulator/", form, "Content-Type", "application/x-www-form-urlencoded", "Origin", "null")
	require.Equal(t, 403, got.status)
	require.Len(t, s.mock.Export().People[0].Sessions, 1)
}
