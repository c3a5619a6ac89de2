package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// The people of the demonstration, who exist in the mocks alone.
const (
	ada   = "ada@example.com"   // has an account everywhere
	grace = "grace@example.com" // runs things at Vertesia
	alan  = "alan@example.com"  // has only ever been at AuthReturn

	// Runs another site that signs people in by AuthReturn, and so has their tokens.
	mallory = "mallory@example.com"
)

const tenant = "acme" // at ProductFlo

// mocks are the four services.
type mocks struct {
	secureFlows *secureflowstest.Server
	authReturn  *authreturntest.Server
	vertesia    *vertesiatest.Server
	productFlo  *productflotest.Server

	// What the replicas send to each of them, by its name.
	witnesses map[string]*witness
}

// secureFlows stands beside the names of the providers.
const secureFlows = "secureFlows"

var services = []string{authreturn.Provider, vertesia.Provider, productflo.Provider, secureFlows}

func startMocks() *mocks {
	m := &mocks{
		secureFlows: secureflowstest.Start(),
		authReturn:  authreturntest.Start(),
		vertesia:    vertesiatest.Start(),
		productFlo:  productflotest.Start(productflotest.Options{Algorithm: "ES256"}),
		witnesses:   make(map[string]*witness),
	}
	for _, service := range services {
		m.witnesses[service] = &witness{}
	}
	m.vertesia.AddUser(vertesiatest.User{
		Email: grace, Memberships: []vertesiatest.Membership{{Account: vertesiatest.AccountID, Roles: []string{"admin"}}},
	})
	m.productFlo.AddUser(productflotest.User{Email: ada, Tenants: []string{tenant}, Role: "Member"})
	return m
}

func (m *mocks) close() {
	m.secureFlows.Close()
	m.authReturn.Close()
	m.vertesia.Close()
	m.productFlo.Close()
	for _, witness := range m.witnesses {
		witness.transport.CloseIdleConnections()
	}
}

func (m *mocks) config() (config, error) {
	sessions := m.secureFlows.Config()
	sessions.HTTPClient = m.witnesses[secureFlows].client()
	client, err := secureflows.New(sessions)
	cfg := config{
		client:           client,
		authReturn:       m.authReturn.Origin(),
		vertesiaIssuer:   m.vertesia.Origin(),
		vertesiaAccount:  vertesiatest.AccountID,
		productFloKeySet: m.productFlo.JWKSURL(),
		productFloTenant: tenant,
		now: map[string]func() time.Time{
			vertesia.Provider: m.vertesia.Now, authreturn.Provider: m.authReturn.Now, productflo.Provider: m.productFlo.Now,
		},
		httpClient: make(map[string]*http.Client),
	}
	for service, witness := range m.witnesses {
		cfg.httpClient[service] = witness.client()
	}
	return cfg, err
}

// database has what the people had in the systems that they leave.
func (m *mocks) database() *database {
	subject := func(provider, id string) secureflows.Person {
		return secureflows.Person{Provider: provider, Subject: id}
	}
	return newDatabase(map[secureflows.Person]oldAccount{
		subject(authreturn.Provider, strconv.FormatInt(m.authReturn.UserID(ada), 10)): {
			theme: "dark", notes: map[string]string{"1": "buy milk", "2": "the boat needs paint"},
		},
		subject(vertesia.Provider, m.vertesia.Subject(ada)):    {notes: map[string]string{"v1": "ask about the model"}},
		subject(productflo.Provider, m.productFlo.UserID(ada)): {theme: "light", notes: map[string]string{"p1": "review the plan"}},
	})
}

// tokens are Ada's, by the names of the services.
func (m *mocks) tokens() map[string]secureflows.Token {
	return map[string]secureflows.Token{
		secureFlows:         m.secureFlows.Session(ada).Token(),
		authreturn.Provider: m.authReturn.Token(ada),
		vertesia.Provider:   m.vertesia.Token(ada),
		productflo.Provider: m.productFlo.Token(ada),
	}
}

// replica makes one backend of several, which share the database.
func (m *mocks) replica(shared *database) (*backend, error) {
	cfg, err := m.config()
	if err != nil {
		return nil, err
	}
	old, authReturn, err := oldProviders(cfg)
	if err != nil {
		return nil, err
	}
	return &backend{client: cfg.client, old: old, authReturn: authReturn, database: shared, now: m.vertesia.Now}, nil
}
