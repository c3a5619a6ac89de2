package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// quoting is an error by value, which %#v shows in full.
type quoting struct{ Header string }

func (quoting) Error() string { return "refused" }

func TestACauseShowsItsTextAlone(t *testing.T) {
	for name, err := range map[string]error{
		"by value": quoting{"Bearer " + secret}, "wrapped": fmt.Errorf("a: %w", quoting{secret}), "joined": errors.Join(io.EOF, quoting{secret}),
		"in a URL": &url.Error{Op: "Get", URL: "https://h/" + url.PathEscape(secret), Err: quoting{secret}},
	} {
		c := describeFailure(err, []string{secret})
		for _, verb := range "vsqdxTp" {
			for _, flag := range []string{"", "+", "#"} {
				for _, value := range []any{c, []error{c}, struct{ E error }{c}} {
					assert.NotContains(t, fmt.Sprintf("%"+flag+string(verb), value), secret[:8], name)
				}
			}
		}
		var q quoting
		assert.False(t, errors.As(c, &q), "%s was handed out", name)
	}
}

func TestACauseStaysWithinReach(t *testing.T) {
	err := &url.Error{Op: "Get", URL: "https://h/" + secret, Err: &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}}
	c := describeFailure(err, []string{secret})
	assert.ErrorIs(t, c, os.ErrDeadlineExceeded)
	var dial *net.OpError
	assert.ErrorAs(t, c, &dial)
	for _, own := range []error{context.Canceled, context.DeadlineExceeded} {
		c = describeFailure(fmt.Errorf("x: %w", own), nil)
		assert.NotErrorIs(t, c, own, "that belongs to the caller")
		assert.Equal(t, "no answer in time", c.Error())
	}
}
