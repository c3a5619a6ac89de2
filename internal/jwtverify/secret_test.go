package jwtverify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/gob"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestASecretIsLongEnoughAndNeverPrinted(t *testing.T) {
	for _, short := range []string{"", "hunter2", strings.Repeat("s", 31)} {
		_, err := jwtverify.NewSecret([]byte(short))
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
		assert.ErrorContains(t, err, "32 at least")
		if short != "" {
			assert.NotContains(t, err.Error(), short)
		}
	}
	_, err := jwtverify.NewSecret([]byte(strings.Repeat("s", 32)))
	require.NoError(t, err)

	keys := secretKeys(t)
	cfg := jwtverify.Config{Algorithms: []string{"HS256"}, Keys: keys}
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "keys", keys, "config", cfg)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "keys", keys)
	inner := struct{ keys jwtverify.Keys }{keys}
	for _, value := range []any{keys, cfg, &cfg, verifier(t, cfg), *verifier(t, cfg), inner, &inner} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d\n", value, value, value, value, value, value, value)
	}
	for _, spelled := range []string{string(secret), fmt.Sprintf("%x", secret), strings.Trim(fmt.Sprint(secret), "[]"), base64.StdEncoding.EncodeToString(secret)} {
		assert.NotContains(t, out.String(), spelled)
	}
	assert.Contains(t, out.String(), "[REDACTED]")
	encoded, err := json.Marshal(map[string]any{"secret": keys})
	require.NoError(t, err)
	assert.JSONEq(t, `{"secret":"[REDACTED]"}`, string(encoded))
	assert.True(t, jwtverify.Secret{}.IsZero())
	assert.Equal(t, "[REDACTED]", fmt.Sprint(jwtverify.Secret{}))

	var stored bytes.Buffer
	require.NoError(t, gob.NewEncoder(&stored).Encode(keys.(jwtverify.Secret)))
	assert.NotContains(t, stored.String(), string(secret))
	assert.Error(t, gob.NewDecoder(&stored).Decode(new(jwtverify.Secret)))
}

// TestAPublicKeyIsNoSecret: everybody has it, and could sign with it.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	spki := must(x509.MarshalPKIXPublicKey(&ecKey().PublicKey))
	spkiRSA := must(x509.MarshalPKIXPublicKey(&rsaKey().PublicKey))
	ed25519Key := must(x509.MarshalPKIXPublicKey(ed25519.PublicKey(bytes.Repeat([]byte{7}, 32))))
	pkcs1 := x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey)
	template := x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate := must(x509.CreateCertificate(rand.Reader, &template, &template, &ecKey().PublicKey, ecKey()))
	for certificate[len(certificate)-1] != ' ' { // which nothing may trim
		certificate = must(x509.CreateCertificate(rand.Reader, &template, &template, &ecKey().PublicKey, ecKey()))
	}
	pemKey := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	for name, row := range map[string]struct{ text, form string }{
		"PEM":                 {pemKey, "PEM"},
		"PEM behind a mark":   {"\xef\xbb\xbf" + pemKey, "PEM"},
		"PEM behind a space":  {" \r\n" + pemKey, "PEM"},
		"PEM behind a word":   {"key: " + pemKey, "PEM"},
		"a JWK":               {jwk(ecKey(), "e1"), "JSON"},
		"a JWK behind a mark": {"\xef\xbb\xbf " + jwk(ecKey(), "e1"), "JSON"},
		"a JWK set":           {keySet(jwk(ecKey(), "e1")), "JSON"},
		"OpenSSH, RSA":        {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ", "OpenSSH"},
		"OpenSSH, ECDSA":      {"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY", "OpenSSH"},
		"OpenSSH, Ed25519":    {" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsP", "OpenSSH"},
		"DER":                 {string(spki), "DER"},
		"DER, Ed25519":        {string(ed25519Key), "DER"},
		"PKCS #1":             {string(pkcs1), "DER"},
		"a certificate":       {string(certificate), "DER"},
		"base64":              {base64.StdEncoding.EncodeToString(spki), "DER"},
		"base64 of RSA":       {base64.StdEncoding.EncodeToString(spkiRSA), "DER"},
		"base64 in lines":     {"\n" + base64.StdEncoding.EncodeToString(spki)[:64] + "\r\n" + base64.StdEncoding.EncodeToString(spki)[64:] + "\n", "DER"},
		"base64url":           {base64.RawURLEncoding.EncodeToString(certificate), "DER"},
		"base64, cut short":   {base64.StdEncoding.EncodeToString(spki)[:48], "DER"},
	} {
		made, err := jwtverify.NewSecret([]byte(row.text))
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, name)
		assert.ErrorContains(t, err, "in the form of "+row.form, name)
		assert.ErrorContains(t, err, "a public key is known to everybody", name)
		assert.NotContains(t, err.Error(), row.text[8:24], name)
		assert.True(t, made.IsZero(), name)
	}
	for name, text := range map[string]string{
		"base64 of 32 bytes": "MFkwEwYHKoZIzj0DAQcDQgAEq83vEjRWeJA0EjRWeJo=", "hexadecimal": strings.Repeat("3059", 16),
		"a sentence": "-- the secret of a service, with dashes", "JSON": `{"secret":"0123456789abcdef0123456789"}`,
		"a sequence": "\x30\x1e" + strings.Repeat("\x00", 30), "words": "ssh is what this text begins with, and no key",
	} {
		_, err := jwtverify.NewSecret([]byte(text))
		assert.NoError(t, err, name)
	}
}
