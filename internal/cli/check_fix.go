package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/project"
	"fastpath/internal/python/syntax"
	"fastpath/internal/report"
	"fastpath/internal/rewrite"
)

// maxRounds bounds how often check --fix starts over: fixes that touch the same
// lines are made one after the other.
const maxRounds = 10

// fix makes the fixes of what was found, checks again, and returns what is left.
func (a *app) fix(p *project.Project, paths []string, opt checkOptions, c *checked) (*checked, error) {
	if err := a.finishInterrupted(p, applyOptions{}); err != nil {
		return nil, err
	}
	count, rounds := 0, 0
	files := map[string]bool{}
	for rounds < maxRounds {
		edits, n, err := fixes(c)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		if err := rewrite.Write(p.Root, edits); err != nil {
			return nil, err
		}
		rounds++
		count += n
		for _, f := range edits.Files {
			files[f.File] = true
		}
		if c, err = a.checkAll(p, paths, opt); err != nil {
			return nil, err
		}
	}
	switch {
	case count == 0:
		a.step("nothing to fix")
	case rounds == 1:
		a.step("fixed %s in %s; \"fastpath apply undo\" takes it back", report.Plural(count, "finding"), report.Plural(len(files), "file"))
	default:
		a.step("fixed %s in %s, in %d rounds; \"fastpath apply undo\" takes one back at a time", report.Plural(count, "finding"), report.Plural(len(files), "file"), rounds)
	}
	return c, nil
}

// printFixes prints what check --fix would do as a unified diff.
func (a *app) printFixes(c *checked) error {
	edits, n, err := fixes(c)
	if err != nil {
		return err
	}
	for _, f := range edits.Files {
		fmt.Fprint(a.Stdout, unified(f))
	}
	if n == 0 {
		a.step("nothing to fix")
	} else {
		a.step("fastpath check --fix would fix %s in %s", report.Plural(n, "finding"), report.Plural(len(edits.Files), "file"))
	}
	return nil
}

// fixes puts the fixes of the findings together, as far as they do not touch
// the same places, and returns how many they mend. A file that would not parse
// afterwards, though it did before, is left alone.
func fixes(c *checked) (*rewrite.Edits, int, error) {
	taken := map[string][]diag.Edit{}
	count := map[string]int{}
	for _, d := range c.findings {
		if d.Fix == nil || len(d.Fix.Edits) == 0 {
			continue
		}
		same := !slices.ContainsFunc(d.Fix.Edits, func(e diag.Edit) bool { return !slices.Contains(taken[e.File], e) })
		free := !slices.ContainsFunc(d.Fix.Edits, func(e diag.Edit) bool { return slices.ContainsFunc(taken[e.File], touches(e)) })
		if !same && !free {
			continue
		}
		count[d.Span.File]++
		if free {
			for _, e := range d.Fix.Edits {
				taken[e.File] = append(taken[e.File], e)
			}
		}
	}
	edits, n := &rewrite.Edits{}, 0
	for file, list := range taken {
		old, err := os.ReadFile(filepath.Join(c.root, filepath.FromSlash(file)))
		if err != nil {
			return nil, 0, fmt.Errorf("cannot fix %q: %w", file, err)
		}
		slices.SortFunc(list, func(x, y diag.Edit) int { return cmp.Compare(x.Start, y.Start) })
		var b bytes.Buffer
		at := 0
		for _, e := range list {
			if e.Start < at || e.End < e.Start || e.End > len(old) {
				return nil, 0, fmt.Errorf("cannot fix %q: it changed meanwhile; run the command again", file)
			}
			b.Write(old[at:e.Start])
			b.WriteString(e.Text)
			at = e.End
		}
		b.Write(old[at:])
		if broken(b.Bytes()) && !broken(old) {
			continue
		}
		edits.Put(file, old, b.Bytes())
		n += count[file]
	}
	if edits.Empty() {
		n = 0
	}
	return edits, n, nil
}

// touches reports whether two edits overlap, or meet.
func touches(e diag.Edit) func(diag.Edit) bool {
	return func(o diag.Edit) bool { return e.Start <= o.End && o.Start <= e.End }
}

func broken(src []byte) bool { return len(syntax.Parse(src, syntax.Latest).Errors) > 0 }
