package graph

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/source"
	"fastpath/internal/python/syntax"
)

// LoadOptions say what to load.
type LoadOptions struct {
	Root        string            // absolute project directory
	Files       []string          // relative to Root, with slashes; absolute for files outside of it
	ImportRoots []string          // folders on sys.path, relative to Root, those of the entries first
	Version     syntax.Version    // of the language; the zero value is the newest
	Resolver    *resolve.Resolver // for everything outside of the project; nil: only the project is known
	// Lean leaves out what only the rewriting of code needs: the Syntax, the
	// Scope and the Imports of the modules, see Program.Imports. The program
	// takes a small part of the memory then.
	Lean bool
	// ByName follows functions by name and not by value, see followNames, also
	// in a small program. Update needs it.
	ByName bool

	steps int // in place of maxSteps, for tests
	// Trees are files of Files. Where functions are followed by name, only these
	// and what they can import have a Syntax, a Scope and Imports; the others are
	// read as in a lean program. Without any, all files have them. It is not for
	// lean programs.
	Trees []string
	// Moving are those of Trees whose imports, or those of what they can import,
	// may move. They add to Trees all files that can be in one process with these:
	// those that import one of them, directly or not, or name one in a text, with
	// what these import. Others neither read nor replace what is in them.
	Moving []string
	// Clues leave out what Moving would add and what has none of them, and all that
	// only such files import. Without any, nothing is left out.
	Clues []Clue
	// Texts keeps what texts may name for programs with Moving that are loaded Like
	// this one.
	Texts bool
	// Unexplained leaves out why and where names are used at import: UsedAtWhy and
	// UsedAtLine of the imports tell nothing then.
	Unexplained bool
	// Starts are files of Files. Where functions are followed by name in a lean
	// program, only what these can import is read, and counts; of all other files
	// nothing but their names is known. Without any, everything is read.
	Starts []string
	// Shared says that others will be loaded Like this program.
	Shared bool
	// Like is a program of the same files, loaded before as Shared: what it read
	// is taken from it, if the version is the same. What files say about each
	// other is found anew, as it depends on the import roots.
	Like *Program
}

// Clue is what a file has that may speak of something: these words in its text, all
// of them, and, unless that is "", an import of the module of a file.
type Clue struct {
	Words   [2]string // "" for none
	Imports string    // path, as in LoadOptions.Files
}

// texts reports whether it is kept what the texts in files may name.
func (o *LoadOptions) texts() bool { return o.Texts || len(o.Moving) > 0 }

