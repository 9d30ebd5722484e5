package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fastpath/internal/config"
)

// strict makes mistakes in the command line end with exit code 2 and name the
// nearest flag or command. It is applied once all commands are registered.
func strict(root *cobra.Command) {
	root.SetFlagErrorFunc(flagError)
	strictArguments(root)
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(root, args[0])
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// strictArguments makes the checks of arguments, of all commands below, end
// with exit code 2.
func strictArguments(parent *cobra.Command) {
	for _, c := range parent.Commands() {
		strictArguments(c)
		check := c.Args
		if check == nil {
			continue
		}
		c.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			var coded *exitError
			if err == nil || errors.As(err, &coded) {
				return err
			}
			return usageErrorf("%s: %w; usage: %s", cmd.Name(), err, cmd.UseLine())
		}
	}
}

// unknownCommand is the mistake of naming a command that does not exist.
func unknownCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	if n := config.Nearest(name, names); n != "" {
		return usageErrorf("unknown command %q, did you mean %q? run \"%s --help\" to see all", name, n, parent.CommandPath())
	}
	return usageErrorf("unknown command %q; commands: %s", name, strings.Join(names, ", "))
}

// flagError rewrites pflag's errors in the style of all others.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name, dashes := unknown.GetSpecifiedName(), "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if n := config.Nearest(name, names); n != "" && dashes == "--" {
			return usageErrorf("unknown flag %q, did you mean %q?", dashes+name, "--"+n)
		}
		return usageErrorf("unknown flag %q; run \"%s --help\" to see all", dashes+name, cmd.CommandPath())
	case errors.As(err, &missing):
		return usageErrorf("%s needs a value", flagName(missing.GetSpecifiedName()))
	case errors.As(err, &invalid):
		cause := errors.Unwrap(invalid)
		if cause == nil {
			cause = err
		}
		return usageErrorf("%s %q: %s", flagName(invalid.GetFlag().Name), invalid.GetValue(), valueError(invalid.GetFlag(), cause))
	}
	return usageErrorf("%s; run \"%s --help\" to see all flags", err, cmd.CommandPath())
}

func flagName(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// valueError says what a flag takes; errors of our own flag types say it
// themselves.
func valueError(f *pflag.Flag, cause error) string {
	switch f.Value.Type() {
	case "int", "int64", "uint":
		return "expected a whole number"
	case "float64":
		return "expected a number"
	case "bool":
		return "expected true or false"
	case "duration":
		return fmt.Sprintf("expected a duration such as %q or %q", "30s", "2m")
	}
	return cause.Error()
}
