package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
)

// errNotSignedIn says that nobody is signed in; beside it stands why.
var errNotSignedIn = errors.New("not signed in")

// signIn takes the person through hosted login.
func (p *program) signIn(ctx context.Context) error {
	v := newVisit(p)
	login, err := p.client.LoginURL(v.options())
	if err != nil {
		return err
	}
	return p.enter(ctx, v, v.link(login, login))
}

// reauthenticate takes the person to where err sends them: to a renewal, or to a
// fresh login.
func (p *program) reauthenticate(ctx context.Context, err error) error {
	v := newVisit(p)
	login, failure := p.client.LoginURL(v.options())
	if failure != nil {
		return failure
	}
	target, ok := p.client.ReauthURL(err, p.session.Token(), v.options())
	if !ok {
		return err
	}
	return p.enter(ctx, v, v.link(target, login))
}

// enter waits for the return of hosted login, and asks who came.
func (p *program) enter(ctx context.Context, v *visit, link string) error {
	p.console.say("Sign in with your browser. If none opens, open this address:\n\n  %s\n", link)
	result, err := p.travel(ctx, v, link, trip{waiting: "waiting for the browser; Ctrl-C gives up", limit: p.signInLimit})
	if err != nil {
		return fmt.Errorf("%w: %w", errNotSignedIn, err)
	}
	p.session = p.client.Session(result.token)
	return p.identify(ctx)
}

// identify asks whose the session is. An outage leaves that unknown, and nobody
// signed out.
func (p *program) identify(ctx context.Context) error {
	p.identity = secureflows.Identity{}
	err := p.call(ctx, func(ctx context.Context) error {
		identity, err := p.session.Identity(ctx)
		p.identity = identity
		return err
	})
	if errors.Is(err, secureflows.ErrSignedOut) || errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		p.console.say("Signed in. Who you are could not be asked: %s", describe(err))
		return nil
	}
	p.console.say("Signed in as %s.", personName(p.identity))
	return nil
}

func personName(identity secureflows.Identity) string {
	switch {
	case identity.Email != "":
		return string(inert([]byte(identity.Email)))
	case identity.UserID != 0:
		return fmt.Sprintf("user %d", identity.UserID)
	default:
		return "somebody unknown"
	}
}

// signOut ends the sign-in, the hosted one too where the browser can be reached:
// without that, the next login is one click for whoever sits there.
func (p *program) signOut(ctx context.Context) error {
	err := p.signOutBrowser(ctx)
	switch {
	case err == nil:
		p.session = nil
		p.console.say("Signed out, in the browser too. Your data is kept.")
		return nil
	case ctx.Err() != nil:
		return err
	}
	p.console.say("The browser could not be signed out: %v.", err)
	if err := p.call(ctx, p.session.Logout); err != nil {
		return err
	}
	p.session = nil
	p.console.say("This program is signed out; the browser may still be. Your data is kept.")
	return nil
}

func (p *program) signOutBrowser(ctx context.Context) error {
	v := newVisit(p)
	logout, err := p.client.LogoutURL(p.session.Token(), v.signedOut())
	if err != nil {
		return err
	}
	_, err = p.travel(ctx, v, v.link(logout, ""), trip{waiting: "waiting for the browser to sign out", limit: p.signOutLimit, needsBrowser: true})
	return err
}

// errNoReturn says that a trip of the browser took too long.
var errNoReturn = errors.New("the browser did not come back in time")

// trip is what is waited for.
type trip struct {
	waiting string        // told while it lasts
	limit   time.Duration // of patience
	// needsBrowser gives up when no browser opens; otherwise the person may open
	// the link.
	needsBrowser bool
}

// travel opens link in the browser and waits for the end of the trip.
func (p *program) travel(ctx context.Context, v *visit, link string, t trip) (outcome, error) {
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		return outcome{}, fmt.Errorf("the browser could not come back to %s: %w; is another %s waiting for its browser?", p.address, err, name)
	}
	server := &http.Server{Handler: v, ReadHeaderTimeout: 5 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(listener) }() // ends with farewell
	defer farewell(v, server)

	opened := make(chan error, 1)
	go func() { opened <- p.open(link) }()
	var result outcome
	err = p.console.during(t.waiting, func() (err error) {
		result, err = p.await(ctx, v, opened, t)
		return err
	})
	return result, err
}

func (p *program) await(ctx context.Context, v *visit, opened <-chan error, t trip) (outcome, error) {
	limit := time.NewTimer(t.limit)
	defer limit.Stop()
	for {
		select {
		case result := <-v.returned:
			return result, result.err
		case err := <-opened:
			if err != nil && t.needsBrowser {
				return outcome{}, fmt.Errorf("none opened: %w", err)
			}
			if err != nil {
				p.console.say("No browser opened (%v). Open the address yourself.", err)
			}
		case <-limit.C:
			return outcome{}, errNoReturn
		case <-ctx.Done():
			return outcome{}, ctx.Err()
		}
	}
}

// farewell stops the server; after a trip that ended, when the browser has its
// last page, which it asks for after the return.
func farewell(v *visit, server *http.Server) {
	defer server.Close()
	if !v.over() {
		return
	}
	select {
	case <-v.seen:
	case <-time.After(2 * time.Second):
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(ctx) // lets the page arrive
}
