package main

import (
	"fmt"
	"slices"
	"strings"
)

// model is what one client knows of its own data: for each key the values that
// may be stored there, of which there is one unless an answer was lost. "" is
// no value. It is used by its client alone.
type model struct {
	owner  string // begins every value of this client
	values map[string][]string
}

func newModel(owner string) *model {
	return &model{owner: owner, values: make(map[string][]string)}
}

func (m *model) of(key string) []string {
	if values, known := m.values[key]; known {
		return values
	}
	return []string{""}
}

// wrote enters a write that the service acknowledged.
func (m *model) wrote(key, value string) { m.values[key] = []string{value} }

// mayHaveWritten enters a write whose answer was lost.
func (m *model) mayHaveWritten(key, value string) {
	if values := m.of(key); !slices.Contains(values, value) {
		m.values[key] = append(slices.Clone(values), value)
	}
}

// wiped enters the end of the session and its data.
func (m *model) wiped() { clear(m.values) }

// mayBeWiped enters a revocation whose answer was lost.
func (m *model) mayBeWiped() {
	for key := range m.values {
		m.mayHaveWritten(key, "")
	}
}

// read compares what the service has under key with what may be there, and
// learns which of it is.
func (m *model) read(key, value string) error {
	allowed := m.of(key)
	m.wrote(key, value)
	switch {
	case value != "" && !strings.HasPrefix(value, m.owner):
		return foreignData{fmt.Errorf("%s reads %q under %q", m.owner, value, key)}
	case !slices.Contains(allowed, value):
		return fmt.Errorf("%s reads %q under %q, where %q was acknowledged", m.owner, value, key, allowed)
	}
	return nil
}

// foreignData is a value of somebody else's.
type foreignData struct{ error }

// readAll is read for every key.
func (m *model) readAll(payload map[string]string) error {
	for key := range m.values {
		if err := m.read(key, payload[key]); err != nil {
			return err
		}
	}
	for key, value := range payload {
		if err := m.read(key, value); err != nil {
			return err
		}
	}
	return nil
}

// deleted enters a deletion that the service acknowledged. What was certainly
// there must have existed; the reverse is not known where an answer was lost.
func (m *model) deleted(key string, existed bool) error {
	before := m.of(key)
	m.wrote(key, "")
	if !existed && !slices.Contains(before, "") {
		return fmt.Errorf("%s deletes %q and is told that there was none, where %q was acknowledged", m.owner, key, before)
	}
	return nil
}
