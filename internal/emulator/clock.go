package emulator

import (
	"math"
	"sync/atomic"
	"time"
)

// instant is a moment of the emulator's time in nanoseconds since 1970. The
// zero instant is "never". A number rather than a time.Time because every
// session keeps some.
type instant int64

const never instant = 0

// after is the moment d later; a sum beyond the end of time is the end of time.
func (i instant) after(d time.Duration) instant {
	if sum := i + instant(d); sum >= i || d < 0 {
		return sum
	}
	return math.MaxInt64
}

// reached reports whether the deadline i has come. Never does not come.
func (i instant) reached(now instant) bool { return i != never && now >= i }

func (i instant) time() time.Time { return time.Unix(0, int64(i)).UTC() }

// clock is the machine's clock moved forward by what a test asked for. It
// reads time.Now each time, so it follows the fake clock of testing/synctest.
type clock struct {
	offset atomic.Int64
}

func (c *clock) now() instant {
	return instant(time.Now().UnixNano()).after(time.Duration(c.offset.Load()))
}

func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

func (c *clock) reset() { c.offset.Store(0) }
