package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

const ada = "ada@example.com"

// desk is the program with a service, and a person with a browser.
type desk struct {
	*program
	service     *secureflowstest.Server
	person      *person
	out, notice text
}

func newDesk(t *testing.T, options ...secureflowstest.Options) *desk {
	t.Helper()
	address := freeAddress(t)
	var option secureflowstest.Options
	if len(options) > 0 {
		option = options[0]
	}
	option.RedirectURIs = []string{"http://" + address + callbackPath}

	d := &desk{service: secureflowstest.NewServer(t, option)}
	d.person = newPerson(t, d.service)
	d.program = &program{
		console: &console{
			in: strings.NewReader(""), out: &d.out, notice: &d.notice,
			keys: func() (func(), error) { return func() {}, nil },
			size: func() (int, int) { return 80, 24 },
		},
		client: d.service.Client(), address: address, redirectURI: option.RedirectURIs[0],
		open: d.person.open, interruptible: context.WithCancel,
		signInLimit: time.Minute, signOutLimit: time.Minute, callLimit: time.Minute,
	}
	return d
}

// freeAddress is not of those that the system gives to connections, or one of
// them would take it before the program does.
func freeAddress(t *testing.T) string {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.N(10000))
		if listener, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// atTerminal is what the person types.
func (d *desk) atTerminal(keys ...string) *desk {
	d.console.in = strings.NewReader(strings.Join(keys, ""))
	d.console.inTerminal, d.console.noticeTerminal = true, true
	return d
}

func (d *desk) piped(lines string) *desk {
	d.console.in = strings.NewReader(lines)
	return d
}

// text is what the program wrote.
type text struct {
	mu     sync.Mutex // guards buffer
	buffer bytes.Buffer
}

func (x *text) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.buffer.Write(p)
}

func (x *text) String() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.buffer.String()
}

// person sits at a browser.
type person struct {
	t       *testing.T
	service *secureflowstest.Server
	email   string
	// atLogin, when it is set, does what is done at the hosted page instead: it
	// gives where the browser goes next.
	atLogin func(login string) string

	mu     sync.Mutex // guards the next two
	opened []string   // addresses the program opened
	tokens []string   // seen on the way
	client *http.Client
	trips  sync.WaitGroup
}

func newPerson(t *testing.T, service *secureflowstest.Server) *person {
	b := &person{t: t, service: service, email: ada}
	b.forget()
	t.Cleanup(b.trips.Wait)
	return b
}

// forget is what another browser, or a cleared one, begins with.
func (b *person) forget() {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	b.client = &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		b.see(r.URL.Query().Get("session_token"))
		if strings.Contains(r.URL.Path, "/app/") {
			return http.ErrUseLastResponse // it takes a person
		}
		return nil
	}}
}

// open is the program's way to open a browser. Its errors are not the
// program's business.
func (b *person) open(address string) error {
	b.mu.Lock()
	b.opened = append(b.opened, address)
	b.mu.Unlock()
	b.trips.Go(func() { b.travel(address) })
	return nil
}

func (b *person) travel(address string) {
	response, err := b.get(address)
	if err != nil || response.StatusCode != http.StatusSeeOther {
		return
	}
	login := response.Header.Get("Location")
	next := ""
	if b.atLogin != nil {
		next = b.atLogin(login)
	} else {
		next = b.service.SignIn(login, b.email)
	}
	if _, token, ok := strings.Cut(next, "sessionToken="); ok {
		token, _, _ = strings.Cut(token, "&")
		b.see(token)
	}
	if next != "" {
		_, _ = b.get(next)
	}
}

func (b *person) get(address string) (*http.Response, error) {
	response, err := b.client.Get(address)
	if err == nil {
		response.Body.Close()
	}
	return response, err
}

func (b *person) see(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if token != "" {
		b.tokens = append(b.tokens, token)
	}
}

var errNoBrowser = errors.New("xdg-open: exit status 3")

func noBrowser(string) error { return errNoBrowser }
