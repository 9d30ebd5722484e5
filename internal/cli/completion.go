package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// shells are those that completion knows: how the script is loaded in this
// session, and where to put it for all later ones.
var shells = []struct{ name, now, later string }{
	{"bash", "source <(fastpath completion bash)", "fastpath completion bash > ~/.local/share/bash-completion/completions/fastpath"},
	{"zsh", "source <(fastpath completion zsh)", `fastpath completion zsh > "${fpath[1]}/_fastpath"`},
	{"fish", "fastpath completion fish | source", "fastpath completion fish > ~/.config/fish/completions/fastpath.fish"},
	{"powershell", "fastpath completion powershell | Out-String | Invoke-Expression", "fastpath completion powershell >> $PROFILE"},
}

// ownHelp replaces the texts of the commands that cobra adds by itself.
func ownHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Short, c.Long, c.Use = "the help of a command", `Help prints what "fastpath COMMAND --help" prints.`, "help [COMMAND…]"
			c.Example = "  fastpath help usage invoke"
			c.Run, c.RunE = nil, func(_ *cobra.Command, args []string) error { return helpOf(root, args) }
		case "completion":
			c.Short = "a script that completes commands and flags in your shell"
			c.Long = `Completion prints a script that lets the shell complete commands and flags. The
help of each shell says how to load it.`
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(c *cobra.Command, args []string) error { return helpOf(c, args) }
			for _, s := range shells {
				describeShell(c, s.name, s.now, s.later)
			}
		}
	}
}

// helpOf prints the help of the command that path names below parent.
func helpOf(parent *cobra.Command, path []string) error {
	cmd := parent
	for _, name := range path {
		i := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
		if i < 0 && cmd.HasSubCommands() {
			return unknownCommand(cmd, name)
		}
		if i < 0 {
			return usageErrorf("%q has no command %q below it", cmd.CommandPath(), name)
		}
		cmd = cmd.Commands()[i]
	}
	cmd.InitDefaultHelpFlag()
	return cmd.Help()
}

func describeShell(completion *cobra.Command, name, now, later string) {
	for _, c := range completion.Commands() {
		if c.Name() != name {
			continue
		}
		c.Short = "the script for " + name
		c.Long = fmt.Sprintf("Prints the script for %s. The first line below loads it in this session, the second\none in every later session.", name)
		c.Example = "  " + now + "\n  " + later
		if f := c.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = "complete without descriptions"
		}
	}
}
