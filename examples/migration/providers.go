package main

import (
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

// config is what is known of the systems. In a program of one's own these are
// constants; here they lead to the mocks.
type config struct {
	client *secureflows.Client

	authReturn       string // where it is
	vertesiaIssuer   string
	vertesiaAccount  string // whose people are let in
	productFloKeySet string
	productFloTenant string // whose people are let in

	// The mocks have clocks of their own, and are watched.
	now        map[string]func() time.Time
	httpClient map[string]*http.Client
}

// oldProviders makes the resolvers of the systems that people are leaving. Those
// come first which look at the issuer: the tokens of the other two name none, and
// differ in their claims. See the packages' documentation for what is to be asked
// of each operator. Beside all of them it gives that of AuthReturn, which also
// checks passwords.
func oldProviders(cfg config) (all []middleware.Resolver, fromAuthReturn *authreturn.Resolver, err error) {
	fromVertesia, err := vertesia.New(vertesia.Config{
		Issuer:     cfg.vertesiaIssuer,
		Types:      []string{"user"}, // no agents, no API keys
		Accounts:   []string{cfg.vertesiaAccount},
		Now:        cfg.now[vertesia.Provider],
		HTTPClient: cfg.httpClient[vertesia.Provider],
	})
	if err != nil {
		return nil, nil, err
	}
	fromAuthReturn, err = authreturn.New(authreturn.Config{
		Origin:     cfg.authReturn,
		Now:        cfg.now[authreturn.Provider],
		HTTPClient: cfg.httpClient[authreturn.Provider],
	})
	if err != nil {
		return nil, nil, err
	}
	fromProductFlo, err := productflo.New(productflo.Config{
		KeySetURL:     cfg.productFloKeySet,
		Algorithms:    []string{"ES256"},
		WithoutIssuer: true, // as the mock has it; ask the operator
		Tenant:        cfg.productFloTenant,
		Now:           cfg.now[productflo.Provider],
		HTTPClient:    cfg.httpClient[productflo.Provider],
	})
	if err != nil {
		return nil, nil, err
	}
	return []middleware.Resolver{fromVertesia, fromAuthReturn, fromProductFlo}, fromAuthReturn, nil
}
