package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"fastpath/internal/atomicfile"
	"fastpath/internal/evidence"
	"fastpath/internal/flame"
	"fastpath/internal/graph"
	"fastpath/internal/profile"
	"fastpath/internal/project"
	"fastpath/internal/term"
)

// profileViews are the flags of profile that choose what is shown.
type profileViews struct {
	fromLock     bool
	tree, icicle bool
	sizes        bool
	minMS        float64
	depth        int
	exports      []string
}

func (v *profileViews) flags(f *pflag.FlagSet) {
	f.BoolVar(&v.fromLock, "from-lock", false, "show what fastpath.lock holds, measure nothing")
	f.BoolVar(&v.tree, "tree", false, "draw the tree of imports, each below what asked for it first")
	f.BoolVar(&v.icicle, "icicle", false, "draw the imports as an icicle, as wide as they take time")
	f.BoolVar(&v.sizes, "sizes", false, "estimate init and its price for Lambda's memory sizes")
	f.Float64Var(&v.minMS, "min-ms", 1, "sum up what takes less than `MS` in the tree and the icicle, 0 shows all")
	f.IntVar(&v.depth, "depth", 0, "levels of the tree and the icicle, `N`; 0 is all, 12 for the icicle")
	f.StringArrayVar(&v.exports, "export", nil, "write `FORMAT[=FILE]`: speedscope, folded or importtime; without a file to stdout (repeatable)")
}

// exportFormats are the formats of --export.
var exportFormats = []string{"speedscope", "folded", "importtime"}

// export is one value of --export.
type export struct{ format, file string }

// parsed splits the values of --export.
func (v *profileViews) parsed() []export {
	var list []export
	for _, text := range v.exports {
		format, file, _ := strings.Cut(text, "=")
		if file == "-" {
			file = ""
		}
		list = append(list, export{format, file})
	}
	return list
}

// toStdout reports whether an export takes the place of the text.
func (v *profileViews) toStdout() bool {
	return slices.ContainsFunc(v.parsed(), func(e export) bool { return e.file == "" })
}

// validate finds mistakes that need no project.
func (v *profileViews) validate(format string) error {
	stdout := 0
	for i, e := range v.parsed() {
		switch {
		case !slices.Contains(exportFormats, e.format):
			return usageErrorf("unknown format %q for --export; allowed: %s", e.format, strings.Join(exportFormats, ", "))
		case strings.HasSuffix(v.exports[i], "="):
			return usageErrorf("--export %s names no file; write --export %s=FILE, or --export %s for stdout", v.exports[i], e.format, e.format)
		case e.file == "":
			stdout++
		}
	}
	switch {
	case v.minMS < 0:
		return usageErrorf("--min-ms %v: expected a number from 0", v.minMS)
	case v.depth < 0:
		return usageErrorf("--depth %d: expected a number from 0", v.depth)
	case stdout > 1:
		return usageErrorf("several exports go to stdout; give all but one a file: --export speedscope=profile.json")
	case stdout > 0 && (format == "json" || v.tree || v.icicle || v.sizes):
		return usageErrorf("an export and other output go to stdout; give the export a file: --export speedscope=profile.json")
	case format == "json" && (v.tree || v.icicle):
		return usageErrorf("--tree and --icicle are text; --format json has the modules with what loads them, --export speedscope the tree")
	}
	return nil
}

// profiled is the evidence of one entry with its sources.
type profiled struct {
	entry   project.Entry
	program *graph.Program
	*evidence.Entry
	measured *profile.Profile // nil when it comes from the lock
}

// showLock shows what the lock holds of the entries, without a measurement.
func (a *app) showLock(t *term.Terminal, p *project.Project, entries []project.Entry, v profileViews) error {
	src, err := a.openSources(p)
	if err != nil {
		return err
	}
	var list []profiled
	for _, e := range entries {
		if src.lock == nil || src.lock.Entries[e.Name] == nil {
			return fmt.Errorf("%s has no profile of %q; measure it: fastpath profile %s", evidence.FileName, e.Name, e.Name)
		}
		prog, err := a.program(p, src, e)
		if err != nil {
			return err
		}
		list = append(list, profiled{e, prog, src.lock.Entries[e.Name], nil})
	}
	a.showNotes(src)
	return a.showProfile(t, p, list, profileOptions{views: v})
}

