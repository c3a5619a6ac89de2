package main

import (
	"context"
	"fmt"

	"github.com/secureflows/secureflows-go"
)

// tally counts people: read from the input, and what became of them.
type tally struct {
	read, changed, unchanged, failed, skipped int
}

func (c *tally) add(outcome string) {
	switch outcome {
	case outcomeChanged:
		c.changed++
	case outcomeUnchanged:
		c.unchanged++
	default:
		c.failed++
	}
}

// left is who was read and has no outcome.
func (c tally) left() int { return c.read - c.changed - c.unchanged - c.failed - c.skipped }

// String is the summary.
func (c tally) String() string {
	return fmt.Sprintf("%d read: %d changed, %d unchanged, %d failed, %d skipped (done before), %d left",
		c.read, c.changed, c.unchanged, c.failed, c.skipped, c.left())
}

func (j *job) count(change func(*tally)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.tally)
}

// verdict is what the run comes to: asked is the caller's context, running ended
// with it or for a reason of the run's own.
func (j *job) verdict(asked, running context.Context) error {
	switch {
	case asked.Err() != nil:
		return &told{"interrupted; run again with the same report to go on", context.Canceled}
	case running.Err() != nil:
		return context.Cause(running)
	case j.tally.left() > 0:
		return &told{fmt.Sprintf("%d people are left, for whom the service did not answer; run again with the same report", j.tally.left()), secureflows.ErrUnavailable}
	case j.tally.failed > 0:
		return &told{fmt.Sprintf("%d people failed; the report says why, and the next run tries them again", j.tally.failed), errSomeFailed}
	default:
		return nil
	}
}
