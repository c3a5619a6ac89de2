package peers

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/authn"
	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const (
	authorization = "Authorization"
	root          = "github.com/secureflows/secureflows-go"
)

// opaqueTokens differ in their first bytes, as random ones do.
func opaqueTokens(users []string, length int) []string {
	tokens := make([]string, len(users))
	for i := range users {
		tokens[i] = fmt.Sprintf("%08x", uint32(i)*2654435761) + strings.Repeat("x", length-8)
	}
	return tokens
}

func bearers(tokens []string) []string {
	values := make([]string, len(tokens))
	for i, token := range tokens {
		values[i] = "Bearer " + token
	}
	return values
}

type userKey struct{}

func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// floor is what every middleware that hands on an identity has to do, with
// nothing looked at.
func floor(users, tokens []string) *Peer {
	var user any = users[0]
	return &Peer{
		Name: "floor", Label: "floor", Does: "puts a value into the context, checks nothing",
		Header: authorization, Credentials: bearers(tokens), Users: users, User: userOf,
		Guard: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
			})
		},
	}
}

func identityOf(ctx context.Context) string {
	identity, _ := secureflows.IdentityFromContext(ctx)
	return strconv.FormatInt(identity.UserID, 10)
}

// people resolves tokens at once, as the service would.
type people map[string]secureflows.Identity

func (p people) Resolve(_ context.Context, token secureflows.Token) (secureflows.Identity, error) {
	identity, known := p[token.Reveal()]
	if !known {
		return identity, secureflows.ErrUnauthenticated
	}
	return identity, nil
}

// bearer is this SDK's middleware with all tokens in its cache: what nearly
// every request meets. MaxAge is long so that the questions asked ahead of an
// answer's end, whose cost is the service's, stay out of it; handlers get their
// session as from a client.
func bearer(users, tokens []string, length int) *Peer {
	known := people{}
	for i, token := range tokens {
		known[token] = secureflows.Identity{UserID: int64(i + 1), Email: users[i] + "@example.com"}
	}
	client, err := secureflows.New(secureflows.Config{Workspace: secureflowstest.Workspace, AppID: secureflowstest.AppID})
	if err != nil {
		panic(err) // nothing in it can be wrong
	}
	guard := middleware.NewBearer(known, middleware.BearerConfig{MaxAge: 24 * time.Hour, Client: client})
	p := &Peer{
		Name: fmt.Sprintf("secureflows/token=%d", length), Label: "secureFlows", Module: root,
		Does: "hashes the token, finds the answer in its cache", Header: authorization,
		Credentials: bearers(tokens), Users: users, Guard: guard.Require, User: identityOf,
	}
	handler, all := p.Guard(next), p.requests(0)
	for range p.Credentials {
		all.serve(handler)
	}
	return p
}

// remote asks the service, in this process and over loopback, for each request.
func remote(users []string) (p *Peer, stop func()) {
	server := secureflowstest.Start()
	credentials := make([]string, len(users))
	for i, user := range users {
		credentials[i] = "Bearer " + server.Session(user+"@example.com").Token().Reveal()
	}
	guard := middleware.NewBearer(server.Client(), middleware.BearerConfig{MaxAge: -1})
	return &Peer{
		Name: "secureflows-uncached", Label: "secureFlows, uncached", Module: root,
		Does: "asks the service each time, over loopback", Header: authorization,
		Credentials: credentials, Users: users, Guard: guard.Require, User: identityOf,
	}, server.Close
}

// authnMap looks tokens up in a map that nothing bounds and nothing ends.
func authnMap(users, tokens []string, length int) *Peer {
	known := make(map[string]any, len(users))
	for i, token := range tokens {
		known[token] = users[i]
	}
	guard := authn.NewMiddleware(func(_ context.Context, r *http.Request) (any, error) {
		token, ok := authn.BearerToken(r)
		if !ok {
			return nil, authn.Errorf("no bearer token")
		}
		user, ok := known[token]
		if !ok {
			return nil, authn.Errorf("unknown token")
		}
		return user, nil
	})
	return &Peer{
		Name: fmt.Sprintf("authn-map/token=%d", length), Label: "authn with a map", Module: "connectrpc.com/authn",
		Does: "finds the token in a map without end or bound", Header: authorization,
		Credentials: bearers(tokens), Users: users, Guard: guard.Wrap,
		User: func(ctx context.Context) string { user, _ := authn.GetInfo(ctx).(string); return user },
	}
}

// scsSessions are cookie sessions in memory. The package only loads them; the
// refusal of strangers is its users' to write, and is here the shortest one.
func scsSessions(users, tokens []string, length int) (*Peer, error) {
	manager := scs.New()
	manager.Store = memstore.NewWithCleanupInterval(0) // no goroutine
	ends := time.Now().Add(24 * time.Hour)
	cookies := make([]string, len(users))
	for i, user := range users {
		data, err := manager.Codec.Encode(ends, map[string]any{"user": user})
		if err != nil {
			return nil, err
		}
		if err := manager.Store.Commit(tokens[i], data, ends); err != nil {
			return nil, err
		}
		cookies[i] = manager.Cookie.Name + "=" + tokens[i]
	}
	user := func(ctx context.Context) string { return manager.GetString(ctx, "user") }
	return &Peer{
		Name: fmt.Sprintf("scs/token=%d", length), Label: "scs", Module: "github.com/alexedwards/scs/v2",
		Does: "decodes a session from memory, by its cookie", Header: "Cookie",
		Credentials: cookies, Users: users, User: user,
		Guard: func(next http.Handler) http.Handler {
			return manager.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if user(r.Context()) == "" {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				next.ServeHTTP(w, r)
			}))
		},
	}, nil
}
