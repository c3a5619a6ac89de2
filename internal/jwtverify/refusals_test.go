package jwtverify_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

// publicKey is one in a form that somebody might take for a secret.
func publicKey(kind string) []byte {
	if der := must(x509.MarshalPKIXPublicKey(rsaKey().Public())); kind == "DER" {
		return der
	} else if kind == "PEM" {
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	return []byte(jwk(rsaKey(), "r1"))
}

// badTokens are refused by every verifier. Each row spells a token that is
// good but for one thing.
var badTokens = map[string]struct {
	token func(s signer) string
	says  string
}{
	"another issuer":              {claiming("iss", "https://other.example"), "of another issuer"},
	"an issuer with a suffix":     {claiming("iss", issuerURL+".evil.example"), "of another issuer"},
	"an issuer with a slash":      {claiming("iss", issuerURL+"/"), "of another issuer"},
	"an issuer as a suffix":       {claiming("iss", "https://evil.example/"+issuerURL), "of another issuer"},
	"an issuer in capitals":       {claiming("iss", "https://ISSUER.example"), "of another issuer"},
	"no issuer":                   {claiming("iss", nil), "of another issuer"},
	"a list of issuers":           {claiming("iss", []string{issuerURL}), "of another type"},
	"issuer null":                 {spelling(`"iss":"`+issuerURL+`"`, `"iss":null`), "of another type"},
	"another audience":            {claiming("aud", "others"), "for another audience"},
	"an audience with a suffix":   {claiming("aud", "shop2"), "for another audience"},
	"no audience":                 {claiming("aud", nil), "for another audience"},
	"an empty audience":           {claiming("aud", []string{}), "for another audience"},
	"an audience of numbers":      {claiming("aud", []any{"shop", 1}), "of another type"},
	"an audience of null":         {claiming("aud", []any{"shop", json.RawMessage("null")}), "of another type"},
	"an audience in an object":    {claiming("aud", map[string]any{"shop": true}), "of another type"},
	"a subject that is a number":  {claiming("sub", 1), "of another type"},
	"an id that is a number":      {claiming("jti", 1), "of another type"},
	"no exp":                      {claiming("exp", nil), `no "exp"`},
	"EXP for exp":                 {claiming("exp", nil, "EXP", start.Add(time.Hour).Unix()), `no "exp"`},
	"Exp for exp":                 {claiming("exp", nil, "Exp", start.Add(time.Hour).Unix()), `no "exp"`},
	"ISS for iss":                 {claiming("iss", nil, "ISS", issuerURL), "of another issuer"},
	"not yet valid":               {claiming("nbf", start.Add(time.Second).Unix()), `"nbf" has not come`},
	"issued in the future":        {claiming("iat", start.Add(time.Second).Unix()), `"iat" is in the future`},
	"exp twice":                   {spelling(`"exp":`, `"exp":99999999999,"exp":`), "a member twice"},
	"exp twice, once escaped":     {spelling(`"exp":`, `"\u0065xp":99999999999,"exp":`), "a member twice"},
	"an unknown claim twice":      {spelling(`{`, `{"role":"user","role":"admin",`), "a member twice"},
	"claims in a list":            {as(func(s signer) string { return s.with(nil, "["+claims()+"]") }), "no JSON object"},
	"claims null":                 {as(func(s signer) string { return s.with(nil, "null") }), "no JSON object"},
	"no claims":                   {as(func(s signer) string { return s.with(nil, "") }), "no JSON object"},
	"something behind the claims": {as(func(s signer) string { return s.with(nil, claims()+"{}") }), "no JSON object"},
	"claims that are not UTF-8":   {spelling("jane", "jan\xff"), "in Unicode"},
	"the half of a pair":          {spelling("jane", `jan\ud800`), "in Unicode"},
	"the other half":              {spelling("jane", `jan\uDFFF`), "in Unicode"},
	"halves that are no pair":     {spelling("jane", `jan\ud800\ud800`), "in Unicode"},
	"halves in the wrong order":   {spelling("jane", `jan\udc00\ud800`), "in Unicode"},
	"halves with a letter":        {spelling("jane", `jan\ud800x\udc00`), "in Unicode"},
	"a half behind a backslash":   {spelling("jane", `jan\\\ud800`), "in Unicode"},
	"a half behind a pair":        {spelling("jane", `jan\ud83d\ude00\ude00`), "in Unicode"},
	"a half in another claim":     {spelling(`{`, `{"x":["\udabc"],`), "in Unicode"},
	"a half in a name":            {spelling(`{`, `{"\udabc":1,`), "in Unicode"},
	"a byte order mark":           {as(func(s signer) string { return s.with(nil, "\ufeff"+claims()) }), "no JSON object"},
	"alg none":                    {unsigned("none"), "algorithm is not one"},
	"alg None":                    {unsigned("None"), "algorithm is not one"},
	"alg empty":                   {unsigned(""), "algorithm is not one"},
	"alg null":                    {headed("alg", json.RawMessage("null")), "algorithm is not one"},
	"alg missing":                 {headed("alg", nil), "algorithm is not one"},
	"alg a list":                  {as(func(s signer) string { return s.with([]any{"alg", []string{s.algorithm}}, claims()) }), "algorithm is not one"},
	"alg in small letters":        {as(func(s signer) string { return s.with([]any{"alg", strings.ToLower(s.algorithm)}, claims()) }), "algorithm is not one"},
	"ALG for alg":                 {as(func(s signer) string { return s.with([]any{"alg", nil, "ALG", s.algorithm}, claims()) }), "algorithm is not one"},
	"alg twice":                   {as(func(s signer) string { return sign(s.key, `{"alg":"none","alg":"`+s.algorithm+`"}`, claims()) }), "a member twice"},
	"an algorithm that is longer": {headed("alg", "HS512"), "algorithm is not one"},
	"PS256":                       {headed("alg", "PS256"), "algorithm is not one"},
	"EdDSA":                       {headed("alg", "EdDSA"), "algorithm is not one"},
	"kid a number":                {headed("kid", 1), "another type"},
	"crit":                        {headed("crit", []string{"exp"}), `"crit" or "b64"`},
	"crit that is known":          {headed("crit", []string{"b64"}, "b64", true), `"crit" or "b64"`},
	"crit empty":                  {headed("crit", []string{}), `"crit" or "b64"`},
	"crit null":                   {headed("crit", json.RawMessage("null")), `"crit" or "b64"`},
	"b64 true":                    {headed("b64", true), `"crit" or "b64"`},
	"b64 false":                   {unencoded, ""},
	"b64 false and canonical":     {headed("b64", false, "crit", []string{"b64"}), `"crit" or "b64"`},
	"enc":                         {headed("enc", "A128GCM"), "encrypted"},
	"an encrypted token":          {as(func(signer) string { return encoded(`{"alg":"dir","enc":"A128GCM"}`) + "..AAAA.AAAA.AAAA" }), "compact form"},
	"a header in a list":          {as(func(s signer) string { return sign(s.key, `[`+header("alg", s.algorithm)+`]`, claims()) }), "header is no JSON object"},
	"half a pair in the header":   {as(func(s signer) string { return s.with([]any{"x", json.RawMessage(`"\ud800"`)}, claims()) }), "header is no JSON object"},
	"a header that is null":       {as(func(s signer) string { return sign(s.key, `null`, claims()) }), "header is no JSON object"},
	"something behind the header": {as(func(s signer) string { return sign(s.key, header("alg", s.algorithm)+"x", claims()) }), "header is no JSON object"},
	"a header that is not UTF-8": {as(func(s signer) string {
		return sign(s.key, strings.Replace(header("alg", s.algorithm), "JWT", "J\xffT", 1), claims())
	}), "header is no JSON object"},
	"JSON serialization":           {jsonSerialized, "compact form"},
	"nothing":                      {as(func(signer) string { return "" }), "compact form"},
	"dots":                         {as(func(signer) string { return ".." }), "header is no JSON object"},
	"two parts":                    {as(func(s signer) string { return s.token()[:strings.LastIndexByte(s.token(), '.')] }), "compact form"},
	"four parts":                   {as(func(s signer) string { return s.token() + "." }), "compact form"},
	"padding":                      {as(func(s signer) string { return s.token() + "==" }), "compact form"},
	"a line break within":          {as(func(s signer) string { return strings.Replace(s.token(), ".", "\n.", 1) }), "compact form"},
	"a line break at the end":      {as(func(s signer) string { return s.token() + "\n" }), "compact form"},
	"space in front":               {as(func(s signer) string { return " " + s.token() }), "compact form"},
	"base64 that is not for URLs":  {as(func(s signer) string { return sign(s.key, header("alg", s.algorithm), claims("x", "???")) + "+" }), "compact form"},
	"a part of one digit too many": {as(func(s signer) string { return whole(s) + "A" }), "compact form"},
	"a bit in the trailing ones":   {trailingBit, "compact form"},
	"no signature":                 {as(func(s signer) string { return s.token()[:strings.LastIndexByte(s.token(), '.')+1] }), "signature does not fit"},
	"half a signature":             {as(func(s signer) string { return cut(s, 16) }), "signature does not fit"},
	"a signature of zeros":         {as(func(s signer) string { return replaced(s, make([]byte, 64)) }), "signature does not fit"},
	"a signature of another token": {as(func(s signer) string { return exchanged(s) }), "signature does not fit"},
	"a signature of no hash":       {as(func(s signer) string { return replaced(s, []byte{0}) }), "signature does not fit"},
	"more than 16 KiB":             {as(func(s signer) string { return s.token("pad", strings.Repeat("x", 16<<10)) }), "more than 16384 bytes"},
	"a key of its own (jwk)":       {ownKey("jwk"), "signature does not fit"},
	"a key of its own (jku)":       {ownKey("jku"), "signature does not fit"},
	"a key of its own (x5u)":       {ownKey("x5u"), "signature does not fit"},
	"HS256, the public key DER":    {confused("DER"), ""},
	"HS256, the public key PEM":    {confused("PEM"), ""},
	"HS256, the public key JWK":    {confused("JWK"), ""},
}

func as(token func(signer) string) func(signer) string { return token }

func claiming(changes ...any) func(signer) string {
	return func(s signer) string { return s.token(changes...) }
}

func headed(changes ...any) func(signer) string {
	return func(s signer) string { return s.with(changes, claims()) }
}

// spelling changes the text of the claims before they are signed.
func spelling(old, instead string) func(signer) string {
	return func(s signer) string { return s.with(nil, strings.Replace(claims(), old, instead, 1)) }
}

func unsigned(algorithm string) func(signer) string {
	return func(s signer) string {
		return sign(nil, header("alg", algorithm), claims())
	}
}

// unencoded is a token of RFC 7797: its signature is over the claims as they
// are.
func unencoded(s signer) string {
	protected := encoded(header("alg", s.algorithm, "b64", false, "crit", []string{"b64"}))
	return protected + "." + claims() + "." + encoded(string(signature(s.key, protected+"."+claims())))
}

func jsonSerialized(s signer) string {
	parts := strings.Split(s.token(), ".")
	return string(must(json.Marshal(map[string]string{"protected": parts[0], "payload": parts[1], "signature": parts[2]})))
}

// whole is a token whose last part has no bits left over.
func whole(s signer) string { return replaced(s, make([]byte, 66)) }

func replaced(s signer, signature []byte) string {
	token := s.token()
	return token[:strings.LastIndexByte(token, '.')+1] + encoded(string(signature))
}

func cut(s signer, bytes int) string {
	token := s.token()
	last := strings.LastIndexByte(token, '.') + 1
	return token[:last] + encoded(string(must(base64.RawURLEncoding.DecodeString(token[last:]))[:bytes]))
}

func exchanged(s signer) string {
	one, other := s.token("sub", "jane"), s.token("sub", "root")
	return other[:strings.LastIndexByte(other, '.')] + one[strings.LastIndexByte(one, '.'):]
}

// trailingBit changes a bit of the last digit that means nothing: the token
// says the same, in another spelling.
func trailingBit(s signer) string {
	for n := 0; ; n++ {
		token := s.token("pad", strings.Repeat("x", n))
		end := strings.LastIndexByte(token, '.')
		if claims := token[strings.IndexByte(token, '.')+1 : end]; len(claims)%4 == 0 {
			continue
		}
		last := token[end-1]
		other := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", last) + 1
		forged := token[:end-1] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[other]) + token[end:]
		before := must(base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1]))
		after := must(base64.RawURLEncoding.DecodeString(strings.Split(forged, ".")[1]))
		if string(before) != string(after) {
			panic("the bit means something")
		}
		return forged
	}
}

