package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestCLIDoc holds that docs/cli.md says what the commands' help says.
func TestCLIDoc(t *testing.T) {
	name := filepath.Join("..", "..", "docs", "cli.md")
	want := commandsMarkdown((&app{}).rootCommand())
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/cli.md is out of date; regenerate it: go test ./internal/cli -run TestCLIDoc -update\n%s", cmp.Diff(string(got), string(want)))
	}
}

// Every command says in one line what it does, and shows how it is called.
func TestHelpTexts(t *testing.T) {
	for _, c := range documented((&app{}).rootCommand()) {
		switch {
		case c.Short == "" || strings.HasSuffix(c.Short, ".") || strings.ToLower(c.Short[:1]) != c.Short[:1]:
			t.Errorf("%s: the short text is %q; expected one in lower case without a full stop", c.CommandPath(), c.Short)
		case c.Runnable() && !c.HasSubCommands() && c.Example == "":
			t.Errorf("%s has no example", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: the text is %q", c.CommandPath(), f.Name, f.Usage)
			}
		})
	}
}

// documented returns the commands below parent, depth first, in the order of
// the help.
func documented(parent *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, c := range parent.Commands() {
		if c.Hidden {
			continue
		}
		all = append(all, c)
		all = append(all, documented(c)...)
	}
	return all
}

func commandsMarkdown(root *cobra.Command) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!-- Generated from the commands in internal/cli; edit them there. -->

# Commands

Data goes to stdout, everything else to stderr. An entry is named as the configuration names it (%[1]slambda_function:lambda_handler%[1]s,
%[1]sconsole:NAME%[1]s, %[1]spath/app.py%[1]s, %[1]s-m package%[1]s), as Lambda names it (%[1]slambda_function.lambda_handler%[1]s), or by its file.

| exit code | means |
|---|---|
| %[2]d | done; also where a limit is exceeded or a move was refused |
| %[3]d | findings: errors or warnings of %[1]scheck%[1]s, files that do not parse, nothing to decide by (%[1]sapply%[1]s without evidence) |
| %[4]d | wrong usage or configuration |
| %[5]d | the job could not be done |
| %[6]d | interrupted |

These flags go with every command:

`, "`", ExitOK, ExitFindings, ExitUsage, ExitFailure, ExitInterrupted)
	flagsMarkdown(&b, root.PersistentFlags())
	b.WriteString("\n| command | does |\n|---|---|\n")
	for _, c := range documented(root) {
		title := strings.TrimPrefix(c.CommandPath(), root.Name()+" ")
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", title, strings.ReplaceAll(title, " ", "-"), c.Short)
	}
	for _, c := range documented(root) {
		fmt.Fprintf(&b, "\n## %s\n\n", strings.TrimPrefix(c.CommandPath(), root.Name()+" "))
		text := c.Long
		if text == "" {
			text = strings.ToUpper(c.Short[:1]) + c.Short[1:] + "."
		}
		fmt.Fprintf(&b, "```text\n%s\n```\n\n%s\n", c.UseLine(), proseMarkdown(text))
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", strings.TrimPrefix(strings.ReplaceAll(c.Example, "\n  ", "\n"), "  "))
		}
		if c.HasAvailableLocalFlags() {
			b.WriteString("\n")
			flagsMarkdown(&b, c.LocalNonPersistentFlags())
		}
	}
	return b.Bytes()
}

// proseMarkdown turns the indented blocks of a help text into code blocks.
func proseMarkdown(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, "  ") {
			paragraphs[i] = "```text\n" + strings.TrimPrefix(strings.ReplaceAll(p, "\n  ", "\n"), "  ") + "\n```"
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func flagsMarkdown(b *bytes.Buffer, flags *pflag.FlagSet) {
	b.WriteString("| flag | does | default |\n|---|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + value
		}
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		initial := f.DefValue
		if initial == "[]" || initial == "false" {
			initial = ""
		}
		if initial != "" {
			initial = "`" + initial + "`"
		}
		escaped := strings.NewReplacer("|", `\|`)
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", escaped.Replace(name), escaped.Replace(usage), initial)
	})
}
