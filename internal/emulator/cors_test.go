package emulator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func TestEveryAnswerMayBeReadFromAnyOrigin(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	s.fault(emulator.Fault{Path: "/faulty", Status: 502, EmptyBody: true})
	for _, call := range [][2]string{
		{"GET", create}, {"GET", "/api/v1/sessions/get/x"}, {"PUT", create}, {"GET", "/api/none"}, {"GET", "/none"},
		{"GET", "/faulty"}, {"GET", "/app/sessions/login"}, {"GET", "/api/v1/auth/callback"}, {"GET", "/api/v1/auth/logout"},
		{"POST", "/_emulator/none"}, {"GET", "/_emulator/requests"}, {"OPTIONS", "/api/none"}, {"OPTIONS", create},
	} {
		for _, bearer := range []string{token, "bad"} {
			got := s.do(call[0], call[1], "", "Origin", "https://app.example", "Authorization", "Bearer "+bearer)
			require.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"), call)
			require.Equal(t, "Authorization, Content-Type", got.header.Get("Access-Control-Allow-Headers"), call)
			require.Empty(t, got.header.Get("Access-Control-Allow-Credentials"), call)
		}
	}
}

func TestPreflight(t *testing.T) {
	s := serve(t, demo())
	got := s.do("OPTIONS", "/api/v1/sessions/delete/x", "", "Origin", "https://app.example",
		"Access-Control-Request-Method", "DELETE", "Access-Control-Request-Headers", "authorization",
		"Access-Control-Request-Private-Network", "true")
	require.Equal(t, 204, got.status)
	require.Contains(t, got.header.Get("Access-Control-Allow-Methods"), "DELETE")
	require.Equal(t, "true", got.header.Get("Access-Control-Allow-Private-Network"))
	require.Empty(t, got.header.Get("Content-Type"))
}
