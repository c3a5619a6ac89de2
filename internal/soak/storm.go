package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/emulator"
)

// Config is a storm.
type Config struct {
	Seed     uint64
	Clients  int
	Duration time.Duration
	Think    time.Duration // between two operations of a client, on average
	Calm     time.Duration // between two events of the script, on average
	Deadline time.Duration // of one operation, retries included
	Patience time.Duration // with what must end after the storm

	// breakService and breakSite wrap the two servers, for tests that break a
	// rule.
	breakService, breakSite func(http.Handler) http.Handler
	// untilBroken ends the storm once this rule is broken. "" does not.
	untilBroken string
}

// attemptTimeout bounds one HTTP exchange of the client under test.
const attemptTimeout = 2 * time.Second

// heapPoints are measured at equal distances after the warm-up, which is the
// first of five parts.
const heapPoints = 12

// storm is the whole of a run.
type storm struct {
	config     Config
	outputs    *outputs
	violations *violations
	figures    *figures
	ledger     *ledger

	mock          *emulator.Emulator
	service, site *host
	listeners     [2]net.Listener // of the two
	conns         connections
	pools         []*http.Transport
	jobs          *secureflows.Client // of the clients that are no browsers
	visitors      *http.Client        // of the clients at the site, redirects not followed
	clients       []*client
}

// Run lets the storm loose, and gives what it was and what it broke.
func Run(config Config) (*figures, *violations, error) {
	before := goroutines()
	s := &storm{config: config, violations: newViolations(), figures: newFigures()}
	err := s.setUp()
	if err == nil {
		err = s.blow()
	}
	if s.outputs == nil {
		return nil, nil, err
	}
	s.tearDown(before)
	if failure := s.searchTokens(); err == nil {
		err = failure
	}
	return s.figures, s.violations, errors.Join(err, s.outputs.close())
}

func (s *storm) setUp() (err error) {
	if s.outputs, err = newOutputs(); err != nil {
		return err
	}
	if s.service, s.listeners[0], err = newHost(s.outputs, &s.figures.service); err != nil {
		return err
	}
	if s.site, s.listeners[1], err = newHost(s.outputs, &s.figures.site); err != nil {
		return err
	}
	if s.mock, err = newMock(s.outputs, s.site.origin()); err != nil {
		return err
	}
	texts, err := newOutputs()
	if err != nil {
		return err
	}
	s.ledger = newLedger(s.mock.Now, texts)
	if s.jobs, err = s.sdk(); err != nil {
		return err
	}
	own, err := s.sdk()
	if err != nil {
		return err
	}
	site, err := newSite(own, s.site.origin(), s.outputs)
	if err != nil {
		return err
	}
	s.service.handler, s.site.handler = broken(s.mock, s.config.breakService), broken(site, s.config.breakSite)
	s.visitors = &http.Client{Transport: s.pool(), CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	s.service.start(s.listeners[0])
	s.site.start(s.listeners[1])
	return s.gather()
}

func broken(handler http.Handler, by func(http.Handler) http.Handler) http.Handler {
	if by == nil {
		return handler
	}
	return by(handler)
}

func (s *storm) pool() *http.Transport {
	pool := s.conns.transport()
	s.pools = append(s.pools, pool)
	return pool
}

// sdk is a client of the service, with the retries that it has by default.
func (s *storm) sdk() (*secureflows.Client, error) {
	return secureflows.New(secureflows.Config{
		Workspace: workspace, AppID: appID, Origin: s.service.origin(), Logger: debugLogger(s.outputs),
		HTTPClient: &http.Client{Transport: s.pool(), Timeout: attemptTimeout},
	})
}

// gather makes the clients: half of them programs, a quarter front ends, a
// quarter browsers.
func (s *storm) gather() error {
	for i := range s.config.Clients {
		c := &client{
			storm: s, email: fmt.Sprintf("user%03d@example.com", i), model: newModel(fmt.Sprintf("user%03d:", i)),
			rand: rand.New(rand.NewPCG(s.config.Seed, uint64(i))),
		}
		switch i % 4 {
		case 0, 1:
			c.name, c.door = doorDirect, direct{c}
		case 2:
			c.name, c.door = doorAPI, bearing{direct{c}}
		default:
			c.name, c.door = doorBrowser, newBrowsing(c)
		}
		var err error
		if c.userID, err = s.mock.UserID(c.email); err != nil {
			return err
		}
		s.clients = append(s.clients, c)
	}
	return nil
}

// blow is the storm, and the calm after it.
func (s *storm) blow() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Duration)
	defer cancel()
	var running sync.WaitGroup
	for _, c := range s.clients {
		running.Go(func() { c.run(ctx) })
	}
	running.Go(func() { s.weigh(ctx) })
	err := (&director{storm: s, rand: rand.New(rand.NewPCG(s.config.Seed, 1<<32)), ctx: ctx}).play()
	cancel()
	running.Wait()

	calm, end := context.WithTimeout(context.Background(), 4*s.config.Patience)
	defer end()
	for _, c := range s.clients {
		running.Go(func() { c.verify(calm) })
	}
	running.Wait()
	return err
}

// weigh measures the heap while the storm goes on.
func (s *storm) weigh(ctx context.Context) {
	began := time.Now()
	warmUp := s.config.Duration / 5
	distance := (s.config.Duration - warmUp) / (heapPoints + 1)
	pause(ctx, warmUp)
	for range heapPoints {
		if ctx.Err() != nil {
			return
		}
		point := heapPoint{at: time.Since(began), bytes: heapNow(), requests: s.figures.service.Load() + s.figures.site.Load()}
		s.figures.heap = append(s.figures.heap, point)
		pause(ctx, distance)
	}
}

// tearDown stops everything, and counts what is left.
func (s *storm) tearDown(before int) {
	if err := growth(s.figures.heap); err != nil {
		s.violations.add(ruleMemory, "%v", err)
	} else if len(s.figures.heap) < 3 && s.config.Duration >= time.Minute {
		s.violations.add(ruleMemory, "nobody knows: this machine was too busy to weigh the heap")
	}
	idle := func() int {
		for _, pool := range s.pools {
			pool.CloseIdleConnections()
		}
		return int(s.conns.open.Load())
	}
	if open, ok := settles(idle, 0, s.config.Patience); !ok {
		s.violations.add(ruleConn, "%d connections stay open that nobody uses", open)
	}
	if s.mock != nil {
		_ = s.mock.Close() // always nil
	}
	for i, h := range []*host{s.service, s.site} {
		switch {
		case h != nil && h.server != nil:
			h.stop()
		case s.listeners[i] != nil:
			_ = s.listeners[i].Close() // it was never served
		}
	}
	s.figures.dialled = s.conns.dialled.Load()
	last, ok := settles(runtime.NumGoroutine, before, s.config.Patience)
	if !ok {
		s.violations.add(ruleGoroutine, "%d goroutines at the beginning, %d at the end:\n%s", before, last, stacks())
	}
	s.figures.goroutines = [2]int{before, last}
}

// searchTokens looks through everything that was given out, and the mock's
// record of requests beside.
func (s *storm) searchTokens() error {
	if s.ledger == nil {
		return nil
	}
	for _, request := range s.mock.Requests() {
		s.outputs.printf("%+v", request)
	}
	tokens, err := s.ledger.texts.lines()
	if err := errors.Join(err, s.ledger.texts.close()); err != nil {
		return err
	}
	s.figures.tokens, s.figures.logBytes = len(tokens), s.outputs.size
	lines, err := s.outputs.search(tokens)
	for _, line := range lines {
		s.violations.add(ruleToken, "%s", line)
	}
	return err
}
