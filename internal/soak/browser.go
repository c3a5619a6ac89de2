package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
)

// browsing is a person with a browser at the site. The browser's cookies are
// the site's; at the hosted pages it is a new one each time.
type browsing struct {
	*client
	cookies http.CookieJar
	login   string // where the site has sent the window to, "" is nowhere
}

func newBrowsing(c *client) *browsing {
	b := &browsing{client: c}
	b.forget()
	return b
}

// forget is a new browser.
func (b *browsing) forget() {
	b.cookies, _ = cookiejar.New(nil) // never an error
	b.login = ""
}

func (b *browsing) do(ctx context.Context, c call) (answer, error) {
	request, err := b.storm.request(ctx, "/web/", c)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Accept", "text/html")
	if request.Method == http.MethodPost {
		request.Header.Set("Accept", "application/json") // of a script
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, body, err := b.visit(request)
	if err != nil {
		return answer{}, err
	}
	if response.StatusCode == http.StatusSeeOther {
		return answer{}, b.redirected(response.Header.Get("Location"))
	}
	if response.StatusCode == http.StatusUnauthorized && strings.Contains(string(body), "#no-credentials") {
		return answer{}, b.unknown("the site knows no visitor")
	}
	if strings.Contains(string(body), "Sign-in stopped") {
		b.storm.figures.outcomes.add("sign-in stopped")
		b.forget()
		b.token = ""
		return answer{}, errNotSignedIn
	}
	return decode(response, body)
}

// visit makes a request of the browser: at the site with its cookies, and at the
// hosted pages without any.
func (b *browsing) visit(request *http.Request) (*http.Response, []byte, error) {
	window := *b.storm.visitors
	if request.URL.Host == b.storm.site.address {
		window.Jar = b.cookies
	}
	return b.storm.fetch(&window, request)
}

// open goes to an address, or posts a form of the page there.
func (b *browsing) open(ctx context.Context, method, address string, form url.Values) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	response, _, err := b.visit(request)
	return response, err
}

// unknown is the error of a visitor whom the site does not know, or no longer.
// Why, it does not say, so that any cause will do; there must be one.
func (b *browsing) unknown(text string) error {
	if b.token == "" {
		return errNotSignedIn
	}
	return fmt.Errorf("%s: %w", text, secureflows.ErrTokenExpired)
}

// redirected is the error that a redirect to the hosted login is.
func (b *browsing) redirected(location string) error {
	target, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, b.storm.service.origin()+"/app/sessions/login?") {
		return errors.New("the site redirects to somewhere else")
	}
	b.login = location
	if renewed := target.Query().Get("session_token"); renewed != "" && b.token != "" && renewed != b.token {
		b.storm.violations.add(ruleIdentity, "%s is sent to renew a token that is not theirs", b.email)
	}
	return b.unknown("the site redirects to the hosted login")
}

// signIn is what a person does who finds themselves at the hosted login, or who
// opens a page to get there.
func (b *browsing) signIn(ctx context.Context, _ error) error {
	if b.login == "" {
		if _, err := b.do(ctx, call{op: opMe}); err == nil || b.login == "" {
			return err // signed in after all, or no way to the login
		}
	}
	login, err := url.Parse(b.login)
	if err != nil {
		return err
	}
	b.login = "" // its state is good for one return
	if old := login.Query().Get("session_token"); old != "" {
		b.storm.ledger.finish(old, superseded)
	}
	asked := b.storm.mock.Now()
	handover, err := b.press(ctx, http.MethodPost, login, url.Values{"email": {b.email}, "action": {"sign-in"}})
	if err != nil {
		return err
	}
	b.storm.ledger.issue(handover.Query().Get("firebaseToken"), asked)
	callback, err := b.press(ctx, http.MethodGet, handover, nil)
	if err != nil {
		return err
	}
	return b.comeBack(ctx, callback, asked)
}

// press opens a hosted page, or presses its button, and gives where that leads.
func (b *browsing) press(ctx context.Context, method string, page *url.URL, form url.Values) (*url.URL, error) {
	response, err := b.open(ctx, method, page.String(), form)
	if err != nil {
		return nil, err
	}
	target, err := response.Location()
	if err != nil {
		return nil, fmt.Errorf("the hosted pages answer %s", response.Status)
	}
	return target, nil
}

// comeBack opens the callback with a token.
func (b *browsing) comeBack(ctx context.Context, callback *url.URL, asked time.Time) error {
	token := callback.Query().Get("sessionToken")
	if callback.Host != b.storm.site.address || token == "" {
		return errors.New("the hosted pages lead somewhere else")
	}
	b.storm.ledger.issue(token, asked)
	response, err := b.open(ctx, http.MethodGet, callback.String(), nil)
	if err != nil {
		return err
	}
	b.token = ""
	page := response.Header.Get("Location")
	if response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(page, "/") {
		if page != "" {
			b.login = page
		}
		return fmt.Errorf("the callback answers %s", response.Status)
	}
	b.adopt(token, asked)
	return nil
}

func (b *browsing) logout(ctx context.Context) error {
	response, err := b.open(ctx, http.MethodPost, b.storm.site.origin()+logoutPath, nil)
	if err != nil {
		return err
	}
	target, err := response.Location()
	if err != nil {
		return fmt.Errorf("the sign-out answers %s", response.Status)
	}
	b.token, b.login = "", ""
	_, err = b.open(ctx, http.MethodGet, target.String(), nil)
	return err
}

// revoke is nothing a site offers.
func (b *browsing) revoke(context.Context) error { return nil }
