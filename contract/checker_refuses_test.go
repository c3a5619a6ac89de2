package contract_test

import (
	"net/http"
	"testing"
)

// spoiled is what each makes of a good answer to GET /sessions/identity.
var spoiled = map[string]func(*exchange){
	"a member too many":             func(e *exchange) { e.ResponseBody = []byte(`{"userId":7,"email":null,"tenantId":1}`) },
	"a member missing":              func(e *exchange) { e.ResponseBody = []byte(`{"userId":7}`) },
	"a number as text":              func(e *exchange) { e.ResponseBody = []byte(`{"userId":"7","email":null}`) },
	"a fraction as a number":        func(e *exchange) { e.ResponseBody = []byte(`{"userId":7.5,"email":null}`) },
	"an empty body":                 func(e *exchange) { e.ResponseBody = nil },
	"text after the body":           func(e *exchange) { e.ResponseBody = append(e.ResponseBody, " and more"...) },
	"a body cut short":              func(e *exchange) { e.ResponseBody = e.ResponseBody[:9] },
	"an unlisted status":            func(e *exchange) { e.Status = http.StatusTeapot },
	"another media type":            func(e *exchange) { e.ResponseHeader.Set("Content-Type", "text/plain") },
	"no Cache-Control":              func(e *exchange) { e.ResponseHeader.Del("Cache-Control") },
	"a Vary without Authorization":  func(e *exchange) { e.ResponseHeader.Set("Vary", "Origin") },
	"no CORS header":                func(e *exchange) { e.ResponseHeader.Del("Access-Control-Allow-Origin") },
	"accepted without a token":      func(e *exchange) { e.RequestHeader.Del("Authorization") },
	"accepted with a scheme alone":  func(e *exchange) { e.RequestHeader.Set("Authorization", "Bearer") },
	"status and body that disagree": instead("GET", "/api/v1/sessions", 410, `{"status":401,"error":"Session expired"}`),
	"an error without its message":  instead("GET", "/api/v1/sessions", 401, `{"status":401}`),
	"an unknown code":               instead("POST", "/api/v1/sessions", 429, `{"status":429,"code":"BILLING","error":"no"}`),
	"a lock without its code":       instead("GET", "/api/v1/sessions", 403, `{"status":403,"error":"Workspace is locked"}`),
	"a code on a 413":               instead("POST", "/api/v1/sessions/set/k", 413, `{"status":413,"code":"BILLING_PAYLOAD_LIMIT","error":"no"}`),
	"a wrapped payload":             instead("GET", "/api/v1/sessions", 200, `[{"theme":"dark"}]`),
	"a boolean as text":             instead("DELETE", "/api/v1/sessions/delete/k", 200, `"true"`),
	"an unknown path that answers":  instead("GET", "/api/v1/nothing", 200, `{}`),
	"an unknown path as a page":     instead("GET", "/api/v1/nothing", 404, `404 page not found`),
	"an unknown method as 404":      instead("PUT", "/api/v1/sessions", 404, `{"status":404,"error":"no"}`),
	"a name for a refused redirect": instead("POST", "/api/v1/applications/validate-redirect", 200, `{"valid":false,"displayName":"Demo"}`),
	"data of a session that has ended": instead("GET", "/api/v1/sessions/my", 200, `{"page":0,"pageSize":20,"totalItems":1,"totalPages":1,
		"items":[{"id":1,"workspaceId":1,"providerUid":"u","status":"revoked","payload":{"a":1}}]}`),
	"a page of more than there may be": instead("GET", "/api/v1/sessions/my", 200, `{"items":[],"page":0,"pageSize":201,"totalItems":0,"totalPages":0}`),
	"a lock that keeps from revoking":  instead("POST", "/api/v1/sessions/revoke/1", 403, `{"status":403,"code":"BILLING_GRACE_LOCK","error":"Workspace is locked "}`),
	"a sort order there is none of":    instead("GET", "/api/v1/sessions/my?sort=size", 200, `{"items":[],"page":0,"pageSize":20,"totalItems":0,"totalPages":0}`),
	"a redirect with a body": func(e *exchange) {
		*e = redirect("https://app.example.com/?sessionToken=t")
		e.ResponseBody = []byte("x")
	},
	"a redirect without a token": func(e *exchange) { *e = redirect("https://app.example.com/?state=s") },
	"a lifetime too short": func(e *exchange) {
		*e = redirect("https://app.example.com/?sessionToken=t")
		e.Target += "&ttl_seconds=59"
	},
	"a preflight without Authorization": func(e *exchange) {
		e.Method, e.Status, e.ResponseBody = "OPTIONS", 204, nil
		e.ResponseHeader.Set("Access-Control-Allow-Headers", "*")
	},
}

// A validator that accepts everything would look like one that found nothing.
func TestCheckerRefuses(t *testing.T) {
	c := newChecker(t)
	good := func() exchange {
		return jsonExchange("GET", "/api/v1/sessions/identity", 200, `{"userId":7,"email":null}`)
	}
	if err := c.check(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range spoiled {
		t.Run(name, func(t *testing.T) {
			e := good()
			spoil(&e)
			if c.check(e) == nil {
				t.Errorf("accepted: %s", e)
			}
		})
	}
}

// instead puts another exchange in its place.
func instead(method, target string, status int, body string) func(*exchange) {
	return func(e *exchange) { *e = jsonExchange(method, target, status, body) }
}

func TestCheckerAcceptsCallback(t *testing.T) {
	if err := newChecker(t).check(redirect("https://app.example.com/?sessionToken=t")); err != nil {
		t.Error(err)
	}
}

func jsonExchange(method, target string, status int, body string) exchange {
	var request string
	if method == http.MethodPost {
		request = `{"appId":"a","redirectUri":"https://app.example.com/"}`
	}
	return exchange{
		Method: method, Target: target, Status: status,
		RequestHeader: http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}},
		RequestBody:   []byte(request),
		ResponseHeader: http.Header{
			"Content-Type":                {"application/json"},
			"Cache-Control":               {"no-store"},
			"Vary":                        {"Authorization"},
			"Access-Control-Allow-Origin": {"*"},
		},
		ResponseBody: []byte(body),
	}
}

func redirect(location string) exchange {
	e := jsonExchange("GET", "/api/v1/auth/callback?firebaseToken=f&app_id=a&workspace_name=w&client_redirect_uri=https%3A%2F%2Fapp.example.com%2F", 302, "")
	e.ResponseHeader.Del("Content-Type")
	e.ResponseHeader.Set("Location", location)
	return e
}
