package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/secureflows/secureflows-go"
)

// The operations of a client.
const (
	opMe      = "me"
	opFresh   = "fresh"
	opPayload = "payload"
	opGet     = "get"
	opSet     = "set"
	opDelete  = "delete"
	opLogout  = "logout"
	opRevoke  = "revoke"
)

// weights say how often each is chosen, of their sum.
var weights = []struct {
	op     string
	weight int
}{
	{opGet, 28}, {opSet, 26}, {opPayload, 14}, {opMe, 14}, {opDelete, 8}, {opFresh, 6}, {opLogout, 3}, {opRevoke, 1},
}

type call struct{ op, key, value string }

// keys are the ones that each client uses, some of which need escaping.
var keys = []string{"theme", "note:1", "note:2", "a/b", "100%", "käse", "..x", "q?r#s"}

// door is one way for a client to reach its data.
type door interface {
	do(ctx context.Context, c call) (answer, error)
	// signIn gives the client a good token after told, an error that has signed
	// it out, or at the beginning. The caller holds the client's lock.
	signIn(ctx context.Context, told error) error
	logout(ctx context.Context) error
	revoke(ctx context.Context) error
}

// client is one user with one sign-in at a time, who does one thing after
// another.
type client struct {
	storm  *storm
	email  string
	userID int64
	name   string // of its door
	door   door
	rand   *rand.Rand
	model  *model
	writes int

	// mu keeps the script from ending a token while another is being issued.
	mu    sync.Mutex // guards token, which its own goroutine reads without
	token string     // "" is signed out
	// destroyed says that the session has ended with its data, so that the next
	// sign-in finds none.
	destroyed atomic.Bool
}

// run goes on until ctx ends, and finishes what it has begun.
func (c *client) run(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, upTo(c.rand, 2*c.storm.config.Think))
		if ctx.Err() == nil {
			c.step()
		}
	}
}

func upTo(r *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(max(limit, 1))))
}

func (c *client) step() {
	ctx, cancel := context.WithTimeout(context.Background(), c.storm.config.Deadline)
	defer cancel()
	if c.token == "" {
		_ = c.signIn(ctx, nil) // the next step tries again
		return
	}
	next := c.choose()
	began := time.Now()
	var said answer
	var err error
	switch next.op {
	case opLogout:
		err = c.logout(ctx)
	case opRevoke:
		err = c.revoke(ctx)
	default:
		said, err = c.door.do(ctx, next)
	}
	c.storm.figures.latency[c.name].add(time.Since(began))
	if told := c.learn(next, said, err); told != nil {
		_ = c.signIn(ctx, told)
	}
}

func (c *client) choose() call {
	n := c.rand.IntN(100)
	next := call{op: opGet, key: keys[c.rand.IntN(len(keys))]}
	for _, w := range weights {
		if n -= w.weight; n < 0 {
			next.op = w.op
			break
		}
	}
	c.writes++
	next.value = fmt.Sprintf("%s%06d.%s", c.model.owner, c.writes, strings.Repeat("v ", c.rand.IntN(60)))
	return next
}

// learn takes in the outcome of an operation. It gives the error back where
// that is a sign-out.
func (c *client) learn(done call, said answer, err error) (told error) {
	c.storm.figures.outcomes.add(outcome(err))
	if err != nil {
		c.storm.outputs.printf("%s: %v\n%+v", c.email, err, err)
		c.learnFailure(done)
		return c.judge(err, c.token)
	}
	c.checkIdentity(done, said)
	switch done.op {
	case opGet:
		c.check(c.model.read(done.key, said.Value))
	case opSet:
		c.model.wrote(done.key, done.value)
		c.check(c.model.readAll(said.Payload))
	case opDelete:
		c.check(c.model.deleted(done.key, said.Existed))
	case opPayload:
		c.check(c.model.readAll(said.Payload))
	}
	return nil
}

// learnFailure: whatever the error says of the last attempt, an earlier one may
// have been executed.
func (c *client) learnFailure(done call) {
	switch done.op {
	case opSet:
		c.model.mayHaveWritten(done.key, done.value)
	case opDelete:
		c.model.mayHaveWritten(done.key, "")
	case opRevoke:
		c.model.mayBeWiped()
	}
}

func (c *client) check(err error) {
	var foreign foreignData
	switch {
	case errors.As(err, &foreign):
		c.storm.violations.add(ruleIdentity, "%v", err)
	case err != nil:
		c.storm.violations.add(ruleWrite, "through %s: %v", c.name, err)
	}
}

// checkIdentity is for the answers that carry one: all of the site's.
func (c *client) checkIdentity(done call, said answer) {
	if said.UserID == 0 && said.Email == "" && c.name == doorDirect && done.op != opMe && done.op != opFresh {
		return
	}
	if done.op == opLogout || done.op == opRevoke {
		return
	}
	if said.UserID != c.userID || said.Email != c.email {
		c.storm.violations.add(ruleIdentity, "%s (%d) through %s is answered as %s (%d)", c.email, c.userID, c.name, said.Email, said.UserID)
	}
}

// judge enters a sign-out that was told, and gives it back.
func (c *client) judge(err error, tokens ...string) error {
	if errors.Is(err, errNotSignedIn) {
		return err
	}
	if !errors.Is(err, secureflows.ErrSignedOut) {
		return nil
	}
	why, unjust := c.storm.ledger.judge(err, tokens...)
	if unjust != nil {
		c.storm.violations.add(ruleSignOut, "%s through %s: %v", c.email, c.name, unjust)
	}
	c.storm.figures.signOuts.add(why.String())
	return err
}

func (c *client) signIn(ctx context.Context, told error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.door.signIn(ctx, told)
	if err != nil {
		c.storm.outputs.printf("%s: sign-in: %v", c.email, err)
		c.storm.figures.outcomes.add("sign-in failed")
		return err
	}
	c.storm.figures.outcomes.add("sign-in")
	return nil
}

// adopt takes a token that was asked for at asked or later.
func (c *client) adopt(token string, asked time.Time) {
	c.storm.ledger.issue(token, asked)
	c.token = token
	if c.destroyed.Swap(false) {
		c.model.wiped()
	}
}

func (c *client) logout(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.storm.ledger.finish(c.token, loggedOut)
	return c.door.logout(ctx)
}

func (c *client) revoke(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.name == doorBrowser {
		return nil // sites do that with a job's means
	}
	c.storm.ledger.finish(c.token, revoked)
	err := c.door.revoke(ctx)
	if err == nil {
		c.destroyed.Store(true)
	}
	return err
}

// end lets the script end the client's token, unless it has none to end now.
func (c *client) end(why cause, act func(token string) error) error {
	if !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	if c.token == "" {
		return nil
	}
	c.storm.ledger.finish(c.token, why)
	if why == revoked {
		c.destroyed.Store(true)
	}
	return act(c.token)
}

// verify asks for everything once the storm is over.
func (c *client) verify(ctx context.Context) {
	for _, op := range []string{opPayload, opFresh} {
		for err := errNotSignedIn; err != nil; {
			var said answer
			attempt, cancel := context.WithTimeout(ctx, c.storm.config.Deadline)
			said, err = c.door.do(attempt, call{op: op})
			if told := c.learn(call{op: op}, said, err); told != nil {
				_ = c.signIn(attempt, told)
			}
			cancel()
			if err != nil && ctx.Err() != nil {
				c.storm.violations.add(ruleRecovery, "%s through %s: %v", c.email, c.name, err)
				return
			}
			if err != nil {
				pause(ctx, 200*time.Millisecond)
			}
		}
	}
}
