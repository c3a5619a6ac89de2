package hosted

import (
	"log"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func allRoutes(mux *http.ServeMux, browser *middleware.Browser, home http.Handler) {
	mux.Handle("GET /", browser.Require(home))
	mux.HandleFunc("GET /auth/callback", browser.Callback)
	mux.HandleFunc("POST /auth/logout", browser.Logout)
}

func login(w http.ResponseWriter, r *http.Request, client *secureflows.Client, state string) {
	to, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: "https://app.example.com/auth/callback", State: state})
	if err != nil {
		http.Error(w, "try again", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// page:end

func beside(browser *middleware.Browser, home http.HandlerFunc) http.Handler {
	router := chi.NewRouter()
	router.Get("/auth/callback", browser.Callback)
	router.Group(func(private chi.Router) {
		private.Use(browser.Require)
		private.Get("/home", home)
	})
	return router
}

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Print(r.Method)
		next.ServeHTTP(w, r)
	})
}

func wrapped(mux *http.ServeMux, browser *middleware.Browser) {
	mux.Handle("/back", logged(http.HandlerFunc(browser.Callback)))
}

// letThrough guards everything but the callback.
func letThrough(browser *middleware.Browser) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/return", browser.Callback)
	guarded := browser.Require(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/oauth/return" {
			mux.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// hooks has a callback of somebody else's.
func hooks(mux *http.ServeMux, bearer *middleware.Bearer, paid http.Handler) {
	mux.Handle("POST /payments/callback", bearer.Require(paid))
}

// ownLogin is a page of this site, which is called like the hosted one.
func ownLogin(mux *http.ServeMux, page http.Handler) {
	mux.Handle("/app/login", page)
	mux.Handle("/app/sessions/login", page)
}

func toOwnLogin(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/app/login", http.StatusSeeOther)
}

// ownAPI calls a server of one's own.
func ownAPI(r *http.Request, base string) (*http.Request, error) {
	return http.NewRequestWithContext(r.Context(), http.MethodPost, base+"/api/v1/auth/logout", nil)
}

func isLogin(r *http.Request) bool {
	return r.URL.Path == "/app/sessions/login" || strings.HasPrefix(r.URL.Path, "/app/sessions/login")
}

func kind(path string) string {
	switch path {
	case "/app/sessions/login", "/app/login":
		return "login"
	}
	return "page"
}

func after(client *secureflows.Client, token secureflows.Token, c config) (string, error) {
	return client.LogoutURL(token, c.home)
}

func goodbye(client *secureflows.Client) (*middleware.Browser, error) {
	return middleware.NewBrowser(client, middleware.BrowserConfig{
		CallbackURL: "https://app.example.com/signed-in-again",
		AfterLogout: "https://app.example.com/callback-requests",
	})
}

func under(origin string) string { return origin + "/app/sessions/logins-of-today" }

func explain() {
	log.Print("people sign in at https://www.secure-flows.com, and never at /app/login here")
}
