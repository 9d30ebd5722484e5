package rewrite

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// GateOptions says what the Gate cannot see in the sources.
type GateOptions struct {
	// Entries are the modules that start cold, as the program names them.
	// Without any, every module that is no test counts as started.
	Entries []string
	// FastPath are the fast path files, by path relative to the project.
	FastPath map[string]bool
}

// Gate says how far the move of an import to function level is proved safe.
// It is built once for a program and then only read.
type Gate struct {
	prog   *graph.Program
	roots  []*graph.Module
	loaded map[*graph.Module]bool // when the roots are imported
	// via is one import by which each of them is loaded, so that without any
	// other import all of them still are.
	via map[*graph.Module]*graph.Import
	// firm are the modules that are loaded without the imports that stand in a
	// try statement; what else is loaded may fail to load, and somebody notices.
	firm     map[*graph.Module]bool
	fastPath map[string]bool
	readers  *readers
	cycles   map[*graph.Module]int // number of the cycle a module belongs to
	effects  map[*graph.Module][]effect
	// reachesEffects are the modules whose import runs code with effects, in
	// them or in what they load.
	reachesEffects map[*graph.Module]bool
	doctests       map[*graph.Module][]doctestLine
	typeStrings    map[*graph.Module][]syntax.NodeID
}

// NewGate scans a program.
func NewGate(prog *graph.Program, o GateOptions) *Gate {
	g := &Gate{
		prog: prog, fastPath: o.FastPath, readers: readersOf(prog), cycles: map[*graph.Module]int{},
		effects: map[*graph.Module][]effect{}, doctests: map[*graph.Module][]doctestLine{}, typeStrings: map[*graph.Module][]syntax.NodeID{},
	}
	for _, name := range o.Entries {
		if m := prog.Module(name); m != nil {
			g.roots = append(g.roots, m)
		}
	}
	if len(g.roots) == 0 {
		for _, m := range prog.Modules {
			if !m.Test {
				g.roots = append(g.roots, m)
			}
		}
	}
	for i, c := range prog.Cycles() {
		for _, m := range c {
			g.cycles[m] = i
		}
	}
	g.loaded = reach(g.roots, prog, nil)
	var effectful []*graph.Module
	for _, m := range prog.Modules {
		if m.Test || m.Syntax == nil {
			continue
		}
		g.doctests[m] = doctestsOf(m.Syntax)
		g.typeStrings[m] = typeStringsOf(m.Syntax)
		if !g.loaded[m] { // it cannot be loaded later than now
			continue
		}
		if e := effectsOf(prog, m); len(e) > 0 {
			g.effects[m] = e
			effectful = append(effectful, m)
		}
	}
	g.via = spanning(g.roots, prog)
	g.firm = reach(g.roots, prog, caught)
	g.reachesEffects = importersOf(prog, effectful)
	return g
}

// judge collects what stands in the way of one move; the worst class counts,
// and of one class the first cause.
type judge struct{ verdict plan.Verdict }

var safetyRank = map[plan.Safety]int{plan.SafetyAuto: 0, plan.SafetyGuard: 1, plan.SafetyAsk: 2, plan.SafetyNever: 3}

func (j *judge) say(s plan.Safety, format string, args ...any) {
	if safetyRank[s] > safetyRank[j.verdict.Safety] {
		j.verdict = plan.Verdict{Safety: s, Cause: fmt.Sprintf(format, args...)}
	}
}

func (j *judge) never(format string, args ...any) { j.say(plan.SafetyNever, format, args...) }
func (j *judge) ask(format string, args ...any)   { j.say(plan.SafetyAsk, format, args...) }
func (j *judge) guard(format string, args ...any) { j.say(plan.SafetyGuard, format, args...) }

