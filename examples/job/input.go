package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/secureflows/secureflows-go"
)

// task is one line of the input.
type task struct {
	line  int
	token secureflows.IDToken
	err   error // the line is no token
	tries int
}

// longestLine is more than any token.
const longestLine = 64 << 10

// read hands on each line when somebody is free for it, and reads no further
// ahead: ID tokens last an hour, and whoever makes them can make them as they
// are asked for. The error, one, is that of reading.
func read(ctx context.Context, in io.Reader) (<-chan task, <-chan error) {
	tasks, ended := make(chan task), make(chan error, 1)
	go func() {
		defer close(tasks)
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, longestLine)
		number := 1
		for ; lines.Scan(); number++ {
			text := bytes.TrimSpace(lines.Bytes())
			if len(text) == 0 {
				continue
			}
			token, err := secureflows.NewIDToken(string(text))
			select {
			case tasks <- task{line: number, token: token, err: err}:
			case <-ctx.Done():
				ended <- nil
				return
			}
		}
		err := lines.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = mistake("line %d of standard input is longer than any token: is it one token a line?", number)
		} else if err != nil {
			err = fmt.Errorf("standard input: %w", err)
		}
		ended <- err
	}()
	return tasks, ended
}

// input is ID tokens, and how many there are, or unknown.
type input struct {
	io.Reader
	total int
}

// measure counts the lines, where that can be done beforehand: of a file, not of
// a pipe.
func measure(in io.Reader) input {
	file, ok := in.(*os.File)
	if !ok {
		return input{in, unknown}
	}
	if information, err := file.Stat(); err != nil || !information.Mode().IsRegular() {
		return input{in, unknown}
	}
	at, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return input{in, unknown}
	}
	total := 0
	lines := bufio.NewScanner(file)
	for lines.Buffer(nil, longestLine); lines.Scan(); {
		if len(bytes.TrimSpace(lines.Bytes())) > 0 {
			total++
		}
	}
	if _, err := file.Seek(at, io.SeekStart); err != nil || lines.Err() != nil {
		total = unknown
	}
	return input{in, total}
}
