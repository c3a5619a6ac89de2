package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
)

// job does its work in the session of everybody on the input. The work must be
// idempotent: after an outage, a crash or a Ctrl-C it is done again from its
// beginning.
//
// It never signs anybody out. A token got here shares its session with the
// person's own sign-ins, and a logout would end those too; it is in memory only,
// and forgotten with the person. Nor does it revoke: that would destroy the data.
type job struct {
	work     func(context.Context, *secureflows.Session) (changed bool, err error)
	client   *secureflows.Client
	report   *report
	screen   *screen
	gate     *gate
	parallel int
	limit    time.Duration // for one person

	stop  context.CancelCauseFunc
	mu    sync.Mutex // guards the next two
	tally tally
	later []task
}

const (
	rounds     = 5               // of asking again for whom there was no answer
	longWait   = 5 * time.Minute // a longer Retry-After ends the run
	maxRetaken = 2               // how often a session may end during its work
)

// run reads the input to its end, then asks again for whom the service did not
// answer. A context that ends stops it after what is under way.
func (j *job) run(ctx context.Context, in input) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	j.stop = stop

	tasks, ended := read(running, in.Reader)
	j.crew(running, tasks)
	var unread error
	if running.Err() == nil { // otherwise the reader may wait for input for ever
		unread = <-ended
	}
	for round := range rounds {
		again := j.later
		if len(again) == 0 || running.Err() != nil {
			break
		}
		j.later = nil
		j.gate.hold(firstHold << round)
		j.screen.say("Asking again for %d people for whom there was no answer.", len(again))
		j.crew(running, feed(again))
	}
	return errors.Join(unread, j.verdict(ctx, running))
}

// feed hands on tasks that were read before.
func feed(again []task) <-chan task {
	tasks := make(chan task, len(again))
	for _, t := range again {
		tasks <- t
	}
	close(tasks)
	return tasks
}

// crew works on tasks until there are no more, or the context ends.
func (j *job) crew(ctx context.Context, tasks <-chan task) {
	var workers sync.WaitGroup
	for range j.parallel {
		workers.Go(func() {
			for {
				select {
				case t, more := <-tasks:
					if !more {
						return
					}
					j.handle(ctx, t)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Wait()
}

// handle brings one person's work to an outcome, or puts it off.
func (j *job) handle(ctx context.Context, t task) {
	if t.tries == 0 {
		j.count(func(c *tally) { c.read++ })
	}
	t.tries++
	if t.err != nil {
		j.record(record{Line: t.line, Outcome: outcomeFailed, Reason: "no ID token: " + describe(t.err)})
		return
	}
	passed, err := j.gate.pass(ctx)
	if err != nil {
		return // it counts as left
	}
	// Ctrl-C lets this one finish.
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.limit)
	defer cancel()
	a := attempt{task: t, passed: passed}
	a.run(work, j)
	switch {
	case a.err != nil:
		j.failed(a)
	case a.skipped:
		j.gate.answered()
		j.count(func(c *tally) { c.skipped++ })
		j.screen.step()
	default:
		j.gate.answered()
		j.record(record{Line: t.line, UserID: a.userID, Outcome: a.outcome()})
	}
}

// attempt is one try at one person's work.
type attempt struct {
	task
	passed   int // see gate.outage
	signedIn bool
	taken    bool
	userID   int64
	skipped  bool
	changed  bool
	err      error
}

func (a *attempt) outcome() string {
	if a.changed {
		return outcomeChanged
	}
	return outcomeUnchanged
}

// run gets the session that is there already, or a new one for somebody who has
// none: running again makes no second one.
func (a *attempt) run(ctx context.Context, j *job) {
	session, err := j.client.GetOrCreateSession(ctx, a.token, nil)
	if err != nil {
		a.err = err
		return
	}
	a.signedIn = true
	identity, err := session.Identity(ctx)
	if err != nil {
		a.err = err
		return
	}
	a.userID = identity.UserID
	if a.taken = j.report.take(a.userID); !a.taken {
		a.skipped = true
		return
	}
	a.changed, a.err = j.work(ctx, session)
}

// failed decides what an error means: for this person, or for the whole run.
func (j *job) failed(a attempt) {
	facts := new(secureflows.Error)
	errors.As(a.err, &facts) // it stays empty for an error of the work's own
	switch err := a.err; {
	case errors.Is(err, secureflows.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		j.putOff(a)
		j.outage(a.passed)
	case errors.Is(err, secureflows.ErrRateLimited):
		j.putOff(a)
		j.slowDown(facts.RetryAfter)
	case errors.Is(err, secureflows.ErrGraceLock):
		j.end(a, "the workspace is locked over billing; nobody is signed out, and nobody else was asked", err)
	case errors.Is(err, secureflows.ErrSessionLimit):
		j.end(a, "the plan allows no more sessions at once; whoever has one already could go on", err)
	case !a.signedIn && errors.Is(err, secureflows.ErrInvalidRequest):
		j.end(a, "the service refuses the workspace or app id of main.go: "+describe(err), err)
	case a.signedIn && errors.Is(err, secureflows.ErrSignedOut) && a.tries < maxRetaken:
		j.putOff(a) // the person signed out or renewed meanwhile: a fresh token will do
	case !a.signedIn && errors.Is(err, secureflows.ErrSignedOut):
		j.gate.answered()
		j.record(record{Line: a.line, Outcome: outcomeFailed, Reason: "the ID token was refused: is it fresh, and of this project?"})
	default:
		j.gate.answered()
		j.record(record{Line: a.line, UserID: a.userID, Outcome: outcomeFailed, Reason: describe(err)})
	}
}

// putOff leaves the person for later in this run, or for the next.
func (j *job) putOff(a attempt) {
	if a.taken {
		j.report.release(a.userID)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.later = append(j.later, a.task)
}

// end stops the run: what this person met, all would meet.
func (j *job) end(a attempt, text string, err error) {
	j.putOff(a)
	j.stop(&told{text, err})
}

func (j *job) outage(passed int) {
	hold, hope := j.gate.outage(passed)
	if !hope {
		j.stop(&told{"the service has not answered for minutes; run again with the same report to go on", secureflows.ErrUnavailable})
	} else if hold > 0 {
		j.screen.say("No answer from the service: all wait %v.", hold)
	}
}

func (j *job) slowDown(wait time.Duration) {
	wait = max(wait, firstHold)
	if wait > longWait {
		j.stop(&told{fmt.Sprintf("the service asks to wait %v; run again then, with the same report", wait), secureflows.ErrRateLimited})
	} else if j.gate.hold(wait) {
		j.screen.say("Rate limited: all wait %v.", wait)
	}
}

// record puts an outcome into the report. Without a report to go on from, going
// on is no use.
func (j *job) record(r record) {
	if err := j.report.add(r); err != nil {
		j.stop(err)
		return
	}
	j.count(func(c *tally) { c.add(r.Outcome) })
	j.screen.step()
}
