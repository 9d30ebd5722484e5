package rewrite

import (
	"slices"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// Tests do not always write out what they replace: patch(f"{MODULE}.json"),
// patch.object(module, name), sys.modules[name] = None. Then every name in the
// strings of that file may be one that they mean.

var (
	wordText     = regexps.New(`[\p{L}_][\p{L}\p{N}_]*`)
	moduleGetter = wordSet("import_module __import__ importorskip reload")
)

// pieces records the names in the strings of a test that may be patched.
func (r *readers) pieces(m *graph.Module) {
	r.eachPiece(m, func(n syntax.NodeID, text string) {
		for _, word := range wordText().FindAllString(text, -1) {
			if l := r.composedNames[word]; len(l) == 0 || l[len(l)-1].m != m { // one a file is enough
				r.composedNames[word] = append(l, access{m: m, node: n, how: "patched under a name that is put together"})
			}
		}
	})
}

// modulePieces records the strings of a test that may be keys of sys.modules.
// The packages of the program itself are named everywhere.
func (r *readers) modulePieces(m *graph.Module) {
	r.eachPiece(m, func(n syntax.NodeID, _ string) {
		text, _ := stringOf(m.Syntax, n)
		if own := r.prog.Module(text); moduleText().MatchString(text) && (own == nil || !own.IsPackage) {
			r.replaced[text] = append(r.replaced[text], access{m: m, node: n, how: "replaced in sys.modules under a name that is put together"})
		}
	})
}

// eachPiece calls visit for the strings of a file that are no messages.
func (r *readers) eachPiece(m *graph.Module, visit func(n syntax.NodeID, text string)) {
	f := m.Syntax
	for i := range f.Nodes {
		n := syntax.NodeID(i)
		if f.Kind(n) != syntax.String || f.Kind(f.Parent(n)) == syntax.ExprStmt {
			continue
		}
		if text := strings.TrimLeft(f.Text(n), "rRuUfFtT"); len(text) <= 200 && !strings.ContainsAny(text, " \t\r\n\\") {
			visit(n, text)
		}
	}
}

// composed looks at a call in a test that may replace what no string in it
// names in full.
func (r *readers) composed(m *graph.Module, n syntax.NodeID, args []syntax.NodeID, bound map[string][]string) {
	f := m.Syntax
	plain := func(i int) bool {
		if i >= len(args) {
			return false
		}
		_, ok := stringOf(f, args[i])
		return ok
	}
	switch callee, fn := calleeName(f, n), dottedOf(f, f.First(n)); {
	case callee == "patch" && strings.HasSuffix(fn, ".dict"):
		if len(args) > 1 && strings.Contains(f.Text(args[0]), "sys.modules") && f.Kind(args[1]) != syntax.Dict {
			r.anyModule = true
		}
	case callee == "setitem" || callee == "delitem":
		if len(args) > 1 && f.Text(args[0]) == "sys.modules" && !plain(1) {
			r.anyModule = true
		}
	case fn == "patch" || strings.HasSuffix(fn, "mock.patch") || strings.HasSuffix(fn, "mocker.patch"):
		r.anyName = r.anyName || !plain(0)
	case callee == "getattr" || callee == "hasattr":
		if text, _ := stringOf(f, args[min(1, len(args)-1)]); text != "" && len(r.modulesOf(m, args[0], bound)) == 0 {
			r.composedNames[text] = append(r.composedNames[text], access{m: m, node: n, how: "looked up"})
		}
	case callee == "patch" && strings.HasSuffix(fn, ".object"), callee == "setattr", callee == "delattr":
		switch {
		case plain(0) && strings.ContainsRune(f.Text(args[0]), '.'): // monkeypatch.setattr("m.x", value)
		case plain(1) && len(r.modulesOf(m, args[0], bound)) > 0:
		case plain(0) || plain(1):
			for i := range min(2, len(args)) {
				if text, ok := stringOf(f, args[i]); ok {
					r.composedNames[text] = append(r.composedNames[text], access{m: m, node: n, how: "patched"})
				}
			}
		default:
			r.anyName = true
		}
	}
}

// replacedModules records the modules that keywords put into sys.modules:
// patch.dict("sys.modules", json=None).
func (r *readers) replacedModules(m *graph.Module, n syntax.NodeID) {
	f := m.Syntax
	if !strings.Contains(f.Text(n), "sys.modules") {
		return
	}
	for a := range f.Children(f.Child(n, syntax.Args)) {
		if id := f.First(a); f.Kind(id) == syntax.Ident {
			r.replaced[f.Text(id)] = append(r.replaced[f.Text(id)], access{m: m, node: n, how: "replaced in sys.modules"})
		}
	}
}

// spec records the modules whose names a mock takes over: create_autospec(m),
// Mock(spec=m), patch("pkg.m", autospec=True).
func (r *readers) spec(m *graph.Module, n syntax.NodeID, args []syntax.NodeID, bound map[string][]string) {
	f := m.Syntax
	takes := calleeName(f, n) == "create_autospec"
	for a := range f.Children(f.Child(n, syntax.Args)) {
		if id := f.First(a); f.Kind(id) == syntax.Ident {
			takes = takes || f.Text(id) == "spec" || f.Text(id) == "spec_set" || f.Text(id) == "autospec"
		}
	}
	if !takes {
		return
	}
	a := access{m: m, node: n, how: "the names of a mock are taken from it"}
	add := func(path string) {
		if r.prog.Module(path) != nil {
			r.specced[path] = append(r.specced[path], a)
		} else if i := strings.LastIndexByte(path, '.'); i > 0 {
			if in := r.prog.Module(path[:i]); in != nil { // the name of a module in another one
				for _, mod := range bindings(r.prog.Imports(in))[path[i+1:]] {
					r.specced[mod] = append(r.specced[mod], a)
				}
			}
		}
	}
	for i, arg := range args {
		if text, ok := stringOf(f, arg); ok && i == 0 {
			add(text)
		}
		for _, mod := range r.modulesOf(m, arg, bound) {
			add(mod)
			if i == 0 && len(args) > 1 { // patch.object(m, "x", autospec=True)
				if text, ok := stringOf(f, args[1]); ok {
					add(mod + "." + text)
				}
			}
		}
	}
}

// aliases adds the names that stand for a module by an assignment, by what a
// fixture of that name returns, by a loop over modules, or as parameters of a
// function of the file that is called with one.
func (r *readers) aliases(m *graph.Module, bound map[string][]string) {
	f := m.Syntax
	add := func(target string, value syntax.NodeID) {
		for _, mod := range r.modulesOf(m, value, bound) {
			if r.prog.Module(mod) != nil && !slices.Contains(bound[target], mod) {
				bound[target] = append(bound[target], mod)
			}
		}
	}
	var passed []syntax.NodeID // arguments of calls by name that are modules
	functions := map[string][]syntax.NodeID{}
	for i := range f.Nodes {
		n := syntax.NodeID(i)
		switch f.Kind(n) {
		case syntax.Assign:
			if parts, _ := chainOf(f, f.First(n)); len(parts) > 0 {
				if parts = withoutSelf(parts); len(parts) == 1 {
					add(parts[0], f.Next(f.First(n)))
				}
			}
		case syntax.Return, syntax.Yield:
			if fn := functionOf(f, n); m.Test && fn != syntax.None && f.First(n) != syntax.None {
				add(f.Text(f.Child(fn, syntax.Ident)), f.First(n))
			}
		case syntax.FunctionDef:
			name := f.Text(f.Child(n, syntax.Ident))
			functions[name] = append(functions[name], n)
		case syntax.For, syntax.Comprehension:
			target := f.First(n)
			values := f.Next(target)
			if k := f.Kind(values); f.Kind(target) == syntax.Name && (k == syntax.Tuple || k == syntax.List || k == syntax.Set) {
				for value := range f.Children(values) {
					add(f.Text(target), value)
				}
			}
		case syntax.Arg:
			value := f.First(n)
			if f.Kind(value) == syntax.Ident {
				value = f.Next(value)
			}
			if call := f.Parent(f.Parent(n)); f.Kind(value) == syntax.Name && f.Kind(call) == syntax.Call && f.Kind(f.First(call)) == syntax.Name && len(bound[f.Text(value)]) > 0 {
				passed = append(passed, n)
			}
		}
	}
	for _, n := range passed {
		for _, fn := range functions[f.Text(f.First(f.Parent(f.Parent(n))))] {
			if param, value := parameter(f, fn, n); param != "" {
				add(param, value)
			}
		}
	}
}

// parameter returns the parameter of a function that the argument n becomes, ""
// for none, and what is passed.
func parameter(f *syntax.File, fn, n syntax.NodeID) (name string, value syntax.NodeID) {
	value = f.First(n)
	keyword := ""
	if f.Kind(value) == syntax.Ident {
		keyword, value = f.Text(value), f.Next(value)
	}
	p := f.First(f.Child(fn, syntax.Params))
	for a := f.First(f.Parent(n)); keyword == "" && a != n && p != syntax.None; a = f.Next(a) {
		p = f.Next(p)
	}
	for ; p != syntax.None; p = f.Next(p) {
		if id := f.First(p); f.Kind(p) == syntax.Param && f.Kind(id) == syntax.Ident && (keyword == "" || f.Text(id) == keyword) {
			return f.Text(id), value
		}
		if keyword == "" {
			break
		}
	}
	return "", value
}

// withoutSelf returns a chain as if attributes of an object were names: a test
// class keeps the module that it is about as self.module.
func withoutSelf(parts []string) []string {
	if len(parts) > 1 && (parts[0] == "self" || parts[0] == "cls") {
		return parts[1:]
	}
	return parts
}

// namedModule returns the module that an expression gets by its name in a
// string: import_module("m"), import_module(".m", __package__), sys.modules["m"].
func namedModule(m *graph.Module, n syntax.NodeID) string {
	f := m.Syntax
	var key syntax.NodeID
	parent := m.Name
	if !m.IsPackage {
		parent = parent[:max(0, strings.LastIndexByte(parent, '.'))]
	}
	switch {
	case f.Kind(n) == syntax.Subscript && dottedOf(f, f.First(n)) == "sys.modules":
		key = f.Next(f.First(n))
	case f.Kind(n) == syntax.Call && moduleGetter[calleeName(f, n)]:
		args := argumentsOf(f, n)
		if len(args) > 0 {
			key = args[0]
		}
		if len(args) > 1 {
			if text, ok := stringOf(f, args[1]); ok {
				parent = text
			}
		}
	}
	text, _ := stringOf(f, key)
	name := strings.TrimLeft(text, ".")
	if name == text {
		return text
	}
	for up := len(text) - len(name) - 1; up > 0; up-- {
		parent = parent[:max(0, strings.LastIndexByte(parent, '.'))]
	}
	return strings.Trim(parent+"."+name, ".")
}

// patchedSomehow returns a test that knows the module and may patch the name
// there.
func (r *readers) patchedSomehow(m *graph.Module, n string) (access, bool) {
	last := lastOf(m.Name)
	for _, a := range r.composedNames[n] {
		if a.m != m && graph.HasWord(a.m.Syntax.Src, last) {
			return a, true
		}
	}
	return access{}, false
}

// codeText is a string that holds code.
type codeText struct {
	access
	text string
}

// codeIn records a string that holds code: with an import statement, say for a
// subprocess or for timeit, or with examples.
func (r *readers) codeIn(m *graph.Module, n syntax.NodeID, text string) {
	c := codeText{access{m: m, node: n, how: "read by code in a string"}, text}
	switch {
	case m.Syntax.Kind(m.Syntax.Parent(n)) != syntax.ExprStmt:
		if !graph.HasWord([]byte(text), "import") {
			return
		}
	case strings.Contains(text, ">>>"):
		var code strings.Builder
		for line := range strings.Lines(text) {
			if l := strings.TrimSpace(line); strings.HasPrefix(l, ">>>") || strings.HasPrefix(l, "...") {
				code.WriteString(l + "\n")
			}
		}
		c.how, c.text = "read by an example", code.String()
	default:
		return
	}
	for _, word := range wordText().FindAllString(c.text, -1) {
		if l := r.code[word]; len(l) == 0 || l[len(l)-1].node != n || l[len(l)-1].m != m {
			r.code[word] = append(l, c)
		}
	}
}

// codeAbout returns a string of code that may read a name of a module.
func (r *readers) codeAbout(m *graph.Module, n string) (access, bool) {
	last := lastOf(m.Name)
	for _, c := range r.code[n] {
		if graph.HasWord([]byte(c.text), last) {
			return c.access, true
		}
	}
	return access{}, false
}
