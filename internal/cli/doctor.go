package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/deploy"
	"fastpath/internal/diag"
	"fastpath/internal/doctor"
	"fastpath/internal/project"
	"fastpath/internal/report"
	"fastpath/internal/term"
)

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [ENTRY…]",
		Short: "mistakes of the environment that slow every start",
		Long: `Doctor looks at the interpreter's environment, at this shell's variables and at
deployment files for what makes every start slower: byte-code that is missing, stale
or switched off, code in .pth files, long search paths, interpreter options, garbage
collection, and missing modules that are looked for again and again. It says what each
costs a start, estimated from the profile in fastpath.lock, and how to mend it.
Files are read; nothing is executed.

It exits with 1 when there is an error or a warning; remarks do not count.
Every rule is explained by "fastpath explain RULE".`,
		Example: `  fastpath doctor
  fastpath doctor --python .venv/bin/python
  fastpath doctor --format github`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runDoctor(args) },
	}
	cmd.Flags().StringVar(&a.format, "format", "text", "text, json or github")
	return cmd
}

// doctorResult is the JSON of doctor, fastpath.doctor/1.
type doctorResult struct {
	envelope
	Python   string           `json:"python,omitempty"` // as people name it
	Findings []report.Finding `json:"findings"`
	Summary  doctorSummary    `json:"summary"`
	Notes    []string         `json:"notes"`
}

type doctorSummary struct {
	Errors     int    `json:"errors"`
	Warnings   int    `json:"warnings"`
	Infos      int    `json:"infos"`
	Suppressed int    `json:"suppressed"`
	Profiled   string `json:"evidence_date,omitempty"`
}

func (a *app) runDoctor(args []string) error {
	if !slices.Contains([]string{"text", "json", "github"}, a.format) {
		return usageErrorf("unknown format %q for doctor; allowed: text, json, github", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return err
	}
	src, err := a.openSources(p)
	if err != nil {
		return err
	}
	in, err := a.doctorInput(p, src, entries)
	if err != nil {
		return err
	}
	res := doctor.Run(in)
	if err := a.printDoctor(t, p, src, in, res); err != nil {
		return err
	}
	if diag.Failing(res.Findings) {
		return errFindings
	}
	return nil
}

// doctorInput gathers what the rules look at.
func (a *app) doctorInput(p *project.Project, src *sources, entries []project.Entry) (*doctor.Input, error) {
	in := &doctor.Input{Root: p.Root, Config: p.Config, Interpreter: src.interpreter, Env: a.Env, Writable: func(dir string) bool { return folderWritable(dir) == nil }}
	var err error
	if in.Deployment, err = deploy.Read(p.Root); err != nil {
		return nil, err
	}
	for _, e := range entries {
		prog, err := a.program(p, src, e)
		if err != nil {
			return nil, err
		}
		entry := &doctor.Entry{Entry: e, Program: prog}
		if src.lock != nil {
			entry.Evidence = src.lock.Entries[e.Name]
		}
		if entry.Evidence == nil {
			src.notes = append(src.notes, fmt.Sprintf("%s was never profiled: costs are not known; run: fastpath profile %s", e.Name, e.Name))
		}
		in.Entries = append(in.Entries, entry)
	}
	return in, nil
}

func (a *app) printDoctor(t *term.Terminal, p *project.Project, src *sources, in *doctor.Input, res *doctor.Result) error {
	date := ""
	for _, e := range in.Entries {
		if e.Evidence != nil && (date == "" || e.Evidence.Measured < date) {
			date = e.Evidence.Measured
		}
	}
	python := ""
	if in.Interpreter != nil {
		python = in.Interpreter.String()
	}
	if a.format == "json" {
		return a.printJSON(doctorResult{
			envelope: a.envelopeFor("doctor", p.Root), Python: python, Findings: report.Findings(res.Findings),
			Summary: doctorSummary{
				diag.Count(res.Findings, diag.Error), diag.Count(res.Findings, diag.Warning), diag.Count(res.Findings, diag.Info), res.Suppressed, date,
			},
			Notes: append([]string{}, src.notes...),
		})
	}
	a.showNotes(src)
	parts := []string{report.Count(res.Findings)}
	if res.Suppressed > 0 {
		parts[0] += fmt.Sprintf(" (%d suppressed)", res.Suppressed)
	}
	if python != "" {
		parts = append(parts, python)
	}
	if date != "" {
		parts = append(parts, "profile of "+date)
	}
	summary := strings.Join(append(parts, "nothing was executed"), " · ")
	if a.format == "github" {
		a.step("%s", summary)
		return (&report.GitHub{Prefix: a.repositoryPrefix(p.Root)}).Print(a.Stdout, res.Findings)
	}
	// The help is what doctor is for: it is shown in a pipe, too.
	text := report.Text{Term: t, Full: true, Source: func(file string) []byte {
		if filepath.IsAbs(file) {
			return nil
		}
		data, err := os.ReadFile(filepath.Join(p.Root, filepath.FromSlash(file)))
		if err != nil {
			return nil
		}
		return data
	}}
	if err := text.Print(a.Stdout, res.Findings); err != nil {
		return err
	}
	if !a.quiet {
		if len(res.Findings) > 0 {
			summary = "\n" + summary
		}
		fmt.Fprintln(a.Stdout, summary)
	}
	return nil
}
