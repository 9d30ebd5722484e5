package rewrite

import (
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// patchingModules change other modules, or the process, when they are
// imported. The key covers submodules; the value says what they do.
var patchingModules = map[string]string{
	"gevent":           "patches the standard library",
	"eventlet":         "patches the standard library",
	"ddtrace":          "patches other libraries",
	"newrelic":         "patches other libraries",
	"elasticapm":       "patches other libraries",
	"scout_apm":        "patches other libraries",
	"instana":          "patches other libraries",
	"autodynatrace":    "patches other libraries",
	"lumigo_tracer":    "patches other libraries",
	"epsagon":          "patches other libraries",
	"sitecustomize":    "configures the interpreter",
	"usercustomize":    "configures the interpreter",
	"readline":         "changes how input is read",
	"rlcompleter":      "changes how input is read",
	"pretty_errors":    "replaces the exception hook",
	"pip_system_certs": "patches the TLS libraries",
	"certifi_win32":    "patches the TLS libraries",
	"pysqlite3":        "stands in for another module",
	"django":           "depends on when its settings are configured",
	"setuptools":       "replaces distutils",
	"_distutils_hack":  "replaces distutils",
	"pytest_cov":       "starts measuring coverage",
}

// sideEffects says what importing the module of an import is known to do
// besides defining names, "" when nothing is known.
func sideEffects(imp *graph.Import) string {
	for _, name := range []string{imp.Target, imp.Base} {
		for n := name; n != ""; {
			if what, ok := patchingModules[n]; ok {
				return n + " " + what
			}
			i := strings.LastIndexByte(n, '.')
			if i < 0 {
				break
			}
			n = n[:i]
		}
	}
	return ""
}

// effectKind says what code at the top level of a module does.
type effectKind uint8

const (
	changesState effectKind = iota // the process or another module: os.environ, sys.path, m.x = …
	registers                      // something of this module with another object
	captures                       // the environment, the clock, the folder, the arguments, chance
	looksAround                    // at the frames of whoever imports it
)

// effect is one such place.
type effect struct {
	kind effectKind
	m    *graph.Module
	node syntax.NodeID
	what string
}

// cause says in words what the place does.
func (e effect) cause() string {
	where := at(e.m, e.node)
	switch e.kind {
	case changesState:
		return e.what + " is changed when " + e.m.Name + " is imported, " + where
	case registers:
		return e.m.Name + " registers itself when imported: " + e.what + ", " + where
	case captures:
		return e.m.Name + " stores " + e.what + " when imported, " + where
	}
	return e.m.Name + " looks at its importer: " + e.what + ", " + where
}

// stdlibState are functions and objects of the standard library whose use at
// the top level changes the process for others.
var stdlibState = wordSet(`
	os.environ os.putenv os.unsetenv os.chdir os.umask os.nice os.register_at_fork sys.path sys.modules sys.meta_path
	sys.path_hooks sys.setrecursionlimit sys.setswitchinterval sys.settrace sys.setprofile sys.addaudithook sys.excepthook
	sys.stdout sys.stderr sys.stdin site.addsitedir logging.basicConfig logging.config logging.disable logging.addLevelName
	logging.setLoggerClass logging.setLogRecordFactory logging.captureWarnings warnings signal.signal signal.alarm
	signal.setitimer atexit.register locale.setlocale socket.setdefaulttimeout mimetypes.add_type mimetypes.init
	codecs.register codecs.register_error copyreg threading.Thread threading.settrace threading.setprofile
	threading.stack_size threading.excepthook multiprocessing.set_start_method asyncio.set_event_loop_policy
	asyncio.set_event_loop random.seed decimal.setcontext decimal.getcontext csv.register_dialect csv.field_size_limit
	shutil.register_archive_format gettext.install faulthandler tracemalloc.start gc.disable gc.enable gc.freeze
	gc.set_threshold sqlite3.register_adapter sqlite3.register_converter builtins.__import__ builtins.setattr
	urllib.request.install_opener ssl._create_default_https_context resource.setrlimit time.tzset
	importlib.invalidate_caches importlib.reload ctypes.CDLL webbrowser.register xml.etree.ElementTree.register_namespace
	readline rlcompleter pkgutil.extend_path`)

// capturing are reads whose answer may be another one later.
var capturing = map[string]string{
	"os.environ": "the environment", "os.getenv": "the environment", "os.environb": "the environment",
	"time.time": "the time", "time.time_ns": "the time", "datetime.datetime.now": "the time", "datetime.datetime.utcnow": "the time",
	"datetime.datetime.today": "the time", "datetime.date.today": "the time",
	"os.getcwd": "the working folder", "pathlib.Path.cwd": "the working folder", "sys.argv": "the arguments",
	"random": "a random value", "secrets": "a random value", "uuid.uuid1": "a random value", "uuid.uuid4": "a random value", "os.urandom": "a random value",
	"os.getpid": "the process number",
}

// lookingAround are the ways to see who imports a module.
var lookingAround = wordSet("sys._getframe inspect.stack inspect.currentframe inspect.getouterframes traceback.extract_stack")

// quietCalls are discarded calls of other libraries that only say something.
var quietCalls = wordSet("debug info warning warn error exception critical log print write flush sleep getLogger get_logger")

// registrars are the names of decorators that put what they decorate into
// something else.
var registrars = wordSet(`
	register register_function route get post put delete patch head options websocket middleware exception_handler
	errorhandler before_request after_request teardown_request context_processor template_filter cli command group task
	shared_task job receiver connect subscribe subscriber listen listener listens_for on on_event event handler handle
	hook hookimpl implements plugin add export tool resource prompt schedule cron callback action slash_command step given when then fixture`)

// effectsOf returns what the top level of a project module does to others or
// takes from its surroundings. Computing, sleeping and printing are no effects.
func effectsOf(prog *graph.Program, m *graph.Module) []effect {
	s := &effectScan{prog: prog, m: m, f: m.Syntax, imports: moduleImports(m)}
	s.block(syntax.Root)
	return s.found
}

type effectScan struct {
	prog    *graph.Program
	m       *graph.Module
	f       *syntax.File
	imports map[string]*graph.Import
	found   []effect
}

func (s *effectScan) add(k effectKind, n syntax.NodeID, what string) {
	s.found = append(s.found, effect{k, s.m, n, what})
}

// block visits the statements below n that run at import.
func (s *effectScan) block(n syntax.NodeID) {
	for c := range s.f.Children(n) {
		if s.f.Kind(c).IsStatement() {
			if s.m.Scope.When(c) == scope.AtImport {
				s.statement(c)
			}
			continue
		}
		switch s.f.Kind(c) {
		case syntax.Block, syntax.Else, syntax.Finally, syntax.Handler, syntax.Case:
			s.block(c)
		}
	}
}

func (s *effectScan) statement(n syntax.NodeID) {
	f := s.f
	s.frames(n)
	switch f.Kind(n) {
	case syntax.FunctionDef:
		s.decorators(n)
		for p := range f.Children(f.Child(n, syntax.Params)) {
			if d := f.Child(p, syntax.Default); d != syntax.None {
				s.captured(d)
			}
		}
	case syntax.ClassDef:
		s.decorators(n)
		s.bases(n)
		s.block(n)
	case syntax.ExprStmt:
		s.discarded(f.First(n))
	case syntax.Assign, syntax.AugAssign, syntax.AnnAssign:
		s.assigned(n)
	case syntax.Delete:
		for t := range f.Children(n) {
			s.target(t)
		}
	default:
		s.block(n)
	}
}

// origin returns the absolute dotted path of a chain that starts at an
// imported name, and that import; nil for other expressions.
func (s *effectScan) origin(n syntax.NodeID) (string, *graph.Import) {
	f := s.f
	for f.Kind(n) == syntax.Call || f.Kind(n) == syntax.Subscript {
		n = f.First(n)
	}
	parts, root := chainOf(f, n)
	if root == syntax.None {
		if r := rootOf(f, n); r != syntax.None && s.imports[f.Text(r)] != nil {
			imp := s.imports[f.Text(r)]
			return absolute(imp), imp
		}
		return "", nil
	}
	imp := s.imports[parts[0]]
	if imp == nil {
		return "", nil
	}
	return strings.Join(append([]string{absolute(imp)}, parts[1:]...), "."), imp
}

// listed returns the prefix of a dotted path that a set holds, "" for none.
func listed(set map[string]bool, path string) string {
	for p := path; p != ""; {
		if set[p] {
			return p
		}
		i := strings.LastIndexByte(p, '.')
		if i < 0 {
			break
		}
		p = p[:i]
	}
	return ""
}

// discarded looks at an expression whose value nobody keeps.
func (s *effectScan) discarded(n syntax.NodeID) {
	f := s.f
	if f.Kind(n) == syntax.Await {
		n = f.First(n)
	}
	if f.Kind(n) != syntax.Call {
		return
	}
	path, imp := s.origin(n)
	if imp == nil {
		return
	}
	callee := calleeName(f, n)
	if quietCalls[callee] {
		return
	}
	if resolve.IsStdlib(path) && s.prog.Module(imp.Base) == nil {
		if state := listed(stdlibState, path); state != "" {
			s.add(changesState, n, state)
		} else if path == "logging" && (callee == "setLevel" || callee == "addHandler" || callee == "addFilter") {
			s.add(changesState, n, path)
		}
		return
	}
	s.add(registers, n, oneLine(f.Text(f.First(n)))+"()")
}

// assigned looks at an assignment: a target inside of another object changes
// it, a value may capture what is there now.
func (s *effectScan) assigned(n syntax.NodeID) {
	f := s.f
	last := syntax.None
	for c := range f.Children(n) {
		last = c
	}
	for c := range f.Children(n) {
		if c != last && f.Kind(c) != syntax.Annotation {
			s.target(c)
		}
	}
	if f.Kind(last) != syntax.Annotation {
		s.captured(last)
	}
}

func (s *effectScan) target(n syntax.NodeID) {
	f := s.f
	switch f.Kind(n) {
	case syntax.Tuple, syntax.List, syntax.Starred:
		for c := range f.Children(n) {
			s.target(c)
		}
	case syntax.Attribute, syntax.Subscript:
		if path, imp := s.origin(n); imp != nil {
			s.add(changesState, n, path)
		}
	}
}

// captured looks for reads of the surroundings in a value that is kept.
func (s *effectScan) captured(n syntax.NodeID) {
	f := s.f
	walk(f, n, func(c syntax.NodeID) bool {
		switch f.Kind(c) {
		case syntax.Lambda:
			return false
		case syntax.Attribute, syntax.Name:
			path, imp := s.origin(c)
			if imp == nil {
				return true
			}
			for p := path; ; {
				if what, ok := capturing[p]; ok {
					s.add(captures, c, what)
					return false
				}
				i := strings.LastIndexByte(p, '.')
				if i < 0 {
					break
				}
				p = p[:i]
			}
			return f.Kind(c) != syntax.Attribute
		}
		return true
	})
}

// frames looks for code that sees who imports the module.
func (s *effectScan) frames(n syntax.NodeID) {
	f := s.f
	if !simple(f.Kind(n)) {
		return
	}
	walk(f, n, func(c syntax.NodeID) bool {
		switch f.Kind(c) {
		case syntax.Lambda:
			return false
		case syntax.Call:
			if path, imp := s.origin(f.First(c)); imp != nil && listed(lookingAround, path) != "" {
				s.add(looksAround, c, path)
			}
		}
		return true
	})
}

// decorators looks for decorators that register a function or class with an
// object of another module.
func (s *effectScan) decorators(n syntax.NodeID) {
	f := s.f
	for d := range f.Children(n) {
		if f.Kind(d) != syntax.Decorator {
			continue
		}
		e := f.First(d)
		path, imp := s.origin(e)
		if imp == nil {
			continue
		}
		last := path[strings.LastIndexByte(path, '.')+1:]
		if s.prog.Module(imp.Base) == nil && resolve.IsStdlib(path) {
			if state := listed(stdlibState, path); state != "" {
				s.add(changesState, d, state)
			}
			continue
		}
		fn := e
		if f.Kind(fn) == syntax.Call {
			fn = f.First(fn)
		}
		// A method of an imported object, or a function of the project that is
		// named like one that registers.
		if registrars[last] || f.Kind(fn) == syntax.Attribute && s.prog.Module(imp.Base) != nil && s.prog.Module(imp.Target) == nil {
			s.add(registers, d, "@"+oneLine(f.Text(e)))
		}
	}
}

// registeringBases are libraries whose base classes keep a list of the
// classes made from them.
var registeringBases = wordSet("sqlalchemy django peewee mongoengine tortoise sqlmodel marshmallow pony pynamodb neomodel elasticsearch_dsl odmantic beanie pewee graphene luigi")

// bases looks for base classes that take note of their subclasses.
func (s *effectScan) bases(n syntax.NodeID) {
	f := s.f
	args := f.Child(n, syntax.Args)
	if args == syntax.None {
		return
	}
	for a := range f.Children(args) {
		v := f.First(a)
		if f.Kind(v) == syntax.Ident {
			if f.Text(v) == "metaclass" && dottedOf(f, f.Next(v)) != "ABCMeta" && !strings.HasSuffix(dottedOf(f, f.Next(v)), ".ABCMeta") {
				s.add(registers, a, oneLine(f.Text(a)))
			}
			continue
		}
		path, imp := s.origin(v)
		if imp == nil {
			continue
		}
		top, _, _ := strings.Cut(path, ".")
		if registeringBases[top] || keepsSubclasses(s.prog, path, 0) {
			s.add(registers, a, "base class "+oneLine(f.Text(v)))
		}
	}
}

// keepsSubclasses reports whether a class of the project, or one that it is
// derived from, has __init_subclass__ or a metaclass of its own.
func keepsSubclasses(prog *graph.Program, path string, depth int) bool {
	i := strings.LastIndexByte(path, '.')
	if i < 0 || depth > 20 {
		return false
	}
	m := prog.Module(path[:i])
	if m == nil || m.Syntax == nil {
		return false
	}
	f, class := m.Syntax, path[i+1:]
	imports := moduleImports(m)
	if imp := imports[class]; imp != nil {
		return keepsSubclasses(prog, absolute(imp), depth+1)
	}
	found := false
	walk(f, syntax.Root, func(n syntax.NodeID) bool {
		switch f.Kind(n) {
		case syntax.FunctionDef, syntax.Lambda:
			return false
		case syntax.ClassDef:
			if f.Text(f.Child(n, syntax.Ident)) != class {
				return false
			}
			walk(f, n, func(c syntax.NodeID) bool {
				switch f.Kind(c) {
				case syntax.FunctionDef:
					found = found || f.Text(f.Child(c, syntax.Ident)) == "__init_subclass__"
				case syntax.Arg:
					if id := f.Child(c, syntax.Ident); f.Parent(f.Parent(c)) == n {
						if id != syntax.None {
							found = found || f.Text(id) == "metaclass" && !strings.HasSuffix(f.Text(c), "ABCMeta")
							return false
						}
						found = found || baseKeepsSubclasses(prog, m, imports, dottedOf(f, f.First(c)), depth)
					}
				}
				return true
			})
			return false
		}
		return true
	})
	return found
}

// baseKeepsSubclasses follows the base class of a class of module m.
func baseKeepsSubclasses(prog *graph.Program, m *graph.Module, imports map[string]*graph.Import, base string, depth int) bool {
	if base == "" {
		return false
	}
	top, rest, _ := strings.Cut(base, ".")
	if imp := imports[top]; imp != nil {
		path := absolute(imp)
		if rest != "" {
			path += "." + rest
		}
		lib, _, _ := strings.Cut(path, ".")
		return registeringBases[lib] || keepsSubclasses(prog, path, depth+1)
	}
	return keepsSubclasses(prog, m.Name+"."+base, depth+1)
}
