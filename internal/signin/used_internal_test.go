package signin

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestUsedNoncesAreBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	u := &used{known: make(map[string]bool)}
	for i := range maxUsed {
		assert.True(t, u.add(strconv.Itoa(i), now))
	}
	assert.False(t, u.add("0", now), "a full table knows all that it has")
	assert.True(t, u.add("one more", now))
	assert.Len(t, u.known, maxUsed)
	assert.Len(t, u.order, maxUsed)
	assert.False(t, u.add("1", now))
	assert.True(t, u.add("0", now), "the oldest has made room")
}

// A cookie whose clock was a minute ahead is good for six.
func TestUsedNoncesAreForgottenWithTheirCookies(t *testing.T) {
	now := time.Unix(1e9, 0)
	u := &used{known: make(map[string]bool)}
	u.add("early", now)
	u.add("late", now.Add(time.Second))
	assert.False(t, u.add("early", now.Add(6*time.Minute-1)))
	u.add("later", now.Add(6*time.Minute))
	assert.Equal(t, map[string]bool{"late": true, "later": true}, u.known)
}
