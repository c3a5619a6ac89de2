package website_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	ada   = "ada@example.com"
	grace = "grace@example.com"
)

func TestFirstVisitToNoteWritten(t *testing.T) {
	first := visit(t, start(t))

	first.see("/")
	first.Follow("Sign in")
	first.signIn(ada)
	first.at("/notes")
	first.signedInAs(ada)
	first.note("buy <milk> & bread")

	first.Reload()
	first.lists("buy <milk> & bread")

	second := first.another()
	second.see("/notes")
	second.signedInAs(ada)
	second.lists("buy <milk> & bread")
	second.note("and eggs")
	assert.Equal(t, 1, first.traffic.logins(), "one login served both tabs")

	first.Reload()
	first.lists("and eggs")
	first.Press("Delete") // the newest is first
	first.absent("and eggs")
	first.lists("buy <milk> & bread")
}

func TestSignInFromAPageWithAQuery(t *testing.T) {
	b := visit(t, start(t))
	b.see("/notes?find=milk&find=more%20%26%20more")
	b.signIn(ada)
	b.at("/notes?find=milk&find=more%20%26%20more")
}

func TestSeveralTabsSignInAtOnce(t *testing.T) {
	site := start(t)
	tabs := []*tab{visit(t, site)}
	tabs = append(tabs, tabs[0].another(), tabs[0].another())
	page := func(i int) string { return fmt.Sprintf("/notes?find=%d", i) }
	for i, b := range tabs {
		b.see(page(i))
		b.asked()
	}

	for i, b := range tabs {
		b.signIn(ada)
		b.at(page(i))
		b.signedInAs(ada)
	}

	for i, b := range tabs {
		b.Reload()
		b.at(page(i))
		b.signedInAs(ada)
	}
}

func TestCancelledSignIn(t *testing.T) {
	b := visit(t, start(t))
	b.see("/notes?find=milk")
	b.asked()
	b.Press("Cancel")
	b.Reads("Sign-in cancelled")
	assert.Equal(t, 400, b.Status())
	b.Follow("Sign in")
	b.signIn(ada)
	b.at("/notes?find=milk")
}
