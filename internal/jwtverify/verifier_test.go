package jwtverify_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestAGoodToken(t *testing.T) {
	for name, v := range verifiers(t) {
		t.Run(name, func(t *testing.T) {
			token := signers()[name].token("user_id", 7, "aud", []string{"others", "shop"})
			var more struct {
				UserID  int64  `json:"user_id"`
				Subject string `json:"sub"`
			}
			registered, err := v.Verify(t.Context(), token, &more)
			require.NoError(t, err)
			assert.Equal(t, "jane", registered.Subject)
			assert.Equal(t, issuerURL, registered.Issuer)
			assert.Equal(t, "t1", registered.ID)
			assert.Equal(t, []string{"others", "shop"}, registered.Audience)
			assert.True(t, registered.ExpiresAt.Equal(start.Add(time.Hour)))
			assert.True(t, registered.IssuedAt.Equal(start))
			assert.True(t, registered.NotBefore.Equal(start))
			assert.EqualValues(t, 7, more.UserID)
			assert.Equal(t, "jane", more.Subject)

			registered, err = v.Verify(t.Context(), signers()[name].token("jti", nil, "iat", nil, "nbf", nil, "sub", nil), nil)
			require.NoError(t, err)
			assert.Zero(t, registered.Subject)
			assert.Zero(t, registered.ID)
			assert.True(t, registered.IssuedAt.IsZero())
			assert.True(t, registered.NotBefore.IsZero())
		})
	}
}

// TestTheExamplesOfRFC7515 takes its appendices A.1 to A.3 at their word.
func TestTheExamplesOfRFC7515(t *testing.T) {
	const (
		payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
		a1      = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + payload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
		a1Key   = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
		a2      = "eyJhbGciOiJSUzI1NiJ9." + payload + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7" +
			"AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB" +
			"MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs" +
			"98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
		a2Key = `{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0` +
			`Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-` +
			`UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2P` +
			`AcDTW9gb54h4FRWyuXpoQ"}`
		a3    = "eyJhbGciOiJFUzI1NiJ9." + payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
		a3Key = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	)
	now := func() time.Time { return time.Unix(1300819379, 0) }
	shared, err := jwtverify.NewSecret(must(base64.RawURLEncoding.DecodeString(a1Key)))
	require.NoError(t, err)
	published := newIssuer(keySet(a2Key, a3Key)).keys(t)
	for token, keys := range map[string]jwtverify.Keys{a1: shared, a2: published, a3: published} {
		algorithms := []string{"ES256", "RS256"}
		if token == a1 {
			algorithms = []string{"HS256"}
		}
		registered, err := verifier(t, jwtverify.Config{Algorithms: algorithms, Keys: keys, Issuer: "joe", Now: now}).Verify(t.Context(), token, nil)
		require.NoError(t, err, token)
		assert.Equal(t, "joe", registered.Issuer)
		_, err = verifier(t, jwtverify.Config{Algorithms: algorithms, Keys: keys}).Verify(t.Context(), token, nil)
		assert.ErrorIs(t, err, secureflows.ErrTokenExpired, "it is of 2011")
	}
}

// TestMoments states where each limit is, to the nanosecond.
func TestMoments(t *testing.T) {
	const second = time.Second
	for name, row := range map[string]struct {
		claim  string
		leeway time.Duration
		first  time.Duration // at which the answer changes, from the claim on
		before error
		after  error
	}{
		"exp":              {"exp", 0, 0, nil, secureflows.ErrTokenExpired},
		"exp with leeway":  {"exp", 90 * second, 90 * second, nil, secureflows.ErrTokenExpired},
		"the most leeway":  {"exp", 300 * second, 300 * second, nil, secureflows.ErrTokenExpired},
		"nbf":              {"nbf", 0, 0, secureflows.ErrUnauthenticated, nil},
		"nbf with leeway":  {"nbf", 90 * second, -90 * second, secureflows.ErrUnauthenticated, nil},
		"iat":              {"iat", 0, 0, secureflows.ErrUnauthenticated, nil},
		"iat with leeway":  {"iat", 90 * second, -90 * second, secureflows.ErrUnauthenticated, nil},
		"less than second": {"exp", time.Nanosecond, time.Nanosecond, nil, secureflows.ErrTokenExpired},
	} {
		t.Run(name, func(t *testing.T) {
			now := start
			v := verifier(t, jwtverify.Config{Algorithms: []string{"HS256"}, Keys: secretKeys(t), Leeway: row.leeway, Now: func() time.Time { return now }})
			limit := start.Add(24 * time.Hour)
			token := signers()["HS256"].token("exp", limit.Add(24*time.Hour).Unix(), "nbf", nil, "iat", nil, row.claim, limit.Unix())
			for offset, want := range map[time.Duration]error{-1: row.before, 0: row.after, 1: row.after} {
				now = limit.Add(row.first + offset)
				_, err := v.Verify(t.Context(), token, nil)
				assert.ErrorIs(t, err, want, "%v", offset)
			}
		})
	}
}

