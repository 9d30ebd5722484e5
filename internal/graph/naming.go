package graph

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/python/resolve"
)

// candidate is one name under which a file can be imported.
type candidate struct {
	name, root string
	rank       int  // of the root: the lower the better
	regular    bool // every folder on the way is a package with an __init__.py
}

// prefix is how the names of the files in a folder begin, below an import root.
type prefix struct {
	root, name string // the name has a dot at its end, unless it is ""
	top        string // the first folder of the name
	rank       int
	regular    bool
	own        bool // no import root: the folder in which the packages start
}

// prefixes returns how the names of the files in a folder can begin: by each
// import root above it, and by the folder in which its packages start, which is
// on the path when a script in that folder runs.
func prefixes(dir string, roots []string, packages map[string]bool) []prefix {
	own := dir
	for packages[own] && own != "." && own != "/" {
		own = path.Dir(own)
	}
	var out []prefix
	for k, r := range append(slices.Clone(roots), own) {
		r = path.Clean(filepath.ToSlash(r))
		rel, ok := below(r, path.Join(dir, "_"))
		if !ok || slices.ContainsFunc(out, func(x prefix) bool { return x.root == r }) {
			continue
		}
		rel = strings.TrimSuffix(rel, "_")
		regular := true
		for d := dir; d != r && d != "." && d != "/"; d = path.Dir(d) {
			regular = regular && packages[d]
		}
		x := prefix{root: r, name: strings.ReplaceAll(rel, "/", "."), rank: k - len(roots), regular: regular && !packages[r] && k < len(roots), own: k == len(roots)}
		x.top, _, _ = strings.Cut(rel, "/")
		out = append(out, x)
	}
	return out
}

// candidate returns the name of a file by a prefix; known says that there is
// another one.
func (x *prefix) candidate(file string, known bool) (c candidate, ok bool) {
	name := strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".py")
	top := x.top
	switch {
	case name != "__init__":
		if top == "" {
			top = name
		}
		name = x.name + name
	case x.name != "":
		name = x.name[:len(x.name)-1]
	default: // the root itself is a package
		name = path.Base(folderOf(file))
		top = name
	}
	// Nothing says that the own folder is on sys.path. "import json" means the
	// standard library, whatever lies in some folder below, and "import __main__"
	// the program that runs.
	if x.own && known && (top == "__main__" || resolve.IsStdlib(top)) {
		return candidate{}, false
	}
	return candidate{name, x.root, x.rank, x.regular}, true
}

// candidates returns the names of a file. There is at least one.
func candidates(file string, roots []string, packages map[string]bool) []candidate {
	var out []candidate
	for _, x := range prefixes(folderOf(file), roots, packages) {
		if c, ok := x.candidate(file, len(out) > 0); ok {
			out = append(out, c)
		}
	}
	return out
}

// below returns file relative to the folder dir when it is inside.
func below(dir, file string) (string, bool) {
	if dir == "." {
		return file, !path.IsAbs(file)
	}
	return strings.CutPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}

// folderOf is path.Dir for the clean path of a file.
func folderOf(file string) string {
	switch at := strings.LastIndexByte(file, '/'); at {
	case -1:
		return "."
	case 0:
		return "/"
	default:
		return file[:at]
	}
}

func parentName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// nameIndex holds what the names of modules mean.
type nameIndex struct {
	at      symbolMap // places in meanings
	list    []meanings
	modules []*Module       // by name, best import root first
	ends    [1 << 12]uint64 // a bit for the last part of each name, see endsWith
}

// meanings are what can be imported by one name.
type meanings struct {
	name     string
	folder   string // with modules below it, relative to the project; "" for none
	from, to int32  // in nameIndex.modules: files
}

// of returns what a name means, nil for nothing.
func (x *nameIndex) of(name symbol) *meanings {
	if len(x.list) > 0 {
		if k, ok := x.at.get(name); ok {
			return &x.list[k]
		}
	}
	return nil
}

// endsWith reports whether a part may be the last one of a name. Most attributes
// of packages are none: they need no look at the table, which is not in the cache.
func (x *nameIndex) endsWith(part symbol) bool {
	return x.ends[part>>6%symbol(len(x.ends))]>>(part&63)&1 != 0
}

