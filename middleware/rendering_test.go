package middleware_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func TestAnErrorHandlerReplacesTheRenderingNotTheVerdict(t *testing.T) {
	renderings := map[string]func(http.ResponseWriter, *http.Request, *middleware.Refusal){
		"nothing": func(http.ResponseWriter, *http.Request, *middleware.Refusal) {},
		"a page, no status": func(w http.ResponseWriter, _ *http.Request, _ *middleware.Refusal) {
			_, _ = io.WriteString(w, "a page")
		},
		"the same for all": func(w http.ResponseWriter, _ *http.Request, _ *middleware.Refusal) {
			http.Error(w, "no", http.StatusUnauthorized)
		},
		"as if it were good": func(w http.ResponseWriter, _ *http.Request, _ *middleware.Refusal) {
			w.WriteHeader(http.StatusOK)
			w.WriteHeader(http.StatusOK)
		},
		"a hint first": func(w http.ResponseWriter, _ *http.Request, _ *middleware.Refusal) {
			w.WriteHeader(http.StatusEarlyHints)
			_, _ = io.WriteString(w, "a page")
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request, _ *middleware.Refusal) {
			http.Redirect(w, r, "/", http.StatusFound)
		},
		"in parts": func(w http.ResponseWriter, _ *http.Request, _ *middleware.Refusal) {
			assert.NoError(t, http.NewResponseController(w).Flush())
			_, _ = io.WriteString(w, "a page")
		},
		"the usual one": func(w http.ResponseWriter, _ *http.Request, refusal *middleware.Refusal) { refusal.Write(w) },
		"with a deadline": func(w http.ResponseWriter, _ *http.Request, refusal *middleware.Refusal) {
			assert.NoError(t, http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)))
			refusal.Write(w)
		},
	}
	for name, rendering := range renderings {
		for err, want := range map[error]int{secureflows.ErrTokenExpired: 401, secureflows.ErrGraceLock: 403, errDown: 503} {
			server := httptest.NewServer(middleware.NewBearer(answering(secureflows.Identity{}, err), middleware.BearerConfig{
				ErrorHandler: rendering,
			}).Require(unreachable(t)))
			r, requestErr := http.NewRequest(http.MethodGet, server.URL, nil)
			require.NoError(t, requestErr)
			r.Header.Set("Authorization", "Bearer abc")
			response, requestErr := server.Client().Do(r)
			require.NoError(t, requestErr)
			assert.NoError(t, response.Body.Close())
			server.Close()
			assert.Equal(t, want, response.StatusCode, "%s: %v", name, err)
			assert.Equal(t, "no-store", response.Header.Get("Cache-Control"), name)
			assert.Equal(t, want == 401, response.Header.Get("WWW-Authenticate") != "", name)
			assert.Equal(t, want == 503, response.Header.Get("Retry-After") == "5", name)
		}
	}
}

func TestAnErrorHandlerIsToldEverything(t *testing.T) {
	for _, row := range answers {
		var got *middleware.Refusal
		status(requiring(answering(secureflows.Identity{}, row.err), middleware.BearerConfig{
			ErrorHandler: func(_ http.ResponseWriter, r *http.Request, refusal *middleware.Refusal) {
				got = refusal
				assert.Equal(t, "Bearer abc", r.Header.Get("Authorization"))
			},
		}), bearing("abc"))
		require.NotNil(t, got, row.name)
		assert.Equal(t, row.status, got.Status(), row.name)
		assert.Equal(t, types+row.kind, got.Type(), row.name)
		assert.ErrorIs(t, got.Err, row.sentinel, row.name)
		assert.Equal(t, row.status == 503, got.RetryAfter == 5*time.Second, row.name)
	}
}

// A gateway that has only Check answers as the middleware does.
func TestARefusalIsMadeOfTheErrorOfACheck(t *testing.T) {
	for _, row := range answers {
		bearer := middleware.NewBearer(answering(secureflows.Identity{}, row.err), middleware.BearerConfig{})
		_, err := bearer.Check(bearing("abc"))
		want := answerTo(bearer.Require(whoami), bearing("abc"))
		w := httptest.NewRecorder()
		(&middleware.Refusal{Err: err}).Write(w)
		assert.Equal(t, want.Code, w.Code, row.name)
		assert.Equal(t, want.Body.String(), w.Body.String(), row.name)
	}
	bearer := middleware.NewBearer(&service{}, middleware.BearerConfig{})
	_, err := bearer.Check(httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, types+"no-credentials", (&middleware.Refusal{Err: err}).Type())
	_, err = bearer.Check(bearing("a b"))
	assert.Equal(t, types+"malformed-credentials", (&middleware.Refusal{Err: err}).Type())
	assert.Equal(t, http.StatusServiceUnavailable, (&middleware.Refusal{}).Status(), "nobody is signed out by nothing")
}

// Each sort of refusal has a type, a title and a text of its own, which callers
// may know by heart.
func TestProblemTypesAreStable(t *testing.T) {
	want := map[string]int{
		"no-credentials": 401, "malformed-credentials": 400, "invalid-token": 401, "expired-token": 401,
		"revoked-token": 401, "billing-lock": 403, "not-allowed": 403, "unavailable": 503,
	}
	got := map[string]int{}
	add := func(w *httptest.ResponseRecorder) { p := problemOf(t, w); got[p.Type[len(types):]] = p.Status }
	for _, row := range answers {
		add(answerTo(requiring(answering(secureflows.Identity{}, row.err), middleware.BearerConfig{}), bearing("abc")))
	}
	good := middleware.NewBearer(&service{}, middleware.BearerConfig{})
	add(answerTo(good.Require(whoami), httptest.NewRequest(http.MethodGet, "/", nil)))
	add(answerTo(good.Require(whoami), bearing("a b")))
	add(answerTo(good.Allow(func(secureflows.Identity) error { return errors.New("no") })(whoami), bearing("abc")))
	assert.Equal(t, want, got)
}
