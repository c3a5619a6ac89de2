package tokenparse

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/golang-jwt/jwt/v5/request"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"
)

func (v *visitor) idClaims() (jwt.MapClaims, error) {
	found := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(v.id.Reveal(), found)
	return found, err
}

func idByPointer(token *secureflows.IDToken) {
	_, _, _ = jwt.NewParser().ParseUnverified(token.Reveal(), jwt.MapClaims{})
}

// Sealed for the memory of another replica, and not read.
func seal(encrypter jose.Encrypter, token secureflows.Token) (string, error) {
	sealed, err := encrypter.Encrypt([]byte(token.Reveal()))
	if err != nil {
		return "", err
	}
	return sealed.CompactSerialize()
}

func cookieOfGin(c *gin.Context, key []byte) (*jwt.Token, error) {
	text, err := c.Cookie("sessionToken") // nothing of secureFlows is in a cookie
	if err != nil {
		return nil, err
	}
	return jwt.Parse(text, func(*jwt.Token) (any, error) { return key, nil })
}

func (s *site) andMore(mux *http.ServeMux, e *echo.Echo, g *gin.Engine) {
	mux.Handle("GET /basic", s.bearer.Require(http.HandlerFunc(s.basic)))
	mux.Handle("GET /machine/report", http.HandlerFunc(s.report))
	mux.Handle("GET /machine/status", http.HandlerFunc(s.status))
	mux.Handle("GET /owner", s.bearer.Require(http.HandlerFunc(s.owner)))
	mux.Handle("GET /preview", s.bearer.Require(http.HandlerFunc(s.preview)))
	e.Group("/api", s.eitherKind, echo.WrapMiddleware(s.bearer.Require)).GET("/notes", s.list)
	g.GET("/notes", s.eitherOfGin)
}

// Basic credentials are decoded, and are no token.
func (s *site) basic(w http.ResponseWriter, r *http.Request) {
	_, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil && strings.HasPrefix(string(decoded), "machine:") {
		w.WriteHeader(http.StatusForbidden)
	}
}

// Machines have JWTs of their own.
func (s *site) report(w http.ResponseWriter, r *http.Request) {
	_, _ = request.ParseFromRequest(r, request.AuthorizationHeaderExtractor, s.keyOf)
}

func headerOf(r *http.Request) string { return r.Header.Get("Authorization") }

func (s *site) status(_ http.ResponseWriter, r *http.Request) { _, _ = jwt.Parse(headerOf(r), s.keyOf) }

func (s *site) owner(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "0")
	w.Header().Set("X-Signed", http.StatusText(len(headerOf(r))))
}

// The request is one that this handler makes.
func (s *site) preview(_ http.ResponseWriter, r *http.Request) {
	made := &http.Request{Method: r.Method, Header: http.Header{}}
	authorize(made)
	_, _ = jwt.Parse(made.Header.Get("Authorization"), s.keyOf)
}

func (s *site) list(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

// Both kinds of tokens arrive here.
func (s *site) eitherKind(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := jwt.Parse(c.Request().Header.Get("Authorization"), s.keyOf); err == nil {
			return s.list(c)
		}
		return next(c)
	}
}

func (s *site) eitherOfGin(c *gin.Context) {
	if _, err := jwt.Parse(c.GetHeader("Authorization"), s.keyOf); err != nil {
		c.Next()
	}
}
