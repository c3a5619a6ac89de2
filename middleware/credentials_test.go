package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

const (
	signedIn  = http.StatusOK
	noneCame  = http.StatusUnauthorized
	malformed = http.StatusBadRequest
)

var longest = strings.Repeat("a", 16<<10)

// headers are what may stand in Authorization, and what it comes to. The token
// is "abc" wherever there is one.
var headers = []struct {
	section string
	name    string
	values  []string
	want    int
}{
	{"RFC 6750 2.1", "the usual form", []string{"Bearer abc"}, signedIn},
	{"RFC 9110 11.1", "the scheme in lower case", []string{"bearer abc"}, signedIn},
	{"RFC 9110 11.1", "the scheme in upper case", []string{"BEARER abc"}, signedIn},
	{"RFC 9110 11.1", "the scheme in any case", []string{"bEaReR abc"}, signedIn},
	{"RFC 9110 11.4", "several spaces between", []string{"Bearer    abc"}, signedIn},
	{"RFC 6750 2.1", "every character a token may have", []string{"Bearer azAZ09-._~+/=="}, signedIn},
	{"RFC 6750 2.1", "the longest token", []string{"Bearer " + longest}, signedIn},

	{"RFC 6750 3.1", "no header", nil, noneCame},
	{"RFC 6750 3.1", "an empty header", []string{""}, noneCame},
	{"RFC 9110 11.1", "another scheme", []string{"Basic YTpi"}, noneCame},
	{"RFC 9110 11.1", "another scheme alone", []string{"Negotiate"}, noneCame},
	{"RFC 9110 11.1", "a scheme that begins like it", []string{"BearerToken abc"}, noneCame},
	{"RFC 9110 11.1", "a scheme that begins like it, by a hyphen", []string{"Bearer-x abc"}, noneCame},
	{"RFC 9110 11.1", "the beginning of the scheme", []string{"Bear abc"}, noneCame},
	{"RFC 9110 11.1", "a scheme of letters that only look like it", []string{"Be\u0430rer abc"}, noneCame},
	{"RFC 9110 11.6.2", "another scheme with Bearer behind a comma: one header, one scheme", []string{"Basic YTpi, Bearer abc"}, noneCame},
	{"RFC 9110 11.6.2", "a token without its scheme", []string{"abc"}, noneCame},

	{"RFC 9110 5.3", "two headers", []string{"Bearer abc", "Bearer abd"}, malformed},
	{"RFC 9110 5.3", "two headers of the same value", []string{"Bearer abc", "Bearer abc"}, malformed},
	{"RFC 9110 5.3", "two headers, the second of another scheme", []string{"Bearer abc", "Basic YTpi"}, malformed},
	{"RFC 9110 5.3", "two headers, the first of another scheme", []string{"Basic YTpi", "Bearer abc"}, malformed},
	{"RFC 9110 5.3", "two headers, the second empty", []string{"Bearer abc", ""}, malformed},
	{"RFC 9110 11.6.2", "a list in one header", []string{"Bearer abc, Bearer abd"}, malformed},
	{"RFC 9110 11.6.2", "a list that begins with a comma", []string{", Bearer abc"}, malformed},
	{"RFC 9110 11.4", "the scheme alone", []string{"Bearer"}, malformed},
	{"RFC 9110 11.4", "the scheme and a space", []string{"Bearer "}, malformed},
	{"RFC 9110 11.4", "the scheme and many spaces", []string{"Bearer      "}, malformed},
	{"RFC 9110 11.4", "a tab for the space", []string{"Bearer\tabc"}, malformed},
	{"RFC 9110 11.4", "a space and a tab", []string{"Bearer \tabc"}, malformed},
	{"RFC 9110 11.4", "no space", []string{"Bearer=abc"}, malformed},
	{"RFC 9110 11.4", "a slash for the space, which a token may have and a scheme may not", []string{"Bearer/abc"}, malformed},
	{"RFC 9110 11.4", "a comma for the space", []string{"Bearer,abc"}, malformed},
	{"RFC 9110 11.4", "a parameter", []string{"Bearer token=abc"}, malformed},
	{"RFC 9110 11.4", "a quoted token", []string{`Bearer "abc"`}, malformed},
	{"RFC 9110 5.5", "a space in front, which net/http takes off", []string{" Bearer abc"}, malformed},
	{"RFC 9110 5.5", "a space behind, which net/http takes off", []string{"Bearer abc "}, malformed},
	{"RFC 6750 2.1", "two words", []string{"Bearer abc abd"}, malformed},
	{"RFC 6750 2.1", "the scheme twice", []string{"Bearer Bearer abc"}, malformed},
	{"RFC 6750 2.1", "padding in the middle", []string{"Bearer ab=c"}, malformed},
	{"RFC 6750 2.1", "nothing but padding", []string{"Bearer =="}, malformed},
	{"RFC 6750 2.1", "a newline", []string{"Bearer abc\n"}, malformed},
	{"RFC 6750 2.1", "a zero byte", []string{"Bearer abc\x00"}, malformed},
	{"RFC 6750 2.1", "a letter with an accent", []string{"Bearer ábc"}, malformed},
	{"RFC 6750 2.1", "bytes that are no text", []string{"Bearer \xff\xfe"}, malformed},
	{"RFC 6750 2.1", "percent-encoding", []string{"Bearer a%20c"}, malformed},
	{"RFC 9110 5.4", "a token longer than any", []string{"Bearer " + longest + "a"}, malformed},
}

