package emulator

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// payload is a session's data, sorted by key. Values are kept as the bytes
// that were sent: a number that went through float64 would not be the same
// number any more.
type payload []entry

type entry struct {
	key   string
	value []byte
	size  int // of the compact JSON of `"key":value`
}

func newEntry(key string, value []byte) entry {
	// A copy, since value is a window on a request's whole body.
	return entry{key, slices.Clone(value), len(appendJSONString(nil, key)) + 1 + compactSize(value)}
}

// parsePayload reads a JSON object; nil and null are the empty payload.
func parsePayload(text []byte) (payload, bool) {
	if len(text) == 0 || string(bytes.TrimSpace(text)) == "null" {
		return nil, true
	}
	fields, ok := parseObject(text)
	if !ok || !utf8.Valid(text) {
		return nil, false
	}
	p := make(payload, 0, len(fields))
	for key, value := range fields {
		p = append(p, newEntry(key, value))
	}
	slices.SortFunc(p, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return p, true
}

func (p payload) find(key string) (int, bool) {
	return slices.BinarySearchFunc(p, key, func(e entry, key string) int { return strings.Compare(e.key, key) })
}

func (p payload) get(key string) ([]byte, bool) {
	if i, found := p.find(key); found {
		return p[i].value, true
	}
	return nil, false
}

// sizeWith is what size would be after a set of e.
func (p payload) sizeWith(e entry) int {
	size := p.size()
	if i, found := p.find(e.key); found {
		return size - p[i].size + e.size
	}
	if len(p) > 0 {
		size++ // a comma
	}
	return size + e.size
}

func (p payload) set(e entry) payload {
	i, found := p.find(e.key)
	if found {
		p[i] = e
		return p
	}
	return slices.Insert(p, i, e)
}

func (p payload) delete(key string) (payload, bool) {
	i, found := p.find(key)
	if !found {
		return p, false
	}
	return slices.Delete(p, i, i+1), true
}

// clone is a copy whose entries may be read without the session's lock. Values
// are replaced, never written into.
func (p payload) clone() payload { return slices.Clone(p) }

// size is the length of the compact JSON in UTF-8: what plan limits measure.
func (p payload) size() int {
	size := len("{}")
	for _, e := range p {
		size += e.size
	}
	return size + max(0, len(p)-1)
}

// appendJSON appends the flat object that GET /sessions answers.
func (p payload) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i, e := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, e.key)
		b = append(b, ':')
		b = append(b, e.value...)
	}
	return append(b, '}')
}

// parseObject reads a JSON object into its exactly spelled fields; a struct
// would match them whatever their letter case.
func parseObject(text []byte) (map[string]json.RawMessage, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil || fields == nil {
		return nil, false
	}
	return fields, true
}

// appendJSONString appends s as JSON escapes it, leaving <, > and & alone.
func appendJSONString(b []byte, s string) []byte {
	plain := !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf })
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...)
}
