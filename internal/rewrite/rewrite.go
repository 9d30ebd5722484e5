// Package rewrite changes source files: it moves imports to function level,
// lets entry modules import from the fast path file, and proves before and
// after that nothing breaks.
//
// Three parts work on one graph.Program, which is never changed. The Gate says
// how far a move is proved safe, from this file and from every other file of
// the project. Plan turns moves into Edits: splices of bytes in memory, never
// a reprinted tree, so that comments, formatting and line endings outside of
// an edit stay byte for byte. Each edited file is parsed and analysed again;
// one that fails is dropped and reported, the others stay. Write puts a set of
// edits on disk with a journal of the original bytes, from which Undo, also
// after a crash in between, restores them.
//
// Splices and not a printer, because people keep what they wrote; a second
// analysis and not trust, because the placement of an import is easy to get
// subtly wrong.
package rewrite

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// Request says what is to be changed.
type Request struct {
	// Moves are module-level imports that go to the functions that use them.
	// An import that stands in a fast path file goes to the functions of the
	// modules that read it from there.
	Moves []*graph.Import
	// Guards are module-level imports that become guarded ones, because others
	// read their names in the module.
	Guards []*graph.Import
	// Lazy are module-level imports that become "lazy import", and Listed those
	// whose modules __lazy_modules__ lists. Both take Python 3.15.
	Lazy, Listed []*graph.Import
	// Removals are imports whose names nobody needs.
	Removals []*graph.Import
	// Hoists are imports of functions that go to the top of their modules.
	Hoists []*graph.Import
	// Entering are imports of entry modules that the fast path file takes over.
	Entering []Entering
	// Rendered are fast path files that the caller writes as a whole: moves out
	// of them only edit the files that read from them.
	Rendered map[string]bool
	// FastPath are the fast path files that exist, by path.
	FastPath map[string]bool
	// Version is the language version of the edited files.
	Version syntax.Version
}

// Entering is what one entry module hands over to its fast path file.
type Entering struct {
	Module  string          // of the fast path file: "fast_path", "pkg.fast_path"
	In      *graph.Module   // the entry module
	Imports []*graph.Import // of In; see Enterable
	ByName  bool            // "from pkg.fast_path import a, b" instead of a star
}

// A Refusal says why an import was left where it is, or why a file was not
// edited (then Import is nil).
type Refusal struct {
	Import *graph.Import
	File   string
	Line   int
	Cause  string
}

// A FileEdit is the change of one file.
type FileEdit struct {
	File     string // relative to the project
	Old, New []byte // Old is nil for a file that did not exist
	Moves    []Moved
	Hot      []*graph.Import // imports that left for the fast path file
	Hoisted  []*graph.Import // imports that left their functions for module level
	Removed  []*graph.Import // imports that are gone

	steps []step // from Old to New, over the text without its byte order mark
}

// step is one round of splices.
type step struct {
	src     []byte
	splices []splice
}

// Moved says where an import went.
type Moved struct {
	Import *graph.Import
	To     []string // qualified names of the functions that import it now; none where it is lazy
	Form   Form
}

// Edits are the changes of a set of files, sorted by file.
type Edits struct{ Files []*FileEdit }

// Empty reports whether nothing changes.
func (e *Edits) Empty() bool { return len(e.Files) == 0 }

// File returns the change of one file, nil when it has none.
func (e *Edits) File(name string) *FileEdit {
	for _, f := range e.Files {
		if f.File == name {
			return f
		}
	}
	return nil
}

// Put adds the change of a whole file; old is nil when the file does not exist.
// Without a difference nothing is added.
func (e *Edits) Put(file string, old, data []byte) {
	if old != nil && bytes.Equal(old, data) {
		return
	}
	e.Files = append(e.Files, &FileEdit{File: file, Old: old, New: data})
	sort.Slice(e.Files, func(i, j int) bool { return e.Files[i].File < e.Files[j].File })
}

// Line returns the number that a line has after the edits. A line that an
// edit takes out has the number of what stands in its place.
func (e *Edits) Line(file string, line int) int {
	f := e.File(file)
	if f == nil || line < 1 {
		return line
	}
	for _, st := range f.steps {
		line = st.line(line)
	}
	return line
}

