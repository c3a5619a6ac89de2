package redis

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// event is what one replica tells the others: forget what you know about this.
type event struct {
	kind eventKind
	text string // the tag of a token, or the id of a record
	at   time.Time
}

type eventKind string

const (
	tokenEnded    eventKind = "t"
	recordChanged eventKind = "r"
	anything      eventKind = "a" // has changed: more happened than could be told
	hello         eventKind = "h" // nothing: a place to read on from
)

// events is the stream that replicas tell each other by. A stream is read on
// from where the reader was, so that a broken connection loses none; what it no
// longer has is older than any answer a reader may have kept from before.
type events struct {
	client  rueidis.Client
	key     string
	timeout time.Duration
	maxAge  time.Duration // after which an event is of no use
	logger  *slog.Logger
	heard   func(event)
	self    string // tells own events from those of others

	connected atomic.Bool
	outages   atomic.Uint64
	sent      atomic.Uint64
	received  atomic.Uint64
	lost      atomic.Uint64 // places in the stream, and with them all that was kept

	mu       sync.Mutex // guards what is below
	waiting  []event    // to be told
	recent   []event    // that were told, and would be lost with what a failing Redis had last
	overflow bool       // of waiting
	wake     chan struct{}
	redisNow int64     // the clock of Redis in milliseconds
	redisAt  time.Time // when it said so
}

const (
	maxWaitingEvents = 10_000
	eventBatch       = 1000 // read or written at once
	readBlock        = 1500 * time.Millisecond
	readSlack        = time.Second // Redis ends a read when it comes to it
	longestPause     = time.Second
	// streamAge is how long the stream keeps events at least, beyond maxAge.
	streamAge = 2 * time.Minute
)

// tell leaves an event to be told to the others, and returns at once.
func (e *events) tell(kind eventKind, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= maxWaitingEvents {
		e.waiting, e.overflow = nil, true
	}
	if !e.overflow {
		e.waiting = append(e.waiting, event{kind, text, time.Now()})
	}
	e.signal()
}

// signal wakes the writer. The caller holds the lock.
func (e *events) signal() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// write tells what waits until ctx ends, and then once more: a sign-out just
// before a replica stops is heard as well.
func (e *events) write(ctx context.Context) {
	pause := newPause()
	for {
		select {
		case <-e.wake:
		case <-ctx.Done():
			_ = e.flush(context.WithoutCancel(ctx)) // whoever hears nothing asks again after MaxAge
			return
		}
		for refused := false; ; {
			err := e.flush(ctx)
			// An outage is listen's to report, which hears of nothing else.
			if _, answered := rueidis.IsRedisErr(err); answered && !refused {
				refused = true
				e.logger.WarnContext(ctx, "secureflows: redis takes no events: what this replica signs out or revokes is noticed by others within MaxAge", "error", err)
			}
			if err == nil || !pause.wait(ctx) {
				break
			}
		}
		pause.reset()
	}
}

// flush tells what waits. What could not be told waits on.
func (e *events) flush(ctx context.Context) error {
	for {
		batch := e.batch()
		if len(batch) == 0 {
			return nil
		}
		limited, cancel := context.WithTimeout(ctx, e.timeout)
		commands := make([]rueidis.Completed, len(batch))
		for i, event := range batch {
			commands[i] = e.add(event)
		}
		results := e.client.DoMulti(limited, commands...)
		cancel()
		for i, result := range results {
			if err := result.Error(); err != nil {
				e.told(batch[:i])
				return err
			}
		}
		e.told(batch)
	}
}

// batch gives the next events to tell, without those that are of no use by now.
func (e *events) batch() []event {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.overflow {
		e.waiting, e.overflow = []event{{kind: anything, at: time.Now()}}, false
	}
	e.waiting = e.useful(e.waiting)
	return e.waiting[:min(len(e.waiting), eventBatch)]
}

// useful gives the events of a list, oldest first, that somebody may not have
// found out by themselves.
func (e *events) useful(list []event) []event {
	for len(list) > 0 && time.Since(list[0].at) > e.maxAge {
		list = list[1:]
	}
	return list
}

func (e *events) told(batch []event) {
	e.sent.Add(uint64(len(batch)))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.recent = append(e.useful(e.recent), batch...)
	e.recent = e.recent[max(0, len(e.recent)-maxWaitingEvents):]
	if !e.overflow { // and waiting was not given up meanwhile
		e.waiting = e.waiting[min(len(batch), len(e.waiting)):]
	}
}

// repeat tells again what a Redis may have forgotten that has just come back.
func (e *events) repeat() {
	e.mu.Lock()
	defer e.mu.Unlock()
	again := e.useful(e.recent)
	e.recent = nil
	if room := maxWaitingEvents - len(e.waiting); len(again) > room {
		again = again[len(again)-max(room, 0):]
	}
	// At the end: the writer may be about to take away what it has just told.
	e.waiting = append(e.waiting, again...)
	e.signal()
}

