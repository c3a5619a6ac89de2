package tokenparse

import (
	"net/http"

	"github.com/golang-jwt/jwt/v5"
	jwx "github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/secureflows/secureflows-go"
)

type visitor struct {
	token secureflows.Token
	id    secureflows.IDToken
}

func (v *visitor) claims() (jwt.MapClaims, error) {
	found := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(v.token.Reveal(), found) // want `parsed as a JWT`
	return found, err
}

func (a *api) moreRoutes(mux *http.ServeMux) {
	mux.Handle("GET /devices", a.bearer.Require(http.HandlerFunc(a.devices)))
}

func (a *api) devices(w http.ResponseWriter, r *http.Request) {
	if _, err := jwx.ParseRequest(r, jwx.WithVerify(false)); err != nil { // want `parsed as a JWT`
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func byPointer(token *secureflows.Token) {
	_, _, _ = jwt.NewParser().ParseUnverified(token.Reveal(), jwt.MapClaims{}) // want `parsed as a JWT`
}
