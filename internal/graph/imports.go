package graph

import (
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// found is what the program knows of a binding.
type found struct {
	base  int32 // the module of the project that it names, -1 for none
	line  int32 // of the use at import, 0 for none
	in    int32 // the module of that, -1 for the binding's own
	why   whyKind
	flags foundFlags
}

type foundFlags uint8

const (
	foundSubmodule foundFlags = 1 << iota // the name stands for a submodule
	foundLazy
	foundOutside // the submodule is not one of the project
	foundModule  // the name stands for a module of the project, or a folder of such, see moduleBehind
	foundUnbound // the module of the project that the statement names does not bind the name
	foundPassed  // the name may stand for a module that another module has imported, see pass
)

// listsLazy reports whether __lazy_modules__ lists a module.
func (f *facts) listsLazy(module string) bool {
	return f.rare != nil && slices.ContainsFunc(f.rare.lazy, func(t text) bool { return f.of(t) == module })
}

// baseOf returns the absolute module that a binding's statement names. A
// relative import that leads out of the package keeps its dots.
func (p *Program) baseOf(m *Module, k int) string {
	f := m.facts
	b := &f.bindings[k]
	s := &f.statements[b.statement]
	if !s.from {
		return f.of(b.name)
	}
	written := f.of(s.module)
	if level := levelOf(written); level > 0 {
		if base, ok := m.absolute(level, written[level:]); ok {
			return base
		}
	}
	return written
}

// levelOf returns the number of leading dots.
func levelOf(module string) int {
	level := 0
	for level < len(module) && module[level] == '.' {
		level++
	}
	return level
}

// above returns the package in which a relative import looks, "" for none.
func (m *Module) above(level int) string {
	pkg := m.Name
	if !m.IsPackage {
		pkg = parentName(pkg)
	}
	for ; level > 1 && pkg != ""; level-- {
		pkg = parentName(pkg)
	}
	return pkg
}

// absolute returns the module that a relative import names.
func (m *Module) absolute(level int, name string) (string, bool) {
	switch pkg := m.above(level); {
	case pkg == "":
		return "", false
	case name == "":
		return pkg, true
	default:
		return pkg + "." + name, true
	}
}

// baseNames remembers which modules relative imports named lately: neighbours name
// the same.
type baseNames struct {
	recent [1 << 9]struct {
		key  symbol
		name string
	}
	room []byte
}

// of is Program.baseOf with the symbol of the name.
func (x *baseNames) of(m *Module, k int) (string, symbol) {
	f := m.facts
	b := &f.bindings[k]
	s := &f.statements[b.statement]
	if !s.from {
		name := f.of(b.name)
		return name, symbolOf(name)
	}
	written := f.of(s.module)
	if level := levelOf(written); level > 0 {
		switch pkg := m.above(level); {
		case pkg == "":
		case level == len(written):
			return pkg, symbolOf(pkg)
		default:
			x.room = append(append(append(x.room[:0], pkg...), '.'), written[level:]...)
			key := symbolIn(x.room)
			slot := &x.recent[int(key)&(len(x.recent)-1)]
			if slot.key != key {
				slot.key, slot.name = key, string(x.room)
			}
			return slot.name, key
		}
	}
	return written, symbolOf(written)
}

// hides reports whether a package binds a name to something else than its
// submodule of that name, as "from .codec import codec" does; flags are those of
// the name.
func (m *Module) hides(name symbol, flags nameFlags) bool {
	f := m.facts
	switch {
	case flags&nameBound == 0:
		return false
	case flags&nameStored != 0:
		return true
	}
	for k := range f.bindings {
		b := &f.bindings[k]
		s := &f.statements[b.statement]
		if !s.from || b.symbol != name || b.symbol == starSymbol {
			continue
		}
		// "from . import name" and "from pkg import name" mean the submodule.
		if module := f.of(s.module); module == "." || module == m.Name {
			return b.as != 0 && b.as != b.name
		}
		return true
	}
	return false
}

// submodule says whether a module has a submodule, for code of m.
func (p *Program) submodule(m *Module, base, name string) foundFlags {
	if base == "" || base[0] == '.' {
		return 0
	}
	sub := base + "." + name
	if p.owns(sub) {
		return foundSubmodule
	}
	if p.resolver != nil && p.resolver.HasItem(base, name) {
		return foundSubmodule | foundOutside
	}
	return 0
}

// description is what the resolver says of a module name.
type description struct {
	kind    resolve.Kind
	path    string // relative to the project where it is inside
	runtime string
}

// outside returns what the resolver says of a name. It is asked once.
func (p *Program) outside(name string) description {
	if p.resolver == nil {
		return description{kind: resolve.KindMissing}
	}
	if d, ok := p.described.Load(name); ok {
		return d.(description)
	}
	s := p.resolver.Find(name)
	d := description{kind: s.Kind, path: p.relative(s.Path)}
	if s.Kind == resolve.KindMissing {
		d.runtime = s.Runtime
	}
	p.described.Store(name, d)
	return d
}

// describe says what a module name means for code of m.
func (p *Program) describe(m *Module, name string) (resolve.Kind, string) {
	d := p.describeAll(m, name)
	return d.kind, d.path
}

func (p *Program) describeAll(m *Module, name string) description {
	if name == "" || name[0] == '.' {
		return description{kind: resolve.KindMissing}
	}
	s := symbolOf(name)
	own, folder := p.lookup(m, s)
	var d description
	if own == nil || p.resolver != nil && p.resolver.Fixed(name) { // else there is no need to search
		d = p.outside(name)
	}
	switch {
	case d.kind == resolve.KindBuiltin || d.kind == resolve.KindFrozen:
		return d
	case own != nil && own.IsPackage:
		return description{kind: resolve.KindPackage, path: own.File}
	case own != nil:
		return description{kind: resolve.KindSource, path: own.File}
	case folder && d.kind == resolve.KindMissing:
		return description{kind: resolve.KindNamespace, path: p.names.of(s).folder}
	}
	return d
}

// Imports returns the imports of a module. Without trees they are made anew at
// each call, so that those of all modules need not be there at once.
func (p *Program) Imports(m *Module) []*Import {
	if m.Imports != nil {
		return m.Imports
	}
	out := make([]*Import, len(m.facts.bindings))
	d := describer{p: p, m: m}
	for k := range out {
		out[k] = &Import{}
		d.describe(out[k], k)
		p.fill(out[k], k)
	}
	return out
}

// ImportReader makes the imports of one module after the other. It remembers what
// names mean, as neighbours import much of the same. It is for one goroutine.
type ImportReader struct {
	describer
	recent   [1 << 10]meaning
	bases    baseNames
	contexts map[string][]string
}

// meaning is what a name means for code below an import root.
type meaning struct {
	key symbol // of both
	description
}

// ImportReader returns a reader of the imports of the program's modules.
func (p *Program) ImportReader() *ImportReader {
	r := &ImportReader{contexts: map[string][]string{}}
	r.describer = describer{p: p, reader: r}
	return r
}

// Each calls yield for each import of a module, in source order (range over
// func). In a lean program all of them are the same Import, which holds until
// the next one is made.
func (r *ImportReader) Each(m *Module) func(yield func(*Import) bool) {
	return func(yield func(*Import) bool) {
		if m.Imports != nil {
			for _, imp := range m.Imports {
				if !yield(imp) {
					return
				}
			}
			return
		}
		var imp Import
		r.describer = describer{p: r.p, reader: r, m: m, root: symbolOf(m.Root)}
		for k := range m.facts.bindings {
			r.describe(&imp, k)
			r.p.fill(&imp, k)
			if !yield(&imp) {
				return
			}
		}
	}
}

// meaning is describeAll for the module that is described. The symbol of the name
// counts with a reader alone.
func (d *describer) meaning(name string, s symbol) description {
	if d.reader == nil {
		return d.p.describeAll(d.m, name)
	}
	key := symbol(spread(uint64(s) ^ spread(uint64(d.root))))
	x := &d.reader.recent[int(key)&(len(d.reader.recent)-1)]
	if x.key != key {
		*x = meaning{key, d.p.describeAll(d.m, name)}
	}
	return x.description
}

// words returns the words of a context.
func (d *describer) words(context string) []string {
	if d.reader == nil {
		return strings.Fields(context)
	}
	words, ok := d.reader.contexts[context]
	if !ok {
		words = strings.Fields(context)
		d.reader.contexts[context] = words
	}
	return words
}

// newImport makes the import of a binding without what its uses say.
func (p *Program) newImport(m *Module, k int) *Import {
	imp := &Import{}
	d := describer{p: p, m: m}
	d.describe(imp, k)
	return imp
}

// describer describes the imports of one module. It keeps what the names of one
// statement have in common.
type describer struct {
	p      *Program
	m      *Module
	reader *ImportReader // remembers what names mean; nil for none
	root   symbol        // of the module's root, with a reader
	known  bool          // what follows
	// statement is the place of the one that was described last, base the module
	// that it names, and context what is around it.
	statement  int32
	base       string
	baseSymbol symbol // with a reader
	context    []string
	asked      bool        // of is known
	of         description // of base
}

// describe fills in what newImport knows.
func (d *describer) describe(imp *Import, k int) {
	m, f := d.m, d.m.facts
	b, x := &f.bindings[k], &m.found[k]
	s := &f.statements[b.statement]
	if !d.known || d.statement != b.statement || !s.from {
		*d = describer{p: d.p, m: m, reader: d.reader, root: d.root, known: true, statement: b.statement}
		if d.reader != nil {
			d.base, d.baseSymbol = d.reader.bases.of(m, k)
		} else {
			d.base = d.p.baseOf(m, k)
		}
		if s.context != 0 {
			d.context = d.words(f.of(s.context))
		}
	}
	*imp = Import{
		In: m, Stmt: s.node, Alias: b.alias, Line: int(s.line), Column: int(s.column), EndLine: int(s.endLine), EndColumn: int(s.endColumn),
		IsFrom: s.from, Name: f.of(b.name), AsName: f.of(b.as), Base: d.base,
		Scope: "module", Context: d.context, Lazy: x.flags&foundLazy != 0, owner: b.owner, binding: int32(k),
	}
	imp.Binds = imp.Name
	switch {
	case b.as != 0:
		imp.Binds = imp.AsName
	case !s.from:
		imp.Binds, _, _ = strings.Cut(imp.Name, ".")
	}
	imp.Statement = evidence.Statement{From: m.Name, File: m.File, Qualname: f.of(s.qualname), Module: imp.Name, Binding: imp.Binds, Ordinal: f.ordinal(k)}
	if s.from {
		imp.Statement.Module = f.of(s.module)
		imp.Level = levelOf(imp.Statement.Module)
		imp.Future = imp.Statement.Module == "__future__"
		if b.symbol != starSymbol {
			imp.Item = imp.Name
		}
	}
	switch s.scope {
	case scope.FunctionScope:
		imp.Scope = "function"
	case scope.ClassScope:
		imp.Scope = "class"
	}
	imp.Target = imp.Base
	var target description
	switch {
	case x.flags&foundSubmodule != 0:
		imp.Target += "." + imp.Item
		target = d.meaning(imp.Target, symbolOf(imp.Target))
	case !d.asked:
		d.asked, d.of = true, d.meaning(imp.Target, d.baseSymbol)
		target = d.of
	default:
		target = d.of
	}
	imp.Kind, imp.Path, imp.Runtime = target.kind, target.path, target.runtime
}

// fill adds what was found out about the uses of an import.
func (p *Program) fill(imp *Import, k int) {
	m := imp.In
	b, x := &m.facts.bindings[k], &m.found[k]
	s := &m.facts.statements[b.statement]
	imp.Runs = m.whenOf(s.function, s.base).String()
	imp.Uses = int(m.facts.loads(b.uses) + m.brought[int32(k)])
	if imp.Future {
		imp.Uses = 0
	}
	if x.line == 0 {
		return
	}
	imp.UsedAtImport = true
	if p.options.Unexplained {
		return
	}
	imp.UsedAtWhy = x.why.String()
	in := m
	if x.in >= 0 {
		in = p.Modules[x.in]
	}
	if x.why == whyUnseen {
		imp.UsedAtWhy += in.facts.of(in.facts.rare.unseen[in.hidden()].by)
	}
	if x.in >= 0 {
		imp.UsedAtWhy += " at " + in.File + ":" + strconv.Itoa(int(x.line))
	} else {
		imp.UsedAtLine = int(x.line)
	}
}

// bind gives a module with a tree its imports.
func (p *Program) bind(m *Module) {
	m.Imports = make([]*Import, len(m.facts.bindings))
	m.globals = map[string][]*Import{}
	for k := range m.Imports {
		imp := p.newImport(m, k)
		m.Imports[k] = imp
		if imp.owner == 0 {
			m.globals[imp.Binds] = append(m.globals[imp.Binds], imp)
		}
	}
}

// settle adds what was found out about the uses of the imports.
func (p *Program) settle(m *Module) {
	for k, imp := range m.Imports {
		p.fill(imp, k)
	}
}

// collect lists the imports of a module that is not in the program, with when
// they run.
func (p *Program) collect(m *Module) {
	var r factReader
	m.facts, m.index, m.annotations = r.read(m.Syntax, m.Scope, p.version, false), -1, &annotations{}
	p.resolve(m, newSurveyor(1))
	m.promote(nil)
	p.bind(m)
	p.settle(m)
}

// contextOf lists the blocks around a statement, outermost first, up to the
// function around it.
func contextOf(f *syntax.File, s syntax.NodeID) []string {
	var out []string
	for c, n := s, f.Parent(s); n != syntax.None && f.Kind(n) != syntax.FunctionDef; c, n = n, f.Parent(n) {
		word := ""
		switch f.Kind(n) {
		case syntax.Handler:
			word = "except"
		case syntax.Else:
			if f.Node(c).Flags&syntax.FlagElif == 0 {
				word = "else"
			}
		case syntax.Finally:
			word = "finally"
		case syntax.Try:
			if f.Kind(c) == syntax.Block {
				word = "try"
			}
		case syntax.If:
			if f.Kind(c) == syntax.Block {
				word = "if"
			}
		case syntax.For, syntax.While:
			if f.Kind(c) == syntax.Block {
				word = "loop"
			}
		case syntax.With:
			word = "with"
		case syntax.Case:
			word = "match"
		}
		if word != "" {
			out = append(out, word)
		}
	}
	slices.Reverse(out)
	return out
}
