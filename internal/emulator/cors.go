package emulator

import "net/http"

// The service's API is called from pages of any origin. It never reads a cookie,
// so the origin is not reflected and credentials are not allowed.
var (
	valueAnyOrigin = []string{"*"}
	// Authorization is named: a * would not cover it (Fetch standard, CORS
	// protocol, Access-Control-Allow-Headers).
	valueAllowHeaders = []string{"Authorization, Content-Type"}
	valueAllowMethods = []string{"GET, HEAD, POST, DELETE, OPTIONS"}
	// Scripts see nothing but the safelisted headers otherwise. These come from
	// faults only.
	valueExposeHeaders = []string{"Retry-After, X-Request-Id, CF-Ray"}
)

// allowAnyOrigin stands on every answer, refusals and faults included: without it
// a browser hides them from the page, which then sees a network error. The
// control API refuses strangers' pages by itself.
func allowAnyOrigin(header http.Header) {
	header["Access-Control-Allow-Origin"] = valueAnyOrigin
	header["Access-Control-Allow-Headers"] = valueAllowHeaders
}

// preflight answers OPTIONS for every path of the service, unknown ones
// included: the browser must be let through to see the 404.
func preflight(r *http.Request) answer {
	a := answer{status: http.StatusNoContent, header: http.Header{
		"Allow":                        valueAllowMethods,
		"Access-Control-Allow-Methods": valueAllowMethods,
	}}
	// A page on the public internet that calls a server on loopback asks this
	// too (Private Network Access).
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		a.header["Access-Control-Allow-Private-Network"] = []string{"true"}
	}
	return a
}
