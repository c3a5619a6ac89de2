package providermock

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// frame is around every page. Pages work without scripts.
const frame = `{{define "head"}}<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{end}}{{define "foot"}}</main>
<footer><p>This is a mock for tests.</p></footer>
</body>
</html>
{{end}}`

// Page renders a hosted page from its template, which calls "head" with data
// that has a Title, and "foot". No form-action in its policy: browsers apply it
// to the redirect that leads back to the application.
func Page(status int, text string, data any) Answer {
	page := template.Must(template.Must(template.New("").Parse(frame)).New("page").Parse(text))
	var body bytes.Buffer
	if err := page.Execute(&body, data); err != nil {
		panic("providermock: page: " + err.Error()) // a mistake in the template
	}
	return Answer{status, http.Header{
		"Content-Type":            {"text/html; charset=utf-8"},
		"Content-Security-Policy": {"default-src 'none'; img-src data:; base-uri 'none'; frame-ancestors 'none'"},
		"Cache-Control":           {"no-store"},
		"Referrer-Policy":         {"no-referrer"},
		"X-Content-Type-Options":  {"nosniff"},
	}, body.Bytes()}
}

// Submit posts the form of a hosted page, as a browser without cookies does, and
// gives where it is then sent. It fails the test with the page's own words where
// it is not.
func (m *Mock) Submit(method, page string, form url.Values) (location string) {
	m.test.Helper()
	browser := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := browser.PostForm(page, form) //nolint:noctx // a TB has no context, and the mock answers at once
	if err != nil {
		m.Fatalf("%s: %v", method, errors.Unwrap(err)) // without the URL, which may hold a state
		return ""
	}
	defer response.Body.Close()
	if location = response.Header.Get("Location"); location == "" {
		m.Fatalf("%s: the hosted page answers %s: open it in a browser to see why", method, response.Status)
	}
	return location
}

// CheckEmail refuses what is certainly a mistake.
func CheckEmail(email string) error {
	local, domain, _ := strings.Cut(email, "@")
	if local == "" || domain == "" || strings.ContainsFunc(email, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }) {
		// Not shown: a token passed by mistake would end up in a log.
		return errors.New("this is not an email address: give one such as ada@example.com")
	}
	return nil
}
