package middleware

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// Each request writes what it has read of a browser's marks into one of them.
func TestAFailureThatTwoMarksKnowCountsOnce(t *testing.T) {
	first, second := time.Now().Add(-2*time.Second), time.Now().Add(-time.Second)
	m := mark{Failures: []time.Time{first, second, first, second, first}}
	assert.False(t, (&mark{Failures: m.recent(time.Now())[:1]}).failed(time.Now()))
	assert.Equal(t, []time.Time{first, second}, m.recent(time.Now()))
	assert.True(t, m.failed(time.Now()), "the third")
}