// TestOnlyADateMakesATokenExpired: whoever is told to renew had a good token.
func TestOnlyADateMakesATokenExpired(t *testing.T) {
	past := start.Add(-time.Hour).Unix()
	for algorithm, v := range verifiers(t) {
		s := signers()[algorithm]
		for name, token := range map[string]string{
			"another issuer":    s.token("exp", past, "iss", "other"),
			"another audience":  s.token("exp", past, "aud", "others"),
			"not yet valid":     s.token("exp", past, "nbf", start.Add(time.Hour).Unix()),
			"of the future":     s.token("exp", past, "iat", start.Add(time.Hour).Unix()),
			"another signature": replaced(signer{s.algorithm, s.id, s.key}, make([]byte, 64)),
		} {
			_, err := v.Verify(t.Context(), token, nil)
			assert.ErrorIs(t, err, secureflows.ErrUnauthenticated, name)
			assert.NotErrorIs(t, err, secureflows.ErrTokenExpired, name)
		}
		_, err := v.Verify(t.Context(), s.token("exp", past), nil)
		assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
		assert.NotErrorIs(t, err, secureflows.ErrUnauthenticated)
		quotesNothing(t, err, s.token("exp", past))
	}
}

func TestDates(t *testing.T) {
	v := verifier(t, jwtverify.Config{Algorithms: []string{"HS256"}, Keys: secretKeys(t), Now: at})
	expiring := func(exp string) (jwtverify.Registered, error) {
		return v.Verify(t.Context(), sign(secret, `{"alg":"HS256"}`, `{"exp":`+exp+`}`), nil)
	}
	for exp, want := range map[string]time.Time{
		"946684801":    start.Add(time.Second),
		"946684800.5":  start.Add(time.Second / 2),
		"946684801e0":  start.Add(time.Second),
		"9.46684801e8": start.Add(time.Second),
		"253402300799": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		registered, err := expiring(exp)
		if assert.NoError(t, err, exp) {
			assert.True(t, registered.ExpiresAt.Equal(want), "%s is %v", exp, registered.ExpiresAt)
		}
	}
	for _, exp := range []string{
		"253402300800", "1e12", "1e300", "1e999", "-1", "-0", "-1e300", `"946684801"`, `""`, "null", "true", "[946684801]", "{}",
		"9223372036854775807", "9223372036854775808", "18446744073709551617", "NaN", "0x7fffffff", "1_000_000_000", "+946684801", "0946684801",
	} {
		_, err := expiring(exp)
		assert.ErrorIs(t, err, secureflows.ErrUnauthenticated, exp)
		assert.ErrorContains(t, err, "of another type", exp)
	}
	for _, claim := range []string{"nbf", "iat"} {
		for _, value := range []string{"-1", `"0"`, "1e300", "null"} {
			_, err := v.Verify(t.Context(), sign(secret, `{"alg":"HS256"}`, `{"exp":946684801,"`+claim+`":`+value+`}`), nil)
			assert.ErrorIs(t, err, secureflows.ErrUnauthenticated, "%s %s", claim, value)
		}
	}
	_, err := expiring("0")
	assert.ErrorIs(t, err, secureflows.ErrTokenExpired, "1970 is a date")
}

