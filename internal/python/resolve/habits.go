package resolve

import (
	"bytes"
	"fmt"
	"strings"

	"fastpath/internal/python/syntax"
)

// habits are what a module's source does, when it runs, about finding its
// submodules. The texts are those of Spec.Runtime, "" where it does not do it.
type habits struct {
	extends  string // __path__ = pkgutil.extend_path(__path__, __name__)
	declares string // pkg_resources.declare_namespace(__name__)
	changes  string // anything else that alters __path__
	places   string // puts modules into sys.modules, or installs an import hook

	hooks   bool // it touches sys.meta_path or sys.path_hooks
	syspath bool // it alters sys.path

	// path returns what changes make of a __path__, and whether that can be
	// worked out; nil when only running the code would tell.
	path func(path []string) ([]string, bool)
	// prepends says that changes may put folders before those that are there.
	prepends bool
}

// traces are the texts of which one is in every source that has a habit.
var traces = [][]byte{
	[]byte("__path__"), []byte("sys.modules"), []byte("declare_namespace"), []byte("meta_path"), []byte("path_hooks"),
	[]byte("initpkg"), []byte("sys.path"), []byte("import modules"),
}

// habitsOf returns the habits of a module by its source file.
func (r *Resolver) habitsOf(file, module string) habits {
	if h, ok := r.habits.Load(file); ok {
		return h.(habits)
	}
	var h habits
	if strings.HasSuffix(file, ".py") {
		if src, err := r.read(file); err == nil {
			h = r.readHabits(src, file, module)
		}
	}
	r.habits.Store(file, h)
	return h
}

// namesPath reports whether the text of a file names __path__. Where it does not,
// its habits need not be read to know that it has no path of its own.
func (r *Resolver) namesPath(file string) bool {
	if names, ok := r.paths.Load(file); ok {
		return names.(bool)
	}
	src, err := r.read(file)
	names := err == nil && bytes.Contains(src, traces[0])
	r.paths.Store(file, names)
	return names
}

func (r *Resolver) readHabits(src []byte, file, module string) habits {
	traced := false
	for _, t := range traces {
		traced = traced || bytes.Contains(src, t)
	}
	if !traced {
		return habits{}
	}
	f := syntax.Parse(src, r.version)
	h := observer{e: evaluator{f: f, file: file, module: module}, module: module}
	for n := range f.Nodes {
		h.node(syntax.NodeID(n))
	}
	if len(h.edits) > 0 && h.certain {
		h.path = h.apply
	}
	return h.habits
}

// observer collects habits.
type observer struct {
	habits
	e       evaluator
	module  string
	edits   []edit
	certain bool // all edits of __path__ are known
}

// edit is one change of __path__: the method, with its arguments.
type edit struct {
	method string // "append", "insert", "extend", "="
	args   []syntax.NodeID
}

// say writes where something is done.
func (o *observer) say(text *string, n syntax.NodeID, what string) {
	if *text == "" {
		line, _ := o.e.f.Position(o.e.f.Node(n).Start)
		*text = fmt.Sprintf("%s:%d, which %s", o.module, line, what)
	}
}

func (o *observer) node(n syntax.NodeID) {
	f := o.e.f
	switch f.Kind(n) {
	case syntax.Name:
		if f.Node(n).Flags&(syntax.FlagStore|syntax.FlagDel) != 0 && f.Text(n) == "__path__" {
			o.assigned(n)
		}
	case syntax.Subscript:
		if f.Node(n).Flags&syntax.FlagStore == 0 {
			return
		}
		switch of := f.Text(f.First(n)); {
		case of == "__path__":
			o.change(n, edit{})
		case of == "sys.modules" || of == "modules":
			o.say(&o.places, n, "puts modules into sys.modules")
		}
	case syntax.Attribute:
		if f.Node(n).Flags&syntax.FlagStore == 0 {
			return
		}
		switch f.Text(last(f, n)) {
		case "__path__":
			o.say(&o.places, n, "sets the __path__ of a module")
		case "meta_path", "path_hooks":
			o.hooks = true
			o.say(&o.places, n, "installs an import hook")
		}
		if f.Text(n) == "sys.path" {
			o.syspath = true
		}
	case syntax.Call:
		o.call(n)
	}
}

