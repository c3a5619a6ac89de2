package secureflows_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
)

// The canaries stand for a session token and an ID token. No eight characters
// in a row of either may surface, whatever the service or the transport does.
const (
	sessionCanary = "cAnAry/1.Qm9zc2Vz+dG8gYmUg~a2VwdCBz_ZWNyZXQgZm9y-ZXZlcg.Kx7wPz2Vn8LrT4yB=="
	idCanary      = "fIrebase.Zm9yIHRoZSBh/dXRvbWF0aW9u_IG9ubHksIHJlYWxs.eSo+R9qWm3Xd6Jc1Hg5Fb~Us0="
)

var bothCanaries = []string{sessionCanary, idCanary}

func canaryTokens(t *testing.T) tokens {
	return tokens{token(t, sessionCanary), idToken(t, idCanary)}
}

// assertNoCanary fails when text shows a piece of a canary.
func assertNoCanary(t *testing.T, text string, where ...any) {
	t.Helper()
	for _, canary := range bothCanaries {
		for i := 0; i+8 <= len(canary); i++ {
			if at := strings.Index(text, canary[i:i+8]); at >= 0 {
				t.Fatalf("%v: %q of a token in …%.200s", where, canary[i:i+8], text[max(0, at-100):])
			}
		}
	}
}

// everything is all that printing err, and whatever lies below it, may show.
func everything(err error) string {
	if err == nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n%+v\n%#v\n%q\n%s\n", err, err, err, err, err)
	for _, misused := range "wdxp" { // log.Printf("%w") is a common mistake
		fmt.Fprintf(&b, "%"+string(misused)+"\n%#"+string(misused)+"\n", err, err)
	}
	var facts *secureflows.Error
	if errors.As(err, &facts) {
		fmt.Fprintf(&b, "%+v\n%#v\n%v\n", *facts, *facts, []any{*facts})
	}
	var withURL *url.Error
	if errors.As(err, &withURL) {
		fmt.Fprintf(&b, "%+v\n%#v\n", withURL, *withURL)
	}
	var told *talkative
	if errors.As(err, &told) {
		fmt.Fprintf(&b, "%+v\n%#v\n", told, *told)
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		b.WriteString(everything(wrapper.Unwrap()))
	case interface{ Unwrap() []error }:
		for _, below := range wrapper.Unwrap() {
			b.WriteString(everything(below))
		}
	}
	return b.String()
}

// watch makes every call with the canaries against answer, and holds whatever
// comes out against them.
func watch(t *testing.T, name string, answer answer, ops ...string) {
	t.Helper()
	for _, op := range named(ops...) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			level := &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}
			client := newClient(t, answering(answer), retries(1), timeout(time.Second), func(cfg *secureflows.Config) {
				cfg.Logger = slog.New(bothHandlers{slog.NewTextHandler(&log, level), slog.NewJSONHandler(&log, level)})
			})
			err := op.do(context.Background(), client, canaryTokens(t))
			assertNoCanary(t, everything(err), name, op.name, "error")
			if err != nil {
				slog.New(slog.NewJSONHandler(&log, nil)).Error("failed", "error", err)
			}
			assertNoCanary(t, fmt.Sprintf("%v %+v %#v", client, client, *client.Session(canaryTokens(t).session)), name, op.name)
			assertNoCanary(t, log.String(), name, op.name, "log")
			assert.NotEmpty(t, log.String(), "the log was watched")
		})
	}
}

// bothHandlers writes every record as text and as JSON.
type bothHandlers [2]slog.Handler

func (b bothHandlers) Enabled(context.Context, slog.Level) bool { return true }
func (b bothHandlers) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b bothHandlers) WithGroup(string) slog.Handler            { return b }
func (b bothHandlers) Handle(ctx context.Context, r slog.Record) error {
	return errors.Join(b[0].Handle(ctx, r), b[1].Handle(ctx, r))
}

func TestCanaryThroughEveryAnswer(t *testing.T) {
	for _, row := range matrix {
		watch(t, row.name, reply(row.status, row.body))
	}
	for _, op := range operations {
		watch(t, "success", reply(200, op.ok), op.name)
	}
}

// sending gives the calls that send a token: only those can see it come back.
func sending(secret string) []string {
	if secret == idCanary {
		return []string{"create session", "renew session"}
	}
	return []string{"renew session", "get", "logout"}
}

// echoes are the ways in which a careless service repeats a token.
func echoes(secret string) map[string]string {
	all := map[string]string{
		"raw": secret, "as a header": "Authorization: Bearer " + secret, "quoted": fmt.Sprintf("%q", secret),
		"query-escaped": url.QueryEscape(secret), "path-escaped": url.PathEscape(secret),
		"escaped twice": url.QueryEscape(url.QueryEscape(secret)), "escaped in lower case": strings.ToLower(url.QueryEscape("/")) + secret,
		"every byte escaped": escapeAll(secret), "twice": secret + secret, "in a path": "/api/v1/sessions/renew/" + url.PathEscape(secret) + "?x",
		"the first half": secret[:len(secret)/2], "the second half": secret[len(secret)/2:], "the middle": secret[10:30],
		"within a word": "x" + secret + "x", "in JSON": `{\"sessionToken\":\"` + secret + `\"}`,
	}
	return all
}

