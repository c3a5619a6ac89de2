package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// record is one line of the report. It names people by their id alone: a report
// is kept, copied and mailed.
type record struct {
	Line    int    `json:"line"`             // of the input
	UserID  int64  `json:"userId,omitempty"` // 0: unknown
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"` // of a failure
}

const (
	outcomeChanged   = "changed"
	outcomeUnchanged = "unchanged"
	outcomeFailed    = "failed"
)

func (r record) done() bool { return r.Outcome == outcomeChanged || r.Outcome == outcomeUnchanged }

// report is the file that a later run goes on from.
type report struct {
	mu    sync.Mutex // guards the next two
	file  *os.File   // nil is none
	taken map[int64]bool
}

// openReport reads what earlier runs did, and makes the file ready for more.
func openReport(path string) (*report, error) {
	r := &report{taken: make(map[int64]bool)}
	if path == "" {
		return r, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("-report: %w", err)
	}
	if err := r.resume(file); err != nil {
		return nil, errors.Join(fmt.Errorf("-report %s: %w", path, err), file.Close())
	}
	r.file = file
	return r, nil
}

// resume takes in the lines of earlier runs. A crash may have cut off the last
// one: what is missing of it is done again. Anything else that is no record is
// somebody's other file.
func (r *report) resume(file *os.File) error {
	if information, err := file.Stat(); err != nil || !information.Mode().IsRegular() {
		return errors.Join(errors.New("not a regular file"), err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	number, whole := 0, 0
	for line := range bytes.Lines(text) {
		number++
		var past record
		err := json.Unmarshal(line, &past)
		complete := bytes.HasSuffix(line, []byte("\n"))
		switch {
		case err == nil && past.Outcome != "":
			r.taken[past.UserID] = r.taken[past.UserID] || past.done()
			if !complete {
				_, err := file.WriteString("\n")
				return err
			}
		case complete:
			return fmt.Errorf("line %d is not a line of a report: is this another file?", number)
		case number == 1 && !bytes.HasPrefix(line, []byte("{")):
			return errors.New("this is not a report: is it another file?")
		default:
			return file.Truncate(int64(whole))
		}
		whole += len(line)
	}
	return nil
}

// take reports whether this person's work is still to be done, and by nobody
// else: the input may name a person twice.
func (r *report) take(userID int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if userID == 0 { // unknown: the work may be done again
		return true
	}
	if r.taken[userID] {
		return false
	}
	r.taken[userID] = true
	return true
}

// release takes a take back.
func (r *report) release(userID int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.taken, userID)
}

// add writes a line, in one piece, so that a crash cuts off the last one at most.
func (r *report) add(entry record) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return nil
	}
	if _, err := r.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	return nil
}

func (r *report) close() error {
	if r.file == nil {
		return nil
	}
	return errors.Join(r.file.Sync(), r.file.Close())
}
