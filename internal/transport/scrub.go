package transport

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// pieceLength is how many consecutive characters of a token count as a piece of
// it, and are not shown.
const pieceLength = 8

// Clean makes a text from outside fit to print: one line of at most limit
// bytes, with neither the secrets nor pieces of them.
func Clean(text string, limit int, secrets ...string) string {
	// The scrubbing looks at more than is shown, and the rest of a secret that
	// begins where the text is cut is recognised by its beginning.
	cut := len(text) > 2*limit
	if cut {
		text = text[:2*limit]
	}
	for _, secret := range secrets {
		text = scrub(text, secret, cut)
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}

// scrub replaces every piece of secret in text, percent-encoded or not. atCut
// says that the text may have ended in the middle of one.
func scrub(text, secret string, atCut bool) string {
	if secret == "" || text == "" {
		return text
	}
	plain, offsets := decode(text)
	hidden := pieces(plain, secret)
	if plain != text {
		// A stray % in front of a piece takes its first characters for an
		// escape.
		for i, raw := 0, pieces(text, secret); i < len(plain); i++ {
			hidden[i] = hidden[i] || slices.Contains(raw[offsets[i]:offsets[i+1]], true)
		}
	}
	if atCut || len(text) >= maxErrorBytes {
		hideBeginning(plain, secret, hidden)
	}
	var b strings.Builder
	for i := 0; i < len(plain); {
		if !hidden[i] {
			b.WriteString(text[offsets[i]:offsets[i+1]])
			i++
			continue
		}
		b.WriteString("[REDACTED]")
		for i < len(plain) && hidden[i] {
			i++
		}
	}
	return b.String()
}

// Unescape undoes percent-encoding where there is any, and leaves the rest.
func Unescape(text string) string {
	plain, _ := decode(text)
	return plain
}

// decode undoes percent-encoding; byte i of the result came from
// text[offsets[i]:offsets[i+1]].
func decode(text string) (plain string, offsets []int) {
	decoded := make([]byte, 0, len(text))
	offsets = make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		offsets = append(offsets, i)
		if text[i] == '%' && i+2 < len(text) {
			if high, low := unhex(text[i+1]), unhex(text[i+2]); high >= 0 && low >= 0 {
				decoded = append(decoded, byte(high<<4|low))
				i += 3
				continue
			}
		}
		decoded = append(decoded, text[i])
		i++
	}
	return string(decoded), append(offsets, len(text))
}

// unhex gives the value of a hexadecimal digit, or less than 0.
func unhex(c byte) int {
	if 'A' <= c && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}

// pieces marks the bytes of text that lie in a piece of secret.
func pieces(text, secret string) []bool {
	hidden := make([]bool, len(text))
	length := min(pieceLength, len(secret))
	for i := 0; i+length <= len(text); i++ {
		if strings.Contains(secret, text[i:i+length]) {
			for j := range length {
				hidden[i+j] = true
			}
		}
	}
	return hidden
}

// hideBeginning marks the end of text where it is the beginning of secret.
func hideBeginning(text, secret string, hidden []bool) {
	for n := min(pieceLength-1, len(text), len(secret)); n > 0; n-- {
		if strings.HasSuffix(text, secret[:n]) {
			for i := len(text) - n; i < len(text); i++ {
				hidden[i] = true
			}
			return
		}
	}
}

// tainted reports whether err, or anything it wraps, would print a secret under
// any verb.
func tainted(err error, secrets []string) bool {
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range secrets {
		if scrub(text, secret, false) != text {
			return true
		}
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		inner := wrapper.Unwrap()
		return inner != nil && tainted(inner, secrets)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(wrapper.Unwrap(), func(inner error) bool { return tainted(inner, secrets) })
	default:
		return false
	}
}
