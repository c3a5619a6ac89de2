package contract_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// exchange is a line of the recording that internal/emulator/record_test.go writes.
type exchange struct {
	Test           string      `json:"test"`
	Method         string      `json:"method"`
	Target         string      `json:"target"`
	RequestHeader  http.Header `json:"requestHeader"`
	RequestBody    []byte      `json:"requestBody"`
	Status         int         `json:"status"`
	ResponseHeader http.Header `json:"responseHeader"`
	ResponseBody   []byte      `json:"responseBody"`
}

// jwt is what the mock's tokens look like.
var jwt = regexp.MustCompile(`eyJ[\w.-]+`)

func (e exchange) String() string {
	path, _, _ := strings.Cut(e.Target, "?")
	body := jwt.ReplaceAll(e.ResponseBody, []byte("[REDACTED]"))
	return fmt.Sprintf("%s: %s %s: %d %s", e.Test, e.Method, jwt.ReplaceAllString(path, "[REDACTED]"), e.Status, body)
}

// request builds the request a second time. A body that is not labelled counts as JSON, as it does for the mock.
func (e exchange) request() *http.Request {
	r := httptest.NewRequest(e.Method, e.Target, bytes.NewReader(e.RequestBody))
	r.Header = e.RequestHeader.Clone()
	if len(e.RequestBody) > 0 && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// accepted is about the request. A redirect may be a refusal, too.
func (e exchange) accepted() bool {
	location, err := url.Parse(e.ResponseHeader.Get("Location"))
	return e.Status < 400 && err == nil && !location.Query().Has("error")
}

// checker holds exchanges against the description and remembers which answers it has seen.
type checker struct {
	document *openapi3.T
	router   routers.Router
	seen     map[answer]int
}

// answer is an operation's documented status.
type answer struct {
	operation string
	status    int
}

func newChecker(t testing.TB) *checker {
	t.Helper()
	document := loadDescription(t)
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return &checker{document: document, router: router, seen: map[answer]int{}}
}

func (c *checker) check(e exchange) error {
	if e.Method == http.MethodOptions {
		return checkPreflight(e)
	}
	request := e.request()
	if e.Method == http.MethodHead {
		return c.checkHead(e)
	}
	route, pathParams, err := c.findRoute(request)
	switch {
	case errors.Is(err, routers.ErrPathNotFound):
		return c.checkUndescribed(e, http.StatusNotFound)
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return c.checkUndescribed(e, http.StatusMethodNotAllowed)
	case err != nil:
		return err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: pathParams, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    hasBearer,
			IncludeResponseStatus: true,
			SkipSettingDefaults:   true,
		},
	}
	// A refused request may be anything; an accepted one has to be as described.
	if e.accepted() {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			return fmt.Errorf("accepted request: %w", err)
		}
	}
	if err := checkResponse(e, input); err != nil {
		return err
	}
	c.seen[answer{route.Operation.OperationID, e.Status}]++
	return nil
}

func checkResponse(e exchange, input *openapi3filter.RequestValidationInput) error {
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 e.Status,
		Header:                 e.ResponseHeader,
		Options:                input.Options,
	}
	output.SetBodyBytes(e.ResponseBody)
	if err := openapi3filter.ValidateResponse(context.Background(), output); err != nil {
		return err
	}
	// The validator lets any body pass where none is described, and reads no further than the first JSON value.
	described := input.Route.Operation.Responses.Status(e.Status).Value
	switch {
	case len(described.Content) == 0 && len(e.ResponseBody) > 0:
		return fmt.Errorf("a body where none is described: %q", e.ResponseBody)
	case len(described.Content) > 0 && !json.Valid(e.ResponseBody):
		return fmt.Errorf("more than one JSON value: %q", e.ResponseBody)
	}
	return nil
}

// findRoute knows one path more than the router: an empty last segment is a bad key or token, and no other path.
func (c *checker) findRoute(request *http.Request) (*routers.Route, map[string]string, error) {
	route, pathParams, err := c.router.FindRoute(request)
	if err == nil || !strings.HasSuffix(request.URL.Path, "/") {
		return route, pathParams, err
	}
	filled := request.Clone(request.Context())
	filled.URL.Path, filled.URL.RawPath = request.URL.Path+"x", ""
	return c.router.FindRoute(filled)
}

// checkHead holds the headers against those of GET. The validator looks at nothing for HEAD.
func (c *checker) checkHead(e exchange) error {
	if len(e.ResponseBody) > 0 {
		return errors.New("a body in the answer to HEAD")
	}
	e.Method = http.MethodGet
	request := e.request()
	route, _, err := c.findRoute(request)
	if err != nil {
		return nil // what GET does not know, the exchanges with GET cover
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: request, Route: route},
		Status:                 e.Status,
		Header:                 e.ResponseHeader,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: true},
	})
}

// checkUndescribed holds an answer on a path or method that the API does not have against the error form.
func (c *checker) checkUndescribed(e exchange, status int) error {
	if e.Status != status {
		return fmt.Errorf("not described, so it should have been answered %d", status)
	}
	refusal := openapi3.NewResponses(openapi3.WithStatus(status, c.document.Components.Responses["Undescribed"]))
	return checkResponse(e, &openapi3filter.RequestValidationInput{
		Request: e.request(),
		Route:   &routers.Route{Spec: c.document, Operation: &openapi3.Operation{Responses: refusal}},
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}

// checkPreflight wants front ends of any origin let in with the two headers they send. OpenAPI has no form for it.
func checkPreflight(e exchange) error {
	if e.Status < 200 || e.Status > 299 || len(e.ResponseBody) > 0 {
		return fmt.Errorf("a preflight is answered 2xx and empty")
	}
	if e.ResponseHeader.Get("Access-Control-Allow-Origin") == "" {
		return fmt.Errorf("a preflight's answer names the origins")
	}
	allowed := strings.ToLower(strings.Join(e.ResponseHeader.Values("Access-Control-Allow-Headers"), ","))
	for _, header := range []string{"authorization", "content-type"} {
		if !strings.Contains(allowed, header) {
			return fmt.Errorf("a preflight's answer allows %s", header)
		}
	}
	return nil
}

func hasBearer(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	header := input.RequestValidationInput.Request.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errors.New("accepted without a bearer token")
	}
	return nil
}
