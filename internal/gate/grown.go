package gate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"fastpath/internal/diag"
)

// Step is one statement of a chain.
type Step struct {
	File string // relative to the project, or as a library's file is known
	Line int    // 1-based
}

// String is "file:line".
func (s Step) String() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

// State is what one state of the project loads at start.
type State struct {
	Root    string   // its folder, absolute; of the state before "" where there is none: all lines count as new
	Modules []string // in the order of loading, or breadth first
	// Chain returns the statements from the entry to a module, in order.
	Chain func(module string) []Step
}

// Growth is what one statement adds to the start.
type Growth struct {
	Modules []string // new at start; the one that the statement asks for comes first
	At      Step     // the statement that is responsible
	Added   bool     // its line is new or changed
	Chain   []Step   // from the entry to the first of Modules
	CostMS  float64  // Σ self of Modules as far as it is known
	Unknown int      // of the modules, how many were never measured
}

// Grown returns what the start of now loads and that of before did not, by the
// statement that is responsible: the last line of the chain, within the
// project, that the change added; where it added none (a library did), the last
// one within the project. The order is that of the files and lines. Cost tells
// the self time of a module in ms.
func Grown(before, now State, cost func(module string) (ms float64, known bool)) []Growth {
	had := make(map[string]bool, len(before.Modules))
	for _, m := range before.Modules {
		had[m] = true
	}
	lines := addedLines{before: before.Root, now: now.Root, files: map[string]map[int]bool{}}
	at := map[Step]*Growth{}
	var out []*Growth
	for _, m := range now.Modules {
		if had[m] {
			continue
		}
		chain := now.Chain(m)
		step, added := lines.responsible(chain)
		g := at[step]
		if g == nil {
			g = &Growth{At: step, Added: added, Chain: chain}
			at[step] = g
			out = append(out, g)
		}
		if len(chain) < len(g.Chain) { // what it asks for itself has the shortest way
			g.Chain = chain
			g.Modules = slices.Insert(g.Modules, 0, m)
		} else {
			g.Modules = append(g.Modules, m)
		}
		if ms, known := cost(m); known {
			g.CostMS += ms
		} else {
			g.Unknown++
		}
	}
	slices.SortStableFunc(out, func(a, b *Growth) int {
		if c := strings.Compare(a.At.File, b.At.File); c != 0 {
			return c
		}
		return a.At.Line - b.At.Line
	})
	list := make([]Growth, len(out))
	for i, g := range out {
		list[i] = *g
	}
	return list
}

// addedLines knows which lines of the project's files the change added.
type addedLines struct {
	before, now string
	files       map[string]map[int]bool // nil for what is not in the project
}

// responsible returns the statement of a chain that the change is to be blamed
// for, and whether its line was added.
func (l *addedLines) responsible(chain []Step) (at Step, added bool) {
	for i := len(chain) - 1; i >= 0; i-- {
		lines := l.of(chain[i].File)
		if lines[chain[i].Line] {
			return chain[i], true
		}
		if lines != nil && at == (Step{}) {
			at = chain[i]
		}
	}
	if at == (Step{}) && len(chain) > 0 {
		at = chain[0]
	}
	return at, false
}

// of returns the added lines of a file, by number; nil for a file that is not
// in the project.
func (l *addedLines) of(file string) map[int]bool {
	if lines, ok := l.files[file]; ok {
		return lines
	}
	l.files[file] = nil
	if !filepath.IsLocal(filepath.FromSlash(file)) {
		return nil
	}
	now, err := os.ReadFile(filepath.Join(l.now, filepath.FromSlash(file)))
	if err != nil {
		return nil
	}
	var before []byte
	if l.before != "" {
		before, _ = os.ReadFile(filepath.Join(l.before, filepath.FromSlash(file))) // a new file has no lines before
	}
	lines := changed(normal(before), normal(now))
	l.files[file] = lines
	return lines
}

// normal ends every line in the same way.
func normal(text []byte) string {
	return strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n")
}

// changed returns the numbers of the lines of now that before does not have.
func changed(before, now string) map[int]bool {
	lines := map[int]bool{}
	shift := 0 // lines that earlier edits added, less those that they took
	for _, e := range udiff.Lines(before, now) {
		first := 1 + strings.Count(before[:e.Start], "\n") + shift
		added := strings.Count(e.New, "\n")
		if e.New != "" && !strings.HasSuffix(e.New, "\n") {
			added++
		}
		for n := range added {
			lines[first+n] = true
		}
		taken := strings.Count(before[e.Start:e.End], "\n")
		if e.End > e.Start && !strings.HasSuffix(before[:e.End], "\n") {
			taken++
		}
		shift += added - taken
	}
	return lines
}

// Diagnostic reports a growth. Base is what the change is compared with, as
// people write it; light is the time in ms below which an import belongs at
// module level whoever uses it: what is known to be below it is only a remark.
func (g *Growth) Diagnostic(base string, light float64) diag.Diagnostic {
	first := g.Modules[0]
	text := fmt.Sprintf("%q is new at start", first)
	if n := len(g.Modules); n > 1 {
		text += fmt.Sprintf(", with %d more %s", n-1, plural(n-1, "module"))
	}
	switch {
	case g.Unknown == 0:
		text += fmt.Sprintf(": %s at every cold start", milliseconds(g.CostMS))
	case g.CostMS > 0:
		text += fmt.Sprintf(": %s or more at every cold start", milliseconds(g.CostMS))
	}
	d := diag.Diagnostic{
		Rule: RuleModules, Severity: diag.Error, Message: text, CostMS: g.CostMS,
		Span: diag.Span{File: g.At.File, Line: g.At.Line, Column: 1, EndLine: g.At.Line, EndColumn: 1},
	}
	if g.Unknown == 0 && g.CostMS < light {
		d.Severity = diag.Info
	}
	steps := make([]string, 0, len(g.Chain)+1)
	for _, s := range g.Chain {
		steps = append(steps, s.String())
	}
	d.Notes = append(d.Notes, "chain: "+strings.Join(append(steps, first), " > "))
	if !g.Added {
		d.Notes = append(d.Notes, fmt.Sprintf("the change since %s touches no line of this chain: an installed library loads more than it did", base))
	}
	if n := len(g.Modules); n > 1 {
		d.Notes = append(d.Notes, fmt.Sprintf("new since %s: %s", base, some(g.Modules)))
	}
	d.Help = []string{
		fmt.Sprintf("import %s where it is used: fastpath apply --cold %s --diff", first, first),
		fmt.Sprintf("or accept it: # fastpath: ignore[%s] your reason", RuleModules),
	}
	return d
}

// some names the first of several modules.
func some(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// milliseconds writes a time: one decimal below 10 ms, none from there on.
func milliseconds(ms float64) string {
	if ms < 9.95 {
		return fmt.Sprintf("%.1fms", ms)
	}
	return fmt.Sprintf("%.0fms", ms)
}
