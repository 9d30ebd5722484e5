package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/fastfile"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/rewrite"
)

// ruffSettings are the settings of ruff that agree with the plan.
type ruffSettings struct {
	prefix string               // "tool.ruff." in pyproject.toml, "" in ruff.toml
	banned map[string]string    // module → why
	ignore map[string]ruffEntry // pattern → what is right there
}

// ruffEntry is the rules that do not apply to some files, with the reason.
type ruffEntry struct {
	codes  []string
	reason string
}

// runRuff prints settings for ruff, with which it agrees with the plan: cold
// modules may not be imported at module level, and what fastpath writes is no
// finding.
func (a *app) runRuff(p *project.Project) error {
	src, err := a.openSources(p)
	if err != nil {
		return err
	}
	_, analyses, err := a.checkInput(p, src, nil)
	if err != nil {
		return err
	}
	a.showNotes(src)
	s := &ruffSettings{prefix: "tool.ruff.", banned: map[string]string{}, ignore: map[string]ruffEntry{}}
	for _, name := range []string{"ruff.toml", ".ruff.toml"} {
		if _, err := os.Stat(filepath.Join(p.Root, name)); err == nil {
			s.prefix = ""
		}
	}
	for _, an := range analyses {
		s.add(an)
	}
	s.unban(analyses)
	return s.print(a.Stdout)
}

// add collects what one entry says.
func (s *ruffSettings) add(an *analysis) {
	for _, it := range an.plan.Items {
		if it.Wanted == plan.Function && it.Decision == plan.Function && it.Measured {
			why := fastfile.FormatMS(it.AloneMS)
			if it.UsageKnown {
				why += ", " + fastfile.FormatUsage(it.Usage*100)
			}
			s.banned[it.Module] = cmp.Or(s.banned[it.Module], why)
		}
		if it.Existing && it.Import.Scope == "function" && it.Wanted == plan.Function {
			s.allow(it.Import.In.File, "cold modules are imported where they are used", "PLC0415")
		}
		if it.Existing && it.Import.Lazy && it.Wanted == plan.Function {
			s.allow(it.Import.In.File, "cold modules are imported lazily", "TID253")
		}
	}
	for _, m := range an.program.Modules {
		if m.Test {
			pattern := m.File
			if dir, _, nested := strings.Cut(m.File, "/"); nested {
				pattern = dir + "/**"
			}
			s.allow(pattern, "tests are no cold start", "TID253")
			continue
		}
		if rewrite.Guarded(m) {
			s.allow(m.File, "the guard of a cold module binds a global name", "PLC0415", "PLW0603")
		}
		for _, imp := range m.Imports {
			if imp.Binds == "*" && imp.Base == an.fastPathModule {
				s.allow(m.File, "names come from "+an.entry.FastPath+"; fastpath check finds undefined ones (FP208)", "F403", "F405")
			}
		}
	}
}

// unban takes out modules that some entry has at module level for a reason.
func (s *ruffSettings) unban(analyses []*analysis) {
	for _, an := range analyses {
		for _, it := range an.plan.Items {
			if it.Import.Runs != "import" || it.Existing || it.Decision == plan.Function {
				continue
			}
			for module := range s.banned {
				if it.Module == module || strings.HasPrefix(it.Module, module+".") {
					delete(s.banned, module)
				}
			}
		}
	}
}

func (s *ruffSettings) allow(pattern, reason string, codes ...string) {
	e := s.ignore[pattern]
	for _, c := range codes {
		if !slices.Contains(e.codes, c) {
			e.codes = append(e.codes, c)
		}
	}
	slices.Sort(e.codes)
	if !strings.Contains(e.reason, reason) {
		e.reason = strings.TrimPrefix(e.reason+"; "+reason, "; ")
	}
	s.ignore[pattern] = e
}

// print writes TOML, sorted.
func (s *ruffSettings) print(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# What fastpath.lock knows, for ruff. Renew it with: fastpath check --ruff\n")
	if len(s.banned) > 0 {
		fmt.Fprintf(&b, "\n[%slint]\nextend-select = [\"TID253\"]\n", s.prefix)
		fmt.Fprintf(&b, "\n[%slint.flake8-tidy-imports]\n# Cold: to be imported in the functions that use them.\nbanned-module-level-imports = [\n", s.prefix)
		for _, m := range slices.Sorted(maps.Keys(s.banned)) {
			fmt.Fprintf(&b, "    %q, # %s\n", m, s.banned[m])
		}
		b.WriteString("]\n")
	}
	if len(s.ignore) > 0 {
		fmt.Fprintf(&b, "\n[%slint.per-file-ignores]\n", s.prefix)
	}
	for _, pattern := range slices.Sorted(maps.Keys(s.ignore)) {
		e := s.ignore[pattern]
		if len(s.banned) == 0 && slices.Equal(e.codes, []string{"TID253"}) {
			continue // nothing is banned
		}
		quoted := make([]string, len(e.codes))
		for i, c := range e.codes {
			quoted[i] = fmt.Sprintf("%q", c)
		}
		fmt.Fprintf(&b, "# %s\n%q = [%s]\n", e.reason, pattern, strings.Join(quoted, ", "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