func TestAuthorizationHeader(t *testing.T) {
	for _, row := range headers {
		t.Run(row.section+"/"+row.name, func(t *testing.T) {
			service := &service{}
			bearer := middleware.NewBearer(service, middleware.BearerConfig{})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if row.values != nil {
				r.Header["Authorization"] = row.values
			}
			assert.Equal(t, row.want, status(bearer.Require(whoami), r))

			_, err := bearer.Check(r)
			assert.Equal(t, row.want == malformed, is(err, secureflows.ErrInvalidRequest), "%v", err)
			assert.Equal(t, row.want == noneCame, is(err, secureflows.ErrUnauthenticated), "%v", err)

			// Nobody is served as nobody who meant to be somebody.
			anonymous := answerTo(bearer.Optional(whoami), r)
			assert.Equal(t, row.want == noneCame, anonymous.Code == http.StatusOK && anonymous.Body.Len() == 0)
			if row.want != signedIn {
				assert.Zero(t, service.calls(), "garbage reached the service")
			}
		})
	}
}

// What travels is not always what arrives: net/http takes white space off.
func TestAuthorizationHeaderOverTheWire(t *testing.T) {
	server := httptest.NewServer(requiring(&service{}, middleware.BearerConfig{}))
	defer server.Close()
	for name, row := range map[string]struct {
		values []string
		want   int
	}{
		"white space around it": {[]string{"  Bearer abc \t"}, signedIn},
		"two headers":           {[]string{"Bearer abc", "Bearer abc"}, malformed},
		"the scheme alone":      {[]string{"Bearer "}, malformed},
		"none":                  {nil, noneCame},
	} {
		r, err := http.NewRequest(http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		r.Header["Authorization"] = row.values
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		assert.NoError(t, response.Body.Close())
		assert.Equal(t, row.want, response.StatusCode, name)
	}
}

// RFC 6750 sections 2.2 and 2.3 are the two ways this package does not offer.
func TestATokenIsInTheHeaderAndNowhereElse(t *testing.T) {
	query := httptest.NewRequest(http.MethodGet, "/?access_token=abc&token=abc&sessionToken=abc&session_token=abc", nil)
	body := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("access_token=abc&sessionToken=abc"))
	body.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cookie := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, name := range []string{"access_token", "Authorization", "session", "__Host-session"} {
		cookie.AddCookie(&http.Cookie{Name: name, Value: "abc"})
	}
	proxy := httptest.NewRequest(http.MethodGet, "/", nil)
	proxy.Header.Set("Proxy-Authorization", "Bearer abc")
	proxy.Header.Set("X-Forwarded-Authorization", "Bearer abc")
	for name, r := range map[string]*http.Request{"query": query, "body": body, "cookie": cookie, "another header": proxy} {
		service := &service{}
		assert.Equal(t, http.StatusUnauthorized, status(requiring(service, middleware.BearerConfig{}), r), name)
		assert.Zero(t, service.calls(), name)
	}
}

func TestTokenSource(t *testing.T) {
	for name, row := range map[string]struct {
		header   []string
		text     string
		ok       bool
		want     int
		notAsked bool
	}{
		"finds one":                            {text: "abc", ok: true, want: signedIn},
		"finds none":                           {want: noneCame},
		"finds none and gives a text":          {text: "abc", want: noneCame},
		"is asked when the scheme is another":  {header: []string{"Basic YTpi"}, text: "abc", ok: true, want: signedIn},
		"finds an empty one":                   {ok: true, want: malformed},
		"finds garbage":                        {text: "a b", ok: true, want: malformed},
		"finds a whole header":                 {text: "Bearer abc", ok: true, want: malformed},
		"finds too much":                       {text: longest + "a", ok: true, want: malformed},
		"is not asked beside a header":         {header: []string{"Bearer abd"}, text: "abc", ok: true, want: signedIn, notAsked: true},
		"is not asked beside a malformed one":  {header: []string{"Bearer a b"}, text: "abc", ok: true, want: malformed, notAsked: true},
		"is not asked beside two of them":      {header: []string{"Bearer abd", "Bearer abd"}, text: "abc", ok: true, want: malformed, notAsked: true},
		"is not asked beside the scheme alone": {header: []string{"Bearer"}, text: "abc", ok: true, want: malformed, notAsked: true},
	} {
		t.Run(name, func(t *testing.T) {
			service, asked := &service{}, false
			handler := requiring(service, middleware.BearerConfig{TokenSource: func(*http.Request) (string, bool) {
				asked = true
				return row.text, row.ok
			}})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header["Authorization"] = row.header
			assert.Equal(t, row.want, status(handler, r))
			assert.Equal(t, row.notAsked, !asked)
			assert.Equal(t, row.want == signedIn, service.calls() == 1, "%d calls", service.calls())
		})
	}
}

func FuzzAuthorizationHeader(f *testing.F) {
	for _, row := range headers {
		if len(row.values) == 1 {
			f.Add(row.values[0])
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		service := &service{}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{value}
		got := answerTo(requiring(service, middleware.BearerConfig{}), r)
		text, scheme := value, ""
		if len(value) > 7 {
			scheme, text = value[:7], strings.TrimLeft(value[7:], " ")
		}
		_, err := secureflows.NewToken(text)
		if good := strings.EqualFold(scheme, "Bearer ") && err == nil; good != (got.Code == http.StatusOK) {
			t.Fatalf("%q is answered with %d", value, got.Code)
		}
		if asked := service.callsAbout(text) == 1 && service.calls() == 1; asked != (got.Code == http.StatusOK) {
			t.Fatalf("%q reached the service as %v", value, service.asked)
		}
		if got.Code != http.StatusOK && len(text) > 12 && strings.Contains(got.Body.String(), text) {
			t.Fatalf("%q is repeated: %s", value, got.Body)
		}
	})
}