// line maps a line number of the text before a step to the text after it.
func (st *step) line(line int) int {
	t := text{st.src}
	start := 0
	for n := 1; n < line && start < len(st.src); n++ {
		start = t.nextLine(start)
	}
	moved := 0
	for _, s := range st.splices {
		if s.start > start || s.start == start && s.end > s.start {
			continue
		}
		moved += lineEnds([]byte(s.text)) - lineEnds(st.src[s.start:min(s.end, start)])
	}
	return line + moved
}

func lineEnds(b []byte) int {
	n := 0
	for i, c := range b {
		if c == '\n' || c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			n++
		}
	}
	return n
}

var placeText = regexps.New(`([^\s,;:"'()]+\.py):(\d+)`)

// Relocate replaces the places "file.py:line" in a text by those after the
// edits.
func (e *Edits) Relocate(text string) string {
	return placeText().ReplaceAllStringFunc(text, func(s string) string {
		m := placeText().FindStringSubmatch(s)
		line, err := strconv.Atoi(m[2])
		if err != nil {
			return s
		}
		return fmt.Sprintf("%s:%d", m[1], e.Line(m[1], line))
	})
}

// utf8BOM is the byte order mark that some editors write.
var utf8BOM = []byte("\xef\xbb\xbf")

// An editor collects the changes of one file.
type editor struct {
	m        *graph.Module
	kind     classifier
	removals map[syntax.NodeID]*removal
	inserts  map[place][]importLine
	star     string // the import from the fast path file, "" when it stays as it is
	starLine importLine
	starAt   syntax.NodeID // the statement that it replaces when it has no better place
	moved    []Moved
	hot      []*graph.Import
	names    []movedName
	hoists   []importLine
	hoisted  []*graph.Import
	guards   map[place][]guardLine
	served   []guardLine                                       // names that the module serves to others
	guarded  []string                                          // the same names
	lazy     map[syntax.NodeID]map[syntax.NodeID]*graph.Import // imports that become lazy, by statement and alias
	listed   []*graph.Import                                   // imports whose modules are listed as lazy
	removed  []*graph.Import
}

// movedName is a name whose global uses have to be gone after the edit.
type movedName struct {
	imp  *graph.Import
	name string
}

func (e *editor) remove(stmt, alias syntax.NodeID) {
	r := e.removals[stmt]
	if r == nil {
		r = &removal{stmt: stmt, aliases: map[syntax.NodeID]bool{}}
		e.removals[stmt] = r
	}
	r.aliases[alias] = true
}

// Plan computes the edits of a request. What cannot be done is refused with
// its cause and changes nothing. Plan relies on the Gate for safety; it only
// refuses what it cannot express or what its verification finds broken.
func Plan(prog *graph.Program, req Request) (*Edits, []Refusal) {
	p := &planner{prog: prog, req: req, kind: classify(prog), editors: map[string]*editor{}}
	for _, imp := range req.Moves {
		p.move(imp)
	}
	for _, imp := range req.Guards {
		p.guard(imp)
	}
	for _, imp := range req.Removals {
		p.drop(imp)
	}
	for _, imp := range req.Hoists {
		p.hoist(imp)
	}
	for _, e := range req.Entering {
		p.enter(e)
	}
	for _, imp := range req.Lazy {
		p.lazy(imp)
	}
	for _, m := range prog.Modules { // last, because it asks what has left
		var own []*graph.Import
		for _, imp := range req.Listed {
			if imp.In == m {
				own = append(own, imp)
			}
		}
		if len(own) > 0 {
			p.list(m, own)
		}
	}
	return p.finish()
}

type planner struct {
	prog     *graph.Program
	req      Request
	kind     classifier
	editors  map[string]*editor
	refusals []Refusal
}

func (p *planner) refuse(imp *graph.Import, format string, args ...any) {
	p.refusals = append(p.refusals, refusal(imp, fmt.Sprintf(format, args...)))
}

