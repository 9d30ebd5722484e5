package fastfile

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The fixed lines of the file.
const (
	skipLine = "isort: skip_file"
	title    = "Fast Path: Minimum imports for cold start optimization."
	keptHead = "Kept: cold, but loaded at start"
	allHead  = "Export all for easy import"
)

// maxWidth is the line length of black's and ruff's defaults.
const maxWidth = 88

// utf8BOM is the byte order mark that some editors write.
var utf8BOM = []byte("\xef\xbb\xbf")

// Render writes the file.
func Render(c Content) []byte {
	w := &writer{}
	for _, r := range c.Remarks[SectionHead] {
		w.comment(r)
	}
	w.comment(skipLine)
	w.docstring(&c)
	if len(c.Prologue) > 0 {
		w.blank()
		w.lines(c.Prologue)
	}
	w.remarks(c.Remarks[SectionTop], false)
	w.tier(&c, Light, tier1Head(c.Thresholds), SectionTier1)
	w.tier(&c, Exception, tier2Head(c.Thresholds), SectionTier2)
	if len(c.Kept) > 0 || len(c.Remarks[SectionKept]) > 0 {
		w.blank()
		w.comment(keptHead)
		for i := range c.Kept {
			w.comment(c.Kept[i].text())
		}
		w.remarks(c.Remarks[SectionKept], true)
	}
	w.remarks(c.Remarks[SectionAll], false)
	w.blank()
	w.comment(allHead)
	w.exports(append(c.Bound(), c.Other...))
	w.remarks(c.Remarks[SectionEnd], false)

	out := w.b.Bytes()
	if nl := c.NewLine; nl != "" && nl != "\n" {
		out = bytes.ReplaceAll(out, []byte("\n"), []byte(nl))
	}
	if c.BOM {
		out = append(append([]byte(nil), utf8BOM...), out...)
	}
	return out
}

func tier1Head(t Thresholds) string {
	return fmt.Sprintf("Tier 1: Lightweight (<%sms)", number(t.LightMS))
}

