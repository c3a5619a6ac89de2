package secureflows

import (
	"errors"
	"fmt"
	"log/slog"
	"unique"
)

// maxTokenBytes bounds a token. A session token travels in URLs (renewal,
// sign-out), and no proxy on the way accepts one longer than this.
const maxTokenBytes = 16 << 10

const redacted = "[REDACTED]"

// Token is a session token: the short-lived credential of one user's session.
// It is opaque; nothing an application may know can be read from its text
// (CONTRACT "Tokens"). Whose it is, [Session.Identity] says.
//
// A Token prints as [REDACTED] wherever it is formatted, logged or encoded,
// inside other values too; Reveal is the only way to its text. Tokens of equal
// text are equal (==). The zero Token is no token: a call made with it is
// refused as [ErrUnauthenticated] before any I/O.
type Token struct{ secret }

// NewToken gives the Token with this text. It refuses, as [ErrInvalidRequest],
// what cannot be a bearer token: an empty text, one of more than 16 KiB, or a
// character that RFC 6750 section 2.1 does not allow, white space included.
// Nothing is trimmed: a token with a stray newline came from somewhere that
// should be mended.
func NewToken(text string) (Token, error) {
	s, err := newSecret("session token", text)
	return Token{s}, err
}

// IDToken is a Firebase ID token: what a job, a custom backend or a test holds
// to create and renew sessions without a browser (CONTRACT "Tokens"). It
// behaves like [Token] but is another type, so that the compiler keeps the two
// apart.
type IDToken struct{ secret }

// NewIDToken gives the IDToken with this text, and refuses what [NewToken]
// refuses.
func NewIDToken(text string) (IDToken, error) {
	s, err := newSecret("ID token", text)
	return IDToken{s}, err
}

// secret holds a text behind a pointer: fmt cannot call methods on the
// unexported fields of a caller's struct and prints what it finds there, which
// for a pointer below the top level is an address. The handle, unlike a plain
// pointer, also makes equal texts equal.
type secret struct{ handle unique.Handle[string] }

func newSecret(kind, text string) (secret, error) {
	if reason := notBearer(text); reason != "" {
		return secret{}, invalid("new "+kind, "the %s %s", kind, reason)
	}
	return secret{unique.Make(text)}, nil
}

// Reveal gives the token's text, for the one place that must send it. Keep the
// text out of logs, errors, cookies and files.
func (s secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.handle.Value()
}

// IsZero reports whether this is no token at all.
func (s secret) IsZero() bool { return s == secret{} }

// Format prints [REDACTED] for every verb. It cannot report a failed write:
// fmt.Formatter gives no way.
func (s secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String gives "[REDACTED]".
func (s secret) String() string { return redacted }

// LogValue gives "[REDACTED]" to log/slog.
func (s secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives "[REDACTED]" to encoding/json, encoding/xml and whatever
// else writes text.
func (s secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// GobEncode gives "[REDACTED]" to encoding/gob.
func (s secret) GobEncode() ([]byte, error) { return []byte(redacted), nil }

// GobDecode always fails: a token is encoded as "[REDACTED]", which is none.
func (s *secret) GobDecode([]byte) error {
	return errors.New("secureflows: decode token: a token lives in memory only and is never stored")
}

// notBearer says why text cannot be a b64token of RFC 6750 section 2.1, or "".
// It quotes nothing of the text, which may be a token with one bad character.
func notBearer(text string) string {
	if text == "" {
		return "is empty"
	}
	if len(text) > maxTokenBytes {
		return fmt.Sprintf("has %d bytes; at most %d can be sent", len(text), maxTokenBytes)
	}
	end := len(text)
	for end > 0 && text[end-1] == '=' {
		end--
	}
	if end == 0 {
		return "is nothing but padding"
	}
	for i := range end {
		if !bearerChar[text[i]] {
			return fmt.Sprintf("has a character at byte %d that no bearer token can have (white space, a quote, or the word Bearer left in front?)", i)
		}
	}
	return ""
}

var bearerChar = func() (allowed [256]bool) {
	for c := range 256 {
		b := byte(c)
		allowed[c] = 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
			b == '-' || b == '.' || b == '_' || b == '~' || b == '+' || b == '/'
	}
	return allowed
}()
