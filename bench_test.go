package secureflows_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/secureflows/secureflows-go"
)

// BenchmarkGet measures Session.Get beside the same GET and decode with plain
// net/http, in one run: over loopback, and over a transport that answers at
// once, which leaves the client's own work.
func BenchmarkGet(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, benchAnswer)
	}))
	b.Cleanup(server.Close)
	for _, wire := range []struct {
		name      string
		transport http.RoundTripper
	}{
		{"loopback", &http.Transport{}},
		{"stub", stubTransport{}},
	} {
		httpClient := &http.Client{Transport: wire.transport}
		b.Run(wire.name+"/plain", func(b *testing.B) { benchPlainGet(b, httpClient, server.URL) })
		b.Run(wire.name+"/sdk", func(b *testing.B) { benchSessionGet(b, httpClient, server.URL) })
	}
}

const benchAnswer = `{"key":"theme","value":"dark"}`

// stubTransport answers every request at once.
type stubTransport struct{}

func (stubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(benchAnswer)), ContentLength: int64(len(benchAnswer)), Request: r,
	}, nil
}

// benchToken has the length of the service's tokens.
var benchToken = strings.Repeat("eyJhbGciOi", 30)

func benchPlainGet(b *testing.B, client *http.Client, origin string) {
	b.ReportAllocs()
	for b.Loop() {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, origin+"/api/v1/sessions/get/theme", nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+benchToken)
		response, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		var answer struct {
			Value json.RawMessage `json:"value"`
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if err != nil || string(answer.Value) != `"dark"` {
			b.Fatal(err, string(answer.Value))
		}
	}
}

func benchSessionGet(b *testing.B, httpClient *http.Client, origin string) {
	client, err := secureflows.New(secureflows.Config{
		Workspace: "demo-workspace", AppID: "demo-app", Origin: origin, HTTPClient: httpClient,
	})
	if err != nil {
		b.Fatal(err)
	}
	token, err := secureflows.NewToken(benchToken)
	if err != nil {
		b.Fatal(err)
	}
	session := client.Session(token)
	b.ReportAllocs()
	for b.Loop() {
		value, err := session.Get(context.Background(), "theme")
		if err != nil || string(value) != `"dark"` {
			b.Fatal(err, string(value))
		}
	}
}
