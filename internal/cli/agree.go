package cli

import (
	"slices"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
)

// agree keeps imports of shared modules where another entry has them on its hot
// path: the statement is there once for all of them. The plans are made again
// then, because the figures of the other moves depend on it. Lines of fast path
// files are left out: what they list is judged for each entry.
func agree(list []*analysis) {
	for again := len(list) > 1; again; {
		again = false
		for _, an := range list {
			hot := map[importKey]string{} // an entry, the first one
			for _, other := range list {
				if other == an {
					continue
				}
				for _, it := range other.plan.Items {
					if k := keyOf(it.Import); hot[k] == "" && (it.Decision == plan.Tier1 || it.Decision == plan.Tier2) {
						hot[k] = other.entry.Name
					}
				}
			}
			again = an.concede(hot) || again
		}
	}
}

// concede plans anew without the moves of imports that another entry has on
// its hot path; it reports whether there were any.
func (an *analysis) concede(hot map[importKey]string) bool {
	kept := map[importKey]string{}
	for _, it := range an.plan.Items {
		if k := keyOf(it.Import); it.Move && !it.FromFastPath && hot[k] != "" {
			kept[k] = "on the hot path of " + hot[k]
		}
	}
	if len(kept) == 0 {
		return false
	}
	verdict := an.input.Verdict
	an.input.Verdict = func(imp *graph.Import) plan.Verdict {
		if cause := kept[keyOf(imp)]; cause != "" {
			return plan.Verdict{Safety: plan.SafetyNever, Cause: cause}
		}
		return verdict(imp)
	}
	an.plan = plan.Build(an.input)
	an.runtime = an.plan.Runtime
	return true
}

// agreeAll lets the analyses of chosen entries agree with each other, and with
// the entries beside them that share a module.
func (a *app) agreeAll(p *project.Project, s *sources, chosen []project.Entry, list []*analysis, o planOptions) error {
	if len(list) == 0 {
		return nil
	}
	all, err := a.selectEntries(p, nil)
	if err != nil {
		return nil // an entry named by hand, in a project without a configuration
	}
	for _, e := range s.neighbours(all, chosen) {
		an, err := a.analyzeWith(p, s, e, o)
		if err != nil {
			return err
		}
		list = append(slices.Clip(list), an)
	}
	agree(list)
	return nil
}

// neighbours returns the entries beside those chosen that were measured with a
// file of theirs: what they need at start decides, too.
func (s *sources) neighbours(all, chosen []project.Entry) []project.Entry {
	if s.lock == nil || len(all) == len(chosen) {
		return nil
	}
	files := map[string]bool{}
	for _, e := range chosen {
		for _, f := range measuredFiles(s.lock.Entries[e.Name]) {
			files[f] = true
		}
	}
	var out []project.Entry
	for _, e := range all {
		same := func(o project.Entry) bool { return o.Name == e.Name }
		if !slices.ContainsFunc(chosen, same) && slices.ContainsFunc(measuredFiles(s.lock.Entries[e.Name]), func(f string) bool { return files[f] }) {
			out = append(out, e)
		}
	}
	return out
}

// measuredFiles are the project's files that an entry loaded when it was
// measured.
func measuredFiles(e *evidence.Entry) []string {
	if e == nil {
		return nil
	}
	var files []string
	for _, m := range e.Modules {
		if m.File != "" {
			files = append(files, m.File)
		}
	}
	return files
}
