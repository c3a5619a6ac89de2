package main

import (
	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// mock is the service of a demonstration; nil is none.
type mock struct{ *secureflowstest.Server }

func startMock(redirectURI string) *mock {
	return &mock{secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{redirectURI}})}
}

func (m *mock) stop() {
	if m != nil {
		m.Close()
	}
}

// expire ends a token, for whoever wants to see a renewal without waiting 7 days.
func (m *mock) expire(session *secureflows.Session) { m.ExpireToken(session.Token()) }
