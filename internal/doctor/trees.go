package doctor

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/python/pyc"
	"fastpath/internal/python/resolve"
)

// compileFactor is how many times longer modules take to import without
// byte-code. Real programs of 380 to 920 modules took 4 to 5 times as long.
const compileFactor = 4.5

// tree is a folder of modules that an entry loads: the project's import root,
// a site-packages folder, or the standard library.
type tree struct {
	dir     string // absolute
	sources []*source
}

// source is a module that is loaded from a file.
type source struct {
	name, file string // file is absolute
	state      pyc.State
	kind       pyc.Kind
	selfMS     map[*Entry]float64 // measured, by entry; what the lock does not know is 0
	reset      bool               // the file's date is one that packers set
}

// trees looks at the byte-code of everything that the entries load at start:
// by the profile, else by the statements of the sources.
func (in *Input) trees() []*tree {
	if in.Interpreter == nil || in.Interpreter.Version.Major == 0 {
		return nil
	}
	target := &pyc.Target{Version: in.Interpreter.Version, Implementation: in.Interpreter.Implementation, Optimize: in.variable("PYTHONOPTIMIZE")}
	if prefix := in.variable("PYTHONPYCACHEPREFIX"); filepath.IsAbs(prefix) {
		target.Prefix = prefix
	}
	// Python may know its installation by a link that we followed: a cache
	// folder that has nothing under our name for it says nothing about it.
	elsewhere := false
	if target.Prefix != "" {
		_, err := os.Stat(filepath.Dir(target.Path(filepath.Join(in.Interpreter.Stdlib, "os.py"))))
		elsewhere = err != nil
	}
	byFile := map[string]*source{}
	byDir := map[string]*tree{}
	var list []*tree
	for _, e := range in.Entries {
		for _, m := range e.loaded() {
			spec := e.resolver.Find(m.Name)
			if spec.Kind != resolve.KindSource && spec.Kind != resolve.KindPackage || !strings.HasSuffix(spec.Path, ".py") {
				continue
			}
			if elsewhere && spec.Origin == resolve.OriginStdlib {
				continue
			}
			s := byFile[spec.Path]
			if s == nil {
				s = &source{name: m.Name, file: spec.Path, selfMS: map[*Entry]float64{}, reset: wasReset(spec.Path)}
				s.state, s.kind = target.Check(spec.Path)
				byFile[spec.Path] = s
				dir := in.treeOf(e, spec)
				t := byDir[dir]
				if t == nil {
					t = &tree{dir: dir}
					byDir[dir] = t
					list = append(list, t)
				}
				t.sources = append(t.sources, s)
			}
			s.selfMS[e] = m.SelfMS
		}
	}
	for _, t := range list {
		slices.SortFunc(t.sources, func(a, b *source) int { return strings.Compare(a.file, b.file) })
	}
	slices.SortFunc(list, func(a, b *tree) int { return strings.Compare(a.dir, b.dir) })
	return list
}

// loaded returns the modules that the entry loads at start.
func (e *Entry) loaded() []evidence.Module {
	if e.Evidence != nil {
		return slices.DeleteFunc(slices.Clone(e.Evidence.Modules), func(m evidence.Module) bool { return m.Phase != evidence.PhaseInit })
	}
	start := e.Program.File(e.File)
	if start == nil {
		return nil
	}
	list := []evidence.Module{{Name: start.Name}}
	seen := map[string]bool{start.Name: true}
	for _, edge := range e.Program.Graph(start, 0).Edges {
		if name := edge.To.Name; edge.AtImport() && seen[edge.From.Name] && !seen[name] {
			seen[name] = true
			list = append(list, evidence.Module{Name: name})
		}
	}
	return list
}

// treeOf returns the folder that a module belongs to.
func (in *Input) treeOf(e *Entry, spec resolve.Spec) string {
	switch spec.Origin {
	case resolve.OriginProject:
		return filepath.Join(in.Root, filepath.FromSlash(e.ImportRoot))
	case resolve.OriginStdlib:
		return in.Interpreter.Stdlib
	}
	for _, dir := range in.Interpreter.SitePackages {
		if rel, err := filepath.Rel(dir, spec.Path); err == nil && filepath.IsLocal(rel) {
			return dir
		}
	}
	return filepath.Dir(spec.Path)
}

// compileMS estimates what compiling some sources adds to a start: the most
// that any entry pays. A profile that was made without byte-code has it in its
// figures already.
func (in *Input) compileMS(sources []*source) float64 {
	most := 0.0
	for _, e := range in.Entries {
		if e.Evidence == nil {
			continue
		}
		sum := 0.0
		for _, s := range sources {
			sum += s.selfMS[e]
		}
		if e.Evidence.Environment.Bytecode == evidence.BytecodeMissing {
			most = max(most, sum*(1-1/compileFactor))
		} else {
			most = max(most, sum*(compileFactor-1))
		}
	}
	return most
}

// compileNote says where compileMS comes from.
func (in *Input) compileNote(sources []*source) []string {
	if in.compileMS(sources) < 0.05 {
		return nil
	}
	return []string{"estimated from the measured self times: without byte-code, imports take about 4.5 times as long"}
}

// filter returns the sources that a function wants.
func (t *tree) filter(want func(*source) bool) []*source {
	return slices.DeleteFunc(slices.Clone(t.sources), func(s *source) bool { return !want(s) })
}

// packages names the distributions or modules of sources, each once.
func packages(sources []*source) []string {
	var names []string
	for _, s := range sources {
		top, _, _ := strings.Cut(s.name, ".")
		if !slices.Contains(names, top) {
			names = append(names, top)
		}
	}
	return names
}

// resetDates are those that packers give to all files: the start of Unix time,
// the second after it, and the first date that a zip can have.
var resetDates = []time.Time{time.Unix(0, 0), time.Unix(1, 0), time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}

// wasReset reports whether a file has a date that packers set, in any zone.
func wasReset(file string) bool {
	info, err := os.Stat(file)
	return err == nil && slices.ContainsFunc(resetDates, func(d time.Time) bool {
		diff := info.ModTime().Sub(d)
		return diff > -15*time.Hour && diff < 15*time.Hour
	})
}

// compileCommand is the command that compiles a folder for a deployment.
func (in *Input) compileCommand(dir string) string {
	python := "python"
	if in.Interpreter != nil {
		python = in.relative(in.Interpreter.Path)
		if path.IsAbs(python) {
			python = path.Base(python)
		}
	}
	command := python + " -m compileall -q --invalidation-mode unchecked-hash "
	if dir == in.Root {
		command += "-x '/[.]' " // not what hidden folders hold
	}
	return command + in.relative(dir)
}
