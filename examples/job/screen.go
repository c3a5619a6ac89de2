package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// screen tells people how far the job is: by a bar on a terminal, and elsewhere
// by the warnings alone.
type screen struct {
	notice io.Writer
	mu     sync.Mutex // keeps the bar and the warnings apart
	bar    *progressbar.ProgressBar
}

// unknown is the total of a pipe. The bar then shows a count.
const unknown = -1

func newScreen(s surroundings, total int) *screen {
	c := &screen{notice: s.notice}
	if s.noticeTerminal {
		c.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(s.notice),
			progressbar.OptionSetDescription("people"),
			progressbar.OptionSetWidth(30),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(50*time.Millisecond),
			progressbar.OptionSetRenderBlankState(true),
			progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine, which would write after the end
			progressbar.OptionUseANSICodes(false),         // it erases with spaces, on every terminal
		)
	}
	return c
}

// step says that one more person has an outcome.
func (c *screen) step() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Add(1) // a count of lines may be wrong; no reason to stop
	}
}

func (c *screen) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Clear()
	}
	fmt.Fprintf(c.notice, format+"\n", args...)
}

// close leaves a bar that is full, and takes away any other: what it shows is
// not the latest, and the summary is.
func (c *screen) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.bar == nil:
	case c.bar.IsFinished():
		fmt.Fprintln(c.notice)
	default:
		_ = c.bar.Clear()
	}
}
