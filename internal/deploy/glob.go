package deploy

import (
	"path"
	"regexp"
	"strings"
	"sync"
)

// globs are the patterns that were compiled.
var globs sync.Map // string → *regexp.Regexp

// glob reports whether a pattern with *, **, ? and [a-z] matches a whole path.
// "**" stands for any number of folders, "*" does not cross a slash, and braces
// are alternatives.
func glob(pattern, file string) bool {
	re, ok := globs.Load(pattern)
	if !ok {
		compiled, err := regexp.Compile("^" + globText(pattern) + "$")
		if err != nil { // no pattern: a plain name
			return pattern == file
		}
		re, _ = globs.LoadOrStore(pattern, compiled)
	}
	return re.(*regexp.Regexp).MatchString(file)
}

// globText translates a pattern into a regular expression.
func globText(pattern string) string {
	var b strings.Builder
	braces := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[' && strings.IndexByte(pattern[i+1:], ']') > 0:
			end := i + 1 + strings.IndexByte(pattern[i+1:], ']')
			set := pattern[i+1 : end]
			if set[0] == '!' {
				set = "^" + set[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(set, `\`, `\\`) + "]")
			i = end
		case c == '{' && strings.IndexByte(pattern[i:], '}') > 0:
			braces++
			b.WriteString("(?:")
		case c == '}' && braces > 0:
			braces--
			b.WriteByte(')')
		case c == ',' && braces > 0:
			b.WriteByte('|')
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return b.String()
}

// globAbove reports whether a pattern matches a path or a folder around it.
func globAbove(pattern, file string) bool {
	for ; file != "." && file != "/"; file = path.Dir(file) {
		if glob(pattern, file) {
			return true
		}
	}
	return false
}
