package project

import (
	"os"
	"strings"

	"fastpath/internal/regexps"
)

var (
	scriptsInSetup = regexps.New(`console_scripts["']?\s*[:=]\s*\[([^\]]*)\]`)
	iniScripts     = regexps.New(`(?s)\[console_scripts\](.*?)(?:\n\s*\[|"""|''')`)
	quotedText     = regexps.New(`["']([^"'\n]+)["']`)
	scriptLine     = regexps.New(`^\s*([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)`)
)

// setupScripts returns the console scripts of setup.cfg and setup.py, as NAME =
// MODULE:FUNCTION, with the line of each.
func setupScripts(l *layout) map[string]setupScript {
	out := map[string]setupScript{}
	put := func(file, text string, line int) {
		if m := scriptLine().FindStringSubmatch(text); m != nil {
			out[m[1]] = setupScript{script{m[2], m[3]}, place(file, line)}
		}
	}
	// setup.cfg wins, as setuptools has it.
	if data, err := os.ReadFile(l.abs("setup.py")); err == nil {
		text := string(data)
		line := func(offset int) int { return 1 + strings.Count(text[:offset], "\n") }
		for _, m := range scriptsInSetup().FindAllStringSubmatchIndex(text, -1) {
			for _, q := range quotedText().FindAllStringSubmatchIndex(text[m[2]:m[3]], -1) {
				put("setup.py", text[m[2]+q[2]:m[2]+q[3]], line(m[2]+q[2]))
			}
		}
		for _, m := range iniScripts().FindAllStringSubmatchIndex(text, -1) {
			at := m[2]
			for row := range strings.Lines(text[m[2]:m[3]]) {
				put("setup.py", row, line(at))
				at += len(row)
			}
		}
	}
	data, err := os.ReadFile(l.abs("setup.cfg"))
	if err != nil {
		return out
	}
	section, scripts, number := "", false, 0
	for row := range strings.Lines(string(trimBOM(data))) {
		number++
		trimmed := strings.TrimSpace(row)
		switch {
		case strings.HasPrefix(trimmed, "["):
			section, scripts = strings.Trim(trimmed, "[]"), false
		case section == "options.entry_points" && row[0] != ' ' && row[0] != '\t':
			key, rest, _ := strings.Cut(trimmed, "=")
			if scripts = strings.TrimSpace(key) == "console_scripts"; scripts {
				put("setup.cfg", rest, number)
			}
		case scripts:
			put("setup.cfg", row, number)
		}
	}
	return out
}

// setupScript is a console script with the place that declares it.
type setupScript struct {
	script
	place string
}
