package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"fastpath/internal/project"
	"fastpath/internal/rewrite"
)

// applyOptions are the flags of apply.
type applyOptions struct {
	planOptions
	diff bool
	only string // "", "file" or "code"
	// interactive asks about moves that are not proved safe.
	interactive bool
	verify      bool // run the program with and without the edits first
	syntax      string
}

func (a *app) applyCommand() *cobra.Command {
	var opt applyOptions
	cmd := &cobra.Command{
		Use:   "apply [ENTRY…]",
		Short: "write the fast path file and move cold imports to where they are used",
		Long: `Apply carries out the plan: it writes the fast path file, lets the entry import
from it, and moves cold imports into the functions that use them, where that is
proved safe. Where others read the name in the module, say a test that patches
it, the import moves with a guard, so that they still find it. Imports of the
standard library that nothing uses are deleted. What stays is listed with its
reason. Nothing is executed without --verify, and "fastpath apply undo" restores
every byte. It asks nothing, unless --interactive is given: then it asks about each
move that a person has to judge.

--syntax chooses how a deferred import is written:
  function      in the functions that use it
  guard         the same, and its module serves the name to others that read it there
  lazy-modules  where it stands, and listed in __lazy_modules__, which Python looks at
                from 3.15 on
  lazy          where it stands, as "lazy import", which is a syntax error before 3.15
  auto          lazy where requires-python is 3.15 or later; lazy-modules where the
                deployment files say that 3.15 or later runs the entry; else function,
                with a guard where others read the name
What leaves the fast path file goes into functions in any case.

--verify runs your code: it starts each entry as it is, and with the edits in a copy
of the project. Files are changed only if the entry still starts, and loads exactly
the modules less that the edits were to save, and none more. Folders without sources
are linked, not copied. Child processes get dummy AWS credentials.`,
		Example: `  fastpath apply --diff
  fastpath apply
  fastpath apply --verify
  fastpath apply --syntax lazy-modules --diff
  fastpath apply --cold pandas --diff
  fastpath apply undo`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runApply(opt, args) },
	}
	f := cmd.Flags()
	opt.planOptions.flags(f)
	f.BoolVar(&opt.diff, "diff", false, "print the edits as a unified diff and change nothing")
	f.StringVar(&opt.only, "only", "", "`file|code`: write only the fast path file, or edit only the code")
	f.BoolVar(&opt.interactive, "interactive", false, "ask about each move that is not proved safe and that a person may judge")
	f.StringVar(&opt.syntax, "syntax", syntaxAuto, "write deferred imports in this `FORM`: auto, function, guard, lazy-modules or lazy")
	f.BoolVar(&opt.verify, "verify", false, "start the program with the edits first, and write them only if it does as foreseen")
	f.StringVar(&a.format, "format", "text", "text or json")
	cmd.AddCommand(a.applyUndoCommand())
	return cmd
}

func (a *app) applyUndoCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "restore the files as they were before the last apply",
		Long: `Undo gives every file that the last apply (or check --fix) wrote its former bytes back. A file
that changed since is named and nothing is restored, unless --force is given.
Run it again to undo the apply before.`,
		Example: "  fastpath apply undo",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("undo takes no arguments, found %q", args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return a.runApplyUndo(force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "restore files that changed since as well")
	return cmd
}

func (a *app) runApplyUndo(force bool) error {
	// The project is not opened: undo works on one whose configuration or
	// entries are broken, too.
	root := project.FindRoot(a.Dir)
	if a.project != "" {
		root = a.path(a.project)
	}
	restored, err := rewrite.Undo(root, force)
	switch {
	case errors.Is(err, rewrite.ErrNothingToUndo):
		fmt.Fprintln(a.Stdout, "nothing to undo")
		return nil
	case err != nil:
		return err
	}
	for _, f := range restored {
		what := "restored"
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(f))); errors.Is(err, fs.ErrNotExist) {
			what = "removed" // apply had created it
		}
		fmt.Fprintln(a.Stdout, what, f)
	}
	if len(restored) == 0 {
		fmt.Fprintln(a.Stdout, "the files were restored already")
	}
	return nil
}

