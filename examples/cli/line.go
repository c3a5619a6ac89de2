package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// split takes a line of the prompt apart. It is no shell's syntax, because
// values are JSON, and the quotes of a JSON text must stay: words end at spaces,
// a key may be written as a JSON text, and the value of set is the rest of the
// line.
func split(line string) ([]string, error) {
	var words []string
	rest := strings.Trim(line, " \t\r\n") // other white space may be the end of a key
	for rest != "" {
		if len(words) == 2 && words[0] == "set" {
			return append(words, rest), nil
		}
		word, after, err := cutWord(rest)
		if err != nil {
			return nil, err
		}
		words, rest = append(words, word), strings.TrimLeft(after, " \t")
	}
	return words, nil
}

func cutWord(text string) (word, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, " \t")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&word); err != nil {
		return "", "", mistake(`the text that begins with %.20s is not closed; write "like \"this\""`, text)
	}
	rest = text[decoder.InputOffset():]
	if rest != "" && !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "\t") {
		return "", "", mistake("a space is missing before %.20q", rest)
	}
	return word, rest, nil
}

// spell writes a key as it is typed at the prompt.
func spell(key string) string {
	if key != "" && !strings.ContainsAny(key, " \t\"\\") && !strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f }) && !strings.HasPrefix(key, "-") {
		return key
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(key) // a string always encodes
	return string(inert(bytes.TrimSpace(text.Bytes())))
}
