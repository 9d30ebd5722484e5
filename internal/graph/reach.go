package graph

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// Reach is what a start can import as far as the sources tell: through the
// modules of the project, and through libraries whose source is found. It
// answers by which chains of statements a module is imported.
type Reach struct {
	program *Program
	stops   []stop
	at      map[nodeKey]int32
	known   map[string][]int32 // by name
	starts  []int32
	calls   bool
}

// stop is one module.
type stop struct {
	name   string
	module *Module // nil outside of the project
	path   string  // of the source, absolute, outside of the project
	kind   resolve.Kind
	live   bool // something that runs imports it
	links  []Link
}

// Link is one statement with one module that it loads.
type Link struct {
	From     string // the importing module
	File     string // its source, relative to the project where it is inside, else absolute
	Line     int    // of the statement
	Qualname string // of the function or class around the statement
	Module   string // as written, with leading dots
	To       string // the module
	Scope    string // "module", "class" or "function"
	Runs     string // "import", "call", "type_checking" or "never"
	Context  []string
	Lazy     bool
	Library  bool // From is not of the project

	to int32
}

// AtImport reports whether the statement loads the module while the importing
// one is being loaded.
func (l *Link) AtImport() bool { return l.Runs == scope.AtImport.String() && !l.Lazy }

// runs reports whether the statement can run at all.
func (l *Link) runs() bool {
	return l.Runs == scope.AtImport.String() || l.Runs == scope.AtCall.String()
}

// Reach follows the imports of a module of the project, and of the packages
// around it, through everything whose source is found. In libraries it follows
// what runs when they are loaded; with calls, what their functions import, too.
// Sources of libraries are read; nothing is executed.
func (p *Program) Reach(start *Module, calls bool) *Reach {
	r := &Reach{program: p, at: map[nodeKey]int32{}, known: map[string][]int32{}, calls: calls}
	r.starts = append(r.starts, r.stop(destination{module: start}))
	for name := parentName(start.Name); name != ""; name = parentName(name) {
		if m := p.find(start, name); m != nil && m != start {
			r.starts = append(r.starts, r.stop(destination{module: m}))
		}
	}
	for _, k := range r.starts {
		r.stops[k].live = true
	}
	for level := r.starts; len(level) > 0; {
		sources := make([]*Module, len(level))
		parallel(len(level), func(k int) { sources[k] = r.source(&r.stops[level[k]]) })
		var next []int32
		for k, m := range sources {
			if m != nil {
				next = append(next, r.follow(level[k], m)...)
			}
		}
		level = next
	}
	return r
}

// stop returns the stop of a module, which it adds unless it is there.
func (r *Reach) stop(d destination) int32 {
	if k, ok := r.at[d.key()]; ok {
		return k
	}
	k := int32(len(r.stops))
	s := stop{name: d.name, module: d.module, path: d.path, kind: d.kind}
	if d.module != nil {
		s.name = d.module.Name
	}
	r.at[d.key()] = k
	r.known[s.name] = append(r.known[s.name], k)
	r.stops = append(r.stops, s)
	return k
}

// source returns the module of a stop with its imports, nil where there is no
// source.
func (r *Reach) source(s *stop) *Module {
	if s.module != nil {
		return s.module
	}
	if s.kind != resolve.KindSource && s.kind != resolve.KindPackage || !strings.HasSuffix(s.path, ".py") {
		return nil
	}
	src, err := os.ReadFile(s.path)
	if err != nil {
		return nil
	}
	f := syntax.Parse(src, r.program.version)
	m := &Module{
		Name: s.name, File: r.program.relative(s.path), IsPackage: s.kind == resolve.KindPackage,
		Syntax: f, Scope: scope.Analyze(f, r.program.version),
	}
	r.program.collect(m)
	for _, imp := range m.Imports {
		imp.Runs = m.Scope.When(imp.Stmt).String()
	}
	return m
}

// follow adds what a module imports, and returns the modules among it that are
// to be followed in turn: those that no statement which can run led to so far.
func (r *Reach) follow(from int32, m *Module) (next []int32) {
	library := r.stops[from].module == nil
	var links []Link
	for _, imp := range m.Imports {
		if imp.Future {
			continue
		}
		l := Link{
			From: m.Name, File: m.File, Line: m.Line(imp.Stmt), Qualname: imp.Qualname, Module: imp.Statement.Module,
			Scope: imp.Scope, Runs: imp.Runs, Context: imp.Context, Lazy: imp.Lazy, Library: library,
		}
		if library && !l.AtImport() && !(r.calls && l.runs()) {
			continue
		}
		for _, d := range r.destinations(imp) {
			l.to = r.stop(d)
			to := &r.stops[l.to]
			l.To = to.name
			if l.runs() && !to.live {
				to.live = true
				next = append(next, l.to)
			}
			if !slices.ContainsFunc(links, func(o Link) bool { return o.to == l.to && o.same(&l) }) {
				links = append(links, l)
			}
		}
	}
	slices.SortStableFunc(links, func(a, b Link) int { return a.rank() - b.rank() })
	r.stops[from].links = links
	return next
}

// same reports whether two links of one module are the same statement.
func (l *Link) same(o *Link) bool { return l.Line == o.Line && l.Module == o.Module }

// rank orders links: those that load at import, those in functions, the rest.
func (l *Link) rank() int {
	switch {
	case l.AtImport():
		return 0
	case l.runs():
		return 1
	}
	return 2
}

// destinations returns the modules that a statement loads for one name: the
// packages on the way, the module, and the submodule that the name stands for.
// What is being loaded already, because the importing module is in it, is left
// out.
func (r *Reach) destinations(imp *Import) []destination {
	var out []destination
	add := func(name string) {
		if strings.HasPrefix(imp.In.Name, name+".") && name != imp.Target {
			return
		}
		kind, path := r.program.describe(imp.In, name)
		d := destination{name: name, kind: kind, path: path}
		if m := r.program.find(imp.In, name); m != nil && kind != resolve.KindBuiltin && kind != resolve.KindFrozen {
			d = destination{module: m}
		} else if path != "" && !filepath.IsAbs(path) {
			d.path = r.program.abs(path)
		}
		if d.module != imp.In || d.module == nil && name != imp.In.Name {
			out = append(out, d)
		}
	}
	if imp.Base != "" && imp.Base[0] == '.' { // leads out of the package
		return []destination{{name: imp.Target, kind: resolve.KindMissing}}
	}
	for k := range imp.Base {
		if imp.Base[k] == '.' {
			add(imp.Base[:k])
		}
	}
	add(imp.Base)
	if imp.Target != imp.Base {
		add(imp.Target)
	}
	return out
}

// Modules returns the names of all modules that the start can import, sorted.
func (r *Reach) Modules() []string {
	names := make([]string, 0, len(r.known))
	for n := range r.known {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Exists reports whether there is such a module at all, be it imported or not.
// Of one that is missing, runtime names the code that may find it when the
// program runs.
func (r *Reach) Exists(module string) (exists bool, runtime string) {
	d := r.program.describeAll(r.stops[r.starts[0]].module, module)
	return d.kind != resolve.KindMissing, d.runtime
}