// Verdict says how far moving an import into the functions that use it is
// proved safe, and what stands in the way otherwise. Causes name a place as
// "file:line".
func (g *Gate) Verdict(imp *graph.Import) plan.Verdict {
	j := &judge{plan.Verdict{Safety: plan.SafetyAuto}}
	if !g.statement(j, imp) {
		return j.verdict
	}
	cs := consumers(g.prog, imp, g.fastPath)
	used := false
	for _, c := range cs {
		if g.consumer(j, imp, c) {
			used = true
		}
	}
	if imp.UsedAtImport {
		why := imp.UsedAtWhy
		if why == "" {
			why = "used"
		}
		if imp.UsedAtLine > 0 && !strings.Contains(why, ":") {
			why += fmt.Sprintf(" at %s:%d", imp.In.File, imp.UsedAtLine)
		}
		j.never("%s", why)
	}
	g.outside(j, imp, cs)
	switch {
	case used:
	case j.verdict.Safety == plan.SafetyAuto:
		if imp.In.IsPackage {
			j.never("%s is not used here: the package may export it, or import it for its effects", imp.Binds)
			break
		}
		j.never("%s is not used here: it may be imported for its effects", imp.Binds)
	case j.verdict.Safety == plan.SafetyGuard:
		j.ask("%s; it is not used here and may be imported for its effects", j.verdict.Cause)
	}
	if j.verdict.Safety == plan.SafetyGuard {
		if why := unguardable(g.prog, imp, g.fastPath); why != "" {
			j.ask("%s; %s", j.verdict.Cause, why)
		}
	}
	g.target(j, imp)
	if g.loaded[imp.In] && !g.firm[imp.In] && !resolve.IsStdlib(imp.Base) {
		j.ask("%s is loaded in a try statement, which would no longer notice that %s is missing", imp.In.Name, imp.Base)
	}
	return j.verdict
}

// caught reports whether somebody notices, and goes on, when an import fails.
func caught(imp *graph.Import) bool {
	return slices.Contains(imp.Context, "try") || slices.Contains(imp.Context, "with")
}

// statement judges the statement itself; a false answer means that nothing
// else matters.
func (g *Gate) statement(j *judge, imp *graph.Import) bool {
	m := imp.In
	switch {
	case editable(m) != "":
		j.never("%s", editable(m))
	case imp.Alias == syntax.None:
		j.never("a star import cannot stand in a function")
	case imp.Future:
		j.never("from __future__ belongs to its file")
	case imp.Lazy:
		j.never("it is lazy already")
	case imp.Runs == "type_checking":
		j.never("only type checkers read it")
	case imp.Runs == "never":
		j.never("it never runs")
	case imp.Scope == "class":
		j.never("it stands in a class body, whose attribute it is")
	case imp.Scope != "module" || imp.Runs != "import":
		j.never("it does not run at import")
	case strings.HasPrefix(imp.Binds, "__"):
		j.never("the name %s would be another one inside of a class", imp.Binds)
	case slices.Contains(imp.Context, "with"):
		j.never("it stands in a with block, whose state it needs")
	case slices.Contains(imp.Context, "loop"), slices.Contains(imp.Context, "match"):
		j.never("it stands in a %s", imp.Context[0])
	}
	if j.verdict.Safety == plan.SafetyNever {
		return false
	}
	for _, c := range imp.Context {
		switch c {
		case "if":
			j.ask("it depends on a condition, %s", at(m, imp.Stmt))
		default:
			j.ask("it is optional: it stands in a try statement, %s", at(m, imp.Stmt))
		}
	}
	if why := sideEffects(imp); why != "" {
		j.never("%s when imported", why)
	}
	return true
}