// ownKey is signed with a key that the token brings along.
func ownKey(member string) func(signer) string {
	return func(s signer) string {
		own := map[string]any{"HS256": []byte("a secret of somebody else, who is bad"), "ES256": otherEC(), "RS256": otherRSA()}[s.algorithm]
		value := any("https://evil.example/keys")
		if member == "jwk" {
			value = json.RawMessage(jwk(own, s.id))
			if s.algorithm == "HS256" {
				value = json.RawMessage(jwk(otherEC(), s.id))
			}
		}
		return signer{s.algorithm, s.id, own}.with([]any{member, value}, claims())
	}
}

// confused is signed by HMAC with what everybody knows.
func confused(kind string) func(signer) string {
	return func(s signer) string {
		return signer{"HS256", s.id, publicKey(kind)}.token()
	}
}

func TestTokensThatAreNoGood(t *testing.T) {
	for algorithm, v := range verifiers(t) {
		for name, row := range badTokens {
			t.Run(algorithm+", "+name, func(t *testing.T) {
				token := row.token(signers()[algorithm])
				var into struct {
					Subject string `json:"sub"`
				}
				registered, err := v.Verify(t.Context(), token, &into)
				require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
				assert.NotErrorIs(t, err, secureflows.ErrTokenExpired)
				assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
				assert.ErrorContains(t, err, row.says)
				assert.Zero(t, registered)
				assert.Zero(t, into, "nothing is decoded")
				quotesNothing(t, err, token)
			})
		}
	}
}

