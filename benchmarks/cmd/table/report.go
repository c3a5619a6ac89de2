package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"text/template"
	"time"
)

//go:embed readme.md.tmpl
var readme string

// report is what the README says.
type report struct {
	// Tables in Markdown. Those of other packages than the middleware are set
	// from outside.
	Table, Client, Mock, Providers string

	Versions           []string
	Plot               string
	Date, Go, Platform string
	CPU                string
	Processors, Rounds int
	Length             time.Duration

	// How this SDK's middleware compares, in times.
	OverFloor, OverFloorLong, UnderHMAC, UnderHMACLong, UnderRSA, UnderRemote times
}

func newReport(rows []row, cpu string, rounds int, length time.Duration) *report {
	base, ours, long := find(rows, "floor"), find(rows, "secureflows/token=43"), find(rows, "secureflows/token=400")
	r := &report{
		Table:    requestTable(rows, base.serial, base.parallel),
		Versions: versions(rows), Plot: plotFile,
		Date: time.Now().UTC().Format(time.DateOnly), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: cpu, Processors: runtime.GOMAXPROCS(0), Rounds: rounds, Length: length,
		OverFloor: timesOf(ours, base), OverFloorLong: timesOf(long, base),
		UnderHMAC:     timesOf(find(rows, "golang-jwt-HS256/token=208"), ours),
		UnderHMACLong: timesOf(find(rows, "golang-jwt-HS256/token=400"), long),
		UnderRemote:   timesOf(find(rows, "secureflows-uncached"), ours),
	}
	fastest := row{}
	for _, candidate := range rows {
		rsa := strings.HasSuffix(candidate.name, "RS256")
		if rsa && (fastest.name == "" || candidate.serial.nanoseconds < fastest.serial.nanoseconds) {
			fastest = candidate
		}
	}
	r.UnderRSA = timesOf(fastest, ours)
	return r
}

// times is how often as long one takes as another.
type times struct{ Serial, Parallel string }

func timesOf(r, base row) times {
	return times{Serial: ratio(r.serial, base.serial), Parallel: ratio(r.parallel, base.parallel)}
}

func find(rows []row, name string) row {
	for _, r := range rows {
		if r.name == name {
			return r
		}
	}
	return row{}
}

func (r *report) markdown() ([]byte, error) {
	parsed, err := template.New("readme").Parse(readme)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = parsed.Execute(&text, r)
	return text.Bytes(), err
}

func requestTable(rows []row, serial, parallel cost) string {
	var b strings.Builder
	b.WriteString("| per request | what it does | token, bytes | serial, ns | × floor | parallel, ns | × floor | allocations | bytes |\n")
	b.WriteString("|---|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range rows {
		label := r.label
		if strings.HasPrefix(r.name, "secureflows/") {
			label = "**" + label + "**"
		}
		token := "any"
		if r.name != "floor" {
			token = fmt.Sprint(r.tokenBytes)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", label, r.does, token,
			grouped(r.serial.nanoseconds), ratio(r.serial, serial), grouped(r.parallel.nanoseconds), ratio(r.parallel, parallel),
			grouped(float64(r.serial.allocations)), grouped(float64(r.serial.bytes)))
	}
	return b.String()
}

func lineTable(lines []line) string {
	var b strings.Builder
	b.WriteString("| benchmark | ns | allocations | bytes |\n|---|--:|--:|--:|\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.TrimPrefix(l.name, "Benchmark"),
			grouped(l.cost.nanoseconds), grouped(float64(l.cost.allocations)), grouped(float64(l.cost.bytes)))
	}
	return b.String()
}

// ratio has two significant digits, or all before the point.
func ratio(c, base cost) string {
	times := c.nanoseconds / base.nanoseconds
	if times < 10 {
		return fmt.Sprintf("%.1f", times)
	}
	return grouped(times)
}

// grouped writes a whole number with its thousands apart.
func grouped(figure float64) string {
	digits := fmt.Sprintf("%.0f", figure)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// versions are those of the modules measured, as this program was built with
// them.
func versions(rows []row) []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	measured := map[string]bool{}
	for _, r := range rows {
		measured[r.module] = true
	}
	var all []string
	for _, module := range info.Deps {
		if measured[module.Path] && module.Replace == nil {
			all = append(all, module.Path+" "+module.Version)
		}
	}
	return all
}
