package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var someRows = []row{
	{name: "floor", label: "floor", does: "checks nothing", tokenBytes: 43,
		serial: cost{200, 384, 2}, parallel: cost{100, 384, 2}},
	{name: "secureflows/token=43", label: "secureFlows", does: "finds it", tokenBytes: 43, module: "example.com/sdk",
		serial: cost{300, 384, 1}, parallel: cost{150, 384, 1}},
	{name: "secureflows/token=400", label: "secureFlows", tokenBytes: 400, serial: cost{400, 384, 1}, parallel: cost{200, 384, 1}},
	{name: "golang-jwt-HS256/token=208", label: "golang-jwt <HS256>", tokenBytes: 208, serial: cost{9_000, 3327, 57}, parallel: cost{6_000, 3327, 57}},
	{name: "golang-jwt-HS256/token=400", label: "golang-jwt <HS256>", tokenBytes: 400, serial: cost{10_000, 3327, 57}, parallel: cost{7_000, 3327, 57}},
	{name: "golang-jwt-RS256", label: "golang-jwt RS256", tokenBytes: 542, serial: cost{60_000, 3327, 57}, parallel: cost{30_000, 3327, 57}},
	{name: "secureflows-uncached", label: "secureFlows, uncached", tokenBytes: 300, serial: cost{150_000, 12_000, 133}, parallel: cost{70_000, 12_000, 133}},
}

func TestReadme(t *testing.T) {
	lines, cpu := parse(`goos: linux
cpu: A Processor @ 2.50GHz
BenchmarkGet/stub/plain-2   	 1000	      4000 ns/op	    2000 B/op	      20 allocs/op
BenchmarkGet/stub/sdk-2     	 1000	      9000 ns/op	    3000 B/op	      40 allocs/op
BenchmarkGet/stub/plain-2   	 1000	      6000 ns/op	    2000 B/op	      20 allocs/op
PASS
`)
	report := newReport(someRows, cpu, 10, 100*time.Millisecond)
	report.Providers = lineTable(lines)

	text, err := report.markdown()

	require.NoError(t, err)
	for _, want := range []string{
		"| **secureFlows** | finds it | 43 | 300 | 1.5 | 150 | 1.5 | 1 | 384 |",
		"| secureFlows, uncached |  | 300 | 150,000 | 750 | 70,000 | 700 | 133 | 12,000 |",
		"takes 1.5 times as long as through the floor, and 1.5 times where all processors are busy; with 400 bytes 2.0 and 2.0.",
		"HS256 takes 30 and 40 times as long as this SDK, with 400 bytes on both sides 25 and 35;",
		"an RSA signature 200 and 200, ", "between, 500 and 467.",
		"A Processor @ 2.50GHz", "10 rounds of about 100ms",
		"| Get/stub/plain | 5,000 | 20 | 2,000 |",
	} {
		assert.Contains(t, string(text), want)
	}
}

func TestPlotIsWellFormed(t *testing.T) {
	text := string(plot(someRows))
	for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	assert.NotContains(t, text, "%!", "a mistake in a format")
	for _, want := range []string{"golang-jwt &lt;HS256&gt;", "secureFlows, 400 bytes", ">100 ns<", ">1 ms<", "prefers-color-scheme: dark"} {
		assert.Contains(t, text, want)
	}
}

func TestMedian(t *testing.T) {
	assert.Equal(t, cost{2, 20, 200}, median([]cost{{3, 30, 300}, {1, 10, 100}, {2, 20, 200}}))
	assert.InDelta(t, 2.5, median([]cost{{3, 0, 0}, {1, 0, 0}, {2, 0, 0}, {9, 0, 0}}).nanoseconds, 1e-9)
}

func TestFigures(t *testing.T) {
	for nanoseconds, want := range map[float64]string{
		547.3: "547 ns", 999.9: "1 µs", 1_234: "1.2 µs", 12_345: "12 µs", 100_000: "100 µs", 1e6: "1 ms", 2.5e9: "2.5 s",
	} {
		assert.Equal(t, want, duration(nanoseconds))
	}
	assert.Equal(t, "1,234,567", grouped(1_234_567))
	assert.Equal(t, "999", grouped(999))
	assert.Equal(t, "1.9", ratio(cost{nanoseconds: 19}, cost{nanoseconds: 10}))
	assert.Equal(t, "1,900", ratio(cost{nanoseconds: 19_000}, cost{nanoseconds: 10}))
}
