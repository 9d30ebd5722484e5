package project

import (
	"regexp"
	"strings"

	"fastpath/internal/regexps"
)

// names is what a source file binds at its top level.
type names struct {
	lines      map[string]int // name → line of its first binding
	functions  []string       // functions and classes, in source order
	parameters map[string]int // function → number of positional parameters, -1 for *args
	open       bool           // more names may come from a star import or __getattr__
	runsMain   bool           // it has `if __name__ == "__main__":`
}

var (
	defLine    = regexps.New(`^(?:async\s+)?(?:def|class)\s+([\pL_][\pL\pN_]*)`)
	assignLine = regexps.New(`^([\pL_][\pL\pN_]*)\s*(?:=[^=]|:)`)
	importLine = regexps.New(`^(?:from\s+\S+\s+)?import\s+(.*)`)
	mainLine   = regexps.New(`^if\s+__name__\s*==\s*["']__main__["']`)
)

// mayBind reports whether the file may bind a name at its top level in a form
// that topLevel does not read, such as "a, name = f()": whether the name occurs
// anywhere but in the header of a nested function.
func mayBind(src []byte, name string) bool {
	word := regexp.MustCompile(`(?:^|[^\pL\pN_.])` + regexp.QuoteMeta(name) + `(?:$|[^\pL\pN_])`)
	nested := regexp.MustCompile(`^\s+(?:async\s+)?(?:def|class)\s+` + regexp.QuoteMeta(name) + `\b`)
	for line := range strings.Lines(string(src)) {
		line, _, _ = strings.Cut(line, "#")
		if !nested.MatchString(line) && word.MatchString(line) {
			return true
		}
	}
	return false
}

// topLevel reads the names that a source file binds, line by line.
func topLevel(src []byte) names {
	n := names{lines: map[string]int{}, parameters: map[string]int{}}
	bind := func(name string, line int) {
		if _, ok := n.lines[name]; !ok && name != "" {
			n.lines[name] = line
		}
	}
	number, offset := 0, 0
	all := strings.TrimPrefix(string(src), "\ufeff")
	for text := range strings.Lines(all) {
		number++
		rest := all[offset:]
		offset += len(text)
		text = strings.TrimRight(text, "\r\n")
		if m := defLine().FindStringSubmatch(text); m != nil {
			bind(m[1], number)
			n.functions = append(n.functions, m[1])
			n.parameters[m[1]] = countParameters(rest)
			n.open = n.open || m[1] == "__getattr__"
		} else if mainLine().MatchString(text) {
			n.runsMain = true
		} else if m := importLine().FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			n.open = n.open || strings.HasPrefix(m[1], "*") || strings.HasPrefix(m[1], "(")
			for part := range strings.SplitSeq(m[1], ",") {
				words := strings.Fields(strings.Trim(part, "() "))
				if len(words) > 0 {
					bind(words[len(words)-1], number)
				}
			}
		} else if m := assignLine().FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			bind(m[1], number)
		}
	}
	return n
}

// countParameters counts the positional parameters after a def line's name,
// -1 for *args. The list may go on over several lines.
func countParameters(text string) int {
	open := strings.IndexByte(text, '(')
	if open < 0 {
		return 0
	}
	count, depth, start := 0, 0, open+1
	comment := false
	end := func(i int) (star bool) {
		part := strings.TrimSpace(text[start:i])
		start = i + 1
		if strings.HasPrefix(part, "*") {
			return true
		}
		if part != "" && part != "/" {
			count++
		}
		return false
	}
	for i := open; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			comment = false
		case comment:
		case c == '#':
			comment = true
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			if depth--; depth == 0 {
				if end(i) {
					return -1
				}
				return count
			}
		case c == ',' && depth == 1:
			if end(i) {
				return -1
			}
		}
	}
	return count
}
