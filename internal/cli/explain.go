package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/check"
	"fastpath/internal/config"
	"fastpath/internal/diag"
	"fastpath/internal/doctor"
	"fastpath/internal/report"
	"fastpath/internal/term"
)

func (a *app) explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [RULE]",
		Short: "a rule of check or doctor with its before and after",
		Long: `Explain prints what a rule of check or doctor is about, why it matters, an example before and
after, its severity and how to suppress it. Without a rule it lists them all.
It needs no project.`,
		Example: `  fastpath explain FP201
  fastpath explain`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageErrorf("explain takes one rule, found %d: %s", len(args), strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runExplain(args) },
	}
	cmd.Flags().StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// explainResult is the JSON of explain, fastpath.explain/1.
type explainResult struct {
	envelope
	Rules []explainRule `json:"rules"`
}

type explainRule struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Before   string `json:"before"`
	After    string `json:"after"`
	Severity string `json:"severity"`
	Since    string `json:"since"`
	Suppress string `json:"suppress"`
}

func (a *app) runExplain(args []string) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for explain; allowed: text, json", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	rules := allRules()
	if len(args) == 1 {
		i := slices.IndexFunc(rules, func(r diag.Rule) bool { return strings.EqualFold(r.ID, args[0]) })
		if i < 0 {
			return unknownRule(args[0], rules)
		}
		if a.format == "text" {
			return report.Explain(a.Stdout, t, &rules[i])
		}
		rules = rules[i : i+1]
	}
	if a.format == "text" {
		return report.List(a.Stdout, t, rules)
	}
	res := explainResult{envelope: envelope{Schema: "fastpath.explain/1", Version: Version}}
	for _, r := range rules {
		res.Rules = append(res.Rules, explainRule{
			ID: r.ID, Title: r.Title, Text: r.Text, Before: r.Before, After: r.After,
			Severity: r.Severity.String(), Since: r.Since, Suppress: report.Suppression(r.ID),
		})
	}
	return a.printJSON(res)
}

// allRules returns the rules of check and doctor, in the order of their ids.
func allRules() []diag.Rule {
	rules := slices.Concat(check.Rules(), doctor.Rules())
	slices.SortFunc(rules, func(a, b diag.Rule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// unknownRule is the mistake of naming a rule that does not exist.
func unknownRule(id string, rules []diag.Rule) error {
	ids := make([]string, len(rules))
	for i, r := range rules {
		ids[i] = r.ID
	}
	if n := config.Nearest(id, ids); n != "" {
		return usageErrorf("unknown rule %q, did you mean %q? run \"fastpath explain\" to see all", id, n)
	}
	return usageErrorf("unknown rule %q; rules: %s", id, strings.Join(ids, ", "))
}
