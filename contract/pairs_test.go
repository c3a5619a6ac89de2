package contract_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pair is as much of a recorded pair as the description has a say in; testdata/wire/README.md has the whole.
type pair struct {
	Sides   []string
	Request struct {
		Method, Target, Authorization string
		Headers                       map[string]string
		Body                          json.RawMessage
		Text                          string
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
		Text    string
	}
}

// The pairs and the description were written down separately, and have to tell the same story. Pairs for the client
// alone are left out: they are what proxies and older servers answer.
func TestPairsFitTheDescription(t *testing.T) {
	files, err := filepath.Glob("../testdata/wire/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	c := newChecker(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var p pair
		if err := json.Unmarshal(text, &p); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if !slices.Contains(p.Sides, "emulator") {
			continue
		}
		if err := c.check(p.exchange()); err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
		}
	}
}

// exchange fills in placeholders, and the headers that pairs do not repeat.
func (p pair) exchange() exchange {
	values := strings.NewReplacer(`"{userId}"`, "42", `"{sessionId}"`, "123", "{sessionToken}", "old", "{newSessionToken}", "new",
		"{idToken}", "id", "{email}", "ada@example.com")
	e := exchange{
		Method: p.Request.Method, Target: values.Replace(p.Request.Target), Status: p.Response.Status,
		RequestHeader: http.Header{},
		ResponseHeader: http.Header{
			"Cache-Control":               {"no-store"},
			"Vary":                        {"Authorization"},
			"Access-Control-Allow-Origin": {"*"},
		},
		RequestBody:  []byte(values.Replace(string(p.Request.Body) + p.Request.Text)),
		ResponseBody: []byte(values.Replace(string(p.Response.Body) + p.Response.Text)),
	}
	if p.Request.Authorization != "" {
		e.RequestHeader.Set("Authorization", values.Replace(p.Request.Authorization))
	}
	if len(e.RequestBody) > 0 {
		e.RequestHeader.Set("Content-Type", "application/json")
	}
	for name, value := range p.Request.Headers {
		e.RequestHeader.Set(name, value)
	}
	for name, value := range p.Response.Headers {
		e.ResponseHeader.Set(name, values.Replace(value))
	}
	return e
}
