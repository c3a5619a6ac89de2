package answer_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go/internal/answer"
)

// Whoever tries again too early is refused once more.
func TestARetryIsNotTooEarly(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		time.Millisecond: "1", time.Second: "1", 1500 * time.Millisecond: "2", answer.DefaultRetryAfter: "5", time.Hour: "3600",
	} {
		header := http.Header{}
		answer.SetRetryAfter(header, wait)
		assert.Equal(t, want, header.Get("Retry-After"), wait)
	}
}
