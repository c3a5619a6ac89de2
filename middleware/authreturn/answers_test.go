package authreturn_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// What a token says of itself lets nobody in whom the service refuses, and the
// answer is used where the two may differ.
func TestTheServiceDecides(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		body   string
		want   error // nil is one that is not to decide by
	}{
		"expired":                        {401, `{"valid":false,"error":"Token expired"}`, secureflows.ErrTokenExpired},
		"invalid":                        {401, `{"valid":false,"error":"Invalid token"}`, secureflows.ErrUnauthenticated},
		"expired in other words":         {401, `{"valid":false,"error":"token expired"}`, secureflows.ErrUnauthenticated},
		"expired and more":               {401, `{"valid":false,"error":"Token expired."}`, secureflows.ErrUnauthenticated},
		"a 401 with an error":            {401, `{"error":"Invalid token"}`, secureflows.ErrUnauthenticated},
		"a 401 that says no":             {401, ` {"valid":false}`, secureflows.ErrUnauthenticated},
		"a 401 of a list":                {401, `{"error":["Token expired"]}`, secureflows.ErrUnavailable},
		"a 401 without a body":           {401, ``, secureflows.ErrUnavailable},
		"a 401 that says nothing":        {401, `{}`, secureflows.ErrUnavailable},
		"a 401 of null":                  {401, `null`, secureflows.ErrUnavailable},
		"a 401 whose error is null":      {401, `{"error":null}`, secureflows.ErrUnavailable},
		"a 401 of a page":                {401, `<html><title>Sign in to WiFi</title></html>`, secureflows.ErrUnavailable},
		"a 401 that says yes":            {401, `{"valid":true,"error":"Token expired"}`, secureflows.ErrUnavailable},
		"a 401 in capitals":              {401, `{"Valid":false,"Error":"Token expired"}`, secureflows.ErrUnavailable},
		"a 401 that says two things":     {401, `{"valid":true,"valid":false}`, secureflows.ErrUnavailable},
		"a 401 cut short":                {401, `{"valid":false,"error":"Token`, secureflows.ErrUnavailable},
		"a 401 with more behind":         {401, `{"valid":false} {}`, secureflows.ErrUnavailable},
		"a 200 in capitals":              {200, `{"Valid":true,"User":{"ID":7,"Email":"m@example.com"}}`, secureflows.ErrUnavailable},
		"a 200 that says yes and no":     {200, `{"valid":false,"valid":true,"user":{"id":7,"email":"m@example.com"}}`, secureflows.ErrUnavailable},
		"a 200 of two users":             {200, `{"valid":true,"user":{"id":8,"id":7,"email":"m@example.com"}}`, secureflows.ErrUnavailable},
		"a 200 of two spellings":         {200, `{"valid":true,"user":{"id":7,"Email":"m@example.com"}}`, secureflows.ErrUnavailable},
		"a 200 that is not UTF-8":        {200, "{\"valid\":true,\"user\":{\"id\":7,\"email\":\"\xff@example.com\"}}", secureflows.ErrUnavailable},
		"a 200 that says no":             {200, `{"valid":false}`, secureflows.ErrUnauthenticated},
		"a 200 that says expired":        {200, `{"valid":false,"error":"Token expired"}`, secureflows.ErrUnauthenticated},
		"a 200 that says nothing":        {200, `{}`, secureflows.ErrUnavailable},
		"a 200 of a page":                {200, `<html>`, secureflows.ErrUnavailable},
		"a 200 without a body":           {200, ``, secureflows.ErrUnavailable},
		"a 200 of a list":                {200, `[{"valid":true}]`, secureflows.ErrUnavailable},
		"a 200 cut short":                {200, `{"valid":true,"user":{"id":7,"email":"ada`, secureflows.ErrUnavailable},
		"valid in words":                 {200, `{"valid":"true","user":{"id":7,"email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"valid null":                     {200, `{"valid":null,"user":{"id":7,"email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"valid, of nobody":               {200, `{"valid":true}`, secureflows.ErrUnavailable},
		"valid, of null":                 {200, `{"valid":true,"user":null}`, secureflows.ErrUnavailable},
		"valid, of somebody else":        {200, `{"valid":true,"user":{"id":8,"email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"valid, of a text":               {200, `{"valid":true,"user":{"id":"7","email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"valid, without an address":      {200, `{"valid":true,"user":{"id":7}}`, secureflows.ErrUnavailable},
		"more than a megabyte":           {200, `{"valid":true,"user":{"id":7,"email":"` + strings.Repeat("x", 1<<20) + `"}}`, secureflows.ErrUnavailable},
		"a redirect":                     {302, ``, secureflows.ErrUnavailable},
		"too many requests":              {429, `{"error":"slow down"}`, secureflows.ErrUnavailable},
		"an error":                       {500, `{"error":"canary"}`, secureflows.ErrUnavailable},
		"a proxy's page":                 {502, `<html>`, secureflows.ErrUnavailable},
		"an error that says expired":     {503, `{"valid":false,"error":"Token expired"}`, secureflows.ErrUnavailable},
		"a 400":                          {400, `{"error":"canary"}`, nil},
		"a 403":                          {403, `{"valid":false,"error":"Token expired"}`, nil},
		"a 404":                          {404, ``, nil},
		"a 201, which is not documented": {201, `{"valid":true,"user":{"id":7,"email":"ada@example.com"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := remotely(t)
			s.service.says(row.status, row.body, "Retry-After", "17", "Location", "https://evil.example/")
			identity, err := s.Resolve(t.Context(), good(t, nil))
			require.Error(t, err)
			assert.Zero(t, identity)
			for _, sentinel := range []error{secureflows.ErrTokenExpired, secureflows.ErrUnauthenticated, secureflows.ErrUnavailable} {
				assert.Equal(t, sentinel == row.want, errors.Is(err, sentinel), "%v: %v", sentinel, err)
			}
			assert.NotErrorIs(t, err, middleware.ErrForeignToken)
			assert.NotContains(t, err.Error(), "canary")
			assert.Len(t, s.service.requests(), 1)

			refused := row.want == secureflows.ErrTokenExpired || row.want == secureflows.ErrUnauthenticated
			answer := through(middleware.NewBearer(s, middleware.BearerConfig{}), good(t, nil).Reveal())
			if refused {
				assert.Equal(t, 401, answer.Code)
			} else {
				assert.Equal(t, 503, answer.Code, "an outage signs nobody out")
			}
			if row.want == secureflows.ErrUnavailable {
				assert.Equal(t, "17", answer.Header().Get("Retry-After"))
				var facts *secureflows.Error
				require.ErrorAs(t, err, &facts)
				assert.Equal(t, 17*time.Second, facts.RetryAfter)
			}
		})
	}
}
