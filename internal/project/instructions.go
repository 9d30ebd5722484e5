package project

import (
	"encoding/json"
	"strings"
)

// Instruction is one logical line of a Dockerfile.
type Instruction struct {
	Verb string // in capitals: "COPY"
	Text string // what follows it, continued lines joined by blanks
	Line int    // 1-based, where it begins
}

// Instructions reads the text of a Dockerfile. Comments and empty lines are
// left out, also between continued lines.
func Instructions(src string) []Instruction {
	var out []Instruction
	var b strings.Builder
	start, number := 0, 0
	for line := range strings.Lines(src) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if b.Len() == 0 {
			start = number
		}
		more := strings.HasSuffix(line, `\`)
		b.WriteString(strings.TrimSuffix(line, `\`))
		b.WriteByte(' ')
		if more {
			continue
		}
		verb, text, _ := strings.Cut(strings.TrimSpace(b.String()), " ")
		out = append(out, Instruction{strings.ToUpper(verb), strings.TrimSpace(text), start})
		b.Reset()
	}
	return out
}

// ExecForm reads the words of an instruction such as CMD: a JSON list,
// ["a", "b"], or a plain command line, split at blanks.
func ExecForm(text string) []string {
	var list []string
	if strings.HasPrefix(text, "[") && json.Unmarshal([]byte(text), &list) == nil {
		return list
	}
	return strings.Fields(text)
}
