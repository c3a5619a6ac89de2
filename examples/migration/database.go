package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
)

// database stands for the one that all replicas have: the data of the old
// accounts, and the table of links.
type database struct {
	mu    sync.Mutex // guards all below
	old   map[secureflows.Person]oldAccount
	rows  []linked                   // in the order in which they came
	byOld map[secureflows.Person]int // the unique key: who links an account twice is refused
	loads int                        // how often an account was read for an import
	// guesses counts the passwords that were tried for an old account.
	guesses map[secureflows.Person]guesses
}

// guesses are those of one hour.
type guesses struct {
	since time.Time
	count int
}

const guessesPerHour = 5

// oldAccount is what somebody has in the system that they leave.
type oldAccount struct {
	theme string
	notes map[string]string // by id
}

// linked says whose an old account is. Roles go along, as the new tokens have none,
// and count for no longer than the old token did.
type linked struct {
	old      secureflows.Identity
	userID   int64
	imported bool
}

func newDatabase(old map[secureflows.Person]oldAccount) *database {
	return &database{old: old, byOld: make(map[secureflows.Person]int), guesses: make(map[secureflows.Person]guesses)}
}

// link links an old account, and reports false where somebody else has it. An
// e-mail address never does. Who links theirs again has its roles of now.
func (d *database) link(old secureflows.Identity, userID int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n, found := d.byOld[old.Person()]; found {
		row := &d.rows[n]
		if row.userID == userID {
			row.old = old
		}
		return row.userID == userID
	}
	d.byOld[old.Person()] = len(d.rows)
	d.rows = append(d.rows, linked{old: old, userID: userID})
	return true
}

// unlink is for an operator who has found out that an account was linked by somebody
// else than its owner, and reports whether it was linked at all. Its owner can link
// it then, and has it imported. What was imported before stays in the session where
// it is, which is the operator's to look into.
func (d *database) unlink(person secureflows.Person) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, found := d.byOld[person]
	if !found {
		return false
	}
	delete(d.byOld, person)
	d.rows = slices.Delete(d.rows, n, n+1)
	for other, row := range d.byOld {
		if row > n {
			d.byOld[other] = row - 1
		}
	}
	return true
}

// guess counts a password that is to be tried for an old account, and reports
// false where it is one too many. All who try count together: an attacker has as
// many sessions as they like.
func (d *database) guess(person secureflows.Person, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	made := d.guesses[person]
	if now.Sub(made.since) >= time.Hour {
		made = guesses{since: now}
	}
	if made.count == guessesPerHour {
		return false
	}
	made.count++
	d.guesses[person] = made
	return true
}

// isLinked reports whether an old account has moved.
func (d *database) isLinked(person secureflows.Person) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, found := d.byOld[person]
	return found
}

// linkedTo gives the old accounts of somebody.
func (d *database) linkedTo(userID int64) []secureflows.Identity {
	return d.find(func(row linked) bool { return row.userID == userID })
}

// toImport gives those of them that no replica is known to have imported.
func (d *database) toImport(userID int64) []secureflows.Identity {
	return d.find(func(row linked) bool { return row.userID == userID && !row.imported })
}

func (d *database) find(wanted func(linked) bool) (found []secureflows.Identity) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, row := range d.rows {
		if wanted(row) {
			found = append(found, row.old)
		}
	}
	return found
}

// setImported spares later requests the question for the mark in the session. An
// account that is somebody else's by now is not imported there.
func (d *database) setImported(person secureflows.Person, userID int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n, found := d.byOld[person]; found && d.rows[n].userID == userID {
		d.rows[n].imported = true
	}
}

// load is the importer: an old account as the values of a session.
func (d *database) load(_ context.Context, old secureflows.Identity) (map[string]any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loads++
	account := d.old[old.Person()] // the zero one for those who had no data
	values := make(map[string]any)
	if account.theme != "" {
		values["theme"] = account.theme
	}
	for id, text := range account.notes {
		values[Notes.Prefix+id] = Note{Text: text}
	}
	return values, nil
}

// notes are those of an old account.
func (d *database) notes(person secureflows.Person) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	notes := map[string]string{}
	maps.Copy(notes, d.old[person].notes)
	return notes
}

func (d *database) links() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.rows)
}

func (d *database) imports() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loads
}
