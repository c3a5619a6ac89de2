// Package hosted has detours around the hosted login, and ways that only look
// like it.
package hosted

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:wrong
func routes(mux *http.ServeMux, browser *middleware.Browser, home http.Handler) {
	mux.Handle("GET /", browser.Require(home))
	mux.Handle("GET /auth/callback", browser.Require(http.HandlerFunc(browser.Callback))) // want `the callback is behind Browser.Require`
}

func loginByHand(w http.ResponseWriter, r *http.Request, origin, state string) {
	query := url.Values{"app_id": {"demo-app"}, "state": {state}}
	http.Redirect(w, r, origin+"/app/sessions/login?"+query.Encode(), http.StatusSeeOther) // want `a URL of /app/sessions/login built by hand`
}

// page:end

func byRouter(browser *middleware.Browser) http.Handler {
	router := chi.NewRouter()
	router.Use(browser.Optional)
	router.Get("/signed-in", browser.Callback) // want `the callback is behind Browser.Optional`
	return router
}

func byGroup(bearer *middleware.Bearer, browser *middleware.Browser) http.Handler {
	router := chi.NewRouter()
	router.Group(func(private chi.Router) {
		private.Use(bearer.Require)
		private.Get("/welcome", func(w http.ResponseWriter, r *http.Request) { // want `the callback is behind Bearer.Require`
			w.Header().Set("Cache-Control", "no-store")
			browser.Callback(w, r)
		})
	})
	return router
}

func returned(w http.ResponseWriter, r *http.Request) {
	if _, err := secureflows.ParseCallback(r); err != nil {
		http.Error(w, "sign in again", http.StatusBadRequest)
	}
}

func byParser(bearer *middleware.Bearer) {
	http.Handle("/returned", bearer.RequireFresh(0)(http.HandlerFunc(returned))) // want `the callback is behind Bearer.RequireFresh`
}

const entrance = "https://app.example.com/entrance"

func byPath(client *secureflows.Client, mux *http.ServeMux, enter http.Handler) error {
	browser, err := middleware.NewBrowser(client, middleware.BrowserConfig{
		CallbackURL: entrance,
		AfterLogout: entrance, // want `the page after a sign-out is the callback`
	})
	if err != nil {
		return err
	}
	mux.Handle("/entrance", browser.Require(enter)) // want `the callback is behind Browser.Require`
	return nil
}

func toCallback(client *secureflows.Client, token secureflows.Token) (string, error) {
	return client.LogoutURL(token, "https://shop.example.com/auth/callback") // want `the page after a sign-out is the callback`
}

func withToken(client *secureflows.Client, token secureflows.Token, id string) (string, error) {
	return client.LogoutURL(token, fmt.Sprintf("https://app.example.com/?session_token=%s", id)) // want `carries session_token`
}

type config struct{ callback, home string }

func toField(client *secureflows.Client, token secureflows.Token, c config) (string, string, error) {
	login, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: c.callback})
	if err != nil {
		return "", "", err
	}
	logout, err := client.LogoutURL(token, c.callback) // want `the page after a sign-out is the callback`
	return login, logout, err
}

const signIn = secureflows.ProductionOrigin + "/app/login" // want `/app/login is the legacy login page`

func byFormat(origin string) string {
	return fmt.Sprintf("%s/app/login?app_id=%s", origin, "demo-app") // want `/app/login is the legacy login page`
}

func byURL(token secureflows.Token) *url.URL {
	return &url.URL{
		Scheme: "https", Host: "www.secure-flows.com",
		Path:     "/api/v1/auth/logout", // want `a URL of /api/v1/auth/logout built by hand`
		RawQuery: url.Values{"session_token": {token.Reveal()}}.Encode(),
	}
}

func whole() string {
	return "https://www.secure-flows.com/app/sessions/login?app_id=demo-app" // want `a URL of /app/sessions/login built by hand`
}