// quotesNothing demands that no part of a token is in an error, nor of what is
// encoded in it.
func quotesNothing(t *testing.T, err error, token string) {
	t.Helper()
	for _, part := range strings.Split(token, ".") {
		if len(part) > 4 {
			assert.NotContains(t, err.Error(), part)
		}
	}
	for _, text := range []string{"e1", "r1", "jane", "issuer.example", "evil", "none", "HS512", "shop"} {
		assert.NotContains(t, err.Error(), text)
	}
}

func TestATokenSignedWithAnotherKey(t *testing.T) {
	for algorithm, key := range map[string]any{"HS256": []byte("another secret, of 32 bytes and some"), "ES256": otherEC(), "RS256": otherRSA()} {
		token := signer{algorithm, signers()[algorithm].id, key}.token()
		_, err := verifiers(t)[algorithm].Verify(t.Context(), token, nil)
		assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
		assert.ErrorContains(t, err, "signature does not fit", algorithm)
	}
}

// TestAnAlgorithmThatIsNotListed has one key set for both kinds of keys: what
// is not listed is refused although the key is there.
func TestAnAlgorithmThatIsNotListed(t *testing.T) {
	all := verifiers(t)
	for one, s := range signers() {
		for other, v := range all {
			if _, err := v.Verify(t.Context(), s.token(), nil); one == other {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
				assert.ErrorContains(t, err, "algorithm is not one")
			}
		}
	}
}

