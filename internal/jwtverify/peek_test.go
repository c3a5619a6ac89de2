package jwtverify_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestPeek(t *testing.T) {
	// Nobody has signed it; that is not what is asked.
	shape, ok := jwtverify.Peek(sign(nil, `{"alg":"ES256","kid":"\u00651","typ":"JWT","x":1}`, `{"iss":"https://issuer.example","user_id":7,"exp":null}`))
	require.True(t, ok)
	assert.Equal(t, jwtverify.Shape{
		Algorithm: "ES256", KeyID: "e1", Type: "JWT", HasKeyID: true,
		Claims: map[string]json.RawMessage{"iss": json.RawMessage(`"https://issuer.example"`), "user_id": json.RawMessage("7"), "exp": json.RawMessage("null")},
	}, shape)
	assert.Equal(t, issuerURL, shape.Issuer())
	assert.True(t, shape.Has("user_id"))
	assert.True(t, shape.Has("exp"), "whatever its value")
	assert.False(t, shape.Has("USER_ID"))
	assert.False(t, shape.Has("sub"))

	shape, ok = jwtverify.Peek(sign(nil, `{"alg":5,"kid":["e1"],"typ":null}`, `{"iss":7}`))
	require.True(t, ok)
	assert.Equal(t, jwtverify.Shape{HasKeyID: true, Claims: map[string]json.RawMessage{"iss": json.RawMessage("7")}}, shape)
	assert.Empty(t, shape.Issuer())

	shape, ok = jwtverify.Peek(sign(nil, `{"ALG":"ES256","KID":"e1"}`, `{"ISS":"me"}`))
	require.True(t, ok)
	assert.Empty(t, shape.Algorithm)
	assert.False(t, shape.HasKeyID)
	assert.Empty(t, shape.Issuer())

	assert.False(t, jwtverify.Shape{}.Has("iss"))
	assert.Empty(t, jwtverify.Shape{}.Issuer())
}

// TestPeekAtWhatHasNoShape: it goes to nobody who demands one.
func TestPeekAtWhatHasNoShape(t *testing.T) {
	good := signers()["HS256"].token()
	for name, token := range map[string]string{
		"nothing":             "",
		"a key of an API":     "sk-1234567890abcdef",
		"dots":                "..",
		"one part":            good[:strings.IndexByte(good, '.')],
		"no claims":           encoded(`{"alg":"none"}`) + "..",
		"claims null":         sign(nil, `{"alg":"none"}`, "null"),
		"claims in a list":    sign(nil, `{"alg":"none"}`, "[]"),
		"header null":         sign(nil, "null", "{}"),
		"an encrypted token":  encoded(`{"alg":"dir","enc":"A128GCM"}`) + "..AAAA.AAAA.AAAA",
		"JSON serialization":  jsonSerialized(signers()["HS256"]),
		"something behind it": sign(nil, `{"alg":"none"}`, "{}{}"),
		"more than 16 KiB":    sign(nil, `{"alg":"none"}`, `{"x":"`+strings.Repeat("x", 16<<10)+`"}`),
	} {
		shape, ok := jwtverify.Peek(token)
		assert.False(t, ok, name)
		assert.Zero(t, shape, name)
	}
}

// TestPeekKnowsATokenInDisguise, so that it is sent to nobody but its provider:
// what was put around it, anybody can take off.
func TestPeekKnowsATokenInDisguise(t *testing.T) {
	good := signers()["HS256"].token("iss", issuerURL)
	header, rest, _ := strings.Cut(good, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	want, ok := jwtverify.Peek(good)
	require.True(t, ok)
	require.Equal(t, issuerURL, want.Issuer())
	for name, token := range map[string]string{
		"padding":             good + "=",
		"more padding":        header + "==." + claims + "==." + signature + "==",
		"a dot behind":        good + ".",
		"a part behind":       good + ".AAAA",
		"a dot in front":      "." + good,
		"two dots":            header + ".." + claims + "." + signature,
		"tildes":              "~~" + header + "~.~" + claims + "~." + signature + "~",
		"all in front":        ".~-_+/=." + good,
		"all behind":          header + "-_+/~=." + claims + "-_+/~=",
		"no signature":        header + "." + claims,
		"the other alphabet":  strings.NewReplacer("-", "+", "_", "/").Replace(good),
		"a line break":        good + "\n",
		"trailing bits":       trailingBit(signers()["HS256"]),
		"a member twice":      sign(nil, `{"alg":"none","alg":"HS256"}`, `{"iss":"`+issuerURL+`"}`),
		"text that's no text": sign(nil, `{"alg":"HS256"}`, "{\"x\":\"\xff\",\"iss\":\""+issuerURL+"\"}"),
	} {
		shape, ok := jwtverify.Peek(token)
		assert.True(t, ok, name)
		assert.Equal(t, "HS256", shape.Algorithm, name)
		assert.Equal(t, issuerURL, shape.Issuer(), name)
		_, err := verifiers(t)["HS256"].Verify(t.Context(), token, nil)
		assert.ErrorIs(t, err, secureflows.ErrUnauthenticated, name)
	}
}
