package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// trouble is one kind of event of the storm.
type trouble struct {
	name   string
	weight int
	strike func(d *director) error
}

// director plays the script: the same seed gives the same events in the same
// order. What they meet depends on what the clients are doing.
type director struct {
	storm *storm
	rand  *rand.Rand
	ctx   context.Context
}

// play goes on until ctx ends: every trouble once at first, and then at random.
func (d *director) play() error {
	first := d.rand.Perm(len(troubles))
	for i := 0; ; i++ {
		pause(d.ctx, upTo(d.rand, 2*d.storm.config.Calm))
		if d.ctx.Err() != nil || d.storm.violations.has(d.storm.config.untilBroken) {
			return nil
		}
		var next *trouble
		if i < len(first) {
			next = &troubles[first[i]]
		} else {
			next = d.choose()
		}
		d.storm.figures.faults.add(next.name)
		if err := next.strike(d); err != nil {
			return err
		}
	}
}

func (d *director) choose() *trouble {
	total := 0
	for i := range troubles {
		total += troubles[i].weight
	}
	n := d.rand.IntN(total)
	for i := range troubles {
		if n -= troubles[i].weight; n < 0 {
			return &troubles[i]
		}
	}
	return &troubles[0]
}

const proxyPage = "<html><head><title>502 Bad Gateway</title></head><body>proxy</body></html>"

// troubles are all there are. Answers that the contract calls a sign-out are not
// among the faults: nobody could tell those from true ones.
var troubles = []trouble{
	{"500", 16, answered(emulator.Fault{Status: http.StatusInternalServerError})},
	{"502, a proxy's page", 16, answered(emulator.Fault{Status: http.StatusBadGateway, Body: proxyPage})},
	{"503, empty", 8, answered(emulator.Fault{Status: http.StatusServiceUnavailable, EmptyBody: true})},
	{"503 with Retry-After", 8, answered(emulator.Fault{Status: http.StatusServiceUnavailable, Header: retryAfter("1")})},
	{"504", 8, answered(emulator.Fault{Status: http.StatusGatewayTimeout, EmptyBody: true})},
	{"403, a firewall's page", 8, answered(emulator.Fault{Status: http.StatusForbidden, Body: proxyPage})},
	{"404, a proxy's page", 8, answered(emulator.Fault{Status: http.StatusNotFound, Body: proxyPage})},
	{"200, a portal's page", 8, answered(emulator.Fault{Status: http.StatusOK, Body: proxyPage})},
	{"200, JSON of another shape", 6, answered(emulator.Fault{Status: http.StatusOK, Body: "[]"})},
	{"204", 4, answered(emulator.Fault{Status: http.StatusNoContent})},
	{"302 to elsewhere", 6, answered(emulator.Fault{Status: http.StatusFound, EmptyBody: true, Header: http.Header{"Location": {"http://127.0.0.1:9/"}}})},
	{"429", 12, answered(emulator.Fault{Status: http.StatusTooManyRequests})},
	{"429 with Retry-After", 8, answered(emulator.Fault{Status: http.StatusTooManyRequests, Header: retryAfter("1")})},
	{"dropped", 20, answered(emulator.Fault{Drop: true})},
	{"truncated", 20, answered(emulator.Fault{Truncate: true})},
	{"slow", 16, answered(emulator.Fault{Delay: 300 * time.Millisecond})},
	{"slower than the timeout", 2, answered(emulator.Fault{Delay: attemptTimeout + time.Second})},
	{"slow, then dropped", 6, answered(emulator.Fault{Delay: 200 * time.Millisecond, Drop: true})},
	{"token expired", 10, (*director).expire},
	{"session revoked", 4, (*director).revoke},
	{"billing lock", 2, (*director).lock},
	{"clock jump", 1, (*director).jump},
	{"restart", 1, (*director).restart},
}

func retryAfter(seconds string) http.Header { return http.Header{"Retry-After": {seconds}} }

// answered lets a few requests in a row meet the fault.
func answered(fault emulator.Fault) func(*director) error {
	return func(d *director) error {
		fault.Times = 1 + d.rand.IntN(3)
		d.storm.figures.faults.addMany("requests that were to meet a fault", int64(fault.Times))
		return d.storm.mock.AddFault(fault)
	}
}

func (d *director) somebody() *client { return d.storm.clients[d.rand.IntN(len(d.storm.clients))] }

func (d *director) expire() error { return d.somebody().end(expired, d.storm.mock.ExpireToken) }

func (d *director) revoke() error { return d.somebody().end(revoked, d.storm.mock.RevokeSession) }

func (d *director) lock() error {
	d.storm.mock.LockBilling(true)
	defer d.storm.mock.LockBilling(false)
	pause(d.ctx, 20*time.Millisecond+upTo(d.rand, 100*time.Millisecond))
	return nil
}

// jump is at most a third of a token's life.
func (d *director) jump() error {
	d.storm.mock.Advance(time.Minute + upTo(d.rand, tokenTTL/3))
	return nil
}

func (d *director) restart() error {
	return d.storm.service.restart(d.ctx, 50*time.Millisecond+upTo(d.rand, 400*time.Millisecond))
}
