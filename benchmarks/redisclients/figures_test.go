package redisclients_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// Figures are what several rounds measured: of each row (what) and column (of
// whom) one value a round. The zero value is empty.
type figures struct {
	mu            sync.Mutex // guards all below
	rows, columns []string
	values        map[[2]string][]float64
}

func (f *figures) add(column, row string, value float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.values == nil {
		f.values = make(map[[2]string][]float64)
	}
	if !slices.Contains(f.rows, row) {
		f.rows = append(f.rows, row)
	}
	if !slices.Contains(f.columns, column) {
		f.columns = append(f.columns, column)
	}
	f.values[[2]string{row, column}] = append(f.values[[2]string{row, column}], value)
}

// addTime adds milliseconds.
func (f *figures) addTime(column, row string, d time.Duration) {
	f.add(column, row+", ms", float64(d.Microseconds())/1000)
}

// print logs the median of the rounds, and their range.
func (f *figures) print(t *testing.T, title string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(f.rows) // probes end in any order
	slices.Sort(f.columns)
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n", title, strings.Join(f.columns, "\t"))
	for _, row := range f.rows {
		fmt.Fprint(w, row)
		for _, column := range f.columns {
			values := f.values[[2]string{row, column}]
			if len(values) == 0 {
				fmt.Fprint(w, "\t-")
				continue
			}
			fmt.Fprintf(w, "\t%.4g (%.4g to %.4g)", median(values), slices.Min(values), slices.Max(values))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a Builder does not fail
	t.Logf("\n%s", text.String())
}

func median[T float64 | time.Duration](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
