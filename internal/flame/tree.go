package flame

import (
	"fmt"
	"io"
	"math"
	"strings"

	"fastpath/internal/term"
)

// View says how much of a profile the terminal shows.
type View struct {
	MinMS float64 // frames below it, with all that they load, are summed up in one row
	Depth int     // levels, 0 is all
}

// hides reports whether a frame is too cheap to be shown.
func (v *View) hides(f *Frame) bool { return f.TotalMS() < v.MinMS }

// treeColumns is the width of the figures before the names.
const treeColumns = 4 * 9

// Tree writes a profile as an indented tree: what the frame takes itself, what
// the tree books on it, what it costs alone and what its statement saves, then
// the name, the statement's place and who else asks for it. The dearest come
// first; lines are cut at the width of the terminal.
func Tree(w io.Writer, t *term.Terminal, p *Profile, v View) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s%s  %s\n", t.Faint(right("self")), t.Faint(right("tree")), t.Faint(right("alone")), t.Faint(right("saves")), t.Faint("import"))
	tree := &treeWriter{View: v, b: &b, term: t}
	tree.list(p.Roots, "", "", 1)
	_, err := io.WriteString(w, b.String())
	return err
}

type treeWriter struct {
	View
	b    *strings.Builder
	term *term.Terminal
}

// list writes frames beside each other and sums up the ones that are hidden.
func (w *treeWriter) list(frames []*Frame, indent, around string, level int) {
	var shown, hidden []*Frame
	for _, f := range heaviest(frames) {
		if w.hides(f) {
			hidden = append(hidden, f)
		} else {
			shown = append(shown, f)
		}
	}
	for i, f := range shown {
		branch, below := "├─ ", "│  "
		if i == len(shown)-1 && len(hidden) == 0 {
			branch, below = "└─ ", "   "
		}
		if level == 1 {
			branch, below = "", ""
		}
		w.frame(f, indent+branch, around)
		if w.Depth > 0 && level >= w.Depth {
			continue
		}
		w.list(f.Children, indent+below, f.Name, level+1)
	}
	if len(hidden) == 0 {
		return
	}
	count, total := 0, 0.0
	for _, f := range hidden {
		count += f.Count()
		total += f.TotalMS()
	}
	branch := "└─ "
	if level == 1 {
		branch = ""
	}
	text := fmt.Sprintf("%d more below %s", count, Milliseconds(w.MinMS))
	w.line(w.term.Faint(right("")+right(Milliseconds(total))+right("")+right("")), indent+branch, w.term.Faint(text))
}

// frame writes one row.
func (w *treeWriter) frame(f *Frame, lead, around string) {
	alone, saves := "", ""
	if f.Claims {
		alone, saves = Milliseconds(f.AloneMS), Milliseconds(f.SavesMS)
		if f.SavesMS < 0.0005 {
			saves = "–"
		}
	}
	figures := right(Milliseconds(f.SelfMS)) + w.term.Faint(right(Milliseconds(f.TotalMS()))) + right(alone) + w.term.Good(right(saves))
	name := f.Name
	var notes []string
	if f.Missing {
		notes = append(notes, "not found")
	}
	if f.Place != "" {
		notes = append(notes, f.Place)
	}
	if also := others(f.Also, around); f.Claims && f.SavesMS < 0.0005 && len(also) > 0 {
		notes = append(notes, "also asked for by "+strings.Join(also, ", "))
	}
	text := name
	if len(notes) > 0 {
		text += "  " + strings.Join(notes, ", ")
	}
	text = w.cut(text, lead)
	if len(text) > len(name) {
		rest := text[len(name):]
		text = w.name(f, name) + w.term.Faint(rest)
	} else {
		text = w.name(f, text)
	}
	w.line(figures, lead, text)
}

// name sets off what belongs to the project.
func (w *treeWriter) name(f *Frame, text string) string {
	switch {
	case f.File != "":
		return w.term.Accent(text)
	case !f.Module:
		return w.term.Faint(text)
	}
	return text
}

// line writes figures, indentation and text.
func (w *treeWriter) line(figures, lead, text string) {
	fmt.Fprintf(w.b, "%s  %s%s\n", figures, w.term.Faint(lead), text)
}

// cut shortens text to what the terminal has left beside figures and lead.
func (w *treeWriter) cut(text, lead string) string {
	return clip(text, max(12, w.term.Width-treeColumns-2-term.Width(lead)))
}

// clip shortens text to a number of columns.
func clip(text string, columns int) string {
	if term.Width(text) <= columns {
		return text
	}
	if columns < 1 {
		return ""
	}
	out, used := strings.Builder{}, 0
	for _, r := range text {
		width := term.Width(string(r))
		if used+width > columns-1 {
			break
		}
		out.WriteRune(r)
		used += width
	}
	return out.String() + "…"
}

// others leaves the parent out of a list and shortens it.
func others(list []string, parent string) []string {
	var out []string
	more := 0
	for _, name := range list {
		switch {
		case name == parent:
		case len(out) == 2:
			more++
		default:
			out = append(out, name)
		}
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return out
}

// right is a figure in its column.
func right(text string) string {
	return strings.Repeat(" ", max(1, 9-term.Width(text))) + text
}

// Milliseconds writes a time as people read it: "0.3ms", "412ms".
func Milliseconds(ms float64) string {
	if math.Abs(ms) < 9.95 {
		return fmt.Sprintf("%.1fms", ms)
	}
	return fmt.Sprintf("%.0fms", ms)
}