func escapeAll(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02x", text[i])
	}
	return b.String()
}

func TestCanaryFromServersThatEchoIt(t *testing.T) {
	for _, secret := range bothCanaries {
		for how, echo := range echoes(secret) {
			body := fmt.Sprintf(`{"status":%%d,"error":%q,"code":%q}`, "refused: "+strings.ReplaceAll(echo, "%", "%%"), strings.ReplaceAll(echo, "%", "%%"))
			headers := []string{"X-Request-Id", echo, "CF-Ray", echo, "Retry-After", echo, "Server", echo, "Date", echo, "Content-Type", echo, "Location", "https://evil.example/" + echo}
			for _, status := range []int{400, 401, 403, 404, 410, 413, 429, 500, 302} {
				watch(t, how, reply(status, fmt.Sprintf(body, status), headers...), sending(secret)...)
			}
			watch(t, how+", title", reply(502, "<html><title> "+echo+" </title>"+echo, headers[:2]...), sending(secret)...)
			watch(t, how+", text", reply(404, echo, "X-Request-Id", echo), sending(secret)...)
			watch(t, how+", edge", reply(503, echo, "CF-Ray", echo), sending(secret)...)
			watch(t, how+", redirect", reply(302, "", "Location", "http://[bad"+echo), sending(secret)...)
			watch(t, how+", 200", reply(200, `{"sessionToken":"`+strings.ReplaceAll(echo, `"`, "")+` ","value":[`+echo, headers[:2]...), sending(secret)...)
			watch(t, how+", broken", replyBody(500, brokenOff(`{"status":500,"error":"`+echo), headers[:2]...), sending(secret)...)
		}
	}
}

// A text is cut at bounds; a token across one must not show by its beginning.
func TestCanaryAcrossTheBounds(t *testing.T) {
	for _, secret := range bothCanaries {
		for _, bound := range []int{64, 128, 256, 512, 1024, 2048, 64 << 10} {
			for _, before := range []int{1, 4, 7, 8, 9, 15, 16, 20, 40, len(secret) - 1, len(secret)} {
				for _, echo := range []string{secret, url.QueryEscape(secret), secret + secret, secret[:12]} {
					pad := strings.Repeat("p ", bound/2)[:max(0, bound-before)]
					text := pad + echo
					watch(t, fmt.Sprint(bound, "-", before), reply(500, fmt.Sprintf(`{"status":500,"error":%q,"code":%q}`, text, text), "X-Request-Id", text), "renew session")
					watch(t, fmt.Sprint("title ", bound, "-", before), reply(500, "<title>"+text+"</title>"), "renew session")
					_, err := secureflows.ParseCallback(&http.Request{URL: &url.URL{RawQuery: url.Values{
						"error": {text}, "error_description": {text}, "sessionToken": {secret}}.Encode()}})
					assertNoCanary(t, everything(err), bound, before)
				}
			}
		}
	}
}

// talkative is an error that tells everything under every verb.
type talkative struct{ Secret string }

func (e *talkative) Error() string { return "refused " + e.Secret }

// bare is such an error by value, which %#v shows in full.
type bare struct{ Secret string }

func (e bare) Error() string { return "refused" }

func TestCanaryFromTransportsThatQuoteIt(t *testing.T) {
	for _, secret := range bothCanaries {
		for how, echo := range echoes(secret) {
			for kind, err := range map[string]error{
				"text":       errors.New("dial " + echo),
				"url":        &url.Error{Op: "Get", URL: "https://s.example/" + echo, Err: io.ErrUnexpectedEOF},
				"url, twice": fmt.Errorf("traced: %w", &url.Error{Op: "Get", URL: echo, Err: &url.Error{Op: "Get", URL: echo, Err: errReset}}),
				"struct":     &talkative{echo}, "value": bare{echo}, "wrapped": fmt.Errorf("a: %w", fmt.Errorf("b: %w", bare{echo})),
				"joined": errors.Join(errReset, &talkative{echo}), "long": errors.New(strings.Repeat("p", 2048-20) + echo),
			} {
				watch(t, how+", "+kind, fail(err), sending(secret)...)
				body := func(*http.Request) io.Reader { return errorReader{err} }
				watch(t, how+", in a body, "+kind, replyBody(200, body), "renew session")
			}
		}
	}
	watch(t, "a transport that quotes the request", func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("%s %s %v failed", r.Method, r.URL, r.Header)
	})
	watch(t, "a transport that dumps the request", func(r *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: fmt.Errorf("%+v", r)}
	})
	watch(t, "a transport that hangs", hang)
	watch(t, "a body that stalls", replyBody(200, stalled(sessionCanary)))
}

// A panic shows its value; what a program is likely to panic with is safe.
func TestCanaryInPanics(t *testing.T) {
	client := newClient(t, answering(reply(410, "")))
	session := client.Session(token(t, sessionCanary))
	_, err := session.Payload(context.Background())
	for _, value := range []any{session, *session, session.Token(), err, client, secureflows.NewContext(context.Background(), secureflows.Identity{}, session)} {
		func() {
			defer func() { assertNoCanary(t, fmt.Sprintf("%v %+v %#v %s %d", recover(), value, value, value, value)) }()
			panic(value)
		}()
	}
}