func TestClaimsOfTheCallers(t *testing.T) {
	v := verifiers(t)["HS256"]
	s := signers()["HS256"]
	var strict struct {
		Role string `json:"role"`
	}
	_, err := v.Verify(t.Context(), s.token("role", "reader", "ROLE", "admin"), &strict)
	require.NoError(t, err)
	assert.Equal(t, "reader", strict.Role, "ROLE is another claim")

	_, err = v.Verify(t.Context(), s.token("role", 5), &strict)
	assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	assert.ErrorContains(t, err, "not of the types")

	for name, into := range map[string]any{"a struct": strict, "a nil pointer": (*struct{})(nil), "a map": map[string]any{}} {
		_, err = v.Verify(t.Context(), "anything", into)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, name)
		assert.ErrorContains(t, err, "give a pointer to a struct", name)
	}
}

func TestMisconfiguredVerifiers(t *testing.T) {
	shared, set := secretKeys(t), newIssuer(usual()).keys(t)
	good := jwtverify.Config{Algorithms: []string{"HS256"}, Keys: shared}
	for says, cfg := range map[string]jwtverify.Config{
		"Config.Keys is missing":                        {Algorithms: []string{"HS256"}},
		"Config.Keys is missing: make":                  {Algorithms: []string{"ES256"}, Keys: (*jwtverify.KeySet)(nil)},
		"Config.Keys is missing: make it":               {Algorithms: []string{"ES256"}, Keys: new(jwtverify.KeySet)},
		"Config.Keys is missing: make it by":            {Algorithms: []string{"HS256"}, Keys: jwtverify.Secret{}},
		"Config.Algorithms is empty: list":              {Keys: shared},
		"of ES256 and RS256":                            {Keys: set},
		`"RS256", which Config.Keys cannot be for`:      {Algorithms: []string{"RS256"}, Keys: shared},
		`"HS256", which Config.Keys cannot be for`:      {Algorithms: []string{"HS256"}, Keys: set},
		`"HS256", which Config.Keys cannot be for: a `:  {Algorithms: []string{"RS256", "HS256"}, Keys: set},
		`"ES256", which Config.Keys cannot be for: a `:  {Algorithms: []string{"HS256", "ES256"}, Keys: shared},
		`"none", which Config.Keys cannot be for`:       {Algorithms: []string{"none"}, Keys: set},
		`"", which Config.Keys cannot be for`:           {Algorithms: []string{""}, Keys: shared},
		`"HS512", which Config.Keys cannot be for`:      {Algorithms: []string{"HS512"}, Keys: shared},
		`"PS256", which Config.Keys cannot be for`:      {Algorithms: []string{"PS256"}, Keys: set},
		"Config.Leeway is -1ns":                         {Algorithms: good.Algorithms, Keys: shared, Leeway: -1},
		"Config.Leeway is 5m0.000000001s: write":        {Algorithms: good.Algorithms, Keys: shared, Leeway: 5*time.Minute + 1},
		"Config.Audience has an empty name: leave it o": {Algorithms: good.Algorithms, Keys: shared, Audience: []string{"shop", ""}},
	} {
		_, err := jwtverify.New(cfg)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, says)
		assert.ErrorContains(t, err, says)
	}
	_, err := jwtverify.New(good)
	assert.NoError(t, err)
}

// TestTheCallersListsAreCopied: what changes afterwards changes no verifier.
func TestTheCallersListsAreCopied(t *testing.T) {
	key := append([]byte(nil), secret...)
	keys, err := jwtverify.NewSecret(key)
	require.NoError(t, err)
	algorithms, audience := []string{"HS256"}, []string{"shop"}
	v := verifier(t, jwtverify.Config{Algorithms: algorithms, Keys: keys, Audience: audience, Now: at})
	clear(key)
	algorithms[0], audience[0] = "none", "others"
	_, err = v.Verify(t.Context(), signers()["HS256"].token(), nil)
	assert.NoError(t, err)
}

// TestAnRSASignatureMustBeOfItsForm: the same key signs by PSS too.
func TestAnRSASignatureMustBeOfItsForm(t *testing.T) {
	input := encoded(`{"alg":"RS256","kid":"r1"}`) + "." + encoded(claims())
	digest := sha256.Sum256([]byte(input))
	pss := must(rsa.SignPSS(rand.Reader, rsaKey(), crypto.SHA256, digest[:], nil))
	_, err := verifiers(t)["RS256"].Verify(t.Context(), input+"."+encoded(string(pss)), nil)
	assert.ErrorContains(t, err, "signature does not fit")
}
