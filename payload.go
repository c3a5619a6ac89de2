package secureflows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Payload is what a session stores: a JSON value per key, as it is stored. It
// is a copy; changing it changes nothing at the service.
type Payload map[string]json.RawMessage

// Has reports whether key was written. A key may hold null.
func (p Payload) Has(key string) bool {
	_, ok := p[key]
	return ok
}

// Keys gives the keys, sorted.
func (p Payload) Keys() []string { return slices.Sorted(maps.Keys(p)) }

// WithPrefix gives the part of p whose keys begin with prefix. To read records
// of one type, use a [Collection].
func (p Payload) WithPrefix(prefix string) Payload {
	part := Payload{}
	for key, raw := range p {
		if strings.HasPrefix(key, prefix) {
			part[key] = raw
		}
	}
	return part
}

// Decode reads the value of key into v, a pointer, as [Get] does. A key that
// was never written is [ErrKeyNotFound] and leaves v as it is, so that a
// default may stand there.
func (p Payload) Decode(key string, v any) error {
	raw, ok := p[key]
	if !ok {
		return &Error{Op: opPayload.name, Message: fmt.Sprintf("%q", key), kind: ErrKeyNotFound}
	}
	return decodeInto(v, opPayload.name, key, raw)
}
