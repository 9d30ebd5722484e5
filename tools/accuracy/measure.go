package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fastpath/internal/graph"
	"fastpath/internal/profile"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
	"fastpath/internal/python/resolve"
)

// The methods that are compared.
const (
	ours       = "fastpath"
	cumulative = "importtime"
	standalone = "standalone"
	// counted is no method but another truth: the share of the instructions.
	counted = "instructions"
)

// methods is the order of the table.
var methods = []string{ours, cumulative, standalone}

// outcome is what one case came to.
type outcome struct {
	testCase
	python   string // version
	modules  int
	removals []removal
	useless  map[string]int // of the five best suggestions, how many save nothing
	offered  map[string]int // suggestions among the five best
}

// removal is one removed statement, or a set of them.
type removal struct {
	name           string
	right, all     int                // modules whose fate was predicted
	gone           int                // modules that really went
	missed, excess []string           // modules that went unforeseen, and that stayed
	truth          float64            // points: share of the total, in percent
	predicted      map[string]float64 // the same by method; of a set ours only
	instructions   float64            // points of instructions that went; negative where they were not counted
}

// measure profiles a case and tries what it predicts.
func (c testCase) measure(ctx context.Context, python string, o options) (outcome, error) {
	out := outcome{testCase: c, useless: map[string]int{}, offered: map[string]int{}}
	dir, remove, err := c.folder(o.bytecode)
	if err != nil {
		return out, err
	}
	defer remove()
	i, err := interp.Find(interp.FindOptions{Explicit: python, ProjectRoot: dir, Dir: dir, Env: os.Environ()})
	if err != nil {
		return out, err
	}
	out.python = fmt.Sprintf("%d.%d", i.Version.Major, i.Version.Minor)
	env := environment(o.bytecode)
	files, err := project.Listing(dir, []string{dir})
	if err != nil {
		return out, err
	}
	program, err := graph.Load(ctx, graph.LoadOptions{
		Root: dir, Files: files, ImportRoots: []string{"."}, Version: i.Version, Resolver: resolve.New([]string{dir}, i),
	})
	if err != nil {
		return out, err
	}
	p, err := profile.Measure(ctx, profile.Options{
		Root: dir, Program: program, Python: i, Env: env, Runs: o.runs, Timeout: 5 * time.Minute,
		Entry: project.Entry{Name: "app", Kind: project.EntryHandler, Module: "app", File: "app.py", ImportRoot: ".", Platform: "server"},
	})
	if err != nil {
		return out, err
	}
	rt := graph.NewRuntime(p.Entry)
	total := rt.Total(nil)
	load := func() (map[string]bool, error) {
		g, err := probe.GraphPass(ctx, probe.Options{Python: i.Path, Dir: dir, Env: env, Folder: dir, Kind: probe.KindImport, Target: "app", Label: "app", Timeout: 5 * time.Minute})
		if err != nil {
			return nil, err
		}
		loaded := map[string]bool{}
		for _, n := range g.Nodes {
			if n.Kind != "missing" {
				loaded[n.Name] = true
			}
		}
		return loaded, nil
	}
	before, err := load()
	if err != nil {
		return out, err
	}
	out.modules = len(before)
	statements := program.Module("app").Imports
	for _, set := range c.removals(o.sets) {
		if err := c.write(dir, o.bytecode, set); err != nil {
			return out, err
		}
		after, err := load()
		if err != nil {
			return out, err
		}
		cut, names := graph.Cut{}, []string{}
		for _, n := range set {
			cut[statements[n].Statement] = true
			names = append(names, c.imports[n])
		}
		ms, foreseen := rt.Saves(cut)
		r := removal{name: strings.Join(names, " + "), all: len(before), predicted: map[string]float64{ours: points(ms, total)}, instructions: -1}
		truth := 0.0
		for name := range before {
			gone, said := !after[name], slices.Contains(foreseen, name)
			if gone {
				r.gone++
				self, _ := rt.Self(name)
				truth += self
			}
			switch {
			case gone == said:
				r.right++
			case gone:
				r.missed = append(r.missed, name)
			default:
				r.excess = append(r.excess, name)
			}
		}
		r.truth = points(truth, total)
		out.removals = append(out.removals, r)
	}
	if err := c.write(dir, o.bytecode, nil); err != nil {
		return out, err
	}
	return out, out.others(ctx, i.Path, dir, env, o.runs)
}

// folder makes a folder with the program; remove removes it, and its byte-code.
func (c testCase) folder(bytecode string) (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp("", "fastpath-accuracy-"); err != nil {
		return "", nil, err
	}
	remove = func() {
		os.RemoveAll(dir)
		os.RemoveAll(filepath.Join(bytecode, dir))
	}
	if dir, err = filepath.EvalSymlinks(dir); err == nil {
		err = c.write(dir, bytecode, nil)
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return dir, remove, nil
}

// environment is that of all processes.
func environment(bytecode string) []string {
	return launch.Environment(os.Environ(), launch.EnvOptions{Extra: []string{"PYTHONDONTWRITEBYTECODE=", "PYTHONPYCACHEPREFIX=" + bytecode, "PYTHONHASHSEED=0"}})
}

// others adds what the other methods predict, and counts suggestions.
func (out *outcome) others(ctx context.Context, python, dir string, env []string, runs int) error {
	whole, sum, err := importTimes(ctx, python, dir, env, "app", runs)
	if err != nil {
		return err
	}
	for n, name := range out.imports {
		alone, _, err := importTimes(ctx, python, dir, env, name, runs)
		if err != nil {
			return err
		}
		out.removals[n].predicted[cumulative] = points(whole[name], sum)
		out.removals[n].predicted[standalone] = points(alone[name], sum)
	}
	for _, method := range methods {
		best := slices.Clone(out.removals[:len(out.imports)])
		slices.SortStableFunc(best, func(a, b removal) int {
			return -cmp.Compare(a.predicted[method], b.predicted[method])
		})
		for _, r := range best[:min(5, len(best))] {
			if r.predicted[method] <= 0 {
				break
			}
			out.offered[method]++
			if r.gone == 0 {
				out.useless[method]++
			}
		}
	}
	return nil
}

func points(ms, total float64) float64 { return 100 * ms / max(total, math.SmallestNonzeroFloat64) }

// removals returns the statements one by one, and n sets, the same every time.
func (c testCase) removals(n int) [][]int {
	var list [][]int
	for i := range c.imports {
		list = append(list, []int{i})
	}
	random := rand.New(rand.NewPCG(1, uint64(len(c.imports))))
	for i := range n {
		list = append(list, random.Perm(len(c.imports))[:2+i%2])
	}
	return list
}

// write writes the program without some of its statements.
func (c testCase) write(dir, bytecode string, without []int) error {
	var b strings.Builder
	for i, name := range c.imports {
		if slices.Contains(without, i) {
			b.WriteString("pass\n")
			continue
		}
		fmt.Fprintf(&b, "import %s as m%d\n", name, i)
	}
	// Byte-code of the last program may be as old and as long as this one.
	if err := os.RemoveAll(filepath.Join(bytecode, dir)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "app.py"), []byte(b.String()), 0o644)
}
