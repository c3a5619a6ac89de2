package jwtverify

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Keys are what tokens are verified with: those of [Secret] or a [*KeySet].
type Keys interface {
	// algorithms are those that the keys may be for.
	algorithms() []string
	// verify gives the claims of a token whose signature fits.
	verify(ctx context.Context, token *signed) ([]byte, error)
}

// signed is a token whose signature nobody has looked at yet.
type signed struct {
	jws              *jose.JSONWebSignature
	algorithm, keyID string
}

// minSecretBytes is the least that RFC 7518 section 3.2 allows for HS256. What
// is shorter can be found by trial from one token.
const minSecretBytes = 32

// Secret gives the Keys for HS256. Whoever has the secret can sign tokens too.
// It refuses, as secureflows.ErrInvalidRequest, one of under 32 bytes, and keeps
// a copy.
func Secret(secret []byte) (Keys, error) {
	if len(secret) < minSecretBytes {
		return nil, misconfigured("new secret: it has %d bytes, and could be found by trial: HS256 takes %d at least", len(secret), minSecretBytes)
	}
	var key any = slices.Clone(secret)
	return &shared{key: func() any { return key }}, nil
}

// shared holds the secret in a function: fmt cannot call methods on unexported
// fields, and follows a pointer there for a verb like %s.
type shared struct{ key func() any }

func (s *shared) algorithms() []string { return []string{string(jose.HS256)} }

func (s *shared) verify(_ context.Context, token *signed) ([]byte, error) {
	payload, err := token.jws.Verify(s.key())
	if err != nil {
		return nil, errSignature
	}
	return payload, nil
}

// Format keeps the secret out of whatever is printed.
func (s *shared) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[REDACTED]") }
