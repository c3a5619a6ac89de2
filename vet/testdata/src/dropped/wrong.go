// Package dropped has session calls that lose something.
package dropped

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"

	"example.com/corpus/src/dropped/cache"
)

// page:wrong
func saveTheme(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	session.Set(context.Background(), "theme", r.FormValue("theme")) // want `the error of Set is dropped` `context.Background at Set`
}

var sessions = map[string]*secureflows.Session{} // want `a session in a package's variable`

// page:end

var theme = secureflows.Key[string]{Name: "theme", Default: "light"}

var notes = secureflows.Collection[string]{Prefix: "note:"}

func blank(ctx context.Context, session *secureflows.Session) {
	_, _ = session.Set(ctx, "seen", true) // want `the error of Set is dropped`
}

func blankValue(ctx context.Context, session *secureflows.Session) string {
	value, _ := secureflows.GetOr(ctx, session, "theme", "light") // want `the error of GetOr is dropped`
	return value
}

func byKey(ctx context.Context, session *secureflows.Session) string {
	value, _ := theme.Get(ctx, session) // want `the error of Get is dropped`
	return value
}

func byCollection(ctx context.Context, session *secureflows.Session, id string) {
	notes.Delete(ctx, session, id) // want `the error of Delete is dropped`
}

func overwritten(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Set(ctx, "first", 1) // want `the error of Set is dropped`
	_, err = session.Set(ctx, "second", 2)
	return err
}

func deferred(ctx context.Context, session *secureflows.Session) {
	defer session.Logout(ctx) // want `the error of Logout is dropped`
}

func begun(ctx context.Context, session *secureflows.Session) {
	go session.Set(ctx, "seen", time.Now()) // want `the error of Set is dropped`
}

func signOut(ctx context.Context, session *secureflows.Session) {
	end := session.Logout
	_ = end(ctx) // want `the error of Logout is dropped`
}

func created(ctx context.Context, client *secureflows.Client, token secureflows.IDToken) *secureflows.Session {
	session, _ := client.GetOrCreateSession(ctx, token, nil) // want `the error of GetOrCreateSession is dropped`
	return session
}

func todo(ctx context.Context, session *secureflows.Session) (secureflows.Payload, error) {
	return session.Payload(context.TODO()) // want `context.TODO at Payload`
}

func timed(r *http.Request, session *secureflows.Session) (secureflows.Identity, error) {
	limited, cancel := context.WithTimeout(context.Background(), time.Second) // want `context.Background at Identity`
	defer cancel()
	return session.Identity(limited)
}

func byGin(c *gin.Context, session *secureflows.Session) {
	if _, err := session.Set(context.Background(), "seen", true); err != nil { // want `context.Background at Set`
		c.Status(http.StatusServiceUnavailable)
	}
}

func byEcho(c echo.Context, session *secureflows.Session) error {
	_, err := session.Delete(context.Background(), "seen") // want `context.Background at Delete`
	return err
}

func read(ctx context.Context, session *secureflows.Session) (string, error) {
	return theme.Get(ctx, session)
}

func throughFunction(r *http.Request, session *secureflows.Session) (string, error) {
	return read(context.Background(), session) // want `context.Background at Get`
}

func throughLiteral(ctx context.Context, session *secureflows.Session) error {
	save := func() error {
		_, err := session.Set(context.Background(), "seen", true) // want `context.Background at Set`
		return err
	}
	return save()
}

func shadowed(ctx context.Context, session *secureflows.Session) error {
	for _, ctx := range []string{"a", "b"} {
		if _, err := session.Set(context.Background(), ctx, true); err != nil { // want `context.Background at Set`
			return err
		}
	}
	return nil
}

var current *secureflows.Session // want `a session in a package's variable`

type state struct {
	mu     sync.Mutex
	latest []*secureflows.Session
}

var shared = &state{} // want `a session in a package's variable`

var last atomic.Pointer[secureflows.Session] // want `a session in a package's variable`

var cached cache.Cache[*secureflows.Session] // want `a session in a package's variable`

var visitors sync.Map

func remember(id string, session *secureflows.Session) {
	visitors.Store(id, session) // want `a session in a package's variable`
}

var anything = map[string]any{}

func rememberAny(id string, session *secureflows.Session) {
	anything[id] = session // want `a session in a package's variable`
}
