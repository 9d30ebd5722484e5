package cli

import (
	"bufio"
	"fmt"
	"strings"

	"fastpath/internal/plan"
)

// question is a move that is not proved safe, and that a person may know to be.
type question struct {
	key  importKey
	item *plan.Item
}

// questions lists the cold imports that stay only because somebody has to look.
// What stands under a condition is none of them: moved, it would lose it.
func questions(groups []*applyGroup) []question {
	var out []question
	seen := map[importKey]bool{}
	for _, g := range groups {
		for _, an := range g.analyses {
			for _, it := range an.plan.Items {
				k := keyOf(it.Import)
				if seen[k] || it.Existing || it.Decision != plan.Keep || it.Rule != plan.RuleUnsafe || it.Wanted != plan.Function ||
					it.Verdict.Safety != plan.SafetyAsk || len(it.Import.Context) > 0 {
					continue
				}
				seen[k] = true
				out = append(out, question{k, it})
			}
		}
	}
	return out
}

// ask puts the questions, on stderr, and returns what was answered with yes.
// The end of the input is a no to all that is left.
func (a *app) ask(list []question) map[importKey]bool {
	accepted := map[importKey]bool{}
	in := bufio.NewScanner(a.Stdin)
	for i, q := range list {
		it := q.item
		saves := ""
		if it.Measured && it.SavesMS >= 0.05 {
			saves = fmt.Sprintf(", saves %s", msText(it.SavesMS))
		}
		fmt.Fprintf(a.Stderr, "%d of %d: %s:%d  %s%s\n  not proved safe: %s\n  move it? [y/N] ", i+1, len(list), it.Import.In.File, it.Line, statementText(it), saves, it.Verdict.Cause)
		if !in.Scan() {
			fmt.Fprintln(a.Stderr)
			break
		}
		switch strings.ToLower(strings.TrimSpace(in.Text())) {
		case "y", "yes":
			accepted[q.key] = true
		}
	}
	return accepted
}
