package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go/benchmarks/internal/peers"
)

// row is a peer and its medians.
type row struct {
	name, label, does, module string
	tokenBytes                int
	serial, parallel          cost
}

// cost is what one request takes.
type cost struct {
	nanoseconds float64
	bytes       int64
	allocations int64
}

// measurePeers measures each peer once per round, so that a change of the
// machine's mood meets all of them.
func measurePeers(ctx context.Context, rounds int, length time.Duration, progress io.Writer) ([]row, error) {
	if err := flag.Set("test.benchtime", length.String()); err != nil {
		return nil, err
	}
	all, stop, err := peers.New(peers.LiveTokens)
	if err != nil {
		return nil, err
	}
	defer stop()
	serial := make([][]cost, len(all))
	parallel := make([][]cost, len(all))
	for round := range rounds {
		fmt.Fprintf(progress, "round %d of %d\n", round+1, rounds)
		for i := range all {
			i := (i + round) % len(all) // nobody always follows the same one
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			one, err := measure(all[i].Name, all[i].Serial)
			if err != nil {
				return nil, err
			}
			many, err := measure(all[i].Name, all[i].Parallel)
			if err != nil {
				return nil, err
			}
			serial[i], parallel[i] = append(serial[i], one), append(parallel[i], many)
		}
	}
	rows := make([]row, len(all))
	for i, peer := range all {
		rows[i] = row{
			name: peer.Name, label: peer.Label, does: peer.Does, module: peer.Module, tokenBytes: peer.TokenBytes(),
			serial: median(serial[i]), parallel: median(parallel[i]),
		}
	}
	return rows, nil
}

func measure(name string, benchmark func(*testing.B)) (cost, error) {
	failed := false
	result := testing.Benchmark(func(b *testing.B) {
		benchmark(b)
		failed = failed || b.Failed()
	})
	if failed || result.N == 0 {
		return cost{}, fmt.Errorf("%s: the measurement failed", name)
	}
	return cost{
		nanoseconds: float64(result.T.Nanoseconds()) / float64(result.N),
		bytes:       result.AllocedBytesPerOp(), allocations: result.AllocsPerOp(),
	}, nil
}

// median takes each figure's own.
func median(all []cost) cost {
	var times []float64
	var bytes, allocations []int64
	for _, c := range all {
		times, bytes, allocations = append(times, c.nanoseconds), append(bytes, c.bytes), append(allocations, c.allocations)
	}
	slices.Sort(times)
	slices.Sort(bytes)
	slices.Sort(allocations)
	middle := len(all) / 2
	m := cost{nanoseconds: times[middle], bytes: bytes[middle], allocations: allocations[middle]}
	if len(all)%2 == 0 {
		m.nanoseconds = (times[middle-1] + times[middle]) / 2
	}
	return m
}
