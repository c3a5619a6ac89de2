package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// inHouse resolves the tokens of a system of one's own.
type inHouse struct{ staff map[string]string }

func (h inHouse) Resolve(_ context.Context, token secureflows.Token) (secureflows.Identity, error) {
	id, ours := strings.CutPrefix(token.Reveal(), "staff.")
	if !ours {
		return secureflows.Identity{}, middleware.ErrForeignToken // nobody is asked
	}
	role, known := h.staff[id]
	switch {
	case !known:
		return secureflows.Identity{}, fmt.Errorf("in-house: %w", secureflows.ErrUnauthenticated)
	case role == "":
		return secureflows.Identity{}, fmt.Errorf("in-house: on leave: %w", middleware.ErrNotAllowed)
	}
	return secureflows.Identity{Provider: "in-house", Subject: id, Roles: secureflows.GrantsOf(role)}, nil
}

// One route takes the tokens of two systems while people move from one to the
// other.
func ExampleFirstOf() {
	server := secureflowstest.Start()
	defer server.Close()
	old := inHouse{staff: map[string]string{"7": "editor", "8": ""}}
	bearer := middleware.NewBearer(middleware.FirstOf(old, server.Client()), middleware.BearerConfig{})

	for _, token := range []string{"staff.7", "staff.8", "staff.9", server.Session("ada@example.com").Token().Reveal()} {
		r, _ := http.NewRequest(http.MethodGet, "/notes", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		identity, err := bearer.Check(r)
		switch {
		case errors.Is(err, middleware.ErrNotAllowed):
			fmt.Println("not let in")
		case errors.Is(err, secureflows.ErrSignedOut):
			fmt.Println("refused")
		case identity.Provider == "":
			fmt.Println("secureFlows:", identity.Email)
		default:
			fmt.Println(identity.Provider, identity.Subject, identity.Roles)
		}
	}
	// Output:
	// in-house 7 ["editor"]
	// not let in
	// refused
	// secureFlows: ada@example.com
}
