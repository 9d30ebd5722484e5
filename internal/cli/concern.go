package cli

import (
	"slices"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/rewrite"
)

// concern is what check has to know of files that no entry imports. Whether an
// import may move depends on all files that can be in its process, which in a
// large project are nearly all; but few imports are cold, and few files speak of
// them. So the plans are first made as if every move were safe. Then the imports
// that would move are examined, with the files that speak of them, until the
// plans want no others.
type concern struct {
	examined     map[importKey]bool
	files, words []string // see LoadOptions.Moving and Words
}

// ask lets the plan of an entry ask its gate.
func (s *sources) ask(r *analysis) {
	asked := func(imp *graph.Import) bool { return !s.rules || s.examined[keyOf(imp)] }
	in := &r.input
	in.Verdict = func(imp *graph.Import) plan.Verdict {
		if !asked(imp) {
			return plan.Verdict{Safety: plan.SafetyAuto}
		}
		return r.gate.Verdict(imp)
	}
	in.Joint = func(moves []*graph.Import) map[*graph.Import]string {
		if moves = slices.DeleteFunc(slices.Clone(moves), func(imp *graph.Import) bool { return !asked(imp) }); len(moves) == 0 {
			return nil
		}
		return causes(r.gate.Joint(moves))
	}
	in.Removable = func(imp *graph.Import) string {
		if !asked(imp) {
			return ""
		}
		return r.gate.Removable(imp)
	}
	in.Enterable = func(imp *graph.Import) string { return rewrite.Enterable(r.program, imp, r.fastPathModule) }
}

// examine adds what plans want to move, or to remove, to what is examined; it
// reports whether there was anything new. The programs are loaded again then.
func (s *sources) examine(list []*analysis) bool {
	if !s.rules {
		return false
	}
	found := false
	for _, an := range list {
		if !s.moves(an.entry) {
			continue
		}
		fastPath := map[string]bool{an.entry.FastPath: true}
		for _, it := range an.plan.Items {
			cold := it.Wanted == plan.Function || it.Wanted == plan.Remove || it.Decision == plan.Function || it.Decision == plan.Remove
			if !cold || it.Existing || s.examined[keyOf(it.Import)] {
				continue
			}
			if s.examined == nil {
				s.examined = map[importKey]bool{}
			}
			s.examined[keyOf(it.Import)], found = true, true
			files, words := rewrite.Concern(an.program, it.Import, fastPath)
			s.concern.files, s.concern.words = append(s.concern.files, files...), append(s.concern.words, words...)
		}
	}
	if found {
		for _, list := range []*[]string{&s.concern.files, &s.concern.words} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		s.programs, s.views = map[string]*graph.Program{}, nil
	}
	return found
}
