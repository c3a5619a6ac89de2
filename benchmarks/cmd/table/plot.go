package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Measures of the plot, in pixels.
const (
	plotWidth  = 860
	plotLeft   = 226
	plotRight  = 780
	plotTop    = 64
	plotRow    = 26
	plotBottom = 34
)

// plotStyle has both schemes, and a ground of its own, so that it can be read
// on any page.
const plotStyle = `
svg { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; color-scheme: light dark; }
.ground { fill: #ffffff; } .text { fill: #1f2328; } .quiet { fill: #59636e; font-size: 12px; }
.grid { stroke: #d1d9e0; } .span { stroke: #afb8c1; stroke-width: 3; }
.serial { fill: #57606a; } .parallel { fill: #ffffff; stroke: #57606a; stroke-width: 2; }
.ours { font-weight: 600; } .ours .serial { fill: #0969da; } .ours .parallel { stroke: #0969da; } .ours .span { stroke: #80b3f0; }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117; } .text { fill: #f0f6fc; } .quiet { fill: #9198a1; }
.grid { stroke: #3d444d; } .span { stroke: #656c76; }
.serial { fill: #b7bdc8; } .parallel { fill: #0d1117; stroke: #b7bdc8; }
.ours .serial { fill: #4493f8; } .ours .parallel { stroke: #4493f8; } .ours .span { stroke: #1f6feb; }
}
`

// scale places times on a logarithmic axis of whole decades.
type scale struct{ low, high float64 }

func scaleOf(rows []row) scale {
	s := scale{low: math.Inf(1), high: math.Inf(-1)}
	for _, r := range rows {
		for _, c := range []cost{r.serial, r.parallel} {
			s.low, s.high = min(s.low, math.Log10(c.nanoseconds)), max(s.high, math.Log10(c.nanoseconds))
		}
	}
	return scale{low: math.Floor(s.low), high: max(math.Ceil(s.high), math.Floor(s.low)+1)}
}

func (s scale) x(nanoseconds float64) float64 {
	return plotLeft + (plotRight-plotLeft)*(math.Log10(nanoseconds)-s.low)/(s.high-s.low)
}

// plot draws one line per row, the fastest on top: a full dot for serial, an
// empty one for parallel.
func plot(rows []row) []byte {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b row) int { return int(a.serial.nanoseconds - b.serial.nanoseconds) })
	s := scaleOf(rows)
	bottom := plotTop + plotRow*len(rows)
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img" aria-label="Time per request">`+"\n", plotWidth, bottom+plotBottom)
	fmt.Fprintf(&b, "<style>%s</style>\n<rect class=\"ground\" width=\"100%%\" height=\"100%%\" rx=\"6\"/>\n", plotStyle)
	fmt.Fprintf(&b, `<text class="text ours" x="16" y="26">Time per request, 10,000 live tokens (logarithmic)</text>`+"\n")
	fmt.Fprintf(&b, `<circle class="serial" cx="%d" cy="22" r="5"/><text class="quiet" x="%d" y="26">serial</text>`+"\n", plotRight-150, plotRight-140)
	fmt.Fprintf(&b, `<circle class="parallel" cx="%d" cy="22" r="4"/><text class="quiet" x="%d" y="26">parallel</text>`+"\n", plotRight-80, plotRight-70)
	for decade := s.low; decade <= s.high; decade++ {
		x := s.x(math.Pow(10, decade))
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1[1]f" y1="%d" y2="%d"/>`, x, plotTop-8, bottom)
		fmt.Fprintf(&b, `<text class="quiet" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, bottom+20, duration(math.Pow(10, decade)))
	}
	for i, r := range rows {
		plotOne(&b, s, r, plotTop+plotRow*i+plotRow/2)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func plotOne(b *bytes.Buffer, s scale, r row, y int) {
	class, label := "peer", r.label
	if strings.HasPrefix(r.name, "secureflows/") {
		class = "ours"
	}
	if strings.Contains(r.name, "/token=") {
		label += fmt.Sprintf(", %d bytes", r.tokenBytes)
	}
	serial, parallel := s.x(r.serial.nanoseconds), s.x(r.parallel.nanoseconds)
	fmt.Fprintf(b, `<g class="%s"><text class="text" x="%d" y="%d" text-anchor="end">%s</text>`, class, plotLeft-14, y+4, html.EscapeString(label))
	fmt.Fprintf(b, `<line class="span" x1="%.1f" x2="%.1f" y1="%d" y2="%[3]d"/>`, serial, parallel, y)
	fmt.Fprintf(b, `<circle class="parallel" cx="%.1f" cy="%d" r="4"/><circle class="serial" cx="%.1f" cy="%[2]d" r="5"/>`, parallel, y, serial)
	fmt.Fprintf(b, `<text class="quiet" x="%.1f" y="%d">%s</text></g>`+"\n", max(serial, parallel)+10, y+4, duration(r.serial.nanoseconds))
}

// duration writes a time with three digits at most.
func duration(nanoseconds float64) string {
	for _, unit := range []struct {
		name  string
		below float64
	}{{"ns", 1e3}, {"µs", 1e6}, {"ms", 1e9}, {"s", math.Inf(1)}} {
		if nanoseconds >= unit.below*0.9995 {
			continue
		}
		figure := nanoseconds / (min(unit.below, 1e12) / 1e3)
		if figure < 9.95 {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", figure), ".0") + " " + unit.name
		}
		return fmt.Sprintf("%.0f %s", figure, unit.name)
	}
	return ""
}