// add is the command that writes an event, and drops what is too old.
func (e *events) add(event event) rueidis.Completed {
	value := string(event.kind) + event.text
	if oldest := e.oldest(); oldest > 0 {
		return e.client.B().Xadd().Key(e.key).Minid().Almost().Threshold(strconv.FormatInt(oldest, 10)).Id("*").
			FieldValue().FieldValue("e", value).FieldValue("s", e.self).Build()
	}
	return e.client.B().Xadd().Key(e.key).Id("*").FieldValue().FieldValue("e", value).FieldValue("s", e.self).Build()
}

// oldest gives the moment before which events are dropped, by the clock of Redis,
// or 0 where that is not known yet.
func (e *events) oldest() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.redisNow == 0 {
		return 0
	}
	return e.redisNow + time.Since(e.redisAt).Milliseconds() - (e.maxAge + streamAge).Milliseconds()
}

// listen hears what the others tell until ctx ends.
func (e *events) listen(ctx context.Context) {
	pause := newPause()
	place := ""
	for ctx.Err() == nil {
		err := e.follow(ctx, &place, pause)
		if ctx.Err() != nil {
			break
		}
		if e.connected.Swap(false) || e.outages.Load() == 0 {
			e.outages.Add(1)
			e.logger.WarnContext(ctx, "secureflows: redis is out of reach: what other replicas sign out or revoke is noticed within MaxAge", "error", err)
		}
		pause.wait(ctx)
	}
	e.connected.Store(false)
}

// follow reads on from place, over one connection, until that fails.
func (e *events) follow(ctx context.Context, place *string, pause *pause) error {
	conn, release := e.client.Dedicate()
	defer release()
	stop := context.AfterFunc(ctx, conn.Close)
	defer stop()
	// A connection whose answer was not waited for is of no further use.
	defer conn.Close()

	if err := e.find(ctx, conn, place); err != nil {
		return err
	}
	if !e.connected.Swap(true) && e.outages.Load() > 0 {
		e.logger.InfoContext(ctx, "secureflows: redis is back: replicas hear of each other's sign-outs again")
	}
	e.repeat()
	pause.reset()
	for {
		limited, cancel := context.WithTimeout(ctx, readBlock+readSlack+e.timeout)
		read, err := conn.Do(limited, conn.B().Xread().Count(eventBatch).Block(readBlock.Milliseconds()).Streams().Key(e.key).Id(*place).Build()).AsXRead()
		cancel()
		if err != nil && !rueidis.IsRedisNil(err) {
			return fmt.Errorf("redis: %w", err)
		}
		for _, entry := range read[e.key] {
			*place = entry.ID
			e.hear(entry.FieldValues["e"], entry.FieldValues["s"])
		}
	}
}

// find makes sure that the stream goes on from place. Where it does not, because
// Redis has lost its data or this replica was away for long, it goes on from here,
// and nothing is worth anything that was kept before.
func (e *events) find(ctx context.Context, conn rueidis.DedicatedClient, place *string) error {
	limited, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if *place != "" {
		there, err := conn.Do(limited, conn.B().Xrange().Key(e.key).Start(*place).End(*place).Build()).AsXRange()
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		if len(there) == 1 {
			return nil
		}
		e.lost.Add(1)
	}
	id, err := conn.Do(limited, e.add(event{kind: hello})).ToString()
	if err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	*place = id
	e.setClock(id)
	e.heard(event{kind: anything})
	return nil
}

// setClock takes the time of Redis from the id of an entry that it just made.
func (e *events) setClock(id string) {
	milliseconds, _, _ := strings.Cut(id, "-")
	now, err := strconv.ParseInt(milliseconds, 10, 64)
	if err != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.redisNow, e.redisAt = now, time.Now()
}

func (e *events) hear(value, sender string) {
	if value == "" {
		return // of some other program
	}
	kind := eventKind(value[:1])
	if kind == hello {
		return
	}
	e.received.Add(1)
	if sender != e.self { // which has seen to it before it told
		e.heard(event{kind: kind, text: value[1:]})
	}
}

// pause waits between attempts, longer each time, and not in step with others.
type pause struct{ next time.Duration }

const shortestPause = 20 * time.Millisecond

func newPause() *pause { return &pause{shortestPause} }

func (p *pause) reset() { p.next = shortestPause }

// wait reports false when ctx has ended.
func (p *pause) wait(ctx context.Context) bool {
	timer := time.NewTimer(p.next/2 + rand.N(p.next))
	defer timer.Stop()
	p.next = min(2*p.next, longestPause)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
