package jwtverify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Keys are what tokens are verified with: a [Secret] or a [*KeySet].
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

// Secret is the key for HS256. Whoever has it can sign tokens too. The zero
// Secret is none. It prints as [REDACTED] wherever it is formatted, logged or
// encoded, inside other values too: the key is in a function, as fmt cannot call
// methods on unexported fields and follows a pointer there for a verb like %s.
type Secret struct{ key func() any }

// NewSecret gives the Secret with this text, of which it keeps a copy. It
// refuses, as secureflows.ErrInvalidRequest, one of under 32 bytes, and what
// everybody may know: a public key.
func NewSecret(text []byte) (Secret, error) {
	if len(text) < minSecretBytes {
		return Secret{}, misconfigured("new secret: it has %d bytes, and could be found by trial: HS256 takes %d at least", len(text), minSecretBytes)
	}
	if form := keyForm(text); form != "" {
		return Secret{}, misconfigured("new secret: it is a key in the form of %s: a public key is known to everybody, who could sign with it; ES256 and RS256 take a key set", form)
	}
	var key any = slices.Clone(text)
	return Secret{func() any { return key }}, nil
}

// IsZero reports whether this is no secret at all.
func (s Secret) IsZero() bool { return s.key == nil }

func (s Secret) algorithms() []string { return []string{string(jose.HS256)} }

func (s Secret) verify(_ context.Context, token *signed) ([]byte, error) {
	payload, err := token.jws.Verify(s.key())
	if err != nil {
		return nil, errSignature
	}
	return payload, nil
}

const redacted = "[REDACTED]"

// Format prints [REDACTED] under every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String gives "[REDACTED]".
func (s Secret) String() string { return redacted }

// LogValue gives "[REDACTED]" to log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[REDACTED]" to encoding/json and whatever else writes text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// GobEncode gives "[REDACTED]" to encoding/gob.
func (s Secret) GobEncode() ([]byte, error) { return []byte(redacted), nil }

// GobDecode always fails: a secret is encoded as "[REDACTED]", which is none.
func (s *Secret) GobDecode([]byte) error {
	return errors.New("jwtverify: decode secret: a secret is never stored")
}