// assigned looks at an assignment to __path__.
func (o *observer) assigned(n syntax.NodeID) {
	f := o.e.f
	s := f.Parent(n)
	value := last(f, s)
	switch kind := f.Kind(s); {
	case (kind == syntax.Assign || kind == syntax.AnnAssign) && value != n:
		if f.Kind(value) == syntax.Call && strings.HasSuffix(f.Text(f.First(value)), "extend_path") {
			o.say(&o.extends, n, "spreads the package over sys.path")
			return
		}
		o.change(n, edit{"=", []syntax.NodeID{value}})
	case kind == syntax.AugAssign:
		o.change(n, edit{"extend", []syntax.NodeID{value}})
	default:
		o.change(n, edit{})
	}
}

func (o *observer) call(n syntax.NodeID) {
	f := o.e.f
	callee := f.Text(f.First(n))
	object, method := "", callee
	if i := strings.LastIndexByte(callee, '.'); i >= 0 {
		object, method = callee[:i], callee[i+1:]
	}
	switch {
	case method == "declare_namespace" && !o.inside(n):
		o.say(&o.declares, n, "declares a namespace package")
	case method == "initpkg":
		o.say(&o.places, n, "lets apipkg create its modules")
	case object == "__path__":
		switch method {
		case "append", "insert", "extend":
			o.change(n, edit{method, o.e.arguments(n)})
		case "remove", "pop", "clear", "sort", "reverse":
			o.change(n, edit{})
		}
	case strings.HasSuffix(object, ".__path__") && (method == "append" || method == "insert" || method == "extend"):
		o.say(&o.places, n, "sets the __path__ of a module")
	case object == "sys.modules" && (method == "setdefault" || method == "update"):
		o.say(&o.places, n, "puts modules into sys.modules")
	case object == "sys.meta_path" || object == "sys.path_hooks":
		if method == "append" || method == "insert" || method == "extend" {
			o.hooks = true
			o.say(&o.places, n, "installs an import hook")
		}
	case object == "sys.path" && (method == "append" || method == "insert" || method == "extend"):
		o.syspath = true
	}
}

// inside reports whether a node runs only when a function is called.
func (o *observer) inside(n syntax.NodeID) bool {
	for p := o.e.f.Parent(n); p != syntax.None; p = o.e.f.Parent(p) {
		if k := o.e.f.Kind(p); k == syntax.FunctionDef || k == syntax.Lambda {
			return true
		}
	}
	return false
}

// change notes a change of __path__. It is certain only where the statement
// stands at the top of the module and has a value that can be worked out.
func (o *observer) change(n syntax.NodeID, e edit) {
	o.say(&o.changes, n, "changes __path__")
	o.certain = (o.certain || len(o.edits) == 0) && e.method != "" && o.plain(n)
	o.edits = append(o.edits, e)
	o.prepends = o.prepends || e.method != "append" && e.method != "extend"
}

// plain reports whether a statement at the top of the module holds n.
func (o *observer) plain(n syntax.NodeID) bool {
	f := o.e.f
	for f.Parent(n) != syntax.Root {
		n = f.Parent(n)
		switch f.Kind(n) {
		case syntax.Assign, syntax.AugAssign, syntax.AnnAssign, syntax.ExprStmt, syntax.Call, syntax.Attribute:
		default:
			return false
		}
	}
	return true
}

// apply returns a __path__ with all edits; false when one of them cannot be
// worked out.
func (o *observer) apply(path []string) ([]string, bool) {
	e := evaluator{f: o.e.f, file: o.e.file, module: o.module, path: path}
	e.constants()
	out := path
	for _, c := range o.edits {
		e.path = out
		var values []string
		var ok bool
		switch {
		case c.method == "insert" && len(c.args) == 2 && e.f.Text(c.args[0]) == "0",
			c.method == "append" && len(c.args) == 1:
			var dir string
			dir, ok = e.value(c.args[len(c.args)-1]).(string)
			values = []string{dir}
		case len(c.args) == 1:
			values, ok = stringList(e.value(c.args[0]))
		}
		if !ok {
			return nil, false
		}
		switch c.method {
		case "=":
			out = values
		case "insert":
			out = append(values, out...)
		default:
			out = append(out[:len(out):len(out)], values...)
		}
	}
	return out, true
}