// consumer judges the uses of the name in one module; used says that there are
// any at call time.
func (g *Gate) consumer(j *judge, imp *graph.Import, c consumer) (used bool) {
	m, f := c.m, c.m.Syntax
	if c.m != imp.In {
		if why := editable(c.m); why != "" {
			j.never("%s", why)
			return false
		}
	}
	for _, other := range m.Imports {
		if other == imp || other == c.via || other.Scope != "module" || other.Binds != c.name {
			continue
		}
		if other.Runs != "type_checking" {
			j.never("%s is bound again at %s", c.name, at(m, other.Stmt))
		}
	}
	for _, n := range m.Scope.DynamicNames {
		if text, harmful := dynamicUse(f, n); harmful {
			j.never("%s at %s reaches for names that no scan sees", text, at(m, n))
			break
		}
	}
	if n := ownGlobals(f); n != syntax.None {
		j.never("%s at %s reaches for names that no scan sees", oneLine(f.Text(n)), at(m, n))
	}
	for _, d := range g.doctests[m] {
		if graph.HasWord([]byte(d.code), c.name) {
			j.never("a doctest uses %s, %s:%d", c.name, m.File, d.line)
		}
	}
	if n := g.typeString(m, c.name); n != syntax.None {
		j.ask("an annotation names %s, %s", c.name, at(m, n))
	}
	for _, e := range g.effects[m] {
		if e.kind == changesState && (strings.HasPrefix(e.what, "sys.path") || strings.HasPrefix(e.what, "sys.meta_path") || e.what == "os.chdir") {
			j.never("%s is changed at %s: the import depends on it", e.what, at(m, e.node))
		}
	}
	var loads []syntax.NodeID
	for _, u := range m.Scope.Uses(c.name) {
		switch {
		case u.Store:
			j.never("%s is bound again at %s", c.name, at(m, u.Node))
		case u.Del:
			j.never("%s is deleted at %s", c.name, at(m, u.Node))
		case u.Annotation && (u.When == scope.TypeChecking || u.When == scope.AtCall):
			j.ask("an annotation names %s, %s", c.name, at(m, u.Node))
		case u.When == scope.TypeChecking:
			j.ask("type checkers read %s, %s", c.name, at(m, u.Node))
		case u.When == scope.Never && !u.Environment:
		case u.When == scope.AtImport && functionOf(f, u.Node) == syntax.None:
			j.never("%s at %s", importUse(f, u.Node), at(m, u.Node))
		case u.When == scope.AtImport:
			j.never("called at import at %s", at(m, u.Node))
		default:
			loads = append(loads, u.Node)
		}
	}
	us, loose := units(f, loads)
	if len(loose) > 0 {
		j.never("used outside of functions at %s", at(m, loose[0]))
	}
	for i := range us {
		judgeUnit(j, m, &us[i])
	}
	return len(loads) > 0
}

// ownGlobals returns an expression of the file that may get its namespace from a
// frame or from a function, or None.
func ownGlobals(f *syntax.File) syntax.NodeID {
	if !bytes.Contains(f.Src, []byte("f_globals")) && !bytes.Contains(f.Src, []byte("__globals__")) {
		return syntax.None
	}
	for i := range f.Nodes {
		if n := syntax.NodeID(i); f.Kind(n) == syntax.Attribute {
			if name := f.Text(f.Child(n, syntax.Ident)); name == "f_globals" || name == "__globals__" {
				return n
			}
		}
	}
	return syntax.None
}

// dynamicUse tells calls that look into the module's names from those that
// look at an argument, such as vars(x).
func dynamicUse(f *syntax.File, n syntax.NodeID) (text string, harmful bool) {
	text = oneLine(f.Text(n))
	switch text {
	case "__import__":
		return text, false
	case "vars", "dir":
		if p := f.Parent(n); f.Kind(p) == syntax.Call && f.First(p) == n {
			return text + "()", len(argumentsOf(f, p)) == 0
		}
	case "exec", "eval", "globals", "locals":
		return text + "()", true
	}
	return text, true
}

// importUse says in words how a use at module level needs its name.
func importUse(f *syntax.File, n syntax.NodeID) string {
	for c, p := n, f.Parent(n); p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.Decorator:
			return "decorator"
		case syntax.Default:
			return "default argument"
		case syntax.Annotation, syntax.Returns:
			return "annotation"
		case syntax.Args:
			if f.Kind(f.Parent(p)) == syntax.ClassDef {
				return "base class"
			}
		case syntax.ClassDef:
			if f.Kind(c) == syntax.Block {
				return "class body"
			}
		}
	}
	return "used at import"
}

// judgeUnit judges the function that would get the import.
func judgeUnit(j *judge, m *graph.Module, u *unit) {
	f := m.Syntax
	name := f.Text(f.Child(u.fn, syntax.Ident))
	first := u.uses[0]
	switch {
	case name == "__del__":
		j.never("its first use may come while the interpreter ends: __del__ at %s", at(m, first))
	case usedByFinalizer(f, name):
		j.ask("its first use may come while the interpreter ends: __del__ calls %s, %s", name, at(m, first))
	case f.Node(u.fn).Flags&syntax.FlagAsync != 0:
		j.ask("the import would block the event loop: async def %s uses it at %s", name, at(m, first))
	}
	if doc := docstringBeside(f, u.at); doc != syntax.None {
		j.never("the docstring of %s shares its line with code, %s", name, at(m, doc))
	}
	for fn := u.fn; fn != syntax.None; fn = functionOf(f, fn) {
		for d := range f.Children(fn) {
			if f.Kind(d) != syntax.Decorator {
				continue
			}
			if lib := codeReader(m, f.First(d)); lib != "" {
				j.never("%s compiles the function that uses it, %s", lib, at(m, d))
			}
		}
	}
	if h := broadHandler(f, u); h != syntax.None {
		j.ask("a failing import would be swallowed by the handler at %s", at(m, h))
	}
}

