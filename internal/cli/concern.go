package cli

import (
	"cmp"
	"slices"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/rewrite"
)

// concern is what analyses of a large project, of which not all trees are kept,
// have to know of files that no entry imports. Whether an import may move depends
// on all files that can be in its process, which may be nearly all; but few imports
// are cold, and few files speak of them. So the plans are first made as if every
// move were safe. Then the imports that are not hot are examined, with the files
// that speak of them, until the plans want no others.
type concern struct {
	examined map[importKey]bool
	files    []string     // see LoadOptions.Moving
	clues    []graph.Clue // see LoadOptions.Clues
	settled  bool         // what was not examined does not move any more
}

// analyzeAll analyses entries, with those beside them that share a module. Left
// out are those that wanted is false for; it may be nil.
func (a *app) analyzeAll(p *project.Project, s *sources, entries []project.Entry, o planOptions, wanted func(*analysis) bool) ([]*analysis, error) {
	for {
		var all, list []*analysis
		var chosen []project.Entry
		for _, e := range entries {
			an, err := a.gather(p, s, e, o)
			if err != nil {
				return nil, err
			}
			all = append(all, an)
		}
		buildAll(all)
		for i, an := range all {
			if wanted == nil || wanted(an) {
				list, chosen = append(list, an), append(chosen, entries[i])
			}
		}
		if err := a.agreeAll(p, s, chosen, list, o); err != nil {
			return nil, err
		}
		if s.examine(list) {
			continue
		}
		return list, a.settle(p, s, chosen, list, o)
	}
}

// settle makes the plans again without placeholders: what was not examined is not
// called safe.
func (a *app) settle(p *project.Project, s *sources, chosen []project.Entry, list []*analysis, o planOptions) error {
	if s.rules || !slices.ContainsFunc(list, func(an *analysis) bool { return an.program.Sparse() }) {
		return nil
	}
	s.settled = true
	for _, an := range list {
		an.plan = plan.Build(an.input)
		an.runtime = an.plan.Runtime
	}
	return a.agreeAll(p, s, chosen, list, o)
}

// judge returns the gate of the entry.
func (an *analysis) judge() *rewrite.Gate {
	if an.gate == nil {
		an.gate = rewrite.NewGate(an.program, rewrite.GateOptions{
			Entries: []string{an.program.File(an.entry.File).Name}, FastPath: map[string]bool{an.entry.FastPath: true},
		})
	}
	return an.gate
}

// ask lets the plan of an entry ask its gate.
func (s *sources) ask(r *analysis) {
	asked := func(imp *graph.Import) bool { return !r.program.Sparse() || s.examined[keyOf(imp)] }
	in := &r.input
	in.Verdict = func(imp *graph.Import) plan.Verdict {
		switch {
		case asked(imp):
			return r.judge().Verdict(imp)
		case s.settled: // what is known counts, as far as it is bad
			if v := r.judge().Verdict(imp); !plan.Movable(v.Safety) {
				return v
			}
			return plan.Verdict{Safety: plan.SafetyAsk, Cause: plan.NotExamined}
		}
		return plan.Verdict{Safety: plan.SafetyAuto}
	}
	in.Joint = func(moves []*graph.Import) map[*graph.Import]string {
		if moves = slices.DeleteFunc(slices.Clone(moves), func(imp *graph.Import) bool { return !asked(imp) }); len(moves) == 0 {
			return nil
		}
		return causes(r.judge().Joint(moves))
	}
	in.Removable = func(imp *graph.Import) string {
		switch {
		case asked(imp):
			return r.judge().Removable(imp)
		case s.settled:
			return plan.NotExamined
		}
		return ""
	}
	in.Enterable = func(imp *graph.Import) string { return rewrite.Enterable(r.program, imp, r.fastPathModule) }
}

// examine adds what plans do not want at module level, or do not know, to what is
// examined; it reports whether there was anything new. The programs are loaded
// again then.
func (s *sources) examine(list []*analysis) bool {
	found := false
	for _, an := range list {
		if !an.program.Sparse() || !s.moves(an.entry) {
			continue
		}
		fastPath := map[string]bool{an.entry.FastPath: true}
		for _, it := range an.plan.Items {
			cold := func(d plan.Decision) bool { return d == plan.Function || d == plan.Remove || d == plan.Measure }
			if !cold(it.Wanted) && !cold(it.Decision) || it.Existing || s.examined[keyOf(it.Import)] {
				continue
			}
			if s.examined == nil {
				s.examined = map[importKey]bool{}
			}
			s.examined[keyOf(it.Import)], found = true, true
			files, clues := rewrite.Concern(an.program, it.Import, fastPath)
			s.concern.files, s.concern.clues = append(s.concern.files, files...), append(s.concern.clues, clues...)
		}
	}
	if found {
		slices.Sort(s.concern.files)
		s.concern.files = slices.Compact(s.concern.files)
		slices.SortFunc(s.concern.clues, func(a, b graph.Clue) int {
			return cmp.Or(slices.Compare(a.Words[:], b.Words[:]), cmp.Compare(a.Imports, b.Imports))
		})
		s.concern.clues = slices.Compact(s.concern.clues)
		s.programs, s.views = map[string]*graph.Program{}, nil
	}
	return found
}
