package recorder

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// Table says in which lines of which functions of a project a name is read
// that an import bound, and what each such name stands for. The recorder
// watches these functions and no others.
type Table struct {
	Every   int          // the sampling rate: one request in Every is watched
	Style   string       // "json" or "lines"
	Entries []TableEntry // sorted by handler

	modules map[string]bool // absolute names in import statements
	uses    map[string]int  // meaning → number
	order   []string        // the meanings, by number
	files   map[string][]tableFile
}

// TableEntry is a handler as the platform names it, and what the project
// calls it.
type TableEntry struct {
	Handler  string // "lambda_function.lambda_handler"
	Entry    string // "lambda_function:lambda_handler"
	Workflow string // expression over the event, "" without
}

// tableFile is one file under a module's name.
type tableFile struct {
	file  string // relative to the project
	size  int64  // bytes; another size is another file
	sites []site
}

// site is a place where names of imports are read.
type site struct {
	line   int
	column int   // bytes from the start of the line
	exact  bool  // when the line runs, the name is read
	uses   []int // numbers of meanings
}

// Own are the modules that the recorder consists of; where a project has them
// among its sources, they are no part of it.
var Own = []string{"fastpath_recorder", "fastpath_table"}

// NewTable reads the programs of a project, one for each import root. They must
// not be lean.
func NewTable(programs []*graph.Program) (*Table, error) {
	t := &Table{Every: DefaultEvery, Style: "json", modules: map[string]bool{}, uses: map[string]int{}, files: map[string][]tableFile{}}
	for _, p := range programs {
		b := tableBuilder{t: t, p: p, found: map[*graph.Module]map[place][]candidate{}}
		if err := b.build(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Modules returns how many modules the project's imports name.
func (t *Table) Modules() int { return len(t.modules) }

// Files returns how many files have something to watch.
func (t *Table) Files() int {
	n := 0
	for _, list := range t.files {
		n += len(list)
	}
	return n
}

// place is where a name is read: a position in a file.
type place struct{ line, column int }

// candidate is one meaning of a name at a place.
type candidate struct {
	in      *graph.Module // whose global name it is; nil when it is local
	name    string
	meaning string // "start:chain"
	strict  bool   // something else binds the name, too
	exact   bool
}

type tableBuilder struct {
	t     *Table
	p     *graph.Program
	found map[*graph.Module]map[place][]candidate
}

func (b *tableBuilder) build() error {
	for _, m := range b.p.Modules {
		// A layer that was written into the project has them under other names.
		if m.Test || slices.Contains(Own, strings.TrimSuffix(path.Base(m.File), ".py")) {
			continue
		}
		for _, imp := range m.Imports {
			b.imported(m, imp)
		}
		b.starred(m)
	}
	for _, m := range b.p.Modules {
		if m.Test || len(b.found[m]) == 0 || m.Name == "" {
			continue
		}
		if err := b.file(m); err != nil {
			return err
		}
	}
	return nil
}

// imported notes where the name of one import is read.
func (b *tableBuilder) imported(m *graph.Module, imp *graph.Import) {
	if imp.Future || imp.Runs == "type_checking" || imp.Runs == "never" {
		return
	}
	b.t.modules[imp.Base] = true
	b.t.modules[imp.Target] = true
	if imp.Binds == "*" {
		return
	}
	start, item := imp.Base, imp.Item
	if !imp.IsFrom && imp.AsName == "" {
		start, _, _ = strings.Cut(imp.Base, ".")
	}
	local := imp.Scope != "module"
	if inFunction(m.Syntax, imp.Stmt) {
		meaning := imp.Base + ":" + imp.Item
		b.add(m, imp.Stmt, candidate{meaning: meaning, exact: steady(m.Syntax, imp.Stmt)})
	}
	strict := !local && slices.ContainsFunc(m.Scope.Uses(imp.Binds), func(u scope.Use) bool { return u.Store })
	for _, u := range b.p.Uses(imp) {
		f := u.Module.Syntax
		if u.Store || u.Del || u.Module.Test || f.Kind(u.Node) == syntax.String || !inFunction(f, u.Node) {
			continue
		}
		chain := chainAfter(f, u.Node)
		c := candidate{name: imp.Binds, meaning: start + ":" + joined(item, chain), strict: strict, exact: !u.Annotation && steady(f, u.Node)}
		if !local {
			c.in = m
		}
		b.add(u.Module, u.Node, c)
		if start != imp.Base && chain == "" { // passed on: who knows what is read
			b.add(u.Module, u.Node, candidate{meaning: imp.Base + ":", exact: c.exact})
		}
	}
}

// starred notes where names are read that star imports bring: of modules
// outside the project, and what project modules define themselves.
func (b *tableBuilder) starred(m *graph.Module) {
	bases := b.stars(m, map[*graph.Module]bool{})
	if len(bases) == 0 {
		return
	}
	for name, uses := range m.Scope.GlobalNames() {
		if m.Scope.Binds(0, name) {
			continue
		}
		for _, u := range uses {
			if u.Store || u.Del || m.Syntax.Kind(u.Node) == syntax.String || !inFunction(m.Syntax, u.Node) {
				continue
			}
			for _, base := range bases {
				if own := b.p.Module(base); own != nil && !defines(own, name) {
					continue
				}
				meaning := base + ":" + joined(name, chainAfter(m.Syntax, u.Node))
				b.add(m, u.Node, candidate{in: m, name: name, meaning: meaning, strict: true, exact: !u.Annotation && steady(m.Syntax, u.Node)})
			}
		}
	}
}

// stars returns the modules whose names come by star imports, also through
// project modules.
func (b *tableBuilder) stars(m *graph.Module, seen map[*graph.Module]bool) []string {
	seen[m] = true
	var out []string
	for _, imp := range m.Imports {
		if imp.Binds != "*" || imp.Scope != "module" {
			continue
		}
		if !slices.Contains(out, imp.Base) {
			out = append(out, imp.Base)
		}
		if base := b.p.Module(imp.Base); base != nil && !seen[base] {
			out = append(out, b.stars(base, seen)...)
		}
	}
	return out
}

// defines reports whether a module binds the name by something else than an
// import.
func defines(m *graph.Module, name string) bool {
	imported := slices.ContainsFunc(m.Imports, func(imp *graph.Import) bool { return imp.Binds == name && imp.Scope == "module" })
	return !imported && m.Scope.Binds(0, name)
}

func (b *tableBuilder) add(m *graph.Module, n syntax.NodeID, c candidate) {
	at := m.Syntax.Node(n).Start
	line := m.Syntax.Line(at)
	key := place{line, int(at - m.Syntax.LineStart(line))}
	if b.found[m] == nil {
		b.found[m] = map[place][]candidate{}
	}
	b.found[m][key] = append(b.found[m][key], c)
}

// file writes down the places of one file.
func (b *tableBuilder) file(m *graph.Module) error {
	info, err := os.Stat(filepath.Join(b.p.Root, filepath.FromSlash(m.File)))
	if err != nil {
		return err
	}
	f := tableFile{file: m.File, size: info.Size()}
	for at, list := range b.found[m] {
		s := site{line: at.line, column: at.column, exact: true}
		for _, c := range list {
			s.exact = s.exact && c.exact
		}
		for _, meaning := range meanings(list) {
			s.uses = append(s.uses, b.t.number(meaning))
		}
		slices.Sort(s.uses)
		f.sites = append(f.sites, s)
	}
	slices.SortFunc(f.sites, func(a, b site) int { return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column)) })
	if !slices.ContainsFunc(b.t.files[m.Name], func(o tableFile) bool { return o.file == f.file }) {
		b.t.files[m.Name] = append(b.t.files[m.Name], f)
	}
	return nil
}

// meanings joins the candidates that are alternatives: of "try: import a as x
// except ImportError: import b as x" one is right, and the value of x says which.
func meanings(list []candidate) []string {
	type key struct {
		in   *graph.Module
		name string
	}
	var out []string
	var order []key
	groups := map[key][]candidate{}
	for _, c := range list {
		k := key{c.in, c.name}
		if c.in == nil {
			out = append(out, c.meaning)
			continue
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], c)
	}
	for _, k := range order {
		var all []string
		strict := false
		for _, c := range groups[k] {
			strict = strict || c.strict
			if !slices.Contains(all, c.meaning) {
				all = append(all, c.meaning)
			}
		}
		mark := "?"
		if strict {
			mark = "!"
		}
		if len(all) == 1 && !strict {
			out = append(out, all[0])
			continue
		}
		out = append(out, k.in.Name+" "+k.name+mark+strings.Join(all, "|"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (t *Table) number(meaning string) int {
	n, ok := t.uses[meaning]
	if !ok {
		n = len(t.order)
		t.uses[meaning] = n
		t.order = append(t.order, meaning)
	}
	return n
}

// joined is a dotted path of two parts that may be empty.
func joined(a, b string) string { return strings.Trim(a+"."+b, ".") }

// chainAfter is the dotted attributes that are read of the value of n.
func chainAfter(f *syntax.File, n syntax.NodeID) string {
	var parts []string
	for p := f.Parent(n); f.Kind(p) == syntax.Attribute && f.First(p) == n && len(parts) < 5; n, p = p, f.Parent(p) {
		if f.Node(p).Flags&(syntax.FlagStore|syntax.FlagDel) != 0 {
			break
		}
		parts = append(parts, f.Text(f.Child(p, syntax.Ident)))
	}
	return strings.Join(parts, ".")
}

// inFunction reports whether n runs when a function or lambda is called.
func inFunction(f *syntax.File, n syntax.NodeID) bool {
	for c, p := n, f.Parent(n); p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.FunctionDef:
			if f.Kind(c) == syntax.Block {
				return true
			}
		case syntax.Lambda:
			if f.Kind(c) != syntax.Params {
				return true
			}
		}
	}
	return false
}

// steady reports whether n is evaluated whenever its line is reached in its
// function: no operator, comprehension or statement on the line decides.
func steady(f *syntax.File, n syntax.NodeID) bool {
	start := n
	for c, p := n, f.Parent(n); p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.IfExp:
			if second(f, p) != c {
				return false
			}
		case syntax.BoolOp:
			if f.First(p) != c {
				return false
			}
		case syntax.Compare:
			if f.First(p) != c && second(f, p) != c {
				return false
			}
		case syntax.Assert, syntax.Handler:
			if f.First(p) != c && f.Kind(c) != syntax.Block {
				return false
			}
		case syntax.Lambda, syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp:
			return false
		case syntax.Block:
			if f.Node(p).Flags&syntax.FlagOneLine != 0 {
				return false
			}
			return alone(f, p, c)
		case syntax.Else, syntax.Finally, syntax.Module:
			return alone(f, p, c)
		}
		start = p
	}
	return f.Kind(start) == syntax.Module
}

