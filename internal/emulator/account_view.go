package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// sessionView is a session as its owner sees it. No token is part of it.
type sessionView struct {
	ID        int64
	Workspace string
	App       string
	State     sessionState
	Created   momentView
	Expires   momentView  // of the session
	SignedIn  *momentView // of its tokens; nil when nobody is signed in
	Keys      int
	Size      int         // bytes of the payload, as limits measure them
	Data      []entryView // may be fewer than Keys
}

// sessionState is what a session is worth to its owner.
type sessionState string

const (
	stateActive       sessionState = "Active"
	stateExpired      sessionState = "Expired"
	stateTokenExpired sessionState = "Sign-in expired"
	stateSignedOut    sessionState = "Signed out"
	stateRevoked      sessionState = "Revoked"
)

// Class is the state's name in the stylesheet.
func (state sessionState) Class() string {
	switch state {
	case stateActive:
		return "active"
	case stateRevoked:
		return "revoked"
	case stateSignedOut:
		return "signed-out"
	}
	return "expired"
}

// Explanation says what has become of the data.
func (state sessionState) Explanation() string {
	switch state {
	case stateExpired:
		return "Its time is over. Renewing it brings the data back."
	case stateTokenExpired:
		return "The data is kept: signing in to the application again goes on where it was."
	case stateSignedOut:
		return "Nobody is signed in with it. The data is kept for the next sign-in."
	case stateRevoked:
		return "It has ended for good, and its data is deleted."
	}
	return ""
}

// Revocable is whether there is anything left to revoke.
func (v sessionView) Revocable() bool { return v.State != stateRevoked }

// state says whether some token still admits to the session, whose lock the
// caller holds.
func (s *session) state(now instant) sessionState {
	switch {
	case s.revoked:
		return stateRevoked
	case s.expires.reached(now):
		return stateExpired
	case s.signedIn.reached(now), s.good == 0 && (len(s.ended) > 0 || s.endedUpTo > 0):
		return stateTokenExpired
	case s.good == 0:
		return stateSignedOut
	}
	return stateActive
}

func (s *session) view(now instant) sessionView { return s.viewOf(now, maxShownKeys, maxShownValue) }

// viewOf shows so many keys, and of each value so many bytes.
func (s *session) viewOf(now instant, keys, bytes int) sessionView {
	s.mu.Lock()
	v := sessionView{
		ID:        s.id,
		Workspace: s.tenant.workspace.Name,
		App:       "none",
		State:     s.state(now),
		Created:   s.created.view(now),
		Expires:   s.expires.view(now),
		Keys:      len(s.payload),
		Size:      s.payload.size(),
	}
	signedIn, data := s.signedIn.view(now), s.payload.clone()
	s.mu.Unlock() // before the data is made pretty, which takes longer
	if s.app != nil {
		v.App = s.app.DisplayName
	}
	if v.State == stateActive {
		v.SignedIn = &signedIn
	}
	for _, e := range data[:min(len(data), keys)] {
		v.Data = append(v.Data, e.view(bytes))
	}
	return v
}

// momentView is a time as text. Stamp is for machines, and "" for never.
type momentView struct{ Stamp, Text, Distance string }

func (i instant) view(now instant) momentView {
	if i == never {
		return momentView{Text: "never"}
	}
	return momentView{
		Stamp:    i.time().Format(time.RFC3339),
		Text:     i.time().Format("2006-01-02 15:04 UTC"),
		Distance: distance(i.time().Sub(now.time())),
	}
}

// distance is a duration to or from now in one unit, such as "in 59 min".
func distance(d time.Duration) string {
	switch {
	case d.Abs() < time.Second:
		return "now"
	case d < 0:
		return length(-d) + " ago"
	}
	return "in " + length(d)
}

// length is a duration in one unit, such as "59 min".
func length(size time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case size >= 48*time.Hour:
		unit, name = 24*time.Hour, "days"
	case size >= 2*time.Hour:
		unit, name = time.Hour, "h"
	case size >= 2*time.Minute:
		unit, name = time.Minute, "min"
	}
	return fmt.Sprintf("%d %s", int64(size.Round(unit)/unit), name)
}

const (
	maxShownKeys  = 200
	maxShownValue = 16 << 10 // bytes
)

// entryView is a key with its value as JSON, indented.
type entryView struct {
	Key   string
	Value string
	Cut   int // the length of a value that is not shown whole, or 0
}

func (e entry) view(most int) entryView {
	v := entryView{Key: redactText(e.key, nil)}
	text := string(e.value[:min(len(e.value), most)])
	var indented bytes.Buffer
	if len(text) < len(e.value) {
		v.Cut = len(e.value)
		text = strings.ToValidUTF8(text, "") + "…"
	} else if json.Indent(&indented, e.value, "", "  ") == nil {
		text = indented.String()
	}
	v.Value = redactText(text, nil)
	return v
}
