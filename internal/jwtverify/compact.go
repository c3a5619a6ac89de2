package jwtverify

import (
	"bytes"
	"encoding/base64"
	stdjson "encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json" // duplicate members are errors there, and "EXP" is not "exp"
)

// maxTokenBytes is what secureflows.NewToken takes at most.
const maxTokenBytes = 16 << 10

// headerOf cuts the text of the header off a JWS in its compact form (RFC 7515
// section 7.1). Only the one canonical spelling of each part will do:
// base64.RawURLEncoding skips line breaks and ignores trailing bits, so that
// one token would have many texts, of which a list of revoked tokens has one.
func headerOf(token string) (header string, ok bool) {
	if len(token) > maxTokenBytes {
		return "", false
	}
	var parts [3]string
	count, start := 0, 0
	for i := 0; i <= len(token); i++ {
		if i < len(token) && token[i] != '.' {
			if digits[token[i]] < 0 {
				return "", false
			}
			continue
		}
		if count == len(parts) || !whole(token[start:i]) {
			return "", false
		}
		parts[count] = token[start:i]
		count, start = count+1, i+1
	}
	return parts[0], count == len(parts)
}

// whole reports whether the digits of a part are of whole bytes, with nothing
// in the bits that are left over.
func whole(part string) bool {
	switch len(part) % 4 {
	case 0:
		return true
	case 2:
		return digits[part[len(part)-1]]&0b1111 == 0
	case 3:
		return digits[part[len(part)-1]]&0b11 == 0
	default:
		return false
	}
}

// digits are the values of the characters of base64url, -1 of any other.
var digits = func() (values [256]int8) {
	for i := range values {
		values[i] = -1
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range alphabet {
		values[alphabet[i]] = int8(i)
	}
	return values
}()

// header is what of a token's header decides anything.
type header struct {
	Algorithm  stdjson.RawMessage `json:"alg"`
	KeyID      stdjson.RawMessage `json:"kid"`
	Type       stdjson.RawMessage `json:"typ"`
	Critical   stdjson.RawMessage `json:"crit"`
	Unencoded  stdjson.RawMessage `json:"b64"`
	Encryption stdjson.RawMessage `json:"enc"`
}

func readHeader(part string) (h header, ok bool) {
	return h, readObject(part, &h)
}

// readObject decodes a part that is a JSON object.
func readObject(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && isObject(text) && json.Unmarshal(text, into) == nil
}

// isObject reports whether a text may be a JSON object. What is not Unicode is
// refused, as bytes and as escapes: the decoder would turn it into U+FFFD, and
// two subjects that differ into one.
func isObject(text []byte) bool {
	for _, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{' && utf8.Valid(text) && !hasLoneSurrogate(text)
		}
	}
	return false
}

// hasLoneSurrogate reports whether one half of a pair is escaped without the
// other.
func hasLoneSurrogate(text []byte) bool {
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 {
			return false
		}
		text = text[at:]
		first := escaped(text)
		switch {
		case !utf16.IsSurrogate(first):
			text = text[min(2, len(text)):] // a backslash takes a character with it, another backslash too
		case utf16.DecodeRune(first, escaped(text[6:])) == utf8.RuneError:
			return true
		default:
			text = text[12:]
		}
	}
}

// escaped gives the code unit of the \u with which text begins, -1 if it begins
// with something else.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// text gives a member's value where it is a string, and "" otherwise.
func text(value stdjson.RawMessage) string {
	s, _ := unquote(value)
	return s
}

// unquote gives the string that a value is. The value is JSON in UTF-8.
func unquote(value []byte) (s string, ok bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true // as nearly all are; a decoder for each would take most of the time
	}
	return s, json.Unmarshal(value, &s) == nil
}