// number returns the place of a name in the list, to which it adds new ones.
func (x *nameIndex) number(name string) int32 {
	s := symbolOf(name)
	k, ok := x.at.get(s)
	if !ok {
		k = int32(len(x.list))
		x.at.add(s, k)
		x.list = append(x.list, meanings{name: name})
		part := symbolOf(name[strings.LastIndexByte(name, '.')+1:])
		x.ends[part>>6%symbol(len(x.ends))] |= 1 << (part & 63)
	}
	return k
}

// lookup returns the module that a name means for code below the import root of
// another one, that root's own, else the first, and whether there are modules
// below a folder of this name.
func (p *Program) lookup(from *Module, name symbol) (m *Module, folder bool) {
	x := p.names.of(name)
	if x == nil {
		return nil, false
	}
	list := p.names.modules[x.from:x.to]
	for _, o := range list {
		if o.Root == from.Root {
			return o, x.folder != ""
		}
	}
	if len(list) > 0 {
		m = list[0]
	}
	return m, x.folder != ""
}

// find is lookup for the module alone.
func (p *Program) find(from *Module, name string) *Module {
	m, _ := p.lookup(from, symbolOf(name))
	return m
}

// owns reports whether there is a module or a folder of this name.
func (p *Program) owns(name string) bool { return p.names.of(symbolOf(name)) != nil }

// place is a folder with files of the program.
type place struct {
	prefixes []prefix
	init     *Module // its __init__.py
}

// naming is the state of name.
type naming struct {
	p         *Program
	places    map[string]*place
	all       []candidate
	from      []int32   // by module: its part of all begins
	asked     symbolMap // names that count if somebody mentions them: places in mentioned
	mentioned []bool
}

// name gives every module its name, and fills the indexes.
//
// A file can have several names, one for each import root above it. Python
// would use the one that the import statements use; so the name is the first
// one that leads through regular packages only, else the first that some
// import mentions, else the one that fits the package around it, else the
// first.
func (p *Program) name(roots []string) {
	n := naming{p: p, places: map[string]*place{}}
	n.find(roots)
	n.mention()
	for _, m := range p.Modules {
		n.choose(m)
	}
	n.index(len(roots))
}

// find finds the candidates of all modules.
func (n *naming) find(roots []string) {
	packages := map[string]bool{} // folders with an __init__.py
	for k, m := range n.p.Modules {
		m.index = int32(k)
		if m.IsPackage = path.Base(m.File) == "__init__.py"; m.IsPackage {
			packages[folderOf(m.File)] = true
		}
	}
	n.all = make([]candidate, 0, 2*len(n.p.Modules))
	n.from = make([]int32, 0, len(n.p.Modules)+1)
	for _, m := range n.p.Modules {
		dir := folderOf(m.File)
		at := n.places[dir]
		if at == nil {
			at = &place{prefixes: prefixes(dir, roots, packages)}
			n.places[dir] = at
		}
		if m.IsPackage {
			at.init = m
		}
		from := len(n.all)
		n.from = append(n.from, int32(from))
		for k := range at.prefixes {
			if c, ok := at.prefixes[k].candidate(m.File, len(n.all) > from); ok {
				n.all = append(n.all, c)
			}
		}
	}
	n.from = append(n.from, int32(len(n.all)))
}

// of returns the candidates of a module.
func (n *naming) of(m *Module) []candidate { return n.all[n.from[m.index]:n.from[m.index+1]] }