// Load reads, parses and links the files of a project. Files that cannot be
// read are listed in Problems, and those that do not parse take part with what
// could be read of them. The only error is the end of ctx.
func Load(ctx context.Context, o LoadOptions) (*Program, error) {
	if o.Version == (syntax.Version{}) {
		o.Version = syntax.Latest
	}
	files := slices.Clone(o.Files)
	slices.Sort(files)
	o.Files = slices.Compact(files)
	p := &Program{Root: o.Root, options: o, resolver: o.Resolver, version: o.Version, described: &sync.Map{}, compiled: &sync.Map{}}
	o.ByName = o.ByName || p.tooLarge(o.Files)

	problems := make([]error, len(o.Files))
	readers := make([]fileReader, workers(len(o.Files)))
	folder := source.OpenFolder(o.Root)
	defer folder.Close()
	keep := !o.ByName || !o.Lean && len(o.Trees) == 0
	for k := range readers {
		readers[k].folder = folder
		readers[k].facts.literals, readers[k].facts.unexplained = !keep && o.texts(), o.Unexplained
	}
	modules := make([]*Module, len(o.Files))
	reading := func(keep bool) func(worker, k int) {
		return func(worker, k int) {
			if modules[k] != nil || ctx.Err() != nil {
				return
			}
			p.take(&readers[worker], o.Files[k], keep, func(m *Module, err error) { modules[k], problems[k] = m, err })
		}
	}
	if o.Lean && o.ByName && len(o.Starts) > 0 {
		readReached(ctx, o, modules, reading(false))
	} else {
		if !keep && !o.Lean && o.Like == nil { // what plant will ask for, but for a few
			newStartLoader(o, o.Trees).waves(ctx, modules, imported, reading(true))
		}
		onWorkers(len(o.Files), reading(keep))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for k, m := range modules {
		if m == nil {
			p.Problems = append(p.Problems, problem(o.Files[k], problems[k]))
			continue
		}
		p.Modules = append(p.Modules, m)
	}
	p.link(o.ByName)
	if !keep && !o.Lean && p.shared() {
		if o.Trees = nil; o.Shared {
			o.Like = p
		}
		return Load(ctx, o)
	}
	p.options.Like = nil // it need not stay in memory
	return p, ctx.Err()
}

// link finds everything that the files say about each other.
func (p *Program) link(byName bool) {
	plants := byName && !p.options.Lean && len(p.options.Trees) > 0
	var names *namer
	together(func() {
		p.name(p.options.ImportRoots)
		p.resolveAll(p.Modules)
		if plants {
			p.plant(p.options.Trees)
		}
	}, func() {
		if byName && !plants {
			names = p.followMentions()
		}
	})
	p.inspecting = sync.OnceValue(p.inspectors)
	for _, r := range p.survey.readers {
		if r.name == starSymbol {
			p.exportsOf(p.Modules[r.of])
		}
	}
	trees := slices.DeleteFunc(slices.Clone(p.Modules), func(m *Module) bool { return m.Syntax == nil })
	parallel(len(trees), func(k int) { p.bind(trees[k]) })
	together(func() {
		if !p.options.Lean {
			p.index()
			p.attributeReads()
		}
		if byName {
			p.wholeUses, p.inside = p.allWholes(), p.inPackages()
			p.inspecting()
		}
	}, func() {
		p.findUnseen()
		if plants {
			names = p.followMentions()
		}
	})
	if byName {
		names.followWholes()
	}
	p.blind(trees)
	if !byName && !p.follow() {
		names = p.followNames()
	}
	parallel(len(p.Modules), func(k int) {
		if names != nil {
			names.promote(k)
		}
		p.count(p.Modules[k])
	})
	p.expose()
	if p.options.Lean { // nobody asks for more than spread does
		p.index()
		p.attributeReads()
	}
	p.spread()
	p.survey = survey{edges: p.survey.edges, readers: p.survey.readers}
	p.sites = sync.OnceValue(p.attributes)
	parallel(len(trees), func(k int) { p.settle(trees[k]) })
}

const (
	// maxFollowed is the number of modules up to which functions are followed by
	// value; in larger programs they are followed by name.
	maxFollowed = 600
	// maxFollowedBytes bounds their size, because their trees are kept.
	maxFollowedBytes = 8 << 20
)

// tooLarge reports whether the functions of a program are followed by name.
func (p *Program) tooLarge(files []string) bool {
	if len(files) > maxFollowed {
		return true
	}
	size := int64(0)
	for _, f := range files {
		if info, err := os.Stat(p.abs(f)); err == nil {
			size += info.Size()
		}
	}
	return size > maxFollowedBytes
}

// fileReader reads files one after the other.
type fileReader struct {
	parser   syntax.Parser
	analyzer scope.Analyzer
	facts    factReader
	folder   *source.Folder // of the program, if small files are read from it
	buf      []byte
}

// read reads a file and hands its module to then; keep keeps its tree. Where it is
// a large one, another worker may do so later.
func (r *fileReader) read(p *Program, file string, keep bool, then func(*Module, error)) {
	if r.folder != nil && !keep {
		if cap(r.buf) <= largeFile {
			r.buf = make([]byte, largeFile+1)
		}
		if src, ok := r.folder.Read(file, r.buf[:cap(r.buf)]); ok {
			then(r.parse(p, file, src, false), nil)
			return
		}
	}
	f, err := source.Open(p.abs(file))
	switch {
	case err != nil:
		then(nil, err)
	case f.Size > largeFile: // its buffers are too large to keep
		again := &fileReader{facts: factReader{literals: r.facts.literals, unexplained: r.facts.unexplained}}
		p.large.do(func() { then(again.readFrom(p, f, file, keep)) })
	default:
		then(r.readFrom(p, f, file, keep))
	}
}

// largeFiles reads large files one after the other.
type largeFiles struct {
	sync.Mutex
	busy bool
	next []func()
}

// do calls read. While another large file is read, it leaves that to the worker
// that does so, in place of waiting for it.
func (l *largeFiles) do(read func()) {
	l.Lock()
	defer l.Unlock()
	if l.next = append(l.next, read); l.busy {
		return
	}
	for l.busy = true; len(l.next) > 0; {
		last := len(l.next) - 1
		read = l.next[last]
		l.next[last], l.next = nil, l.next[:last] // what it holds is large
		l.Unlock()
		read()
		l.Lock()
	}
	l.busy = false
}

// readFrom reads an open file, and closes it.
func (r *fileReader) readFrom(p *Program, f source.File, file string, keep bool) (*Module, error) {
	defer f.Close()
	buf := r.buf
	if keep {
		buf = nil
	}
	src, err := f.Read(buf)
	if err != nil {
		return nil, err
	}
	if !keep {
		r.buf = src
	}
	return r.parse(p, file, src, keep), nil
}

// take hands the module of a file to then, without reading it where another program
// has; keep keeps its tree.
func (p *Program) take(r *fileReader, file string, keep bool, then func(*Module, error)) {
	like := p.options.Like
	if like == nil || !like.options.Shared || like.options.Unexplained || like.version != p.version || len(like.options.Starts) > 0 {
		r.read(p, file, keep, then)
		return
	}
	m := like.File(file)
	if m == nil || keep && m.Syntax == nil {
		r.read(p, file, keep, then)
		return
	}
	again := &Module{File: file, Test: isTest(file), Broken: m.Broken, facts: m.facts, annotations: m.annotations}
	if keep { // a scope says what runs in this program
		again.Syntax, again.Scope = m.Syntax, scope.Analyze(m.Syntax, p.version)
	}
	then(again, nil)
}

// largeFile is the size in bytes from which files are read one at a time: the
// tree of one takes about ten times as much.
const largeFile = 1 << 20

// parse makes the module of a file with its facts.
func (r *fileReader) parse(p *Program, file string, src []byte, keep bool) *Module {
	m := &Module{File: file, Test: isTest(file), annotations: &annotations{}}
	if keep {
		m.Syntax = syntax.Parse(src, p.version)
		m.Scope = scope.Analyze(m.Syntax, p.version)
		m.facts = r.facts.read(m.Syntax, m.Scope, p.version, true)
	} else {
		f := r.parser.Parse(src, p.version)
		m.facts = r.facts.read(f, r.analyzer.Analyze(f, p.version), p.version, false)
	}
	if m.facts.rare != nil {
		m.Broken = m.facts.rare.broken
	}
	return m
}

// abs returns the absolute path of a file of the program.
func (p *Program) abs(file string) string {
	if path.IsAbs(file) || filepath.IsAbs(file) {
		return filepath.FromSlash(file)
	}
	return strings.TrimSuffix(p.Root, string(filepath.Separator)) + string(filepath.Separator) + filepath.FromSlash(file)
}

// relative returns a path relative to the project where it is inside.
func (p *Program) relative(file string) string {
	if file == "" {
		return ""
	}
	rel, err := filepath.Rel(p.Root, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(file)
	}
	return filepath.ToSlash(rel)
}

// plain returns the message of a file error without operation and path.
func plain(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// workers returns on how many cores parallel works on n pieces.
func workers(n int) int { return max(1, min(runtime.GOMAXPROCS(0), n)) }

// parallel calls work for 0 … n-1 on all cores and waits.
func parallel(n int, work func(k int)) { onWorkers(n, func(_, k int) { work(k) }) }

// onWorkers is parallel that tells each call which of the workers runs it.
func onWorkers(n int, work func(worker, k int)) {
	if workers(n) == 1 {
		for k := range n {
			work(0, k)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers(n) {
		wg.Go(func() {
			for {
				k := int(next.Add(1)) - 1
				if k >= n {
					return
				}
				work(w, k)
			}
		})
	}
	wg.Wait()
}

// together calls what does not need each other at once, and waits.
func together(work ...func()) {
	if runtime.GOMAXPROCS(0) == 1 {
		for _, f := range work {
			f()
		}
		return
	}
	var wg sync.WaitGroup
	for _, f := range work {
		wg.Go(f)
	}
	wg.Wait()
}

// isTest reports whether a file belongs to the tests of a project.
func isTest(file string) bool {
	dir, base := path.Split(file)
	if base == "conftest.py" || strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py") {
		return true
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if part == "tests" || part == "test" {
			return true
		}
	}
	return false
}
