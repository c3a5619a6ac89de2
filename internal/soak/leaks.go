package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// settles waits until count is at most limit. It gives the last count.
func settles(count func() int, limit int, patience time.Duration) (int, bool) {
	const pause = 20 * time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		last := count()
		if last <= limit || time.Now().After(deadline) {
			return last, last <= limit
		}
		<-time.After(pause)
	}
}

// goroutines counts those of this process, once the number stays the same for a
// moment: one that is about to end would make up for one that is left.
func goroutines() int {
	const pause, moment = 20 * time.Millisecond, 10
	count := runtime.NumGoroutine()
	for same := 0; same < moment; {
		<-time.After(pause)
		if last := runtime.NumGoroutine(); last == count {
			same++
		} else {
			count, same = last, 0
		}
	}
	return count
}

// stacks is what the goroutines of this process are doing.
func stacks() string {
	text := make([]byte, 64<<10)
	return string(text[:runtime.Stack(text, true)])
}

// connections counts those that this process has dialled and not closed.
type connections struct{ open, dialled atomic.Int64 }

// transport dials through the count.
func (c *connections) transport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		MaxIdleConns: 1024, MaxIdleConnsPerHost: 512, IdleConnTimeout: time.Minute,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			c.open.Add(1)
			c.dialled.Add(1)
			return &countedConn{Conn: conn, open: &c.open}, nil
		},
	}
}

type countedConn struct {
	net.Conn
	open   *atomic.Int64
	closed sync.Once
}

func (c *countedConn) Close() error {
	c.closed.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// heapPoint is the heap after a collection, and how many requests had been
// served then.
type heapPoint struct {
	at       time.Duration
	bytes    int64
	requests int64
}

func heapNow() int64 {
	runtime.GC()
	runtime.GC() // what the first one's finalizers let go
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// What the heap may grow by between the first and the last points: what is under
// way at one moment and not at another, and what a sign-in leaves in the ledger
// (about 100 bytes) and a revocation in the mock, shared among the requests. An
// object kept for each request is more than that.
const (
	heapAllowance  = 4 << 20
	heapPerRequest = 24
)

// growth judges the points after the warm-up: it compares the median of the last
// third with that of the first.
func growth(points []heapPoint) error {
	third := len(points) / 3
	if third == 0 {
		return nil
	}
	first, last := median(points[:third]), median(points[len(points)-third:])
	requests := last.requests - first.requests
	grown := last.bytes - first.bytes
	if allowed := heapAllowance + heapPerRequest*requests; grown > allowed {
		return fmt.Errorf("the heap grew by %d bytes in %d requests; %d are allowed", grown, requests, allowed)
	}
	return nil
}

func median(points []heapPoint) heapPoint {
	sorted := slices.SortedFunc(slices.Values(points), func(a, b heapPoint) int { return int(a.bytes - b.bytes) })
	return sorted[len(sorted)/2]
}
