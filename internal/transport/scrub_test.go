package transport

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

const secret = "s3cR.eT-0f/aDa+Xy~z_0123456789abcdefKLMNOPQRSTUVWX=="

func TestCleanLeavesTheRest(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"no token here":          "no token here",
		"a " + secret + " b":     "a [REDACTED] b",
		secret + secret:          "[REDACTED]",
		"50%25 of s3cR":          "50%25 of s3cR",
		url.QueryEscape(secret):  "[REDACTED]",
		"100% " + secret[5:13]:   "100% [REDACTED]",
		"seven: " + secret[5:12]: "seven: " + secret[5:12],
		"two\nlines\x00\x1b[31m": "two lines  [31m",
		"\xff\xfe":               "\uFFFD",
	} {
		assert.Equal(t, want, Clean(text, 1024, secret, ""), "%q", text)
	}
	assert.Equal(t, "abcd…", Clean("abcdefgh", 4))
	assert.Equal(t, "ü…", Clean("üüü", 3), "a character is not cut in two")
}

// Redaction shortens, and so brings what was cut further up into view.
func TestTheBeginningOfASecretIsNotLeftAtACut(t *testing.T) {
	for n := 1; n < pieceLength; n++ {
		text := secret + secret + strings.Repeat("-", 128-2*len(secret)-n) + secret
		got := Clean(text, 64, secret)
		assert.True(t, strings.HasSuffix(got, "-[REDACTED]"), got)
	}
}

func TestShortSecretsAreHiddenWhole(t *testing.T) {
	assert.Equal(t, "a [REDACTED] b", Clean("a abc b", 64, "abc"))
}

// Nothing of a secret is left, wherever it stands and the text is cut.
func FuzzClean(f *testing.F) {
	f.Add("a ", " b", 64, 0, 52)
	f.Add(strings.Repeat("p", 120), "", 64, 0, 52)
	f.Add("%", "%", 8, 3, 40)
	f.Fuzz(func(t *testing.T, before, after string, limit, from, to int) {
		if limit < 1 || limit > 4096 || from < 0 || to < from || to > len(secret) {
			return
		}
		for _, piece := range []string{secret[from:to], url.QueryEscape(secret[from:to])} {
			got := Clean(before+piece+after+piece, limit, secret)
			for i := 0; i+pieceLength <= len(secret); i++ {
				assert.NotContains(t, got, secret[i:i+pieceLength])
			}
			assert.LessOrEqual(t, len(got), limit+len("…"))
			assert.True(t, utf8.ValidString(got))
			assert.False(t, strings.ContainsFunc(got, unicode.IsControl))
		}
	})
}
