package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// console is where people and programs look: JSON goes to out, everything that
// is for people to notice.
type console struct {
	in          io.Reader
	out, notice io.Writer

	// Which of them is a terminal. Prompts and progress are for terminals only.
	inTerminal, outTerminal, noticeTerminal bool

	// keys makes the terminal hand over each key, until restore. size is in
	// columns and rows.
	keys func() (restore func(), err error)
	size func() (columns, rows int)

	mu    sync.Mutex // guards shown, and keeps lines on notice whole
	shown int        // columns of the progress that stands on the line
}

func systemConsole() *console {
	input := int(os.Stdin.Fd())
	return &console{
		in: os.Stdin, out: os.Stdout, notice: os.Stderr,
		inTerminal:     term.IsTerminal(input),
		outTerminal:    term.IsTerminal(int(os.Stdout.Fd())),
		noticeTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		keys: func() (func(), error) {
			before, err := term.MakeRaw(input)
			if err != nil {
				return nil, err
			}
			return func() { _ = term.Restore(input, before) }, nil
		},
		size: func() (int, int) {
			columns, rows, err := term.GetSize(int(os.Stderr.Fd()))
			if err != nil {
				return 80, 24
			}
			return columns, rows
		},
	}
}

// print writes one JSON value: indented for a person, on one line for a program.
func (c *console) print(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if c.outTerminal {
		encoder.SetIndent("", "  ")
	}
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := c.out.Write(inert(text.Bytes()))
	return err
}

// inert escapes the control characters that JSON allows in a text as they are.
// Some terminals obey them, and stored text may be anybody's.
func inert(text []byte) []byte {
	var safe bytes.Buffer
	for _, r := range string(text) {
		if r >= 0x7f && r <= 0x9f {
			fmt.Fprintf(&safe, `\u%04x`, r)
		} else {
			safe.WriteRune(r)
		}
	}
	return safe.Bytes()
}

// say tells people something, on a line of its own.
func (c *console) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	fmt.Fprintf(c.notice, format+"\n", args...)
}

// slow is after how long people are told that something is still under way.
const slow = 500 * time.Millisecond

// during runs work, and shows on a terminal that it is under way once it is
// slow.
func (c *console) during(what string, work func() error) error {
	if !c.noticeTerminal {
		return work()
	}
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { c.progress(what, done) })
	defer watch.Wait()
	defer close(done)
	return work()
}

func (c *console) progress(what string, done <-chan struct{}) {
	began := time.Now()
	timer := time.NewTimer(slow)
	defer timer.Stop()
	for {
		select {
		case <-done:
			c.mu.Lock()
			c.erase()
			c.mu.Unlock()
			return
		case <-timer.C:
			c.show(fmt.Sprintf("%s (%d s)", what, int(time.Since(began).Seconds())))
			timer.Reset(time.Second)
		}
	}
}

func (c *console) show(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	columns, _ := c.size()
	text = text[:min(len(text), max(columns-1, 0))] // a line that wraps cannot be erased
	fmt.Fprint(c.notice, text)
	c.shown = len(text)
}

// erase takes the progress off the line, without sequences that a simple
// terminal would show.
func (c *console) erase() {
	if c.shown > 0 {
		fmt.Fprintf(c.notice, "\r%*s\r", c.shown, "")
		c.shown = 0
	}
}
