package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"github.com/secureflows/secureflows-go"
)

// application is a web application and the browser in front of it, as small as
// they can be: one callback route, and a browser that fills in one form.
type application struct {
	redirectURI string
	server      *http.Server
	states      chan string // of the login that is under way
	returns     chan secureflows.Callback
	failures    chan error
}

func startApplication() (*application, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &application{
		redirectURI: "http://" + listener.Addr().String() + "/auth/callback",
		states:      make(chan string, 1),
		returns:     make(chan secureflows.Callback, 1),
		failures:    make(chan error, 1),
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /auth/callback", a.callback)
	a.server = &http.Server{Handler: routes}
	go func() { _ = a.server.Serve(listener) }() // ends with stop
	return a, nil
}

func (a *application) stop() { _ = a.server.Close() }

// newState begins a login: what comes back must bring this state.
func (a *application) newState() string {
	state := rand.Text()
	a.states <- state
	return state
}

// callback is the route hosted login returns to. It needs no session, and the
// token leaves the URL at once.
func (a *application) callback(w http.ResponseWriter, r *http.Request) {
	callback, err := secureflows.ParseCallback(r)
	if err == nil && callback.State != <-a.states {
		err = errors.New("the state is not the one that was sent: somebody else's login")
	}
	if err != nil {
		a.failures <- err
		http.Error(w, "Sign-in did not succeed.", http.StatusBadRequest)
		return
	}
	a.returns <- callback
	fmt.Fprintln(w, "Signed in.")
}

// returned waits for the login that is under way.
func (a *application) returned(ctx context.Context) (secureflows.Callback, error) {
	select {
	case callback := <-a.returns:
		return callback, nil
	case err := <-a.failures:
		return secureflows.Callback{}, err
	case <-ctx.Done():
		return secureflows.Callback{}, ctx.Err()
	}
}

// visit is what a person does at the hosted page: open it, type the address,
// press the button, and be redirected.
func (a *application) visit(ctx context.Context, login, email string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar}
	page, at, err := open(ctx, browser, http.MethodGet, login, nil)
	if err != nil {
		return err
	}
	action, fields, err := readForm(page)
	if err != nil {
		return err
	}
	fields.Set("email", email)
	target, err := at.Parse(action)
	if err != nil {
		return err
	}
	_, _, err = open(ctx, browser, http.MethodPost, target.String(), fields)
	return err
}

// open loads a page and gives its text and where it was found after redirects.
func open(ctx context.Context, browser *http.Client, method, target string, form url.Values) (string, *url.URL, error) {
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return "", nil, errors.New("the page's address is no URL")
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := browser.Do(r)
	if err != nil {
		return "", nil, errors.Unwrap(err) // without the URL, which may hold a token
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return "", nil, err
	}
	if response.StatusCode != http.StatusOK {
		return "", nil, fmt.Errorf("the page answers %s", response.Status)
	}
	return string(page), response.Request.URL, nil
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	fieldTag = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`)
	nameOf   = regexp.MustCompile(`name="([^"]*)"`)
	valueOf  = regexp.MustCompile(`value="([^"]*)"`)
)

// readForm finds the form of the page that asks for an address, and its hidden
// fields. A program has no business there but in a demonstration.
func readForm(page string) (action string, fields url.Values, err error) {
	for _, form := range formTag.FindAllStringSubmatch(page, -1) {
		if !strings.Contains(form[2], `name="email"`) {
			continue
		}
		fields = url.Values{}
		for _, field := range fieldTag.FindAllString(form[2], -1) {
			name, value := nameOf.FindStringSubmatch(field), valueOf.FindStringSubmatch(field)
			if name != nil && value != nil {
				fields.Set(html.UnescapeString(name[1]), html.UnescapeString(value[1]))
			}
		}
		return html.UnescapeString(form[1]), fields, nil
	}
	return "", nil, errors.New("the hosted page has no form that asks for an address")
}