// showProfile prints profiles as the flags say.
func (a *app) showProfile(t *term.Terminal, p *project.Project, list []profiled, opt profileOptions) error {
	v := opt.views
	if err := a.exportProfile(p, list, v); err != nil || v.toStdout() {
		return err
	}
	var results []*profileResult
	for _, m := range list {
		r := newProfileResult(p.Root, m, opt)
		if v.sizes {
			r.Sizes = newProfileSizes(p.Config, m)
		}
		results = append(results, r)
	}
	if a.format == "json" {
		return printEntries(a, "profile", p.Root, results)
	}
	for i, r := range results {
		a.printProfileHead(t, r)
		view := flame.View{MinMS: v.minMS, Depth: v.depth}
		if v.tree {
			if err := flame.Tree(a.Stdout, t, a.flame(p, &list[i]), view); err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout)
		}
		if v.icicle {
			if err := flame.Icicle(a.Stdout, t, a.flame(p, &list[i]), view); err != nil {
				return err
			}
			fmt.Fprintln(a.Stdout)
		}
		if v.sizes {
			a.printSizes(t, r.Sizes)
		}
		// What flags ask for besides is in the tables.
		views := v.tree || v.icicle || v.sizes
		if !views || opt.trials > 0 {
			a.printStatements(t, r)
			a.printDeferFirst(t, r)
		}
		if !views || opt.split || opt.details {
			a.printModuleRows(t, r)
		}
	}
	if !v.fromLock && opt.kept() {
		fmt.Fprintf(a.Stdout, "wrote %s\n\n", evidence.FileName)
	}
	if !v.tree && !v.icicle && !v.sizes {
		fmt.Fprintf(a.Stdout, "next: %s\n", t.Accent("fastpath plan"))
	}
	return nil
}

// exportProfile writes what --export asks for.
func (a *app) exportProfile(p *project.Project, list []profiled, v profileViews) error {
	var profiles []*flame.Profile
	if len(v.exports) > 0 {
		for i := range list {
			profiles = append(profiles, a.flame(p, &list[i]))
		}
	}
	for _, e := range v.parsed() {
		var b bytes.Buffer
		var w io.Writer = &b
		if e.file == "" {
			w = a.Stdout
		}
		var err error
		switch e.format {
		case "speedscope":
			err = flame.Speedscope(w, profiles, filepath.Base(p.Root), "fastpath "+Version)
		case "folded":
			err = flame.Folded(w, profiles)
		case "importtime":
			if len(profiles) > 1 {
				return usageErrorf("the importtime format holds one entry, these are %d; name one: fastpath profile %s --export importtime", len(profiles), profiles[0].Name)
			}
			err = flame.Importtime(w, profiles[0])
		}
		if err != nil {
			return err
		}
		if e.file == "" {
			continue
		}
		if err := atomicfile.Write(a.path(e.file), b.Bytes()); err != nil {
			return err
		}
		a.step("wrote %s (%s)", e.file, e.format)
	}
	return nil
}

// flame makes the tree of what init loads, beside it the time that belongs to
// no module; written is as for graph.Runtime.OrderLibraries.
func (m *profiled) flame(written func(module string) []string) *flame.Profile {
	out := &flame.Profile{Name: m.entry.Name}
	if m.StartupMS > 0 {
		out.Roots = append(out.Roots, &flame.Frame{Name: "[runtime client]", SelfMS: m.StartupMS})
	}
	rt := graph.NewRuntime(m.Entry)
	rt.Order(m.program)
	rt.OrderLibraries(written)
	asked := map[string][]string{}
	for _, d := range m.Edges {
		for _, to := range d.To {
			if by := asked[to]; d.Phase == evidence.PhaseInit && !slices.Contains(by, d.From) {
				asked[to] = append(by, d.From)
			}
		}
	}
	file := map[string]string{}
	for _, row := range m.Modules {
		file[row.Name] = row.File
	}
	places := map[evidence.Statement]string{}
	for _, mod := range m.program.Modules {
		for _, imp := range mod.Imports {
			s := imp.Statement
			s.From = ""
			places[s] = fmt.Sprintf("%s:%d", mod.File, imp.Line)
		}
	}
	var frame func(n *graph.LoadNode) *flame.Frame
	frame = func(n *graph.LoadNode) *flame.Frame {
		s := n.Statement
		s.From = ""
		f := &flame.Frame{
			Name: n.Module, Module: true, File: file[n.Module], Place: places[s], Missing: n.Missing,
			SelfMS: n.SelfMS, AloneMS: n.AloneMS, SavesMS: n.SavesMS, Claims: true, Also: asked[n.Module],
		}
		for _, c := range n.Children {
			f.Children = append(f.Children, frame(c))
		}
		return f
	}
	for _, n := range rt.LoadTree() {
		out.Roots = append(out.Roots, frame(n))
	}
	if m.GCMS > 0 {
		out.Roots = append(out.Roots, &flame.Frame{Name: "[garbage collection]", SelfMS: m.GCMS})
	}
	return out
}
