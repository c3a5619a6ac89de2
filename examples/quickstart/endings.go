package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// meetLimits shows the failures that are no sign-out. A real service cannot be
// asked to fail.
func (t *tour) meetLimits(ctx context.Context) error {
	if t.mock == nil {
		return nil
	}
	t.step("Failures that sign nobody out")
	t.mock.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 100})
	_, err := Notes.Put(ctx, t.session, "long", Note{Text: fmt.Sprintf("%100s", "far too long")})
	t.explain("the plan's limit", err)
	if !errors.Is(err, secureflows.ErrPayloadTooLarge) {
		return unexpected(err)
	}
	t.mock.SetLimits(secureflowstest.Limits{})

	t.mock.LockBilling(true)
	_, err = t.session.Payload(ctx)
	t.explain("the billing lock", err)
	if !errors.Is(err, secureflows.ErrGraceLock) {
		return unexpected(err)
	}
	t.mock.LockBilling(false)

	t.mock.Fail(secureflowstest.Fault{Status: http.StatusBadGateway, Times: 4}) // all attempts
	_, err = t.session.Payload(ctx)
	t.explain("an outage, after 3 retries", err)
	if !errors.Is(err, secureflows.ErrUnavailable) {
		return unexpected(err)
	}
	return nil
}

func (t *tour) expireAndRenew(ctx context.Context) error {
	if t.mock == nil {
		return t.renewDirectly(ctx)
	}
	t.step("The token expires; the data does not")
	t.mock.ExpireToken(t.session.Token())
	_, err := t.session.Payload(ctx)
	t.show("session.Payload", err)
	login := secureflows.LoginOptions{RedirectURI: t.application.redirectURI, State: t.application.newState()}
	target, ok := t.client.ReauthURL(err, t.session.Token(), login)
	if !ok {
		return unexpected(err)
	}
	t.show("client.ReauthURL, a renewal with the expired token", shorten(target))
	callback, err := t.signIn(ctx, target)
	if err != nil {
		return err
	}
	t.session = t.client.Session(callback.Token)
	return t.showData(ctx, "session.Payload, with the new token")
}

func (t *tour) renewDirectly(ctx context.Context) error {
	t.step("Renew the token; the data stays")
	session, payload, err := t.client.RenewSession(ctx, t.idToken, t.session.Token())
	if err != nil {
		return err
	}
	t.show("client.RenewSession", fmt.Sprintf("token %v, keys %v", session.Token(), payload.Keys()))
	_, err = t.session.Payload(ctx)
	t.explain("the old token is superseded", err)
	t.session = session
	return nil
}

func (t *tour) showData(ctx context.Context, call string) error {
	payload, err := t.session.Payload(ctx)
	if err != nil {
		return err
	}
	t.show(call, fmt.Sprintf("keys %v", payload.Keys()))
	return nil
}

func (t *tour) logOut(ctx context.Context) error {
	t.step("Log out: the token is dead, the data waits")
	browser, err := t.client.LogoutURL(t.session.Token(), "https://app.example.com/")
	if err != nil {
		return err
	}
	t.show("client.LogoutURL, for a browser", shorten(browser))
	old := t.session.Token()
	if err := t.session.Logout(ctx); err != nil {
		return err
	}
	t.show("session.Logout, for a program", "done")
	_, err = t.session.Payload(ctx)
	t.explain("session.Payload", err)
	if !errors.Is(err, secureflows.ErrSignedOut) {
		return unexpected(err)
	}
	if t.mock != nil {
		t.session, err = t.client.GetOrCreateSession(ctx, t.mock.IDToken(person), nil)
	} else {
		t.session, _, err = t.client.RenewSession(ctx, t.idToken, old)
	}
	if err != nil {
		return err
	}
	return t.showData(ctx, "the same person signs in again")
}

func (t *tour) revoke(ctx context.Context) error {
	t.step(`Revoke: only for an explicit "delete all my data"`)
	if _, err := t.session.Revoke(ctx); err != nil {
		return err
	}
	t.show("session.Revoke", "the session and its data are gone for good")
	_, err := t.session.Payload(ctx)
	t.explain("session.Payload", err)
	if !errors.Is(err, secureflows.ErrSessionRevoked) {
		return unexpected(err)
	}
	if t.mock == nil {
		return nil
	}
	if t.session, err = t.client.GetOrCreateSession(ctx, t.mock.IDToken(person), nil); err != nil {
		return err
	}
	return t.showData(ctx, "the same person signs in again")
}
