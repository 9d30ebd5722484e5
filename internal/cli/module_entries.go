package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// moduleEntries moves entries of the form "-m pkg", in one argument or in two,
// behind "--": they are arguments, although they look like a flag that no
// command has. What belongs to another flag (--entry "-m pkg") stays.
func moduleEntries(root *cobra.Command, args []string) []string {
	var rest, entries []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			if len(entries) == 0 {
				return args
			}
			return append(append(append(rest, "--"), entries...), args[i+1:]...)
		case i > 0 && takesValue(root, args, args[i-1]):
			rest = append(rest, arg)
		case arg == "-m" && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-"):
			i++
			entries = append(entries, "-m "+args[i])
		case strings.HasPrefix(arg, "-m "):
			entries = append(entries, arg)
		default:
			rest = append(rest, arg)
		}
	}
	if len(entries) == 0 {
		return args
	}
	return append(append(rest, "--"), entries...)
}

// takesValue reports whether arg is a flag whose value is the next argument.
func takesValue(root *cobra.Command, args []string, arg string) bool {
	name, ok := strings.CutPrefix(arg, "--")
	if !ok || name == "" || strings.Contains(name, "=") {
		return false
	}
	cmd, _, err := root.Find(args)
	if err != nil {
		return false
	}
	f := cmd.Flag(name)
	if f == nil {
		f = cmd.InheritedFlags().Lookup(name)
	}
	return f != nil && f.NoOptDefVal == ""
}
