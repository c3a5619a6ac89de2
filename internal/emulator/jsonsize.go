package emulator

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// compactSize is the number of bytes that valid JSON takes without insignificant
// space and with its characters in UTF-8. An escape counts as what it stands
// for, so that é and \u00e9 weigh the same: clients differ in which they send,
// and a limit must not depend on the client.
func compactSize(text []byte) int {
	size := 0
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			bytes, length := escapeSize(text[i:])
			size += bytes
			i += length - 1
			continue
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		size++
	}
	return size
}

// escapeSize tells how many bytes the escape at the start of text takes when
// written shortest, and how long it is as written.
func escapeSize(text []byte) (size, length int) {
	if text[1] == '/' {
		return 1, 2 // needs no escape
	}
	if text[1] != 'u' {
		return 2, 2
	}
	char := unit(text)
	length = len(`\u0000`)
	if utf16.IsSurrogate(char) {
		if rest := text[length:]; len(rest) >= length && rest[0] == '\\' && rest[1] == 'u' {
			if pair := utf16.DecodeRune(char, unit(rest)); pair != utf8.RuneError {
				return utf8.RuneLen(pair), 2 * length
			}
		}
		return 3, length // a lone half: no UTF-8, but three bytes by custom
	}
	switch char {
	case '"', '\\', '\b', '\f', '\n', '\r', '\t':
		return 2, length
	}
	if char < ' ' {
		return length, length
	}
	return utf8.RuneLen(char), length
}

// unit reads the \uXXXX at the start of text.
func unit(text []byte) rune {
	code, _ := strconv.ParseUint(string(text[2:6]), 16, 16) // the JSON is valid
	return rune(code)
}