func TestASizeOf16KiBIsTheMost(t *testing.T) {
	s := signers()["HS256"]
	for pad := 16 << 10 * 3 / 4; ; pad-- {
		token := s.token("pad", strings.Repeat("x", pad))
		_, err := verifiers(t)["HS256"].Verify(t.Context(), token, nil)
		if len(token) > 16<<10 {
			require.ErrorContains(t, err, "more than 16384 bytes")
			_, ok := jwtverify.Peek(token)
			require.False(t, ok)
			continue
		}
		assert.Len(t, token, 16<<10)
		require.NoError(t, err)
		_, ok := jwtverify.Peek(token)
		assert.True(t, ok)
		return
	}
}

// TestEscapesThatAreText are no half of a pair.
func TestEscapesThatAreText(t *testing.T) {
	for spelled, subject := range map[string]string{
		`jan\ud83d\ude00`: "jan😀", `jan\\ud800`: `jan\ud800`, `\u006aane`: "jane", `jan\uFFFD`: "jan\ufffd", `jan\ud7ff\ue000`: "jan\ud7ff\ue000", `jan\"`: `jan"`,
	} {
		registered, err := verifiers(t)["HS256"].Verify(t.Context(), sign(secret, `{"alg":"HS256"}`, strings.Replace(claims(), "jane", spelled, 1)), nil)
		require.NoError(t, err, spelled)
		assert.Equal(t, subject, registered.Subject)
	}
}
