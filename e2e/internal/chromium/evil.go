package chromium

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// EvilHost is another site than localhost and 127.0.0.1, and a name that an
// attacker has made resolve to this machine: so does Chromium.
const EvilHost = "evil.example"

// EvilPage serves a page of that other site until the test ends, with the given
// body, and gives its address.
func EvilPage(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><title>evil</title><body>%s", body)
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", EvilHost, 1) + "/"
}
