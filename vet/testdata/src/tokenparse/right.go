package tokenparse

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func userByService(ctx context.Context, session *secureflows.Session) (string, error) {
	identity, err := session.Identity(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(identity.UserID), nil
}

// page:end

// An ID token is Firebase's, and says what OpenID Connect says it does.
func idToken(ctx context.Context, verifier *oidc.IDTokenVerifier, token secureflows.IDToken) (*oidc.IDToken, error) {
	return verifier.Verify(ctx, token.Reveal())
}

func idTokenByHand(token secureflows.IDToken) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.Split(token.Reveal(), ".")[1])
}

func revealOf(method func() string) {
	_, _, _ = jwt.NewParser().ParseUnverified(method(), jwt.MapClaims{})
}

func idTokenByMethodValue(token secureflows.IDToken) { revealOf(token.Reveal) }

func legacyReturn(r *http.Request) (*jwt.Token, []string, error) {
	return jwt.NewParser().ParseUnverified(r.URL.Query().Get("firebaseToken"), jwt.MapClaims{})
}

func countDots(token secureflows.Token) bool { return strings.Count(token.Reveal(), ".") == 2 }

func countParts(token secureflows.Token) int { return len(strings.Split(token.Reveal(), ".")) }

func logLengths(token secureflows.Token) {
	for i, part := range strings.Split(token.Reveal(), ".") {
		log.Println("part", i, "has", len(part), "bytes")
	}
}

// A token of the program's own, for links in mails.
func ownToken(session *secureflows.Session, identity secureflows.Identity, key []byte) (*jwt.Token, error) {
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": fmt.Sprint(identity.UserID)}).SignedString(key)
	if err != nil || session.Token() == (secureflows.Token{}) {
		return nil, err
	}
	return jwt.Parse(signed, func(*jwt.Token) (any, error) { return key, nil })
}

// What a partner answers to a request that carries the token.
func partnersToken(ctx context.Context, token secureflows.Token) (*jwt.Token, error) {
	sent, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/token", nil)
	if err != nil {
		return nil, err
	}
	sent.Header.Set("Authorization", "Bearer "+token.Reveal())
	answer, err := http.DefaultClient.Do(sent)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var body struct{ Token string }
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
		return nil, err
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(body.Token, jwt.MapClaims{})
	return parsed, err
}

// The text is encoded for a websocket's subprotocol and decoded again.
func thereAndBack(token secureflows.Token) (secureflows.Token, error) {
	encoded := base64.RawURLEncoding.EncodeToString([]byte(token.Reveal()))
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(encoded, "bearer."))
	if err != nil {
		return secureflows.Token{}, err
	}
	return secureflows.NewToken(string(text))
}

type credentials struct{ session, partner string }

func otherField(c *credentials, token secureflows.Token, key []byte) (*jwt.Token, error) {
	c.session = token.Reveal()
	return jwt.Parse(c.partner, func(*jwt.Token) (any, error) { return key, nil })
}

func trimmed(text string) string { return strings.TrimSpace(text) }

func trimBoth(token secureflows.Token, partner string, key []byte) string {
	_, _ = jwt.Parse(trimmed(partner), func(*jwt.Token) (any, error) { return key, nil })
	return trimmed(token.Reveal())
}

type site struct {
	api
	browser *middleware.Browser
}

func (s *site) more(mux *http.ServeMux) {
	mux.Handle("GET /legacy", s.bothKinds(s.bearer.Require(http.HandlerFunc(s.page))))
	mux.Handle("GET /machines", http.HandlerFunc(s.machine))
	mux.Handle("GET /page", s.browser.Require(http.HandlerFunc(s.page)))
	mux.Handle("GET /hooks", s.bearer.Optional(http.HandlerFunc(s.hook)))
	mux.Handle("GET /proxy", s.bearer.Require(http.HandlerFunc(s.proxy)))
	mux.Handle("GET /shared", s.bearer.Require(http.HandlerFunc(s.shared)))
	mux.Handle("GET /shared/open", http.HandlerFunc(s.shared))
}

// While people still have tokens of the former provider, both kinds arrive.
func (s *site) bothKinds(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if _, err := jwt.Parse(text, s.keyOf); err == nil {
			s.page(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Nothing guards this route: its tokens are those of machines.
func (s *site) machine(w http.ResponseWriter, r *http.Request) {
	if _, err := jwt.Parse(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), s.keyOf); err != nil {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// A Browser looks at its cookie: what a script of the page sends is its own.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	_, _ = jwt.Parse(r.Header.Get("Authorization"), s.keyOf)
}

// The token of a webhook is in a header of its own.
func (s *site) hook(w http.ResponseWriter, r *http.Request) {
	_, _ = jwt.Parse(r.Header.Get("X-Hook-Token"), s.keyOf)
}

// The header is that of the request to a partner.
func (s *site) proxy(w http.ResponseWriter, r *http.Request) {
	out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "https://partner.example/", nil)
	if err != nil {
		return
	}
	authorize(out)
	_, _ = jwt.Parse(strings.TrimPrefix(out.Header.Get("Authorization"), "Bearer "), s.keyOf)
}

func authorize(out *http.Request) { out.SetBasicAuth("app", time.Now().String()) }

// Some arrive here without a Bearer in front.
func (s *site) shared(w http.ResponseWriter, r *http.Request) {
	_, _ = jwt.Parse(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), s.keyOf)
}

// The cookie is the program's own.
func ownCookie(r *http.Request, key []byte) (*jwt.Token, error) {
	cookie, err := r.Cookie("session")
	if err != nil {
		return nil, err
	}
	return jwt.Parse(cookie.Value, func(*jwt.Token) (any, error) { return key, nil })
}