func refusal(imp *graph.Import, cause string) Refusal {
	return Refusal{Import: imp, File: imp.In.File, Line: lineOf(imp.In, imp.Stmt), Cause: cause}
}

func (p *planner) editor(m *graph.Module) *editor {
	e := p.editors[m.File]
	if e == nil {
		e = &editor{
			m: m, kind: p.kind,
			removals: map[syntax.NodeID]*removal{},
			inserts:  map[place][]importLine{},
			guards:   map[place][]guardLine{},
			lazy:     map[syntax.NodeID]map[syntax.NodeID]*graph.Import{},
		}
		p.editors[m.File] = e
	}
	return e
}

// editable says why a module cannot be edited, "" when it can.
func editable(m *graph.Module) string {
	f := m.Syntax
	if len(f.Errors) > 0 {
		line, _ := f.Position(f.Errors[0].Start)
		return fmt.Sprintf("%s does not parse: %s at line %d", m.File, f.Errors[0].Message, line)
	}
	if f.Encoding != "" && f.Encoding != "utf-8" && f.Encoding != "ascii" {
		for _, b := range f.Src {
			if b >= 0x80 {
				return fmt.Sprintf("%s is encoded in %s", m.File, f.Encoding)
			}
		}
	}
	for _, c := range f.Comments { // Python before 3.14 reads over any bytes there
		if bytes.Contains(f.Src[c.Start:c.End], []byte("\uFFFD")) {
			line, _ := f.Position(c.Start)
			return fmt.Sprintf("%s has a comment that is not UTF-8, at line %d", m.File, line)
		}
	}
	return ""
}

// consumer is a module in whose namespace an import's name is used.
type consumer struct {
	m    *graph.Module
	name string
	via  *graph.Import // the import from the fast path file, nil in the import's own module
}

// consumers returns the modules whose functions get the import.
func consumers(prog *graph.Program, imp *graph.Import, fastPath map[string]bool) []consumer {
	if !fastPath[imp.In.File] {
		return []consumer{{m: imp.In, name: imp.Binds}}
	}
	var out []consumer
	for _, m := range prog.Modules {
		if m.Test {
			continue // tests are never edited
		}
		for _, via := range m.Imports {
			if via.Base != imp.In.Name || m == imp.In || !slices.Contains(prog.Targets(via), imp.In) {
				continue
			}
			if via.Binds == "*" {
				out = append(out, consumer{m, imp.Binds, via})
			} else if via.Item == imp.Binds {
				out = append(out, consumer{m, via.Binds, via})
			}
		}
	}
	return out
}

// move plans the move of one import into the functions that use it.
func (p *planner) move(imp *graph.Import) {
	if imp.Alias == syntax.None {
		p.refuse(imp, "a star import cannot stand in a function")
		return
	}
	type site struct {
		c consumer
		u []unit
	}
	var sites []site
	line := newLine(imp, p.kind)
	if p.req.FastPath[imp.In.File] {
		line.comment = "" // it gives the figures of the file
	}
	for _, c := range consumers(p.prog, imp, p.req.FastPath) {
		if why := editable(c.m); why != "" {
			p.refuse(imp, "%s", why)
			return
		}
		if c.m != imp.In && line.section == sectionRelative && packageOf(c.m) != packageOf(imp.In) {
			p.refuse(imp, "the relative import would mean another module in %s", c.m.File)
			return
		}
		var loads []syntax.NodeID
		for _, u := range c.m.Scope.Uses(c.name) {
			if u.Store || u.Del {
				p.refuse(imp, "%s is bound again at %s", c.name, at(c.m, u.Node))
				return
			}
			if !runs(u) {
				continue
			}
			loads = append(loads, u.Node)
		}
		us, loose := units(c.m.Syntax, loads)
		if len(loose) > 0 {
			p.refuse(imp, "%s is used outside of functions at %s", c.name, at(c.m, loose[0]))
			return
		}
		if c.m == imp.In && len(us) == 0 {
			p.refuse(imp, "%s is used by no function", c.name)
			return
		}
		sites = append(sites, site{c, us})
	}
	if why := editable(imp.In); why != "" {
		p.refuse(imp, "%s", why)
		return
	}
	for _, s := range sites {
		e := p.editor(s.c.m)
		l := line
		if s.c.name != imp.Binds {
			l.as = s.c.name // from pkg.fast_path import json as j
		}
		moved := Moved{Import: imp, Form: FormFunction}
		for _, u := range s.u {
			e.inserts[u.at] = append(e.inserts[u.at], l)
			moved.To = append(moved.To, qualname(s.c.m.Syntax, u.fn))
		}
		if len(moved.To) > 0 {
			e.moved = append(e.moved, moved)
		}
		e.names = append(e.names, movedName{imp, s.c.name})
		if s.c.via != nil && s.c.via.Alias != syntax.None {
			e.remove(s.c.via.Stmt, s.c.via.Alias)
		}
	}
	if !p.req.Rendered[imp.In.File] {
		p.editor(imp.In).remove(imp.Stmt, imp.Alias)
	}
}

