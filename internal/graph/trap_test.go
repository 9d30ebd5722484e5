package graph

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// trapper imports modules after it has put a trap behind every import that is
// said not to be used at import, and notes which names are loaded.
//
//go:embed testdata/trapper.py
var trapper string

// TestTraps imports real code in which every import that is said not to be
// used at import is replaced by a trap, an object that reports whatever is
// done to it. No trap may fire, and no such name may be loaded at all. The log
// says how many imports are said to be used at import although nothing loads
// their names while the modules are imported.
//
// The code is packages of the standard library, and where oracles are required
// some of the environments of tools/fetch-environments: each distribution on its
// own, which is followed by value, or all of them together, which are followed
// by name. With FASTPATH_ORACLE_FULL=1 it is the whole standard library of every
// version, and all environments in both ways.
func TestTraps(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the trapper forks")
	}
	names := []string{"asyncio", "concurrent", "email", "http", "importlib", "json", "logging", "unittest", "urllib", "xml"}
	pythons := []oracle.Python{oracle.One(t)}
	if oracle.Full() {
		names, pythons = nil, oracle.Pythons(t)
	}
	for _, p := range pythons {
		t.Run("stdlib "+p.Name(), func(t *testing.T) {
			i := findPython(t, p)
			files := pythonFiles(t, i.Stdlib, names)
			w := &trapping{python: i, root: i.Stdlib, alone: true}
			w.add(t, files, files)
			w.run(t)
		})
	}
	if !oracle.Full() && !oracle.Required() {
		return
	}
	for _, dir := range environments(t) {
		for _, byName := range []bool{false, true} {
			name := filepath.Base(dir) + " by value"
			if byName {
				name = filepath.Base(dir) + " by name"
			}
			if !oracle.Full() && !sampled[name] {
				continue
			}
			t.Run(name, func(t *testing.T) {
				i := findPython(t, oracle.Python{Path: filepath.Join(dir, "bin", "python")})
				w := &trapping{python: i, root: i.SitePackages[0], byName: byName}
				all := distributions(t, w.root)
				if byName {
					w.add(t, slices.Concat(all...), all...)
				}
				for _, files := range all {
					if !byName && len(files) <= maxFollowed {
						w.add(t, files, files)
					}
				}
				w.run(t)
			})
		}
	}
}

// sampled are the environments for which continuous integration has the time,
// about two minutes.
var sampled = map[string]bool{"lambda by value": true, "web by value": true, "lambda by name": true, "shop by name": true}

