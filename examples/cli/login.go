package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// login signs in, and takes commands: those given, or from a person at the
// prompt, or from standard input.
func (p *program) login(ctx context.Context, lines []string) error {
	if p.mock != nil {
		p.console.say("This is the bundled mock: any e-mail address signs in, and nothing is kept.")
	}
	signing, stop := p.interruptible(ctx)
	defer stop()
	if err := p.signIn(signing); err != nil {
		return err
	}
	if len(lines) > 0 {
		for i := range lines {
			lines[i] = strings.ReplaceAll(lines[i], "\n", " ") // the same in JSON
		}
		return p.script(signing, strings.NewReader(strings.Join(lines, "\n")))
	}
	if p.console.inTerminal && p.console.noticeTerminal {
		stop() // each command has a Ctrl-C of its own
		return newPrompt(p).run(ctx)
	}
	return p.script(signing, p.console.in)
}

// script runs a command a line, to the first that fails.
func (p *program) script(ctx context.Context, from io.Reader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lines := make(chan typed)
	go func() { // a read cannot be interrupted; the program's end ends it
		defer close(lines)
		for reader := bufio.NewReader(from); ; {
			line, err := reader.ReadString('\n')
			select {
			case lines <- typed{line, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	for number := 1; ; number++ {
		select {
		case next := <-lines:
			if err := p.scriptLine(ctx, number, next.line); err != nil || next.err != nil {
				return ending(err, next.err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ending is nil at the end of the lines, and after exit.
func ending(failed, read error) error {
	switch {
	case errors.Is(failed, errExit):
		return nil
	case failed == nil && !errors.Is(read, io.EOF):
		return read
	default:
		return failed
	}
}

func (p *program) scriptLine(ctx context.Context, number int, line string) error {
	err := p.line(ctx, line)
	if err == nil || errors.Is(err, errExit) || errors.Is(err, context.Canceled) {
		return err
	}
	return &told{fmt.Sprintf("line %d: %s", number, describe(err)), err} // not its text, which is private
}

// line runs one line, unless it is blank or a comment.
func (p *program) line(ctx context.Context, line string) error {
	if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
		return nil
	}
	words, err := split(line)
	if err != nil {
		return err
	}
	return p.execute(ctx, p.promptCommands(), words)
}
