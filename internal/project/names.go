package project

import (
	"regexp"
	"strings"
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
	defLine    = regexp.MustCompile(`^(?:async\s+)?(?:def|class)\s+([\pL_][\pL\pN_]*)\s*(\([^#]*)?`)
	assignLine = regexp.MustCompile(`^([\pL_][\pL\pN_]*)\s*(?:=[^=]|:)`)
	importLine = regexp.MustCompile(`^(?:from\s+\S+\s+)?import\s+(.*)`)
	mainLine   = regexp.MustCompile(`^if\s+__name__\s*==\s*["']__main__["']`)
)

// topLevel reads the names that a source file binds, line by line.
func topLevel(src []byte) names {
	n := names{lines: map[string]int{}, parameters: map[string]int{}}
	bind := func(name string, line int) {
		if _, ok := n.lines[name]; !ok && name != "" {
			n.lines[name] = line
		}
	}
	number := 0
	for text := range strings.Lines(string(src)) {
		number++
		text = strings.TrimRight(text, "\r\n")
		if m := defLine.FindStringSubmatch(text); m != nil {
			bind(m[1], number)
			n.functions = append(n.functions, m[1])
			n.parameters[m[1]] = countParameters(m[2])
			n.open = n.open || m[1] == "__getattr__"
		} else if mainLine.MatchString(text) {
			n.runsMain = true
		} else if m := importLine.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			n.open = n.open || strings.HasPrefix(m[1], "*") || strings.HasPrefix(m[1], "(")
			for part := range strings.SplitSeq(m[1], ",") {
				words := strings.Fields(strings.Trim(part, "() "))
				if len(words) > 0 {
					bind(words[len(words)-1], number)
				}
			}
		} else if m := assignLine.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
			bind(m[1], number)
		}
	}
	return n
}

// countParameters counts what stands between a def line's parentheses.
func countParameters(text string) int {
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "("), ")")
	count := 0
	for part := range strings.SplitSeq(text, ",") {
		switch part = strings.TrimSpace(part); {
		case strings.HasPrefix(part, "*"):
			return -1
		case part != "" && part != "/":
			count++
		}
	}
	return count
}
