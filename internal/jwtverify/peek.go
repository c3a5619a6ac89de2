package jwtverify

import "encoding/json"

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
// anywhere. ok is false for what is no JWS in compact form with a JSON object
// as its header and one as its claims; every token that a [Verifier] accepts
// has a shape.
func Peek(token string) (shape Shape, ok bool) {
	first, second, ok := split(token)
	if !ok {
		return Shape{}, false
	}
	h, ok := readHeader(first)
	if !ok {
		return Shape{}, false
	}
	var claims map[string]json.RawMessage
	if !readObject(second, &claims) {
		return Shape{}, false
	}
	return Shape{
		Algorithm: text(h.Algorithm), KeyID: text(h.KeyID), Type: text(h.Type),
		HasKeyID: h.KeyID != nil, Claims: claims,
	}, true
}

// Issuer gives the claim "iss", "" when it is missing or no string.
func (s Shape) Issuer() string { return text(s.Claims["iss"]) }

// Has reports whether there is a claim of that name, whatever its value.
func (s Shape) Has(claim string) bool {
	_, ok := s.Claims[claim]
	return ok
}
