package secureflows_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
)

// hear gives what the listeners of client are told, as texts.
func hear(client *secureflows.Client) (heard func() []string) {
	var mu sync.Mutex
	all := []string{}
	client.OnSignedOut(func(token secureflows.Token) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, token.Reveal())
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string{}, all...)
	}
}

func TestOnSignedOutIsToldOfEachCause(t *testing.T) {
	for name, row := range map[string]struct {
		op     string
		answer answer
		told   bool
	}{
		"a logout":                          {"logout", reply(200, `{"loggedOut":true}`), true},
		"a logout that failed":              {"logout", reply(503, ""), true},
		"a logout that was cut off":         {"logout", fail(errReset), true},
		"a logout without confirmation":     {"logout", reply(200, `{}`), true},
		"a logout of what had ended":        {"logout", reply(410, ""), true},
		"a revocation":                      {"revoke", reply(200, `{"revoked":true,"sessionId":1}`), true},
		"a revocation without confirmation": {"revoke", reply(200, `{}`), true},
		"a revocation that was cut off":     {"revoke", fail(errReset), true},
		"a revocation at a dying gateway":   {"revoke", reply(502, page), true},
		"a revocation answered oddly":       {"revoke", reply(204, ""), true},
		"a revocation that was never sent":  {"revoke", fail(errRefused), false},
		"a revocation that was refused":     {"revoke", reply(403, page), false},
		"a renewal":                         {"renew session", reply(200, `{"sessionToken":"new","payload":{}}`), true},
		"a renewal answered oddly":          {"renew session", reply(200, `{}`), true},
		"a renewal of a revoked session":    {"renew session", reply(410, form(410, "Session revoked")), true},
		"a renewal that is expired":         {"renew session", reply(410, form(410, "Session expired")), true},
		"a renewal of an unknown session":   {"renew session", reply(404, form(404, "Session not found")), true},
		"a renewal by another user":         {"renew session", reply(403, form(403, "Firebase user does not own this session")), false},
		"a renewal with a bad ID token":     {"renew session", reply(401, ""), false},
		"a renewal during an outage":        {"renew session", reply(503, ""), false},
		"expired":                           {"get", reply(410, form(410, "Session expired")), true},
		"expired, newer":                    {"set", reply(401, form(401, "Session token expired")), true},
		"superseded":                        {"identity", reply(410, form(410, "Session revoked")), true},
		"refused":                           {"payload", reply(401, ""), true},
		"without a bearer":                  {"delete", reply(403, ""), true},
		"gone":                              {"identity", reply(404, form(404, "Session not found")), true},
		"a missing key":                     {"get", reply(404, form(404, "Key not found")), false},
		"an outage":                         {"identity", reply(503, ""), false},
		"a proxy's 404":                     {"identity", reply(404, page), false},
		"a billing lock":                    {"identity", reply(403, coded(403, "BILLING_GRACE_LOCK")), false},
		"a firewall":                        {"identity", reply(403, page), false},
		"success":                           {"get", reply(200, `{"key":"theme","value":1}`), false},
		"a rejected ID token":               {"create session", reply(401, ""), false},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, answering(row.answer))
			heard := hear(client)
			_ = named(row.op)[0].do(context.Background(), client, demoTokens(t))
			want := []string{}
			if row.told {
				want = []string{sessionText}
			}
			assert.Equal(t, want, heard(), "once, and before the call returned")
		})
	}
}

func TestOnSignedOutStops(t *testing.T) {
	client := newClient(t, answering(reply(410, "")))
	expire := func() { _, _ = client.Session(token(t, sessionText)).Payload(context.Background()) }
	var first, second int
	stop := client.OnSignedOut(func(secureflows.Token) { first++ })
	client.OnSignedOut(func(secureflows.Token) { second++ })
	expire()
	stop()
	stop()
	expire()
	assert.Equal(t, 1, first)
	assert.Equal(t, 2, second, "stopping one stopped another")
}

func TestAListenerMayUseTheClient(t *testing.T) {
	client := newClient(t, answering(reply(410, ""), reply(200, `{}`), reply(410, "")))
	var calls int
	var stop func()
	stop = client.OnSignedOut(func(token secureflows.Token) {
		calls++
		stop()
		client.OnSignedOut(func(secureflows.Token) { calls += 10 })
		_, err := client.Session(token).Payload(context.Background())
		assert.NoError(t, err)
	})
	_, err := client.Session(token(t, sessionText)).Payload(context.Background())
	assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
	assert.Equal(t, 1, calls, "a listener added on the way hears of the next one")
	_, _ = client.Session(token(t, sessionText)).Payload(context.Background())
	assert.Equal(t, 11, calls)
}

func TestListenersComeAndGoConcurrently(t *testing.T) {
	client := newClient(t, answering(reply(410, "")))
	var told atomic.Int64
	client.OnSignedOut(func(secureflows.Token) { told.Add(1) })
	session := client.Session(token(t, sessionText))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				stop := client.OnSignedOut(func(secureflows.Token) {})
				_, err := session.Identity(context.Background())
				assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
				stop()
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 400, told.Load())
}

func TestContextCarriesTheCaller(t *testing.T) {
	session := newClient(t, answering(hang)).Session(token(t, sessionText))
	identity := secureflows.Identity{UserID: 42, Email: "ada@example.com"}
	ctx := secureflows.NewContext(context.Background(), identity, session)
	gotIdentity, ok := secureflows.IdentityFromContext(ctx)
	assert.True(t, ok)
	assert.Equal(t, identity, gotIdentity)
	gotSession, ok := secureflows.SessionFromContext(ctx)
	assert.True(t, ok)
	assert.Same(t, session, gotSession)

	_, ok = secureflows.IdentityFromContext(context.Background())
	assert.False(t, ok)
	gotSession, ok = secureflows.SessionFromContext(context.Background())
	assert.False(t, ok)
	assert.Nil(t, gotSession)

	ctx = secureflows.NewContext(ctx, secureflows.Identity{UserID: 7}, nil)
	gotIdentity, ok = secureflows.IdentityFromContext(ctx)
	assert.True(t, ok, "the inner one wins, whole")
	assert.EqualValues(t, 7, gotIdentity.UserID)
	_, ok = secureflows.SessionFromContext(ctx)
	assert.False(t, ok, "the session of another identity")
}
