// Package regexps holds the regular expressions of the other packages, each
// compiled when it is first used. A command uses a few of the eighty, and to
// compile all of them took a quarter of the start of every command.
package regexps

import (
	"regexp"
	"sync"
)

// New returns a function that returns text compiled, as regexp.MustCompile does:
// it panics where text is no regular expression, which a test of this package
// rules out for every call with a literal.
func New(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}