func second(f *syntax.File, n syntax.NodeID) syntax.NodeID { return f.Next(f.First(n)) }

// alone reports whether the statement c of the suite p shares its lines with no
// other statement and with no header.
func alone(f *syntax.File, p, c syntax.NodeID) bool {
	line := f.Line(f.Node(c).Start)
	if owner := f.Parent(p); owner != syntax.None && f.Kind(owner) != syntax.Module && f.Line(f.Node(owner).Start) == line {
		return false
	}
	for s := range f.Children(p) {
		if s != c && f.Line(f.Node(s).End) == line && f.Node(s).End <= f.Node(c).Start {
			return false
		}
	}
	return true
}

// Python renders the table as a module of one string: a line of version, rate
// and style, one of the handlers, one of the modules that have files, one of the
// imported modules, one of the meanings, and one for each module that has files. The recorder reads it as
// text; nothing in it needs an interpreter to be understood.
func (t *Table) Python() []byte {
	var w strings.Builder
	w.WriteString("# Written by \"fastpath usage recorder\" from the sources; write it anew when they change.\n")
	fmt.Fprintf(&w, "TABLE = \"\"\"\n%d %d %s\n", TableVersion, t.Every, t.Style)
	for k, e := range t.Entries {
		if k > 0 {
			w.WriteByte('\t')
		}
		fmt.Fprintf(&w, "%s\t%s\t%s", escaped(e.Handler), escaped(e.Entry), escaped(e.Workflow))
	}
	names := slices.Sorted(maps.Keys(t.files))
	fmt.Fprintf(&w, "\n%s\n%s\n%s\n", escaped(strings.Join(names, " ")), escaped(strings.Join(slices.Sorted(maps.Keys(t.modules)), " ")), escaped(strings.Join(t.order, ";")))
	for _, name := range names {
		w.WriteString(escaped(name))
		for _, f := range t.files[name] {
			fmt.Fprintf(&w, "\t%s\t%d\t%s", escaped(f.file), f.size, encodeSites(f.sites))
		}
		w.WriteByte('\n')
	}
	w.WriteString("\"\"\"\n")
	return []byte(w.String())
}

// encodeSites writes "line:use,use" or, where the column decides,
// "line@column:use", joined by ";".
func encodeSites(sites []site) string {
	var b []byte
	for k, s := range sites {
		if k > 0 {
			b = append(b, ';')
		}
		b = strconv.AppendInt(b, int64(s.line), 10)
		if !s.exact {
			b = append(b, '@')
			b = strconv.AppendInt(b, int64(s.column), 10)
		}
		for i, u := range s.uses {
			b = append(b, ":,"[min(i, 1)])
			b = strconv.AppendInt(b, int64(u), 10)
		}
	}
	return string(b)
}

// escaped writes what means something in the table or in a string of Python as
// %XX.
func escaped(s string) string {
	var w strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`"%\`, r) {
			fmt.Fprintf(&w, "%%%02X", r)
		} else {
			w.WriteRune(r)
		}
	}
	return w.String()
}
