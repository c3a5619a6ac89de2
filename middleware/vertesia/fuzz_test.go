package vertesia_test

import (
	"context"
	"crypto/ecdsa"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

// FuzzResolve: whatever the token, nobody is let in whom the issuer did not sign
// for.
func FuzzResolve(f *testing.F) {
	good := signed().Reveal()
	for _, text := range []string{
		good, good + "=", signed("type", "agent").Reveal(), sign(otherKey(), ec, claims()), sign(rsaKey(), rs, claims()),
		encoded(`{"alg":"none"}`) + "." + encoded(claims()) + ".", "a.b.c", "..", sign([]byte("key"), `{"alg":"HS256"}`, claims()),
	} {
		f.Add(text)
	}
	r := resolver(f, &service{})
	if err := resolve(r, good); err != nil { // it has the keys from now on
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := secureflows.NewToken(text)
		if err != nil {
			return
		}
		identity, err := r.Resolve(context.Background(), token)
		if err == nil && !signedByIssuer(text) {
			t.Fatalf("let in as %v", identity.Person())
		}
		if err != nil && identity != (secureflows.Identity{}) {
			t.Fatal("an identity beside an error")
		}
	})
}

func cutLast(text string) (before, last string, ok bool) {
	i := strings.LastIndexByte(text, '.')
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// signedByIssuer checks the signature by other means than the code under test.
func signedByIssuer(text string) bool {
	input, last, ok := cutLast(text)
	signature, err := decoded(last)
	if !ok || err != nil {
		return false
	}
	digest := sum(input)
	if len(signature) == 64 {
		r, s := new(big.Int).SetBytes([]byte(signature[:32])), new(big.Int).SetBytes([]byte(signature[32:]))
		return ecdsa.Verify(&ecKey().PublicKey, digest, r, s)
	}
	return verifyRSA(digest, []byte(signature)) == nil
}

// FuzzCallback: whatever is posted, nothing panics, nobody is signed in without a
// state of this browser's, and no answer leads elsewhere or has the token in it.
func FuzzCallback(f *testing.F) {
	good := signed().Reveal()
	f.Add("state=x&token="+good, "/notes", "vertesia_state-AAAAAAAA=x")
	f.Add("", "//evil.example", "")
	f.Add("", "/%", "")
	f.Add("state=x&error=access_denied", "/notes", "")
	f.Add("token="+good, `/\evil.example`, "__Host-vertesia_state-AAAAAAAA=AAAAAAAAAAAAAAAAAAAAAAAAAA.1788264000..Ly9ldmls")
	r := resolver(f, &service{})
	signedIn := false
	done := func(c *vertesia.SignInConfig) {
		c.Done = func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
			signedIn = true
			return nil
		}
	}
	f.Fuzz(func(t *testing.T, form, page, cookie string) {
		s := signIn(t, r, done)
		signedIn = false
		post := posted(form)
		post.Header["Cookie"] = []string{cookie}
		w := httptest.NewRecorder()
		s.Callback(w, post)
		values, _ := url.ParseQuery(form)
		if signedIn && !strings.Contains(cookie, values.Get("state")) {
			t.Fatal("signed in without a cookie of the state")
		}
		staysHere(t, w)

		signedIn = false
		b := browse(t, s)
		w = b.returns(b.begin(page), good)
		if !signedIn {
			t.Fatalf("not signed in: %d", w.Code)
		}
		staysHere(t, w)
	})
}

func staysHere(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	location := w.Header().Get("Location")
	if location == "" {
		return
	}
	base := must(url.Parse(callbackURL))
	target, err := base.Parse(location)
	if err != nil || target.Host != base.Host || target.Scheme != base.Scheme || strings.ContainsAny(location, "\\\t\r\n") || strings.Contains(location, "eyJ") {
		t.Fatalf("leads to %q", location)
	}
}
