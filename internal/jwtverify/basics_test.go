package jwtverify_test

import (
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestBasics(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, nil)
	require.NoError(t, err)
	token, err := jwt.Signed(signer).Claims(map[string]any{"iss": "me", "exp": time.Now().Add(time.Hour).Unix(), "user_id": 1}).Serialize()
	require.NoError(t, err)
	keys, err := jwtverify.Secret(secret)
	require.NoError(t, err)
	v, err := jwtverify.New(jwtverify.Config{Algorithms: []string{"HS256"}, Keys: keys, Issuer: "me"})
	require.NoError(t, err)
	var claims struct {
		UserID int64 `json:"user_id"`
	}
	registered, err := v.Verify(t.Context(), token, &claims)
	require.NoError(t, err)
	require.Equal(t, "me", registered.Issuer)
	require.EqualValues(t, 1, claims.UserID)
	shape, ok := jwtverify.Peek(token)
	require.True(t, ok)
	require.Equal(t, "HS256", shape.Algorithm)
}
