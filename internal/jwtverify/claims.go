package jwtverify

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Registered are the claims of RFC 7519 section 4.1 of a token that was
// verified. What the token does not have is "", nil, or the zero time.
type Registered struct {
	Issuer, Subject, ID string
	Audience            []string
	// ExpiresAt is when the token expires, before any leeway.
	ExpiresAt, IssuedAt, NotBefore time.Time
}

// wireClaims are the same as they are spelled.
type wireClaims struct {
	Issuer    name     `json:"iss"`
	Subject   name     `json:"sub"`
	ID        name     `json:"jti"`
	Audience  audience `json:"aud"`
	ExpiresAt date     `json:"exp"`
	IssuedAt  date     `json:"iat"`
	NotBefore date     `json:"nbf"`
}

func (c *wireClaims) registered() Registered {
	return Registered{
		Issuer: string(c.Issuer), Subject: string(c.Subject), ID: string(c.ID), Audience: c.Audience,
		ExpiresAt: c.ExpiresAt.Time, IssuedAt: c.IssuedAt.Time, NotBefore: c.NotBefore.Time,
	}
}

var errClaimType = errors.New("a registered claim is of another type")

// name is a string and not null, which the decoder takes for "".
type name string

func (n *name) UnmarshalJSON(value []byte) error {
	s, ok := unquote(value)
	if !ok {
		return errClaimType
	}
	*n = name(s)
	return nil
}

// audience is a string or a list of strings.
type audience []string

func (a *audience) UnmarshalJSON(value []byte) error {
	if one, ok := unquote(value); ok {
		*a = audience{one}
		return nil
	}
	var names []name
	if len(value) == 0 || value[0] != '[' {
		return errClaimType
	}
	if err := json.Unmarshal(value, &names); err != nil {
		return err
	}
	*a = make(audience, len(names))
	for i, n := range names {
		(*a)[i] = string(n)
	}
	return nil
}

func (r *Registered) isFor(anyOf []string) bool {
	return slices.ContainsFunc(anyOf, func(one string) bool { return slices.Contains(r.Audience, one) })
}

// date is a NumericDate: seconds since 1970, perhaps with a fraction.
type date struct{ time.Time }

// lastSecond is the end of the year 9999. A number beyond it is no date, and
// some would come out as one of the past.
const lastSecond = 253402300799

func (d *date) UnmarshalJSON(value []byte) error {
	if len(value) == 0 || value[0] < '0' || value[0] > '9' {
		return errClaimType // a string, null, or before 1970
	}
	if seconds, err := strconv.ParseInt(string(value), 10, 64); err == nil && seconds <= lastSecond {
		d.Time = time.Unix(seconds, 0)
		return nil
	}
	number, err := strconv.ParseFloat(string(value), 64)
	if err != nil || number > lastSecond {
		return errClaimType
	}
	seconds, fraction := math.Modf(number)
	d.Time = time.Unix(int64(seconds), int64(fraction*1e9))
	return nil
}
