package main

import (
	"fmt"
	"io"
	"maps"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// tally counts things by name.
type tally struct {
	mu     sync.Mutex // guards counts
	counts map[string]int64
}

func (t *tally) add(name string) { t.addMany(name, 1) }

func (t *tally) addMany(name string, count int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[string]int64)
	}
	t.counts[name] += count
}

func (t *tally) print(w io.Writer, title string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(w, "\n| %s | count |\n|---|---:|\n", title)
	for _, name := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Fprintf(w, "| %s | %d |\n", name, t.counts[name])
	}
}

func (t *tally) total() (sum int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, count := range t.counts {
		sum += count
	}
	return sum
}

func (t *tally) of(name string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[name]
}

// histogram counts durations in buckets an eighth of a power of two wide. Its
// size does not depend on what it counts.
type histogram struct{ buckets [64 * 8]atomic.Int64 }

func (h *histogram) add(d time.Duration) { h.buckets[bucketOf(d)].Add(1) }

func bucketOf(d time.Duration) int {
	n := uint64(max(d, 8))
	exponent := bits.Len64(n) - 1
	return exponent*8 + int(n>>(exponent-3)&7)
}

func startOf(bucket int) time.Duration {
	return time.Duration(uint64(8+bucket%8) << (bucket / 8) >> 3)
}

// quantile gives the end of the bucket that holds it.
func (h *histogram) quantile(q float64) time.Duration {
	var total int64
	for i := range h.buckets {
		total += h.buckets[i].Load()
	}
	rank := int64(q * float64(total))
	for i := range h.buckets {
		if rank -= h.buckets[i].Load(); rank < 0 {
			return startOf(i + 1)
		}
	}
	return 0
}

// figures are what the storm was, in numbers.
type figures struct {
	faults   tally // that the script called for
	outcomes tally // of the clients' operations
	signOuts tally // that were told, by their cause
	latency  map[string]*histogram

	service, site atomic.Int64 // requests that arrived
	logBytes      int64
	heap          []heapPoint
	goroutines    [2]int // at the beginning and at the end
	dialled       int64
	tokens        int
}

func newFigures() *figures {
	f := &figures{latency: make(map[string]*histogram)}
	for _, name := range doorNames {
		f.latency[name] = &histogram{}
	}
	return f
}

func (f *figures) print(w io.Writer) {
	fmt.Fprintf(w, "\n| figure | |\n|---|---:|\n")
	fmt.Fprintf(w, "| requests at the service | %d |\n", f.service.Load())
	fmt.Fprintf(w, "| requests at the site behind the middlewares | %d |\n", f.site.Load())
	fmt.Fprintf(w, "| connections dialled | %d |\n", f.dialled)
	fmt.Fprintf(w, "| goroutines at the beginning and the end | %d, %d |\n", f.goroutines[0], f.goroutines[1])
	fmt.Fprintf(w, "| tokens searched for | %d |\n", f.tokens)
	fmt.Fprintf(w, "| output searched | %.1f MB |\n", float64(f.logBytes)/1e6)
	f.faults.print(w, "fault")
	f.outcomes.print(w, "outcome")
	f.signOuts.print(w, "sign-out, by its cause")
	fmt.Fprintf(w, "\n| operation through | p50 | p99 |\n|---|---:|---:|\n")
	for _, name := range doorNames {
		h := f.latency[name]
		fmt.Fprintf(w, "| %s | %.1f ms | %.0f ms |\n", name, milliseconds(h.quantile(0.5)), milliseconds(h.quantile(0.99)))
	}
	fmt.Fprintf(w, "\n| heap after collection | requests so far | MiB |\n|---|---:|---:|\n")
	for _, point := range f.heap {
		fmt.Fprintf(w, "| %v | %d | %.1f |\n", point.at.Round(time.Second/10), point.requests, float64(point.bytes)/(1<<20))
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
