package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

func (a *app) usageReportCommand() *cobra.Command {
	var since dayFlag
	cmd := &cobra.Command{
		Use:   "report [ENTRY]",
		Short: "requests, usage and workflows per module",
		Long: `Report shows what the lock knows about usage: which share of the requests used
each module, how sure that is, and in which workflows. It needs no profile and
executes nothing. Of sample events only the latest day counts.`,
		Example: `  fastpath usage report
  fastpath usage report --since 2026-11-01 --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.runUsageReport(args, string(since)) },
	}
	f := cmd.Flags()
	f.Var(&since, "since", "first `DAY` to count, such as 2026-11-01 (default: all time)")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

func (a *app) runUsageReport(args []string, since string) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for usage report; allowed: text, json", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	o := usage.SummaryOptions{Since: since}
	if len(args) > 0 {
		entries, err := a.selectEntries(p, args)
		if err != nil {
			return err
		}
		o.Entry, o.OnlyEntry = entries[0].Name, len(p.Entries) < 2
	}
	lock, err := evidence.Read(filepath.Join(p.Root, evidence.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		lock = &evidence.Lock{}
	} else if err != nil {
		return err
	}
	r := newUsageReport(usage.Summarize(lock.Usage, o))
	if a.format == "json" {
		return a.printJSON(struct {
			envelope
			*usageReport
		}{a.envelopeFor("usage-report", p.Root), r})
	}
	if r.Requests == 0 && len(r.Modules) == 0 {
		what := "no usage data"
		if since != "" {
			what += " since " + since
		}
		fmt.Fprintf(a.Stdout, "%s\n\nnext: fastpath usage invoke   (sample events)\n      fastpath usage ingest LOGS\n", what)
		return nil
	}
	a.printUsage(t, r)
	return nil
}