// mention finds out which of the names that count then are mentioned by import
// statements, be it as a package on the way.
func (n *naming) mention() {
	n.asked.reserve(len(n.all))
	var packages symbolMap // around what is asked for
	packages.reserve(len(n.places))
	for _, m := range n.p.Modules {
		list := n.of(m)
		if r := slices.IndexFunc(list, func(c candidate) bool { return c.regular }); r > 0 {
			list[0], list[r] = list[r], list[0]
		} else if r < 0 && len(list) > 1 {
			for _, c := range list {
				n.asked.add(symbolOf(c.name), int32(n.asked.n))
				packages.add(symbolOf(parentName(c.name)), 0)
			}
		}
	}
	n.mentioned = make([]bool, n.asked.n)
	if n.asked.n == 0 {
		return
	}
	seen := newSymbolSet(2 * len(n.p.Modules))
	add := func(name string, s symbol) { // with the packages around it
		for name != "" && seen.add(s) {
			if k, ok := n.asked.get(s); ok {
				n.mentioned[k] = true
			}
			name = parentName(name)
			s = symbolOf(name)
		}
	}
	for _, m := range n.p.Modules {
		f := m.facts
		last, base, counts := int32(-1), "", false
		for k := range f.bindings {
			b := &f.bindings[k]
			s := &f.statements[b.statement]
			if !s.from {
				name := f.of(b.name)
				add(name, symbolOf(name))
				continue
			}
			if b.statement != last {
				last, base = b.statement, f.of(s.module)
				named := symbolOf(base)
				add(base, named)
				_, counts = packages.get(named)
			}
			if counts && b.symbol != starSymbol {
				name := base + "." + f.of(b.name)
				add(name, symbolOf(name))
			}
		}
	}
}

// choose names a module, after the packages around it.
func (n *naming) choose(m *Module) {
	if m.Name != "" {
		return
	}
	list := n.of(m)
	c := list[0]
	if !c.regular && len(list) > 1 {
		k := slices.IndexFunc(list, func(c candidate) bool {
			at, ok := n.asked.get(symbolOf(c.name))
			return ok && n.mentioned[at]
		})
		if around := n.around(m); k < 0 && around != nil {
			n.choose(around)
			k = slices.IndexFunc(list, func(c candidate) bool { return c.root == around.Root })
		}
		c = list[max(k, 0)]
	}
	m.Name, m.Root = c.name, c.root
}

// around returns the __init__.py of the package that a module is in, if it is in
// one.
func (n *naming) around(m *Module) *Module {
	dir := folderOf(m.File)
	if m.IsPackage {
		dir = path.Dir(dir)
	}
	if at := n.places[dir]; at != nil && at.init != m {
		return at.init
	}
	return nil
}

// index fills the index of names.
func (n *naming) index(roots int) {
	x := &n.p.names
	x.at.reserve(len(n.all) + len(n.places))
	x.list = make([]meanings, 0, len(n.all)+len(n.places))
	numbers := make([]int32, len(n.all))
	for k := range n.all {
		numbers[k] = x.number(n.all[k].name)
		x.list[numbers[k]].to++
	}
	end := int32(0)
	for k := range x.list {
		x.list[k].from, x.list[k].to, end = end, end, end+x.list[k].to
	}
	type ranked struct {
		m    *Module
		rank int
	}
	order := make([]ranked, len(n.all))
	for _, m := range n.p.Modules {
		for k := n.from[m.index]; k < n.from[m.index+1]; k++ {
			c, e := &n.all[k], &x.list[numbers[k]]
			rank := c.rank
			if c.name == m.Name && c.root == m.Root {
				rank -= 2 * roots // its own name comes first
			}
			order[e.to] = ranked{m, rank}
			e.to++
		}
	}
	for k := range x.list {
		if e := &x.list[k]; e.to-e.from > 1 {
			slices.SortStableFunc(order[e.from:e.to], func(a, b ranked) int {
				if c := cmp.Compare(a.rank, b.rank); c != 0 || a.m.IsPackage == b.m.IsPackage {
					return c
				}
				if a.m.IsPackage { // a package hides the module beside it
					return -1
				}
				return 1
			})
		}
	}
	x.modules = make([]*Module, len(order))
	for k := range order {
		x.modules[k] = order[k].m
	}
	for _, m := range n.p.Modules {
		for _, c := range n.of(m) {
			dir := folderOf(m.File)
			for name := parentName(c.name); name != ""; name = parentName(name) {
				k := x.number(name)
				e := &x.list[k]
				if e.folder != "" {
					break // and so have those around it
				}
				if m.IsPackage && name == parentName(c.name) {
					dir = path.Dir(dir)
				}
				e.folder = dir
				dir = path.Dir(dir)
			}
		}
	}
}
