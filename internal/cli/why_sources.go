package cli

import (
	"path"
	"strings"

	"fastpath/internal/graph"
)

// allChains bounds the chains of --all: there can be more of them than anybody
// could list.
const allChains = 1000

// needsSources reports whether the chains shall be those of the sources: when
// they are asked for, and for what no profile has seen loading.
func (w *whyResult) needsSources(opt whyOptions) bool {
	return opt.all || w.Loaded != "start-up" && (!w.Measured || len(w.Chains) == 0)
}

// fromSources takes the chains from the sources. The result, which may be nil,
// stays what it is where they have none. All modules that they lead to are
// added to known.
func (w *whyResult) fromSources(r *analysis, module string, opt whyOptions, known map[string]bool) *whyResult {
	start := r.program.File(r.entry.File)
	reach := r.program.Reach(start, false)
	for _, name := range reach.Modules() {
		known[name] = true
	}
	chains, cut := sourceChains(reach, module, opt)
	exists, runtime := reach.Exists(module)
	if len(chains) == 0 && exists { // perhaps a function of a library imports it
		chains, cut = sourceChains(r.program.Reach(start, true), module, opt)
	}
	if len(chains) == 0 {
		return w
	}
	if w == nil {
		w = emptyWhy(r, module)
	}
	if !w.Measured {
		w.Runtime = runtime
	}
	w.Static, w.CutChains, w.Chains = true, cut, nil
	for _, chain := range chains {
		var steps []whyStep
		for _, l := range chain {
			steps = append(steps, whyStep{
				Module: l.From, File: l.File, Line: l.Line, Qualname: l.Qualname, Imports: l.Module,
				Scope: l.Scope, Runs: l.Runs, Context: l.Context, Lazy: l.Lazy, Library: l.Library,
			})
		}
		w.Chains = append(w.Chains, steps)
	}
	return w
}

func sourceChains(reach *graph.Reach, module string, opt whyOptions) (chains [][]graph.Link, cut bool) {
	if opt.all {
		return reach.AllChains(module, allChains)
	}
	return reach.Chains(module), false
}

// notes says where in its file a statement stands, and when it does not run
// while the module is being imported.
func (s whyStep) notes() []string {
	var out []string
	if s.Qualname != "" {
		out = append(out, s.Qualname)
	}
	if len(s.Context) > 0 {
		out = append(out, strings.Join(s.Context, " > "))
	}
	switch {
	case s.Runs == "type_checking":
		out = append(out, "for type checkers only")
	case s.Runs == "never":
		out = append(out, "never runs")
	case s.Lazy:
		out = append(out, "lazy")
	case s.Runs == "import" && s.Scope == "function":
		out = append(out, "called at import")
	}
	return out
}

// shortFile is the file of a step as people know it: that of a library without
// the folder in which it is installed.
func (s whyStep) shortFile() string {
	if !s.Library {
		return s.File
	}
	depth := strings.Count(s.Module, ".") + 1
	if path.Base(s.File) == "__init__.py" {
		depth++
	}
	parts := strings.Split(s.File, "/")
	return strings.Join(parts[max(0, len(parts)-depth):], "/")
}
