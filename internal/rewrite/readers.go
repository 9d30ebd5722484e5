package rewrite

import (
	"slices"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// Concern returns the files in whose namespace the name of an import is, and clues
// of which every other file has one that has a say in whether it may move. They are
// for LoadOptions.Moving and Clues.
func Concern(prog *graph.Program, imp *graph.Import, fastPath map[string]bool) (files []string, clues []graph.Clue) {
	add := func(imports string, words ...string) {
		slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // what is long is rare
		c := graph.Clue{Imports: imports}
		copy(c.Words[:], words)
		clues = append(clues, c)
	}
	hosts := []consumer{{m: imp.In, name: imp.Binds}}
	for _, c := range consumers(prog, imp, fastPath) {
		if c.m != imp.In {
			hosts = append(hosts, c)
		}
	}
	for _, h := range hosts {
		files = append(files, h.m.File)
		module := lastOf(h.m.Name)
		add("", h.name, module)
		add(h.m.File, h.name)
		for word := range lookups {
			add("", module, word)
		}
		for word := range specs {
			add("", h.name, word)
		}
	}
	for _, module := range []string{imp.Base, imp.Target} {
		parts := strings.Split(module, ".")
		for k, part := range parts {
			add("", part, "modules") // of sys
			if k > 0 {
				add("", part, parts[k-1])
			}
		}
	}
	add("", lastOf(imp.Base), "reload")
	if imp.Item != "" {
		add("", imp.Item, lastOf(imp.Base))
		if m := prog.Module(imp.Base); m != nil {
			add(m.File, imp.Item)
		}
	}
	return files, clues
}

// lookups are words of which one stands where the names of a module are looked up,
// or the module itself is taken anew.
var lookups = wordSet("getattr hasattr setattr vars dir getmembers __globals__ __dict__ reload")

// specs are words of which one stands where a mock takes the names of a module,
// which need not be named there as it is called.
var specs = wordSet("create_autospec autospec spec spec_set")

// lastOf returns the last part of a dotted name.
func lastOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// access is one place that reads, changes or replaces a name of a module from
// outside of it.
type access struct {
	m    *graph.Module
	node syntax.NodeID
	how  string
	// store: it assigns to the name; del: it deletes it; patch: a test replaces
	// it for a while.
	store, del, patch bool
}

// place is "file:line" of the access.
func (a access) place() string { return at(a.m, a.node) }

// name is a name in a module's namespace.
type name struct{ module, name string }

// readers is what the files of a program do with each other's names. It errs
// on the side of finding too much: a chain counts whatever scope its first
// name belongs to.
type readers struct {
	prog *graph.Program
	// of lists the accesses by module and name: from-imports, attributes of a
	// known module alias, strings like patch("m.x").
	of map[name][]access
	// stars lists "from m import *" by module.
	stars map[string][]access
	// dynamic lists what reaches for names of a module that no scan follows.
	dynamic map[string][]access
	// replaced lists entries of sys.modules that somebody sets or deletes.
	replaced map[string][]access
	// reads lists where "a.b" is read as an attribute, by dotted path: every
	// path of two parts or more that starts at a known module.
	reads map[string][]access
	// exports are the names in __all__, by module; nil where it has none.
	exports map[string]map[string]syntax.NodeID
	// composedNames are names that tests may patch in some module; anyName and
	// anyModule say of the file being scanned that its strings may be such
	// names, or keys of sys.modules.
	composedNames      map[string][]access
	anyName, anyModule bool
	// specced lists where mocks take over the names that a module has.
	specced map[string][]access
	// code lists the strings that hold import statements, and the examples in
	// docstrings, by the words in them.
	code map[string][]codeText
	// reloaded lists where modules are run again.
	reloaded map[string][]access
}

func readersOf(prog *graph.Program) *readers {
	r := &readers{
		prog: prog, of: map[name][]access{}, stars: map[string][]access{}, dynamic: map[string][]access{},
		replaced: map[string][]access{}, reads: map[string][]access{},
		exports: map[string]map[string]syntax.NodeID{}, composedNames: map[string][]access{}, reloaded: map[string][]access{}, specced: map[string][]access{}, code: map[string][]codeText{},
	}
	for _, m := range prog.Modules {
		if m.Syntax != nil {
			r.scan(m)
		}
	}
	return r
}

// scan collects what one file does.
func (r *readers) scan(m *graph.Module) {
	for _, imp := range m.Imports {
		switch {
		case imp.Binds == "*":
			r.stars[imp.Base] = append(r.stars[imp.Base], access{m: m, node: imp.Stmt, how: "taken by a star import"})
		case imp.Item != "" && imp.Base != m.Name:
			r.add(imp.Base, imp.Item, access{m: m, node: imp.Stmt, how: "imported from here"})
		}
	}
	f, bound := m.Syntax, bindings(m.Imports)
	r.aliases(m, bound)
	r.anyName, r.anyModule = false, false
	for i := range f.Nodes {
		n := syntax.NodeID(i)
		switch f.Kind(n) {
		case syntax.Attribute:
			if f.Kind(f.Parent(n)) != syntax.Attribute || f.First(f.Parent(n)) != n {
				r.chain(m, n, bound)
			}
		case syntax.String:
			if text, ok := stringOf(f, n); ok {
				r.text(m, n, text)
				r.codeIn(m, n, text)
			}
		case syntax.Call:
			r.call(m, n, bound)
		case syntax.Assign, syntax.AugAssign, syntax.AnnAssign:
			r.all(m, n)
		case syntax.Subscript:
			if key := f.Next(f.First(n)); m.Test && f.Node(n).Flags&(syntax.FlagStore|syntax.FlagDel) != 0 && dottedOf(f, f.First(n)) == "sys.modules" {
				_, plain := stringOf(f, key)
				r.anyModule = r.anyModule || !plain
			}
		}
	}
	if r.anyName {
		r.pieces(m)
	}
	if r.anyModule {
		r.modulePieces(m)
	}
}

func (r *readers) add(module, n string, a access) {
	key := name{module, n}
	r.of[key] = append(r.of[key], a)
}

// chain records a.b.c for every module that a prefix of it names.
func (r *readers) chain(m *graph.Module, n syntax.NodeID, bound map[string][]string) {
	f := m.Syntax
	mods, parts := r.chainFrom(m, n, bound)
	flags := f.Node(n).Flags
	for _, mod := range mods {
		path := strings.Join(append([]string{mod}, parts[1:]...), ".")
		for i := len(mod); i <= len(path); i++ {
			if i < len(path) && path[i] != '.' {
				continue
			}
			if i > len(mod) {
				r.reads[path[:i]] = append(r.reads[path[:i]], access{m: m, node: n})
			}
			if i == len(path) {
				break
			}
			item, rest, more := strings.Cut(path[i+1:], ".")
			a := access{m: m, node: n, how: "read from outside", store: !more && flags&(syntax.FlagStore|syntax.FlagDel) != 0}
			if a.store {
				a.how = "assigned from outside"
			}
			if a.del = a.store && flags&syntax.FlagDel != 0; a.del {
				a.how = "deleted from outside"
			}
			if path[:i] != m.Name {
				r.add(path[:i], item, a)
			}
			if strings.HasSuffix(path, ".__globals__") {
				r.dynamic[path[:i]] = append(r.dynamic[path[:i]], access{m: m, node: n, how: "the globals of its functions are read"})
			}
			if item == "__dict__" && rest == "" {
				r.dynamic[path[:i]] = append(r.dynamic[path[:i]], access{m: m, node: n, how: "its __dict__ is read"})
			}
		}
	}
}

// chainFrom returns the modules that the first part of a chain may stand for, and
// the chain: a name that is bound to one, or the call that gets one by its name.
func (r *readers) chainFrom(m *graph.Module, n syntax.NodeID, bound map[string][]string) (mods, parts []string) {
	f := m.Syntax
	if parts, root := chainOf(f, n); root != syntax.None {
		parts = withoutSelf(parts)
		return bound[parts[0]], parts
	}
	for ; f.Kind(n) == syntax.Attribute; n = f.First(n) {
		parts = append(parts, f.Text(f.Child(n, syntax.Ident)))
	}
	mod := namedModule(m, n)
	if mod == "" {
		return nil, nil
	}
	parts = append(parts, mod)
	slices.Reverse(parts)
	return []string{mod}, parts
}

var (
	dottedText = regexps.New(`^[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+$`)
	moduleText = regexps.New(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$`)
)

// patchers are calls that replace what a string names; fileReaders are calls
// whose strings are files, loggers and the like.
var (
	patchers    = wordSet("patch setattr delattr spy stub replace when allow")
	fileReaders = wordSet("open Path PurePath join joinpath getLogger get_logger exists isfile read_text resource_string files StringIO info debug warning error")
	extensions  = wordSet("cfg conf csv css db env gz html ini jpg js json log lock md pdf png py pyc sh sql sqlite tar toml txt xml yaml yml zip")
)

// text records a string that may name something in a module: "m.x", "m:x".
func (r *readers) text(m *graph.Module, n syntax.NodeID, text string) {
	f := m.Syntax
	call := callAround(f, n)
	callee := calleeName(f, call)
	if moduleText().MatchString(text) && mentionsSysModules(f, n) {
		a := access{m: m, node: n, how: "replaced in sys.modules"}
		r.replaced[text] = append(r.replaced[text], a)
	}
	if !dottedText().MatchString(text) || fileReaders[callee] {
		return
	}
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == '.' || c == ':' })
	patches := patchers[callee] || m.Test
	if len(parts) == 2 && extensions[parts[1]] && !patches {
		return
	}
	a := access{m: m, node: n, how: "named by a string", patch: patchers[callee]}
	if a.patch {
		a.how = "patched"
	}
	if a.del = callee == "delattr"; a.del {
		a.how = "deleted from outside"
	}
	if parts[len(parts)-1] == "__dict__" {
		mod := strings.Join(parts[:len(parts)-1], ".")
		r.dynamic[mod] = append(r.dynamic[mod], access{m: m, node: n, how: "its __dict__ is changed"})
	}
	if patches || a.patch {
		r.add(strings.Join(parts[:len(parts)-1], "."), parts[len(parts)-1], a)
	}
	// The project may be imported under a longer name than ours, so that a
	// module's name counts anywhere in the string.
	for i := range parts {
		for j := i + 1; j < len(parts); j++ {
			mod := strings.Join(parts[i:j], ".")
			if r.prog.Module(mod) != nil && !(patches && i == 0 && j == len(parts)-1) {
				r.add(mod, parts[j], a)
			}
		}
	}
}

// callAround returns the call that n is an argument of, or None.
func callAround(f *syntax.File, n syntax.NodeID) syntax.NodeID {
	for p := f.Parent(n); p != syntax.None && !f.Kind(p).IsStatement(); p = f.Parent(p) {
		if f.Kind(p) == syntax.Args && f.Kind(f.Parent(p)) == syntax.Call {
			return f.Parent(p)
		}
	}
	return syntax.None
}

// calleeName returns the last part of what a call calls: "patch" for
// mock.patch and for patch.object, patch.dict, patch.multiple.
func calleeName(f *syntax.File, call syntax.NodeID) string {
	if call == syntax.None {
		return ""
	}
	fn := f.First(call)
	if f.Kind(fn) != syntax.Attribute {
		return f.Text(fn)
	}
	last := f.Text(f.Child(fn, syntax.Ident))
	switch last {
	case "object", "dict", "multiple", "context_manager":
		if parts, _ := chainOf(f, fn); len(parts) >= 2 && parts[len(parts)-2] == "patch" {
			return "patch"
		}
	}
	return last
}

// mentionsSysModules reports whether the simple statement (or the header)
// around n speaks of sys.modules.
func mentionsSysModules(f *syntax.File, n syntax.NodeID) bool {
	top := n
	for p := n; p != syntax.None && !f.Kind(p).IsStatement() && f.Kind(p) != syntax.Block; p = f.Parent(p) {
		top = p
	}
	if p := f.Parent(top); f.Kind(top) != syntax.Decorator && p != syntax.None && simple(f.Kind(p)) {
		top = p
	}
	return strings.Contains(f.Text(top), "sys.modules")
}

// simple reports whether statements of kind k hold no others.
func simple(k syntax.Kind) bool {
	switch k {
	case syntax.Return, syntax.Delete, syntax.Assign, syntax.AugAssign, syntax.AnnAssign, syntax.ExprStmt, syntax.Assert, syntax.Raise:
		return true
	}
	return false
}

// call records calls that name something of a module by a string beside it:
// getattr(m, "x"), patch.object(m, "x"), monkeypatch.setattr(m, "x", …).
func (r *readers) call(m *graph.Module, n syntax.NodeID, bound map[string][]string) {
	f := m.Syntax
	callee := calleeName(f, n)
	args := argumentsOf(f, n)
	if len(args) == 0 {
		return
	}
	r.replacedModules(m, n)
	if callee == "attrgetter" {
		for _, a := range args {
			if text, ok := stringOf(f, a); ok {
				item, _, _ := strings.Cut(text, ".")
				r.composedNames[item] = append(r.composedNames[item], access{m: m, node: n, how: "looked up"})
			}
		}
	}
	if m.Test {
		r.spec(m, n, args, bound)
		r.composed(m, n, args, bound)
	}
	for _, mod := range r.modulesOf(m, args[0], bound) {
		if callee == "reload" {
			r.reloaded[mod] = append(r.reloaded[mod], access{m: m, node: n, how: "loaded again"})
		}
		switch {
		case len(args) > 1 && f.Kind(args[1]) == syntax.String:
			if text, ok := stringOf(f, args[1]); ok {
				a := access{m: m, node: n, how: "named by a string", patch: patchers[callee], del: callee == "delattr"}
				if a.del {
					a.how = "deleted from outside"
				}
				r.add(mod, text, a)
			}
		case callee == "getattr" || callee == "hasattr" || callee == "setattr" || callee == "vars" || callee == "dir" || callee == "getmembers":
			r.dynamic[mod] = append(r.dynamic[mod], access{m: m, node: n, how: "its names are looked up by " + callee})
		}
	}
	if last, ok := strings.CutSuffix(dottedOf(f, f.First(n)), ".multiple"); ok && (last == "patch" || strings.HasSuffix(last, ".patch")) { // patch.multiple(m, x=…)
		mods := r.modulesOf(m, args[0], bound)
		if text, ok := stringOf(f, args[0]); ok {
			mods = append(mods, text)
		}
		for a := range f.Children(f.Child(n, syntax.Args)) {
			if id := f.First(a); f.Kind(id) == syntax.Ident {
				a := access{m: m, node: n, how: "patched", patch: true}
				for _, mod := range mods {
					r.add(mod, f.Text(id), a)
				}
				if len(mods) == 0 {
					r.composedNames[f.Text(id)] = append(r.composedNames[f.Text(id)], a)
				}
			}
		}
	}
}

// modulesOf returns the modules that an expression may stand for.
func (r *readers) modulesOf(m *graph.Module, n syntax.NodeID, bound map[string][]string) []string {
	f := m.Syntax
	if f.Kind(n) == syntax.Subscript && dottedOf(f, f.First(n)) == "sys.modules" && strings.Contains(f.Text(n), "__name__") {
		return []string{m.Name}
	}
	if mod := namedModule(m, n); mod != "" {
		return []string{mod}
	}
	parts, root := chainOf(f, n)
	if root == syntax.None {
		return nil
	}
	parts = withoutSelf(parts)
	var out []string
	for _, mod := range bound[parts[0]] {
		out = append(out, strings.Join(append([]string{mod}, parts[1:]...), "."))
	}
	return out
}

// all records the names in a statement that builds __all__.
func (r *readers) all(m *graph.Module, stmt syntax.NodeID) {
	f := m.Syntax
	if t := f.First(stmt); f.Kind(t) != syntax.Name || f.Text(t) != "__all__" {
		return
	}
	if r.exports[m.Name] == nil {
		r.exports[m.Name] = map[string]syntax.NodeID{}
	}
	walk(f, stmt, func(n syntax.NodeID) bool {
		if text, ok := stringOf(f, n); ok {
			r.exports[m.Name][text] = n
		}
		return true
	})
}