// usedByFinalizer reports whether a __del__ of the file names a function.
func usedByFinalizer(f *syntax.File, name string) bool {
	if !bytes.Contains(f.Src, []byte("def __del__")) {
		return false
	}
	for i := range f.Nodes {
		if n := syntax.NodeID(i); f.Kind(n) == syntax.FunctionDef && f.Text(f.Child(n, syntax.Ident)) == "__del__" && graph.HasWord([]byte(f.Text(n)), name) {
			return true
		}
	}
	return false
}

// docstringBeside returns the docstring above which an import would land,
// because it shares its line with code.
func docstringBeside(f *syntax.File, p place) syntax.NodeID {
	s := f.First(p.block)
	if f.Kind(f.Parent(p.block)) != syntax.FunctionDef || f.Kind(s) != syntax.ExprStmt {
		return syntax.None
	}
	if k := f.Kind(f.First(s)); k != syntax.String && k != syntax.Strings {
		return syntax.None
	}
	if f.Node(p.block).Flags&syntax.FlagOneLine != 0 || firstOfLine(f, p) == s {
		return s
	}
	return syntax.None
}

// codeReader returns the library of a decorator that compiles or reads the
// code of what it decorates, "" for others.
func codeReader(m *graph.Module, e syntax.NodeID) string {
	f := m.Syntax
	root := rootOf(f, e)
	if root == syntax.None {
		return ""
	}
	imp := moduleImports(m)[f.Text(root)]
	if imp == nil {
		return ""
	}
	top, _, _ := strings.Cut(imp.Base, ".")
	switch top {
	case "numba", "taichi", "triton", "pony", "cython", "pythran":
		return top
	case "torch", "tensorflow":
		if text := f.Text(e); strings.Contains(text, "script") || strings.Contains(text, "function") || strings.Contains(text, "compile") {
			return top
		}
	}
	return ""
}

// broadHandler returns the handler (or "with suppress") around the place of an
// import that would swallow its ImportError, or None.
func broadHandler(f *syntax.File, u *unit) syntax.NodeID {
	for c, p := u.at.block, f.Parent(u.at.block); c != syntax.None && c != u.fn && p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.Try:
			if f.Kind(c) != syntax.Block {
				continue
			}
			for h := range f.Children(p) {
				if f.Kind(h) == syntax.Handler && broad(f, h) {
					return h
				}
			}
		case syntax.With:
			for w := range f.Children(p) {
				if e := f.First(w); f.Kind(w) == syntax.WithItem && f.Kind(e) == syntax.Call && calleeName(f, e) == "suppress" {
					for _, a := range argumentsOf(f, e) {
						if broadName(f.Text(a)) {
							return w
						}
					}
				}
			}
		}
	}
	return syntax.None
}

// broad reports whether a handler catches ImportError.
func broad(f *syntax.File, h syntax.NodeID) bool {
	t := f.First(h)
	switch f.Kind(t) {
	case syntax.Block:
		return true
	case syntax.Tuple:
		for e := range f.Children(t) {
			if broadName(f.Text(e)) {
				return true
			}
		}
		return false
	}
	return broadName(f.Text(t))
}

func broadName(text string) bool {
	switch text[strings.LastIndexByte(text, '.')+1:] {
	case "Exception", "BaseException", "ImportError", "ModuleNotFoundError":
		return true
	}
	return false
}

// doctestLine is a line of an example in a docstring.
type doctestLine struct {
	line int
	code string
}

func doctestsOf(f *syntax.File) []doctestLine {
	if !bytes.Contains(f.Src, []byte(">>>")) {
		return nil
	}
	var out []doctestLine
	walk(f, syntax.Root, func(n syntax.NodeID) bool {
		if f.Kind(n) != syntax.String || f.Kind(f.Parent(n)) != syntax.ExprStmt {
			return true
		}
		line, _ := f.Position(f.Node(n).Start)
		for l := range strings.Lines(f.Text(n)) {
			code := strings.TrimSpace(l)
			if strings.HasPrefix(code, ">>>") || strings.HasPrefix(code, "...") {
				out = append(out, doctestLine{line, code})
			}
			line++
		}
		return true
	})
	return out
}
