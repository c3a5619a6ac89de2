package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

// demo is a mock with people in it, and their ID tokens.
type demo struct {
	*secureflowstest.Server
	tokens input
}

const demoPeople = 200

// startDemo makes up people of whom most have a theme to move, on a service with
// a few failures: an outage, and a rate limit.
func startDemo() *demo {
	mock := secureflowstest.Start()
	var tokens strings.Builder
	for i := range demoPeople {
		email := fmt.Sprintf("person%03d@example.com", i+1)
		if session := mock.Session(email); i%4 != 0 {
			if _, err := session.Set(context.Background(), oldTheme.Name, "dark"); err != nil {
				panic(err) // the mock is ours
			}
		}
		fmt.Fprintln(&tokens, mock.IDToken(email).Reveal())
	}
	const identity = "/api/v1/sessions/identity"
	slow := secureflowstest.Fault{Path: identity, Delay: 60 * time.Millisecond, Times: demoPeople / 2} // to see the bar move
	mock.Fail(slow)
	mock.Fail(secureflowstest.Fault{Path: identity, Status: http.StatusBadGateway, Times: 3})
	mock.Fail(slow)
	mock.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/set/*", Status: http.StatusTooManyRequests, RetryAfter: 2 * time.Second})
	return &demo{mock, input{strings.NewReader(tokens.String()), demoPeople}}
}
