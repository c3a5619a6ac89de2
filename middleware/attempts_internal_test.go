package middleware

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mark is written with what it knows itself. If it took over what the others
// know, that would count again with each request.
func TestAFailureOfAnotherMarkIsNotTakenOver(t *testing.T) {
	now := time.Now()
	m := mark{Failures: []time.Time{now}, elsewhere: []time.Time{now}}
	assert.False(t, m.failedTooOften(now))
	assert.True(t, m.failed(now), "the third")
	var written mark
	require.NoError(t, json.Unmarshal(encode(m), &written))
	assert.Len(t, written.Failures, 2)
	assert.False(t, written.failedTooOften(now))
}
