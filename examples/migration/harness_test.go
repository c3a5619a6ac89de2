package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

// system is one replica in front of the mocks.
type system struct {
	t        *testing.T
	mocks    *mocks
	database *database
	handler  http.Handler
}

func newSystem(t *testing.T) *system {
	t.Helper()
	mocks := startMocks()
	t.Cleanup(mocks.close)
	s := &system{t: t, mocks: mocks, database: mocks.database()}
	s.handler = s.replica()
	return s
}

// replica makes another one, which remembers nothing.
func (s *system) replica() http.Handler {
	s.t.Helper()
	backend, err := s.mocks.replica(s.database)
	require.NoError(s.t, err)
	return backend.routes()
}

func (s *system) get(token secureflows.Token, path string) *httptest.ResponseRecorder {
	return send(s.handler, httptest.NewRequest(http.MethodGet, path, nil), token)
}

func (s *system) post(token secureflows.Token, path, body string) *httptest.ResponseRecorder {
	return send(s.handler, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)), token)
}

// link has somebody link the accounts of old tokens to their session.
func (s *system) link(email string, old ...secureflows.Token) {
	s.t.Helper()
	for _, token := range old {
		answer := s.post(s.mocks.secureFlows.Session(email).Token(), "/link", proven(token))
		require.Equal(s.t, http.StatusOK, answer.Code, answer.Body)
	}
}

// proven is the body of POST /link of the owner.
func proven(token secureflows.Token) string { return linking(token, authreturntest.Password) }

// receivers are the services that were sent the token.
func (s *system) receivers(token secureflows.Token) (found []string) {
	for _, service := range services {
		if s.mocks.witnesses[service].saw(token) {
			found = append(found, service)
		}
	}
	return found
}

func bearerToken(t *testing.T, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}
