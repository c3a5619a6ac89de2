package jwtverify

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Shape is what a token says of itself. Whoever wrote it may have written
// anything.
type Shape struct {
	// Algorithm, KeyID and Type are "alg", "kid" and "typ" of the header, ""
	// where one is missing or no string.
	Algorithm, KeyID, Type string
	// HasKeyID says that there is a "kid", of whatever type.
	HasKeyID bool
	// Claims are the claims as they are spelled.
	Claims map[string]json.RawMessage
}

// Peek reads the outer shape of a token without trusting it: for routing only,
// never for trust. It is what tells which provider to ask before a token goes
// anywhere. ok is false for what has no JSON objects for its header and its
// claims; every token that a [Verifier] accepts has a shape.
//
// It is not as strict as a Verifier: a good token that somebody has padded, or
// put a dot before or behind, still is its provider's, who refuses it. Taken for
// anybody else's it would be sent there, and be good again without the dot.
func Peek(token string) (shape Shape, ok bool) {
	first, rest, ok := strings.Cut(strings.TrimLeft(token, "."+stray), ".")
	if !ok || len(token) > maxTokenBytes {
		return Shape{}, false
	}
	second, _, _ := strings.Cut(strings.TrimLeft(rest, "."), ".")
	header, claims := members(first), members(second)
	if header == nil || claims == nil {
		return Shape{}, false
	}
	_, hasKeyID := header["kid"]
	return Shape{
		Algorithm: text(header["alg"]), KeyID: text(header["kid"]), Type: text(header["typ"]),
		HasKeyID: hasKeyID, Claims: claims,
	}, true
}

// stray are characters that a bearer token may have, and that the base64 of a JSON
// object neither begins nor ends with.
const stray = "~=-_+/"

// members gives those of a part that is a JSON object in some spelling of
// base64, and nil for any other.
func members(part string) (object map[string]json.RawMessage) {
	decoded, err := base64.RawURLEncoding.DecodeString(toURLAlphabet.Replace(strings.Trim(part, stray)))
	if err != nil || json.Unmarshal(decoded, &object) != nil {
		return nil
	}
	return object
}

var toURLAlphabet = strings.NewReplacer("+", "-", "/", "_")

// Issuer gives the claim "iss", "" when it is missing or no string.
func (s Shape) Issuer() string { return text(s.Claims["iss"]) }

// Has reports whether there is a claim of that name, whatever its value.
func (s Shape) Has(claim string) bool {
	_, ok := s.Claims[claim]
	return ok
}
