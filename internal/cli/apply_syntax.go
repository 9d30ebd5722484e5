package cli

import (
	"fmt"
	"slices"

	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/python/syntax"
	"fastpath/internal/rewrite"
)

// syntaxAuto lets apply choose the form of deferred imports.
const syntaxAuto = "auto"

// syntaxes are the values of --syntax.
var syntaxes = []string{syntaxAuto, string(rewrite.FormFunction), string(rewrite.FormGuard), string(rewrite.FormLazyModules), string(rewrite.FormLazy)}

// chooseForms settles how each group defers imports. A form that a version of
// Python does not have which runs the project is a mistake where it was asked
// for; apply chooses none of itself.
func chooseForms(p *project.Project, groups []*applyGroup, form string) error {
	for _, g := range groups {
		g.form, g.strict = "", form != syntaxAuto
		older, known := g.older(p)
		required, stated := parseVersion(p.RequiresPython())
		newer := stated && !required.Less(rewrite.FirstLazy)
		switch rewrite.Form(form) {
		case rewrite.FormLazy:
			const why = `--syntax lazy: "lazy import" is a syntax error before Python 3.15`
			switch {
			case older != "":
				return usageErrorf("%s, and %s", why, older)
			case stated && !newer:
				return usageErrorf("%s, and requires-python of pyproject.toml admits %d.%d; --syntax lazy-modules is for both", why, required.Major, required.Minor)
			case !known && !newer:
				return usageErrorf("%s, and nothing says which version runs %s; name the interpreter with --python", why, g.analyses[0].entry.Name)
			}
			g.form = rewrite.FormLazy
		case rewrite.FormLazyModules:
			const why = "--syntax lazy-modules: Python looks at __lazy_modules__ from 3.15 on, and would save nothing before"
			switch {
			case older != "":
				return usageErrorf("%s; %s", why, older)
			case !known && !newer:
				return usageErrorf("%s; nothing says which version runs %s; name the interpreter with --python", why, g.analyses[0].entry.Name)
			}
			g.form = rewrite.FormLazyModules
		case rewrite.FormFunction, rewrite.FormGuard:
			g.form = rewrite.Form(form)
		default:
			switch {
			case older != "":
			case newer:
				g.form = rewrite.FormLazy
			case g.deployedLazy():
				g.form = rewrite.FormLazyModules
			}
		}
	}
	return nil
}

// older says what runs the project with a Python that has no lazy imports, "" if
// nothing does that is known; known reports whether anything is. Entries of other
// groups count, because they may share what is edited.
func (g *applyGroup) older(p *project.Project) (who string, known bool) {
	for _, an := range g.analyses {
		if i := an.interpreter; i != nil && i.Version.Major > 0 {
			known = true
			if i.Version.Less(rewrite.FirstLazy) {
				return fmt.Sprintf("the interpreter is %s", i), true
			}
		}
	}
	for _, e := range p.Entries {
		if v, ok := parseVersion(e.Python); ok {
			known = true
			if v.Less(rewrite.FirstLazy) {
				return fmt.Sprintf("%s runs %s with Python %d.%d", e.Source, e.Name, v.Major, v.Minor), true
			}
		}
	}
	return "", known
}

// deployedLazy reports whether the deployment files run all entries of the
// group with a Python that has lazy imports.
func (g *applyGroup) deployedLazy() bool {
	return !slices.ContainsFunc(g.analyses, func(an *analysis) bool {
		v, ok := parseVersion(an.entry.Python)
		return !ok || v.Less(rewrite.FirstLazy)
	})
}

func parseVersion(text string) (v syntax.Version, ok bool) {
	n, _ := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor)
	return v, n == 2
}

// lazyForm reports whether the group leaves imports where they stand.
func (g *applyGroup) lazyForm() bool {
	return g.form == rewrite.FormLazy || g.form == rewrite.FormLazyModules
}

// formOf is how one import is deferred. What leaves the fast path file goes to
// functions, because those who read it from there take all of the file.
func (g *applyGroup) formOf(it *plan.Item) rewrite.Form {
	switch {
	case it.FromFastPath:
	case g.lazyForm() && !g.plain[keyOf(it.Import)], g.form == rewrite.FormGuard:
		return g.form
	}
	if it.Verdict.Safety == plan.SafetyGuard {
		return rewrite.FormGuard
	}
	return rewrite.FormFunction
}

// request asks for the deferral of one import.
func (g *applyGroup) request(req *rewrite.Request, it *plan.Item) {
	list := &req.Moves
	switch g.formOf(it) {
	case rewrite.FormLazy:
		list = &req.Lazy
	case rewrite.FormLazyModules:
		list = &req.Listed
	case rewrite.FormGuard:
		list = &req.Guards
	}
	*list = append(*list, it.Import)
}

// unguarded refuses what takes a guard where only functions are wanted.
func (g *applyGroup) unguarded() []rewrite.Refusal {
	if g.form != rewrite.FormFunction {
		return nil
	}
	var out []rewrite.Refusal
	for _, it := range g.moved {
		if it.Verdict.Safety == plan.SafetyGuard {
			out = append(out, rewrite.Refusal{
				Import: it.Import, File: it.Import.In.File, Line: it.Line, Cause: it.Verdict.Cause + ", which takes another form: --syntax guard",
			})
		}
	}
	return out
}