// runs reports whether a use runs some day, here or with another interpreter.
func runs(u scope.Use) bool {
	return u.When == scope.AtImport || u.When == scope.AtCall || u.Environment
}

// packageOf returns the package that relative imports of m start from.
func packageOf(m *graph.Module) string {
	if m.IsPackage {
		return m.Name
	}
	if i := strings.LastIndexByte(m.Name, '.'); i >= 0 {
		return m.Name[:i]
	}
	return ""
}

// finish applies what the editors collected and verifies each file.
func (p *planner) finish() (*Edits, []Refusal) {
	edits := &Edits{}
	files := make([]string, 0, len(p.editors))
	for f := range p.editors {
		files = append(files, f)
	}
	sort.Strings(files)
	dropped := map[*graph.Import]bool{}
	results := map[string]*FileEdit{}
	for _, name := range files {
		e := p.editors[name]
		fe, err := e.apply(p.req.Version)
		if err != nil {
			line := 0
			p.refusals = append(p.refusals, Refusal{File: name, Line: line, Cause: err.Error()})
			for _, mv := range e.moved {
				dropped[mv.Import] = true
			}
			for _, imp := range e.removed {
				dropped[imp] = true
			}
			continue
		}
		if !bytes.Equal(fe.Old, fe.New) {
			results[name] = fe
		}
	}
	// An import that moves between files is moved whole or not at all.
	if len(dropped) > 0 {
		req := p.req
		keep := func(list []*graph.Import) (kept []*graph.Import) {
			for _, imp := range list {
				if !dropped[imp] {
					kept = append(kept, imp)
				}
			}
			return kept
		}
		count := func(r *Request) int {
			return len(r.Moves) + len(r.Guards) + len(r.Lazy) + len(r.Listed) + len(r.Removals)
		}
		req.Moves, req.Guards, req.Removals = keep(req.Moves), keep(req.Guards), keep(req.Removals)
		req.Lazy, req.Listed = keep(req.Lazy), keep(req.Listed)
		broken := map[string]bool{}
		for _, r := range p.refusals {
			if r.Import == nil {
				broken[r.File] = true
			}
		}
		req.Entering = nil
		for _, en := range p.req.Entering {
			if !broken[en.In.File] {
				req.Entering = append(req.Entering, en)
			}
		}
		if count(&req) < count(&p.req) || len(req.Entering) < len(p.req.Entering) {
			again, more := Plan(p.prog, req)
			return again, mergeRefusals(p.refusals, more)
		}
	}
	for _, fe := range results {
		edits.Files = append(edits.Files, fe)
	}
	sort.Slice(edits.Files, func(i, j int) bool { return edits.Files[i].File < edits.Files[j].File })
	return edits, p.refusals
}

func mergeRefusals(a, b []Refusal) []Refusal {
	seen := map[string]bool{}
	var out []Refusal
	for _, r := range append(append([]Refusal(nil), a...), b...) {
		key := fmt.Sprintf("%p %s %s", r.Import, r.File, r.Cause)
		if !seen[key] {
			seen[key] = true
			out = append(out, r)
		}
	}
	return out
}