func (a *app) runApply(opt applyOptions, args []string) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for apply; allowed: text, json", a.format)
	}
	if opt.only != "" && opt.only != "file" && opt.only != "code" {
		return usageErrorf("unknown value %q for --only; allowed: file, code", opt.only)
	}
	if !slices.Contains(syntaxes, opt.syntax) {
		return usageErrorf("unknown value %q for --syntax; allowed: %s", opt.syntax, strings.Join(syntaxes, ", "))
	}
	if err := opt.validate(); err != nil {
		return err
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return err
	}
	if err := a.finishInterrupted(p, opt); err != nil {
		return err
	}
	groups, err := a.applyGroups(p, entries, opt)
	if err != nil {
		return err
	}
	if err := chooseForms(p, groups, opt.syntax); err != nil {
		return err
	}
	if list := questions(groups); opt.interactive && len(list) > 0 {
		if opt.accepted = a.ask(list); len(opt.accepted) > 0 {
			if groups, err = a.applyGroups(p, entries, opt); err != nil {
				return err
			}
			if err := chooseForms(p, groups, opt.syntax); err != nil {
				return err
			}
		}
	}
	var missing []string
	for _, g := range groups {
		missing = append(missing, g.withoutEvidence(opt)...)
	}
	if len(missing) > 0 {
		fmt.Fprintf(a.Stderr, "nothing was measured yet for %s, so that nothing can be decided; nothing was changed\n"+
			"run \"fastpath profile\" first, or name what is cold: fastpath apply --cold MODULE --diff\n", strings.Join(missing, ", "))
		if a.format == "json" {
			res := &applyResult{envelope: a.envelopeFor("apply", p.Root), NotProfiled: missing}
			for _, g := range groups {
				for _, an := range g.analyses {
					res.Entries = append(res.Entries, an.entry.Name)
				}
			}
			res.finish(&rewrite.Edits{}, true)
			if err := a.printJSON(res); err != nil {
				return err
			}
		}
		return errFindings
	}
	var analyses []*analysis
	for _, g := range groups {
		analyses = append(analyses, g.analyses...)
	}
	if err := unmatched(analyses, opt.planOptions); err != nil {
		return err
	}
	res := &applyResult{envelope: a.envelopeFor("apply", p.Root)}
	edits := &rewrite.Edits{}
	for _, g := range groups {
		if err := g.plan(opt, groups); err != nil {
			return err
		}
		g.report(res, mergeEdits(edits, g))
		if !g.writesFile() && opt.only != "code" {
			a.step("%s is written once there is a profile; run \"fastpath profile\"", g.file)
		}
	}
	if opt.verify && !edits.Empty() {
		if res.Verification, err = a.verifyEdits(p, groups, edits, opt); err != nil {
			return err
		}
	}
	failed := res.Verification != nil && !res.Verification.OK
	res.finish(edits, opt.diff || failed)
	if all, err := a.selectEntries(p, nil); err == nil && !edits.Empty() {
		warned := map[string]bool{}
		for _, g := range groups {
			for _, w := range g.sameNames(all, warned) {
				a.step("warning: %s", w)
			}
		}
	}
	if res.Written {
		if err := rewrite.Write(p.Root, edits); err != nil {
			return err
		}
	}
	if err := a.printApply(res, edits, opt); err != nil {
		return err
	}
	if len(res.Errors) > 0 || failed {
		return errFindings
	}
	return nil
}

// finishInterrupted restores what a killed apply left half done; --diff only
// says that there is something to restore.
func (a *app) finishInterrupted(p *project.Project, opt applyOptions) error {
	if opt.diff {
		half, err := rewrite.Interrupted(p.Root)
		if err == nil && half {
			err = errors.New("an earlier apply was interrupted; run \"fastpath apply undo\" to restore the files")
		}
		return err
	}
	restored, err := rewrite.Recover(p.Root)
	if err != nil {
		return err
	}
	if len(restored) > 0 {
		a.step("restored %s, which an interrupted apply had changed", strings.Join(restored, ", "))
	}
	return nil
}

// mergeEdits adds the edits of one group. A file that another group edits
// already, and otherwise, is left for the next run.
func mergeEdits(all *rewrite.Edits, g *applyGroup) *rewrite.Edits {
	own := &rewrite.Edits{}
	for _, f := range g.edits.Files {
		if o := all.File(f.File); o != nil {
			if !bytes.Equal(o.New, f.New) {
				g.refused = append(g.refused, rewrite.Refusal{File: f.File, Cause: "edited for another entry first; run the command again for the rest"})
			}
			continue
		}
		all.Files = append(all.Files, f)
		own.Files = append(own.Files, f)
	}
	slices.SortFunc(all.Files, func(a, b *rewrite.FileEdit) int { return strings.Compare(a.File, b.File) })
	return own
}

// printApply prints what was done: the diff, JSON, or a list for people.
func (a *app) printApply(res *applyResult, edits *rewrite.Edits, opt applyOptions) error {
	for _, e := range res.Errors {
		fmt.Fprintf(a.Stderr, "%s:%d:%d: %s [%s]\n", e.File, e.Line, e.Column, e.Message, e.Rule)
	}
	if a.format == "json" {
		if opt.diff {
			for _, f := range edits.Files {
				res.Diff += unified(f)
			}
		}
		return a.printJSON(res)
	}
	if opt.diff {
		for _, f := range edits.Files {
			fmt.Fprint(a.Stdout, unified(f))
		}
		if edits.Empty() {
			a.step("nothing to do")
		}
		if !a.quiet {
			printStayed(a.Stderr, res)
		}
		if v := res.Verification; v != nil && (!v.OK || !a.quiet) {
			v.print(a.Stderr)
		}
		return nil
	}
	if v := res.Verification; v != nil && !v.OK {
		v.print(a.Stderr)
		return nil
	}
	a.printDone(res)
	return nil
}

// unified is the unified diff of one file.
func unified(f *rewrite.FileEdit) string {
	old := "a/" + f.File
	if f.Old == nil {
		old = "/dev/null"
	}
	return udiff.Unified(old, "b/"+f.File, string(f.Old), string(f.New))
}
