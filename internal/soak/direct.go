package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go"
)

const (
	doorDirect  = "the client"
	doorAPI     = "Bearer"
	doorBrowser = "Browser"
)

var doorNames = []string{doorDirect, doorAPI, doorBrowser}

// errNotSignedIn is a client's that knows it has no token.
var errNotSignedIn = errors.New("not signed in")

// direct is a program that calls the service itself.
type direct struct{ *client }

func (d direct) session() (*secureflows.Session, error) {
	token, err := secureflows.NewToken(d.token)
	if err != nil {
		return nil, errNotSignedIn
	}
	return d.storm.jobs.Session(token), nil
}

func (d direct) do(ctx context.Context, c call) (answer, error) {
	session, err := d.session()
	if err != nil {
		return answer{}, err
	}
	if c.op != opMe && c.op != opFresh {
		return perform(ctx, session, c)
	}
	identity, err := session.Identity(ctx)
	return answer{UserID: identity.UserID, Email: identity.Email}, err
}

// signIn renews an expired token, and otherwise asks for the user's session.
func (d direct) signIn(ctx context.Context, told error) error {
	asked := d.storm.mock.Now()
	text, err := d.storm.mock.IDToken(d.email)
	if err != nil {
		return err
	}
	d.storm.ledger.issue(text, asked) // an ID token is good for as long
	idToken, err := secureflows.NewIDToken(text)
	if err != nil {
		return err
	}
	if old, err := secureflows.NewToken(d.token); err == nil && errors.Is(told, secureflows.ErrTokenExpired) {
		d.storm.ledger.finish(d.token, superseded)
		session, payload, err := d.storm.jobs.RenewSession(ctx, idToken, old)
		if err == nil {
			d.adopt(session.Token().Reveal(), asked)
			stored, err := texts(payload)
			d.check(errors.Join(err, d.model.readAll(stored)))
			return nil
		}
		if d.judge(err, text, d.token) == nil {
			return err
		}
	}
	session, err := d.storm.jobs.GetOrCreateSession(ctx, idToken, nil)
	if err != nil {
		_ = d.judge(err, text)
		return err
	}
	d.adopt(session.Token().Reveal(), asked)
	return nil
}

func (d direct) logout(ctx context.Context) error {
	session, err := d.session()
	if err != nil {
		return err
	}
	return session.Logout(ctx)
}

func (d direct) revoke(ctx context.Context) error {
	session, err := d.session()
	if err != nil {
		return err
	}
	_, err = session.Revoke(ctx)
	return err
}

// bearing is a front end that has a token and asks the site, behind Bearer.
type bearing struct{ direct }

func (b bearing) do(ctx context.Context, c call) (answer, error) {
	request, err := b.storm.request(ctx, "/api/", c)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+b.token)
	response, body, err := b.storm.fetch(b.storm.visitors, request)
	if err != nil {
		return answer{}, err
	}
	return decode(response, body)
}

// request is a call of the site.
func (s *storm) request(ctx context.Context, prefix string, c call) (*http.Request, error) {
	target := s.site.origin() + prefix + c.op + "?" + url.Values{"key": {c.key}}.Encode()
	if c.op != opSet && c.op != opDelete {
		return http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	}
	form := strings.NewReader(url.Values{"value": {c.value}}.Encode())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, form)
	if err == nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return request, err
}

// fetch reads an answer whole, and keeps those of the site with the outputs.
func (s *storm) fetch(through *http.Client, request *http.Request) (*http.Response, []byte, error) {
	response, err := through.Do(request)
	if err != nil {
		return nil, nil, errors.Unwrap(err) // without the URL, which may hold a token
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	if request.URL.Host == s.site.address {
		header := response.Header.Clone()
		header.Set("Location", withoutToken(header.Get("Location"), s.service.origin()))
		s.outputs.printf("%s %v %s", response.Status, header, body)
	}
	return response, body, nil
}

// withoutToken leaves out the one parameter that has a token by contract, in
// renewals and sign-outs at the service.
func withoutToken(location, service string) string {
	target, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, service+"/") {
		return location
	}
	query := target.Query()
	query.Del("session_token")
	target.RawQuery = query.Encode()
	return target.String()
}

// decode reads an answer of the site.
func decode(response *http.Response, body []byte) (said answer, err error) {
	if response.StatusCode == http.StatusOK {
		err = json.Unmarshal(body, &said)
		return said, err
	}
	var problem struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(body, &problem) // pages have none
	_, kind, _ := strings.Cut(problem.Type, "#")
	err = fmt.Errorf("the site answers %d %s", response.StatusCode, kind)
	switch {
	case kind == "expired-token":
		err = fmt.Errorf("%w: %w", err, secureflows.ErrTokenExpired)
	case kind == "revoked-token":
		err = fmt.Errorf("%w: %w", err, secureflows.ErrSessionRevoked)
	case response.StatusCode == http.StatusUnauthorized:
		err = fmt.Errorf("%w: %w", err, secureflows.ErrUnauthenticated)
	case response.StatusCode == http.StatusForbidden: // the lock: nobody else refuses so at the site
		err = fmt.Errorf("%w: %w", err, secureflows.ErrGraceLock)
	case response.StatusCode == http.StatusServiceUnavailable:
		err = fmt.Errorf("%w: %w", err, secureflows.ErrUnavailable)
	}
	return said, err
}
