package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// width of every diagram. It is narrow, so that the text can still be read when
// a page on a phone scales it down.
const width = 460

const (
	lineHeight = 18
	boxHeight  = 54
)

// style has the colours of both schemes. The panel is drawn too: where a page
// and a picture disagree about the scheme, it stays legible.
const style = `
text { font: 15px -apple-system, BlinkMacSystemFont, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.name { font-weight: 600; font-size: 16px }
.quiet { fill: #59636e }
.panel { fill: #ffffff; stroke: #d1d9e0 }
.box { fill: #f6f8fa; stroke: #818b98 }
.ours { fill: #ddf4ff; stroke: #0969da }
.line { stroke: #59636e; stroke-width: 1.5; fill: none }
.life { stroke: #818b98; stroke-dasharray: 3 4; fill: none }
.head { fill: #59636e }
.behind { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .quiet { fill: #9198a1 }
  .panel { fill: #0d1117; stroke: #3d444d }
  .box { fill: #151b23; stroke: #656c76 }
  .ours { fill: #121d2f; stroke: #4493f8 }
  .line { stroke: #9198a1 }
  .life { stroke: #656c76 }
  .head { fill: #9198a1 }
  .behind { fill: #0d1117 }
}
`

// drawing is an SVG on its way.
type drawing struct {
	title, description string
	height             int
	body               bytes.Buffer
}

func (d *drawing) add(format string, values ...any) { fmt.Fprintf(&d.body, format+"\n", values...) }

// svg gives the finished file.
func (d *drawing) svg() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img" aria-labelledby="title description">`+"\n", width, d.height)
	fmt.Fprintf(&b, "<!-- Drawn by `go run ./docs/diagrams`. -->\n")
	fmt.Fprintf(&b, "<title id=\"title\">%s</title>\n<desc id=\"description\">%s</desc>\n", escape(d.title), escape(d.description))
	fmt.Fprintf(&b, "<style>%s</style>\n", style)
	fmt.Fprintf(&b, `<rect class="panel" x="0.5" y="0.5" width="%d" height="%d" rx="8"/>`+"\n", width-1, d.height-1)
	b.Write(d.body.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}

// text puts lines one below the other, the first with its baseline at y.
// anchor is start, middle or end.
func (d *drawing) text(class, anchor string, x, y int, lines ...string) {
	for i, line := range lines {
		d.add(`<text class="%s" text-anchor="%s" x="%d" y="%d">%s</text>`, class, anchor, x, y+i*lineHeight, escape(line))
	}
}

// box is a party: its name, and what it does.
func (d *drawing) box(class string, x, y, w int, name, does string) {
	d.add(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`, class, x, y, w, boxHeight)
	d.text("name", "middle", x+w/2, y+23, name)
	d.text("quiet", "middle", x+w/2, y+42, does)
}

// arrow is a straight one, along an axis.
func (d *drawing) arrow(fromX, fromY, toX, toY int) {
	dx, dy := sign(toX-fromX), sign(toY-fromY)
	d.add(`<path class="line" d="M%d %dL%d %d"/>`, fromX, fromY, toX-5*dx, toY-5*dy)
	// The head: its tip, and two corners 9 back and 4 to either side.
	d.add(`<path class="head" d="M%d %dL%d %dL%d %dZ"/>`, toX, toY,
		toX-9*dx-4*dy, toY-9*dy-4*dx, toX-9*dx+4*dy, toY-9*dy+4*dx)
}

func sign(n int) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	default:
		return 0
	}
}
