package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/secureflows/secureflows-go"
)

// witness is a transport that remembers what one service was sent, to show that
// no other's token was in it.
type witness struct {
	transport http.Transport

	mu   sync.Mutex // guards sent
	sent []string
}

func (w *witness) client() *http.Client { return &http.Client{Transport: w} }

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	w.mu.Lock()
	w.sent = append(w.sent, fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, body))
	w.mu.Unlock()
	return w.transport.RoundTrip(r)
}

// saw reports whether the service was sent the token, or a part of it that means
// anything without the rest: its claims, or its signature.
func (w *witness) saw(token secureflows.Token) bool {
	marks := []string{token.Reveal()}
	if _, claims, isJWT := strings.Cut(token.Reveal(), "."); isJWT {
		marks = strings.Split(claims, ".")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, request := range w.sent {
		for _, mark := range marks {
			if len(mark) >= 16 && strings.Contains(request, mark) {
				return true
			}
		}
	}
	return false
}