// environments lists what tools/fetch-environments built.
func environments(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("FASTPATH_ENVIRONMENTS")
	if dir == "" {
		dir = filepath.Join("..", "..", ".corpus", "environments")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	stamps, err := filepath.Glob(filepath.Join(dir, "*", "stamp"))
	switch {
	case err != nil:
		t.Fatal(err)
	case len(stamps) == 0 && oracle.Required():
		t.Fatal("there are no environments; run tools/fetch-environments")
	}
	for k, s := range stamps {
		stamps[k] = filepath.Dir(s)
	}
	return stamps
}

func findPython(t testing.TB, p oracle.Python) *interp.Interpreter {
	t.Helper()
	i, err := interp.Find(interp.FindOptions{Explicit: p.Path, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// unwanted are files and folders that are no code of a library, or that do
// something when they are imported: tests, programs, the other operating system.
var unwanted = words(`site-packages dist-packages __pycache__ test tests idlelib lib2to3 turtledemo lib-dynload ensurepip pydoc_data idle_test
	antigravity.py this.py idle.py turtle.py __main__.py conftest.py setup.py`)

// known reports whether a file, relative to a folder of sys.path, is a module
// that somebody may import.
func known(file string) bool {
	module, ok := strings.CutSuffix(file, ".py")
	for part := range strings.SplitSeq(module, "/") {
		if unwanted[part] || unwanted[part+".py"] || strings.HasPrefix(part, "config-") || strings.ContainsFunc(part, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return false
		}
	}
	return ok
}

// pythonFiles lists the modules below a folder, or the named ones of its top
// level.
func pythonFiles(t *testing.T, root string, names []string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		top, _, _ := strings.Cut(rel, "/")
		switch {
		case d.IsDir() && unwanted[d.Name()]:
			return fs.SkipDir
		case !d.IsDir() && known(rel) && (len(names) == 0 || slices.Contains(names, strings.TrimSuffix(top, ".py"))):
			files = append(files, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// distributions lists the modules of each installed distribution.
func distributions(t *testing.T, site string) [][]string {
	t.Helper()
	records, err := filepath.Glob(filepath.Join(site, "*.dist-info", "RECORD"))
	if err != nil || len(records) == 0 {
		t.Fatalf("%s has no distributions: %v", site, err)
	}
	var groups [][]string
	seen := map[string]bool{}
	for _, record := range records {
		text, err := os.ReadFile(record)
		if err != nil {
			t.Fatal(err)
		}
		var files []string
		for line := range strings.Lines(string(text)) {
			file, _, _ := strings.Cut(line, ",")
			if _, err := os.Stat(filepath.Join(site, file)); err == nil && known(file) && !seen[file] {
				seen[file] = true
				files = append(files, file)
			}
		}
		if len(files) > 0 {
			groups = append(groups, files)
		}
	}
	return groups
}

// trapping is one run of the trapper with what is said about the imports.
type trapping struct {
	python *interp.Interpreter
	root   string
	alone  bool // without site-packages
	byName bool // see LoadOptions

	groups  [][]string
	files   []map[string]*trapTask
	imports []trapped
	sites   []string // places of the loads, by number
	modules int
}

// trapTask is what the trapper does in one file.
type trapTask struct {
	Traps map[int][]string `json:"traps,omitempty"`
	Loads map[string]int   `json:"loads,omitempty"`
}

// trapped is an import with the loads of its name.
type trapped struct {
	file, place, why string
	used             bool
	loads            []int
}

// add analyses files as one project. The modules are imported in groups.
func (w *trapping) add(t *testing.T, files []string, groups ...[]string) {
	t.Helper()
	p, err := Load(context.Background(), LoadOptions{
		Root: w.root, Files: files, ImportRoots: []string{"."}, Version: w.python.Version, Resolver: resolve.New(nil, w.python), ByName: w.byName,
	})
	if err != nil {
		t.Fatal(err)
	}
	tasks := map[string]*trapTask{}
	task := func(m *Module) *trapTask {
		name := filepath.Join(w.root, filepath.FromSlash(m.File))
		if tasks[name] == nil {
			tasks[name] = &trapTask{map[int][]string{}, map[string]int{}}
		}
		return tasks[name]
	}
	for _, m := range p.Modules {
		used := map[string]bool{} // where one of several imports is, its name is not replaced
		for _, imp := range m.Imports {
			used[imp.Binds] = used[imp.Binds] || imp.UsedAtImport && imp.owner == 0
		}
		for _, imp := range m.Imports {
			if imp.Scope != "module" || imp.Runs != "import" || imp.Binds == "*" || imp.Future || imp.Lazy {
				continue
			}
			line := imp.Line
			x := trapped{file: m.File, place: fmt.Sprintf("%s:%d %s", m.File, line, imp.Binds), why: imp.UsedAtWhy, used: imp.UsedAtImport}
			if !x.used && !used[imp.Binds] {
				task(m).Traps[line] = append(task(m).Traps[line], imp.Binds)
			}
			for _, s := range p.Uses(imp) {
				if s.Store || s.Del || s.Module.Syntax.Kind(s.Node) == syntax.String || !x.used && used[imp.Binds] {
					continue
				}
				loads, key := task(s.Module).Loads, span(s.Module, s.Node)
				number, ok := loads[key]
				if !ok {
					number = len(w.sites)
					loads[key] = number
					w.sites = append(w.sites, fmt.Sprintf("%s:%d", s.Module.File, s.Module.Line(s.Node)))
				}
				x.loads = append(x.loads, number)
			}
			w.imports = append(w.imports, x)
		}
	}
	for _, g := range groups {
		var names []string
		for _, file := range g {
			if isTest(file) { // others may import it
				continue
			}
			names = append(names, strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(file, ".py"), "/__init__"), "/", "."))
		}
		w.groups = append(w.groups, names)
		w.modules += len(names)
	}
	w.files = append(w.files, tasks)
}

// span writes where a node begins and ends as Python's ast counts: in bytes.
func span(m *Module, n syntax.NodeID) string {
	at := func(offset int32) string {
		line := m.Syntax.Line(offset)
		return fmt.Sprintf("%d:%d", line, offset-m.Syntax.LineStart(line))
	}
	return at(m.Syntax.Node(n).Start) + ":" + at(m.Syntax.Node(n).End)
}

// trapReport is what the trapper tells of one group.
type trapReport struct {
	Fired    [][]any
	Loaded   []int
	Imported []string
	Finished []string
}

// run imports everything and compares.
func (w *trapping) run(t *testing.T) {
	t.Helper()
	start := time.Now()
	cache := ""
	if len(w.files) == 1 {
		cache = t.TempDir()
	}
	in, err := json.Marshal(map[string]any{
		"path": []string{w.root}, "groups": w.groups, "files": w.files, "cache": cache, "jobs": runtime.NumCPU(), "alarm": 20, "seconds": 300,
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"-I"}
	if w.alone {
		args = append(args, "-S")
	}
	script := filepath.Join(dir, "trapper.py")
	if err := os.WriteFile(script, []byte(trapper), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(w.python.Path, append(args, script)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "MPLBACKEND=agg")
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var reports []*trapReport
	if err := json.Unmarshal(out, &reports); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.compare(t, reports)
	t.Logf("imported in %v, %v of CPU time", time.Since(start).Round(time.Second), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Round(time.Second))
}

// compare reports the wrong answers, and logs how often they are too careful.
func (w *trapping) compare(t *testing.T, reports []*trapReport) {
	t.Helper()
	imported, lost := 0, 0
	seen := map[string]bool{}
	ran := make([]bool, len(w.sites))
	finished := map[string]bool{}
	for _, r := range reports {
		if r == nil {
			lost++
			continue
		}
		imported += len(r.Imported)
		for _, number := range r.Loaded {
			ran[number] = true
		}
		for _, file := range r.Finished {
			if rel, err := filepath.Rel(w.root, file); err == nil {
				finished[filepath.ToSlash(rel)] = true
			}
		}
		for _, f := range r.Fired {
			if where := fmt.Sprint(f[0]); !seen[where] {
				seen[where] = true
				t.Errorf("%s is said not to be used at import, but: %v\n  %v", where, f[1], f[2])
			}
		}
	}
	no, yes, needless := 0, 0, 0
	reasons := map[string]int{}
	for _, x := range w.imports {
		if !finished[x.file] {
			continue
		}
		at := slices.IndexFunc(x.loads, func(number int) bool { return ran[number] })
		switch {
		case !x.used:
			no++
			if at >= 0 {
				t.Errorf("%s is said not to be used at import, but it is loaded at %s", x.place, w.sites[x.loads[at]])
			}
		default:
			yes++
			if at < 0 {
				needless++
				why, _, _ := strings.Cut(x.why, " at ")
				reasons[why]++
			}
		}
	}
	t.Logf("%d of %d modules in %d groups imported (%d groups lost), %d files from source; of their imports %d are said not to be used at import, %d to be used; %d of these (%.1f%%) needlessly",
		imported, w.modules, len(w.groups), lost, len(finished), no, yes, needless, 100*float64(needless)/float64(max(yes, 1)))
	var list []string
	for why := range reasons {
		list = append(list, why)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b)) })
	for _, why := range list[:min(len(list), 8)] {
		t.Logf("  needless: %5d %s", reasons[why], why)
	}
	if imported < w.modules/2 {
		t.Errorf("only %d of %d modules could be imported", imported, w.modules)
	}
}
