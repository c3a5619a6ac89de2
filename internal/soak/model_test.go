package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestModelNoticesALostWrite(t *testing.T) {
	for name, c := range map[string]struct {
		past  func(*model)
		reads string
		lost  bool
	}{
		"nothing was written":                        {past: func(*model) {}, reads: ""},
		"something is there that nobody wrote":       {past: func(*model) {}, reads: "me:9", lost: true},
		"the last write is there":                    {past: func(m *model) { m.wrote("k", "me:1"); m.wrote("k", "me:2") }, reads: "me:2"},
		"the write before is there":                  {past: func(m *model) { m.wrote("k", "me:1"); m.wrote("k", "me:2") }, reads: "me:1", lost: true},
		"an acknowledged write is gone":              {past: func(m *model) { m.wrote("k", "me:1") }, reads: "", lost: true},
		"a write without an answer was done":         {past: func(m *model) { m.wrote("k", "me:1"); m.mayHaveWritten("k", "me:2") }, reads: "me:2"},
		"a write without an answer was not done":     {past: func(m *model) { m.wrote("k", "me:1"); m.mayHaveWritten("k", "me:2") }, reads: "me:1"},
		"such a write lost the one before it":        {past: func(m *model) { m.wrote("k", "me:1"); m.mayHaveWritten("k", "me:2") }, reads: "", lost: true},
		"an acknowledged write settles what was":     {past: func(m *model) { m.mayHaveWritten("k", "me:1"); m.wrote("k", "me:2") }, reads: "me:1", lost: true},
		"a read settles what was":                    {past: func(m *model) { m.mayHaveWritten("k", "me:1"); _ = m.read("k", "") }, reads: "me:1", lost: true},
		"the data was destroyed":                     {past: func(m *model) { m.wrote("k", "me:1"); m.wiped() }, reads: ""},
		"the data outlived its destruction":          {past: func(m *model) { m.wrote("k", "me:1"); m.wiped() }, reads: "me:1", lost: true},
		"a destruction without an answer was done":   {past: func(m *model) { m.wrote("k", "me:1"); m.mayBeWiped() }, reads: ""},
		"a destruction without an answer was not":    {past: func(m *model) { m.wrote("k", "me:1"); m.mayBeWiped() }, reads: "me:1"},
		"a deletion that was acknowledged is undone": {past: func(m *model) { m.wrote("k", "me:1"); _ = m.deleted("k", true) }, reads: "me:1", lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			one, all := newModel("me:"), newModel("me:")
			c.past(one)
			c.past(all)
			payload := map[string]string{"k": c.reads}
			if c.reads == "" {
				payload = nil
			}
			assert.Equal(t, c.lost, one.read("k", c.reads) != nil)
			assert.Equal(t, c.lost, all.readAll(payload) != nil)
		})
	}
}

func TestModelNoticesForeignData(t *testing.T) {
	var foreign foreignData
	require.ErrorAs(t, newModel("me:").read("k", "you:1"), &foreign)
	require.ErrorAs(t, newModel("me:").readAll(map[string]string{"other": "you:1"}), &foreign)
}

func TestModelNoticesADeletionThatMissed(t *testing.T) {
	m := newModel("me:")
	m.wrote("k", "me:1")
	require.Error(t, m.deleted("k", false))
	require.NoError(t, m.deleted("k", false))
	m.mayHaveWritten("k", "me:2")
	require.NoError(t, m.deleted("k", false))
}
