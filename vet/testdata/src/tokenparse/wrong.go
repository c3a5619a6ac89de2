// Package tokenparse has session tokens that are read, and texts that may be.
package tokenparse

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2/validator"
	clerk "github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/coreos/go-oidc/v3/oidc"
	older "github.com/dgrijalva/jwt-go"
	"github.com/gin-gonic/gin"
	josejwt "github.com/go-jose/go-jose/v4/jwt"
	jwt4 "github.com/golang-jwt/jwt/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/golang-jwt/jwt/v5/request"
	"github.com/labstack/echo/v4"
	jwx "github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:wrong
func userOf(token secureflows.Token) (string, error) {
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token.Reveal(), &claims); err != nil { // want `parsed as a JWT`
		return "", err
	}
	return claims.Subject, nil
}

// page:end

type claims struct {
	Subject string `json:"sub"`
	Expires int64  `json:"exp"`
}

func splitAndDecode(session *secureflows.Session) (c claims, err error) {
	parts := strings.Split(session.Token().Reveal(), ".")
	body, err := base64.RawURLEncoding.DecodeString(parts[1]) // want `is decoded`
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(body, &c)
}

func cutAndDecode(token secureflows.Token) ([]byte, error) {
	_, rest, _ := strings.Cut(token.Reveal(), ".")
	body, _, _ := strings.Cut(rest, ".")
	return base64.RawURLEncoding.DecodeString(body) // want `is decoded`
}

func byIndex(token secureflows.Token) []byte {
	text := token.Reveal()
	text = text[strings.IndexByte(text, '.')+1:]
	decoded := make([]byte, len(text))
	n, _ := base64.RawURLEncoding.Decode(decoded, []byte(text[:strings.IndexByte(text, '.')])) // want `is decoded`
	return decoded[:n]
}

func byReader(token secureflows.Token) (c claims, err error) {
	fields := strings.FieldsFunc(token.Reveal(), func(r rune) bool { return r == '.' })
	reader := base64.NewDecoder(base64.RawURLEncoding, strings.NewReader(fields[1])) // want `is decoded`
	return c, json.NewDecoder(reader).Decode(&c)
}

type parsing struct{ parts []string }

func takeApart(text string) parsing { return parsing{strings.SplitN(text, ".", 3)} }

func (p parsing) body() ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(p.parts[1]) // want `is decoded`
}

func byMethod(token secureflows.Token) ([]byte, error) { return takeApart(token.Reveal()).body() }

func verify(token secureflows.Token, key []byte) (*jwt4.Token, error) {
	return jwt4.Parse(token.Reveal(), func(*jwt4.Token) (any, error) { return key, nil }) // want `parsed as a JWT`
}

func verifyLongAgo(token secureflows.Token, key []byte) error {
	_, err := older.ParseWithClaims(token.Reveal(), &older.StandardClaims{}, func(*older.Token) (any, error) { return key, nil }) // want `parsed as a JWT`
	return err
}

func byJose(token secureflows.Token) (expiry claims, err error) {
	parsed, err := josejwt.ParseSigned(token.Reveal(), nil) // want `parsed as a JWT`
	if err != nil {
		return expiry, err
	}
	return expiry, parsed.UnsafeClaimsWithoutVerification(&expiry)
}

func byJWX(token secureflows.Token) (jwx.Token, error) {
	return jwx.Parse([]byte(token.Reveal()), jwx.WithVerify(false)) // want `parsed as a JWT`
}

func byOIDC(ctx context.Context, verifier *oidc.IDTokenVerifier, session *secureflows.Session) (*oidc.IDToken, error) {
	return verifier.Verify(ctx, session.Token().Reveal()) // want `parsed as a JWT`
}

func byAuth0(ctx context.Context, validator *jwtmiddleware.Validator, token secureflows.Token) (any, error) {
	return validator.ValidateToken(ctx, token.Reveal()) // want `parsed as a JWT`
}

func byClerk(ctx context.Context, token secureflows.Token) error {
	_, err := clerk.Verify(ctx, &clerk.VerifyParams{Token: token.Reveal()}) // want `parsed as a JWT`
	return err
}

func parseText(text func() string) {
	_, _, _ = jwt.NewParser().ParseUnverified(text(), jwt.MapClaims{}) // want `parsed as a JWT`
}

func byMethodValue(token secureflows.Token) { parseText(token.Reveal) }

type api struct {
	bearer *middleware.Bearer
	key    []byte
}

func (a *api) keyOf(*jwt.Token) (any, error) { return a.key, nil }

func (a *api) routes(mux *http.ServeMux) {
	mux.Handle("GET /notes", a.bearer.Require(http.HandlerFunc(a.notes)))
	mux.Handle("GET /account", a.bearer.Require(http.HandlerFunc(a.account)))
	mux.Handle("GET /plan", a.bearer.RequireFresh(0)(http.HandlerFunc(a.plan)))
	mux.Handle("GET /greeting", a.bearer.Optional(http.HandlerFunc(a.greet)))
	mux.HandleFunc("GET /auth/callback", a.callback)
}

func (a *api) notes(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if _, err := jwt.Parse(text, a.keyOf); err != nil { // want `parsed as a JWT`
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (a *api) account(w http.ResponseWriter, r *http.Request) {
	if _, err := request.ParseFromRequest(r, request.AuthorizationHeaderExtractor, a.keyOf); err != nil { // want `parsed as a JWT`
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (a *api) greet(w http.ResponseWriter, r *http.Request) {
	if header := r.Header.Get("Authorization"); header != "" {
		_, _ = jwt.Parse(header[len("Bearer "):], a.keyOf) // want `parsed as a JWT`
	}
}

func bearerOf(r *http.Request) string {
	fields := strings.Fields(r.Header.Get("authorization"))
	return fields[len(fields)-1]
}

func (a *api) plan(w http.ResponseWriter, r *http.Request) {
	var c claims
	body, _ := base64.RawURLEncoding.DecodeString(strings.Split(bearerOf(r), ".")[1]) // want `is decoded`
	_ = json.Unmarshal(body, &c)
}

func (a *api) callback(w http.ResponseWriter, r *http.Request) {
	if _, err := jwt.Parse(r.URL.Query().Get("sessionToken"), a.keyOf); err != nil { // want `parsed as a JWT`
		w.WriteHeader(http.StatusBadRequest)
	}
}

func callbackOfGin(c *gin.Context) {
	_, _, _ = jwt.NewParser().ParseUnverified(c.Query("sessionToken"), jwt.MapClaims{}) // want `parsed as a JWT`
}

func callbackOfEcho(c echo.Context) error {
	_, _, err := jwt.NewParser().ParseUnverified(c.QueryParam("sessionToken"), jwt.MapClaims{}) // want `parsed as a JWT`
	return err
}
