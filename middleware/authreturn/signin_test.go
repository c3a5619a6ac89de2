package authreturn_test

import (
	"net/http"

	"github.com/secureflows/secureflows-go"
)

const callbackURL = "https://app.example/auth/callback"

func nothing(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
	return nil
}
