package middleware_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// recording is a store outside the process, such as a database: it remembers
// everything it was ever given, and may fail.
type recording struct {
	mu      sync.Mutex // guards all below
	records map[string]record
	given   strings.Builder
	failing map[string]error // by operation
	// before is called when an operation begins, nil for nothing.
	before func()
}

type record struct {
	data   []byte
	expiry time.Time
}

var errStore = errors.New("connection to 10.0.0.7 refused")

func newRecording() *recording {
	return &recording{records: map[string]record{}, failing: map[string]error{}}
}

// fail makes operations fail from now on; nil ends that.
func (s *recording) fail(err error, operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, operation := range operations {
		s.failing[operation] = err
	}
}

func (s *recording) Find(key string) ([]byte, bool, error) {
	if err := s.begin("find", key); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.records[key]
	if !ok || time.Now().After(found.expiry) {
		return nil, false, nil
	}
	return slices.Clone(found.data), true, nil
}

func (s *recording) Commit(key string, data []byte, expiry time.Time) error {
	if err := s.begin("commit", key+"\n"+string(data)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[key] = record{slices.Clone(data), expiry}
	return nil
}

func (s *recording) Delete(key string) error {
	if err := s.begin("delete", key); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, key)
	return nil
}

// begin notes what an operation is given, and gives the error that it is to
// fail with.
func (s *recording) begin(operation, given string) error {
	s.mu.Lock()
	s.given.WriteString(given + "\n")
	err, before := s.failing[operation], s.before
	s.mu.Unlock()
	if before != nil {
		before()
	}
	return err
}

// everGiven is all the store was ever told.
func (s *recording) everGiven() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given.String()
}

// sessions are the keys of what is kept for longer than a sign-in may take.
func (s *recording) sessions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var long []string
	for key, record := range s.records {
		if time.Until(record.expiry) > 5*time.Minute {
			long = append(long, key)
		}
	}
	return slices.Sorted(slices.Values(long))
}

// interrupt has do called when the nth operation from now on begins.
func (s *recording) interrupt(nth int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = func() {
		if nth--; nth == 0 {
			do()
		}
	}
}

// swap exchanges the contents of two records, as whoever can write to the
// database can.
func (s *recording) swap(one, other string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[one], s.records[other] = s.records[other], s.records[one]
}

// change rewrites the contents of a record.
func (s *recording) change(key string, rewrite func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.records[key]
	kept.data = rewrite(slices.Clone(kept.data))
	s.records[key] = kept
}
