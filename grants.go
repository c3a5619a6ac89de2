package secureflows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// Grants are the roles or the permissions that another provider's token gives its
// holder, as the token has them. They cannot be changed, and those of equal text
// are equal (==), so that an [Identity] may be handed out, compared and used as a
// key. The zero Grants are none.
//
// Most are a list of names, which Has and All read. Where a provider has not
// published what they look like they are whatever JSON the token has, which Raw
// gives: Has is false for everything then, so that nobody gets in by a guess.
type Grants struct{ text string }

// GrantsOf gives the list of these names.
func GrantsOf(names ...string) Grants {
	if len(names) == 0 {
		return Grants{}
	}
	text, _ := json.Marshal(names) // strings have a form in JSON, all of them
	return Grants{string(text)}
}

// RawGrants gives the grants that are this JSON, as encoding/json would write it.
// No text and null are none. Anything else that is not JSON is refused
// as [ErrInvalidRequest].
func RawGrants(raw json.RawMessage) (Grants, error) {
	var compact bytes.Buffer
	switch err := json.Compact(&compact, raw); {
	case len(raw) == 0:
		return Grants{}, nil
	case err != nil:
		return Grants{}, invalid("raw grants", "what is given is no JSON")
	case compact.String() == "null":
		return Grants{}, nil
	}
	// As encoding/json writes it, so that what went through JSON is equal still.
	var text bytes.Buffer
	json.HTMLEscape(&text, compact.Bytes())
	return Grants{text.String()}, nil
}

// Has reports whether the grants are a list that has this name. Names are
// compared as they are; none stands for another.
func (g Grants) Has(name string) bool { return slices.Contains(g.names(), name) }

// All gives the names in the order of the token, and none where the grants are
// no list of names.
func (g Grants) All() iter.Seq[string] { return slices.Values(g.names()) }

// Raw gives the grants as JSON, nil for none.
func (g Grants) Raw() json.RawMessage {
	if g.text == "" {
		return nil
	}
	return json.RawMessage(g.text)
}

// IsZero reports whether these are no grants at all.
func (g Grants) IsZero() bool { return g == Grants{} }

// String gives the grants as JSON, "null" for none.
func (g Grants) String() string {
	if g.IsZero() {
		return "null"
	}
	return g.text
}

// MarshalJSON gives what String does.
func (g Grants) MarshalJSON() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalJSON is [RawGrants].
func (g *Grants) UnmarshalJSON(raw []byte) error {
	read, err := RawGrants(raw)
	if err != nil {
		return fmt.Errorf("decode grants: %w", err)
	}
	*g = read
	return nil
}

// GobEncode gives what String does.
func (g Grants) GobEncode() ([]byte, error) { return g.MarshalJSON() }

// GobDecode is [RawGrants].
func (g *Grants) GobDecode(raw []byte) error { return g.UnmarshalJSON(raw) }

// names are those of a list of names. A list that has anything else beside them
// is none: what it means is not known.
func (g Grants) names() []string {
	if g.text == "" || g.text[0] != '[' {
		return nil
	}
	var names []*string
	if json.Unmarshal([]byte(g.text), &names) != nil {
		return nil
	}
	list := make([]string, 0, len(names))
	for _, name := range names {
		if name == nil {
			return nil
		}
		list = append(list, *name)
	}
	return list
}
