package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/secureflows/secureflows-go"
	"golang.org/x/term"
)

// prompt takes commands from a person at a terminal. The lines before are in
// memory only: values in them are private.
type prompt struct {
	program *program
	editor  *term.Terminal
	history history
	pending chan typed // of a read that its context left alone; nil is none
}

// typed is a line, or why there is none.
type typed struct {
	line string
	err  error
}

const promptText = "secureflows> "

func newPrompt(p *program) *prompt {
	t := &prompt{program: p, editor: term.NewTerminal(keyboard{p.console.in, p.console.notice}, promptText)}
	t.editor.History = &t.history
	return t
}

// keyboard is the person's terminal. Ctrl-C, which the editor takes for the end
// of all input, clears the line instead, as in a shell.
type keyboard struct {
	io.Reader
	io.Writer
}

const clearLine = "\x05\x15" // to its end, and delete all before

func (k keyboard) Read(buffer []byte) (int, error) {
	keys := make([]byte, max(len(buffer)/len(clearLine), 1))
	n, err := k.Reader.Read(keys)
	return copy(buffer, bytes.ReplaceAll(keys[:n], []byte{3}, []byte(clearLine))), err
}

// run takes commands until the person leaves.
func (t *prompt) run(ctx context.Context) error {
	p := t.program
	p.console.say("Type help for the commands, Tab to complete, Ctrl-D to leave.")
	for p.session != nil {
		line, err := t.read(ctx, promptText, true)
		switch {
		case errors.Is(err, io.EOF):
			p.console.say("")
			err = errExit
		case err != nil:
			p.console.say("") // off the line that was begun
			return err
		default:
			err = t.obey(ctx, line)
		}
		if errors.Is(err, errExit) {
			p.console.say("Left. The token is forgotten; the browser stays signed in.")
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.report(err)
		}
	}
	return nil
}

// obey runs one line, and once more after a sign-in when the old one had ended.
func (t *prompt) obey(ctx context.Context, line string) error {
	ctx, stop := t.program.interruptible(ctx)
	defer stop()
	err := t.program.line(ctx, line)
	if !errors.Is(err, secureflows.ErrSignedOut) {
		return err
	}
	again, failure := t.renew(ctx, err)
	if failure != nil || !again {
		return failure
	}
	return t.program.line(ctx, line)
}

// renew offers a sign-in in place of the one that ended, and reports whether the
// same person came back: a command must not run on the data of another.
func (t *prompt) renew(ctx context.Context, ended error) (same bool, err error) {
	p := t.program
	question := "You were signed out elsewhere. Sign in again? [Y/n] "
	if errors.Is(ended, secureflows.ErrTokenExpired) {
		question = "Your sign-in has expired; your data is kept. Renew it? [Y/n] "
	}
	answer, err := t.read(ctx, question, false)
	if answer = strings.ToLower(strings.TrimSpace(answer)); err != nil || answer != "" && answer != "y" && answer != "yes" {
		p.console.say("Not signed in. Any command asks again; exit leaves.")
		return false, ctx.Err()
	}
	before := p.identity
	if err := p.reauthenticate(ctx, ended); err != nil {
		return false, err
	}
	if before.UserID == 0 || before.UserID != p.identity.UserID {
		p.console.say("Somebody else may have signed in: the command was not repeated.")
		return false, nil
	}
	return true, nil
}

// read takes a line from the terminal, which hands over single keys meanwhile.
// Only a command is remembered and completed, not the answer to a question.
func (t *prompt) read(ctx context.Context, text string, command bool) (string, error) {
	ctx, stop := t.program.interruptible(ctx) // by a signal: Ctrl-C is a key here
	defer stop()
	console := t.program.console
	restore, err := console.keys()
	if err != nil {
		return "", err
	}
	defer restore() // also when the context ends the wait: a shell must get its terminal back
	if t.pending == nil {
		_ = t.editor.SetSize(console.size())
		t.editor.SetPrompt(text)
		t.history.asleep = !command
		t.editor.AutoCompleteCallback = nil
		if command {
			t.editor.AutoCompleteCallback = func(line string, at int, key rune) (string, int, bool) { return t.complete(ctx, line, at, key) }
		}
		t.pending = make(chan typed, 1)
		go func(into chan<- typed) {
			line, err := t.editor.ReadLine()
			into <- typed{line, err}
		}(t.pending)
	}
	select {
	case answer := <-t.pending:
		t.pending = nil
		return answer.line, answer.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// history is the lines before, the latest last, without blanks and repetitions.
type history struct {
	lines  []string
	asleep bool
}

func (h *history) Add(line string) {
	if line = strings.TrimSpace(line); h.asleep || line == "" || h.Len() > 0 && h.At(0) == line {
		return
	}
	h.lines = append(h.lines, line)
}

func (h *history) Len() int { return len(h.lines) }

// At counts from the latest.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