func tier2Head(t Thresholds) string {
	return fmt.Sprintf("Tier 2: Hot path exceptions (>%sms but >%s%% usage)", number(t.LightMS), number(t.HotUsage))
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// writer collects lines that end in "\n".
type writer struct{ b bytes.Buffer }

func (w *writer) line(s string) {
	w.b.WriteString(strings.TrimRight(s, " \t"))
	w.b.WriteByte('\n')
}

func (w *writer) lines(ls []string) {
	for _, l := range ls {
		w.b.WriteString(l)
		w.b.WriteByte('\n')
	}
}

// blank writes one blank line unless the text already ends in one.
func (w *writer) blank() {
	if b := w.b.Bytes(); len(b) > 0 && !bytes.HasSuffix(b, []byte("\n\n")) {
		w.b.WriteByte('\n')
	}
}

func (w *writer) comment(text string) {
	switch {
	case text == "":
		w.line("#")
	case text[0] == '!' || text[0] == ':':
		w.line("#" + text) // shebang and documentation comments keep their form
	default:
		w.line("# " + text)
	}
}

// remarks writes groups of comment lines, each group after a blank line.
func (w *writer) remarks(rs []string, joined bool) {
	if len(rs) == 0 {
		return
	}
	if !joined || rs[0] == "" {
		w.blank()
	}
	for _, r := range rs {
		if r == "" {
			w.blank()
			continue
		}
		w.comment(r)
	}
}

func (w *writer) docstring(c *Content) {
	d, t := &c.Doc, c.Thresholds
	w.line(`"""`)
	w.line(title)
	w.line("")
	w.line("ONLY modules meeting criteria:")
	w.line(fmt.Sprintf("- Import time <%sms, OR", number(t.LightMS)))
	w.line(fmt.Sprintf("- Used on >%s%% of requests (hot path exception)", number(t.HotUsage)))
	w.line("")
	w.line("Last profiled: " + d.Profile.text())
	if d.Target {
		w.line("Cold start target: " + targetText(d.TargetMS))
	}
	if d.Total {
		w.line(fmt.Sprintf("Total: %s of %sms, %d of %d imports", FormatMS(d.TotalMS), number(d.LimitMS), d.Imports, d.ImportLimit))
	}
	if len(d.Extra) > 0 {
		w.line("")
		w.lines(d.Extra)
	}
	w.line(`"""`)
}

// neverProfiled stands where no evidence exists.
const neverProfiled = "never"

func (p *Profile) text() string {
	if p.Date == "" {
		return neverProfiled
	}
	var facts []string
	if p.Interpreter != "" {
		facts = append(facts, p.Interpreter)
	}
	if p.Runs > 0 {
		facts = append(facts, fmt.Sprintf("min of %d", p.Runs))
	}
	if p.Bytecode != "" {
		facts = append(facts, "byte-code "+p.Bytecode)
	}
	if len(facts) == 0 {
		return p.Date
	}
	// The facts come from the lock; nothing of them ends the docstring.
	plain := strings.NewReplacer(`\`, "/", `"`, "'").Replace(oneLine(strings.Join(facts, ", ")))
	return p.Date + " (" + plain + ")"
}

// targetText writes the cold start target: 2000 is "<2 seconds", 1500 is
// "<1.5 seconds".
func targetText(ms float64) string {
	if ms == 1000 {
		return "<1 second"
	}
	return "<" + number(ms/1000) + " seconds"
}

func (w *writer) tier(c *Content, tier Tier, head string, s Section) {
	w.blank()
	w.comment(head)
	for i := range c.Imports {
		imp := &c.Imports[i]
		if imp.Tier != tier {
			continue
		}
		if len(imp.Notes) > 0 {
			w.blank()
		}
		for _, n := range imp.Notes {
			w.comment(n)
		}
		w.lines(imp.lines())
		w.lines(imp.After)
	}
	w.remarks(c.Remarks[s], false)
}

// Statement returns the import statement on one line, without its comment.
func (i *Import) Statement() string {
	var names []string
	for _, n := range i.Names {
		names = append(names, n.text())
	}
	if i.From == "" {
		return "import " + strings.Join(names, ", ")
	}
	return "from " + i.From + " import " + strings.Join(names, ", ")
}

func (n ImportName) text() string {
	if n.AsName != "" {
		return n.Name + " as " + n.AsName
	}
	return n.Name
}

// lines returns the statement with its comment. A from-import that would be
// wider than the formatters' limit is wrapped the way they wrap it, with the
// comment on the first line, where neither moves it.
func (i *Import) lines() []string {
	comment := ""
	if f := i.figures(); f != "" {
		comment = "  # " + f
	}
	one := i.Statement() + comment
	if i.From == "" || utf8.RuneCountInString(one) <= maxWidth && len(i.Comments) == 0 {
		return []string{one}
	}
	out := []string{"from " + i.From + " import (" + comment}
	for _, n := range i.Names {
		out = append(out, "    "+n.text()+",")
	}
	for _, c := range i.Comments {
		out = append(out, "    "+c)
	}
	return append(out, ")")
}

func (w *writer) exports(names []string) {
	if len(names) == 0 {
		w.line("__all__ = ()")
		return
	}
	names = append([]string(nil), names...)
	SortExports(names)
	w.line("__all__ = [")
	for _, n := range names {
		w.line(`    "` + n + `",`)
	}
	w.line("]")
}

// SortExports sorts names the way ruff wants __all__: constants, then
// classes, then the rest, numbers within names by value.
func SortExports(names []string) {
	sort.Slice(names, func(i, j int) bool {
		a, b := names[i], names[j]
		if ca, cb := exportClass(a), exportClass(b); ca != cb {
			return ca < cb
		}
		if c := naturalCompare(a, b); c != 0 {
			return c < 0
		}
		return a < b
	})
}

func exportClass(name string) int {
	upper := strings.ToUpper(name) == name && strings.ToLower(name) != name
	switch {
	case upper && len(name) > 1:
		return 0
	case name != "" && name[0] >= 'A' && name[0] <= 'Z':
		return 1
	}
	return 2
}

func naturalCompare(a, b string) int {
	for a != "" && b != "" {
		if isDigit(a[0]) && isDigit(b[0]) {
			da, ra := digits(a)
			db, rb := digits(b)
			ta, tb := strings.TrimLeft(da, "0"), strings.TrimLeft(db, "0")
			if len(ta) != len(tb) {
				return len(ta) - len(tb)
			}
			if c := strings.Compare(ta, tb); c != 0 {
				return c
			}
			a, b = ra, rb
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(s string) (run, rest string) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return s[:n], s[n:]
}
