package flame

import (
	"fmt"
	"io"
	"math"
	"strings"

	"fastpath/internal/term"
)

// icicleDepth is how many levels an icicle has unless View says so.
const icicleDepth = 12

// labelled is the least width, in columns, of a cell that has room for a name.
const labelled = 5

// cell is a frame in a row of the icicle.
type cell struct {
	frame    *Frame
	from, to int // columns
	odd      bool
}

// Icicle draws a profile as wide as the terminal: a row for each level, below
// each frame what it loads, in load order. A cell begins with a bar and is as
// wide as its share of the time; what its children leave blank is its own time.
// Neighbours differ in their shade, so that it reads without colour. What is
// narrower than a column is left out and counted below.
func Icicle(w io.Writer, t *term.Terminal, p *Profile, v View) error {
	total := p.TotalMS()
	if total <= 0 {
		_, err := fmt.Fprintln(w, "nothing takes time")
		return err
	}
	if v.Depth == 0 {
		v.Depth = icicleDepth
	}
	d := &icicle{View: v, scale: float64(t.Width) / total}
	at := 0.0
	for _, f := range p.Roots {
		d.place(f, at, 0)
		at += f.TotalMS()
	}
	var b strings.Builder
	for _, row := range d.rows {
		d.draw(&b, t, row)
	}
	note := fmt.Sprintf("%d columns are %s", t.Width, Milliseconds(total))
	if d.hidden > 0 {
		note += fmt.Sprintf("; %d %s not drawn: %s by themselves", d.hidden, frames(d.hidden), Milliseconds(d.hiddenMS))
	}
	b.WriteString(t.Faint(note) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func frames(n int) string {
	if n == 1 {
		return "module"
	}
	return "modules"
}

type icicle struct {
	View
	scale    float64 // columns a millisecond
	rows     [][]cell
	hidden   int
	hiddenMS float64
}

// place puts a frame that starts after at milliseconds into the rows.
func (d *icicle) place(f *Frame, at float64, level int) {
	width := f.TotalMS()
	c := cell{frame: f, from: d.column(at), to: d.column(at + width)}
	if c.to <= c.from || d.hides(f) || level >= d.Depth {
		d.hide(f)
		return
	}
	if level == len(d.rows) {
		d.rows = append(d.rows, nil)
	}
	if n := len(d.rows[level]); n > 0 {
		c.odd = !d.rows[level][n-1].odd
	}
	d.rows[level] = append(d.rows[level], c)
	for _, child := range f.Children {
		d.place(child, at, level+1)
		at += child.TotalMS()
	}
}

func (d *icicle) column(ms float64) int { return int(math.Round(ms * d.scale)) }

// hide counts what is not drawn.
func (d *icicle) hide(f *Frame) {
	d.hidden++
	d.hiddenMS += f.SelfMS
	for _, c := range f.Children {
		d.hide(c)
	}
}

// draw writes one row.
func (d *icicle) draw(b *strings.Builder, t *term.Terminal, row []cell) {
	at := 0
	for _, c := range row {
		b.WriteString(strings.Repeat(" ", c.from-at))
		width := c.to - c.from
		shade := "░"
		if c.odd {
			shade = "▒"
		}
		label := ""
		if width >= labelled {
			label = fitting(c.frame, width-1)
			if term.Width(label) < width-1 {
				label += " "
			}
		}
		fill := strings.Repeat(shade, max(0, width-1-term.Width(label)))
		switch {
		case c.frame.File != "":
			label = t.Accent(label)
		case !c.frame.Module:
			label = t.Faint(label)
		}
		b.WriteString("▌" + label + t.Faint(fill))
		at = c.to
	}
	b.WriteByte('\n')
}

// fitting returns what a cell says of its frame: name and time, the name, or
// the end of the name, cut where even that is too long.
func fitting(f *Frame, columns int) string {
	long := f.Name + " " + Milliseconds(f.TotalMS())
	end := f.Name[strings.LastIndexByte(f.Name, '.')+1:]
	switch {
	case term.Width(long) <= columns:
		return long
	case term.Width(f.Name) <= columns:
		return f.Name
	case f.Module && end != f.Name:
		return clip("."+end, columns)
	}
	return clip(f.Name, columns)
}
