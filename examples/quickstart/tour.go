package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const person = "ada@example.com"

// Theme is one value, Notes are many: an application declares its keys once.
var (
	Theme = secureflows.Key[string]{Name: "theme", Default: "light"}
	Notes = secureflows.Collection[Note]{Prefix: "note:"}
)

// Note is a record of the collection.
type Note struct {
	Text string `json:"text"`
}

// tour is the walk through a session's life.
type tour struct {
	out     io.Writer
	client  *secureflows.Client
	session *secureflows.Session
	idToken secureflows.IDToken

	// Both nil against a real deployment.
	mock        *secureflowstest.Server
	application *application

	steps int
}

func (t *tour) say(format string, args ...any) { fmt.Fprintf(t.out, format+"\n", args...) }

// step begins a chapter.
func (t *tour) step(title string) {
	t.steps++
	t.say("\n%d. %s", t.steps, title)
}

// show prints a call and what came of it, below it when that is long.
func (t *tour) show(call string, result any) {
	text := fmt.Sprint(result)
	if len(text) > 70 {
		t.say("   %s\n      %s", call, text)
		return
	}
	t.say("   %-42s %s", call, text)
}

// make goes through the chapters, each in the order of its steps.
func (t *tour) make(ctx context.Context, signIn func(context.Context) error) error {
	chapters := []func(context.Context) error{
		signIn, t.identify, t.storeValues, t.useKeys, t.keepRecords, t.meetLimits, t.expireAndRenew, t.logOut, t.revoke,
	}
	for _, chapter := range chapters {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	t.say("\nThat is all of it. Write your own: see the README, and the examples beside this one.")
	return nil
}

// signInHosted goes the way of a browser.
func (t *tour) signInHosted(ctx context.Context) error {
	t.step("Sign in on the hosted page: the application never sees a password")
	state := t.application.newState()
	login, err := t.client.LoginURL(secureflows.LoginOptions{RedirectURI: t.application.redirectURI, State: state})
	if err != nil {
		return err
	}
	t.show("client.LoginURL, where the browser is redirected to", shorten(login))
	callback, err := t.signIn(ctx, login)
	if err != nil {
		return err
	}
	t.show("secureflows.ParseCallback", fmt.Sprintf("token %v, and the state that was sent", callback.Token))
	t.session = t.client.Session(callback.Token)
	t.show("client.Session", "no request yet")
	return nil
}

// signInDirectly takes a session of its own, so that destroying it in the end
// destroys nothing else.
func (t *tour) signInDirectly(ctx context.Context) error {
	t.step("Create a session with the ID token")
	session, err := t.client.CreateSession(ctx, t.idToken, nil)
	if err != nil {
		return err
	}
	t.session = session
	t.show("client.CreateSession", fmt.Sprintf("token %v", session.Token()))
	return nil
}

// signIn is the person at the browser, and the application they come back to.
func (t *tour) signIn(ctx context.Context, login string) (secureflows.Callback, error) {
	t.say("   (%s types the address, presses Continue, and is sent back)", person)
	if err := t.application.visit(ctx, login, person); err != nil {
		return secureflows.Callback{}, err
	}
	return t.application.returned(ctx)
}

func (t *tour) identify(ctx context.Context) error {
	t.step("Who is it? The service says; nobody decodes the token")
	identity, err := t.session.Identity(ctx)
	if err != nil {
		return err
	}
	t.show("session.Identity", fmt.Sprintf("user %d, %s", identity.UserID, identity.Email))
	return nil
}

func (t *tour) storeValues(ctx context.Context) error {
	t.step("Store, read and delete values of this person")
	payload, err := t.session.Set(ctx, "visits", 9007199254740993)
	if err != nil {
		return err
	}
	t.show(`session.Set "visits"`, fmt.Sprintf("the whole payload comes back: keys %v", payload.Keys()))
	visits, err := secureflows.Get[int64](ctx, t.session, "visits")
	if err != nil {
		return err
	}
	t.show(`secureflows.Get[int64] "visits"`, fmt.Sprintf("%d, to the last digit", visits))
	existed, err := t.session.Delete(ctx, "visits")
	if err != nil {
		return err
	}
	t.show(`session.Delete "visits"`, existed)
	_, err = t.session.Get(ctx, "visits")
	t.explain(`session.Get "visits"`, err)
	if !errors.Is(err, secureflows.ErrKeyNotFound) {
		return unexpected(err)
	}
	_, err = t.session.Get(ctx, "..")
	t.explain(`session.Get ".."`, err)
	return nil
}

func (t *tour) useKeys(ctx context.Context) error {
	t.step("A typed key, and its default while nobody wrote it")
	theme, err := Theme.Get(ctx, t.session)
	if err != nil {
		return err
	}
	t.show("Theme.Get", theme)
	if _, err := Theme.Set(ctx, t.session, "dark"); err != nil {
		return err
	}
	if theme, err = Theme.Get(ctx, t.session); err != nil {
		return err
	}
	t.show("Theme.Set, Theme.Get", theme)
	return nil
}

func (t *tour) keepRecords(ctx context.Context) error {
	t.step("A collection: one key per record, read with one request")
	for _, note := range []string{"buy milk", "call <Bob> & Eve"} {
		id, _, _ := strings.Cut(note, " ")
		if _, err := Notes.Put(ctx, t.session, id, Note{Text: note}); err != nil {
			return err
		}
	}
	notes, err := Notes.All(ctx, t.session)
	if err != nil {
		return err
	}
	for id, note := range notes {
		t.show("Notes.All", id+": "+note.Text)
	}
	return nil
}

// explain prints an error and what it calls for.
func (t *tour) explain(call string, err error) {
	t.show(call, err)
	login := secureflows.LoginOptions{RedirectURI: "https://app.example.com/auth/callback"}
	if target, ok := t.client.ReauthURL(err, t.session.Token(), login); ok {
		t.show("client.ReauthURL", shorten(target))
	}
}

// shorten shows a URL without the token it may hold.
func shorten(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(not a URL)"
	}
	return secureflows.RedactURL(u)
}

func unexpected(err error) error { return fmt.Errorf("this should have ended differently: %w", err) }
