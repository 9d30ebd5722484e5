package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

var fp402 = &rule{
	Rule: diag.Rule{
		ID: "FP402", Severity: diag.Warning, Since: "0.1.0", Language: "sh",
		Title: "code in a .pth file runs at every start",
		Text: `A line of a .pth file in site-packages that begins with "import" is executed by every interpreter that starts in this environment, before
the program and whatever it needs; from Python 3.15 on so is every line of a .start file. One such line of a monitoring or development tool
can cost more than the whole program.

The usual causes are tools that belong into the development environment only (coverage, editable installs, debuggers). Build the deployed
environment without them. A line that loads nothing but what start-up has anyway is a remark.`,
		Before: `# requirements.txt, deployed as it is
boto3
coverage  # its a1_coverage.pth runs code in every process`,
		After: `# requirements.txt
boto3

# requirements-dev.txt
-r requirements.txt
coverage`,
	},
	check: func(p *pass) {
		if p.Interpreter == nil {
			return
		}
		for _, dir := range p.Interpreter.SitePackages {
			file := ""
			for _, line := range startLines(dir, p.Interpreter.Version) {
				d := diag.Diagnostic{Span: p.place(line.file, line.number), Help: []string{
					"deploy an environment without it; \"python -X importtime -c pass\" shows what start-up loads",
				}}
				d.Message = fmt.Sprintf("code runs at every start of this environment: %q", clip(line.text, 60))
				if code, ok := p.measured(line.file); ok {
					// The first line stands for all of its file.
					if file != line.file {
						d.CostMS = code.SelfMS
						d.Message += fmt.Sprintf("; %s takes %s a start and loads %s", filepath.Base(line.file), msText(code.SelfMS), counted(code.Modules, "module"))
					}
					if code.SelfMS < cheapStart {
						d.Severity = diag.Info
					}
					file = line.file
					p.report(d)
					continue
				}
				loaded, cost := p.startup(line.modules)
				d.CostMS = cost
				switch {
				case loaded > 0:
					d.Message += fmt.Sprintf("; it loads %s of its own%s", counted(loaded, "module"), about(cost, "a start"))
					d.Notes = []string{"estimated: " + counted(loaded, "module") + " that start-up had loaded, at the median self time of this profile; what these import is not in it"}
				case p.profiled():
					d.Severity = diag.Info
					d.Message += "; start-up had loaded nothing by it"
				}
				p.report(d)
			}
		}
	},
}

// cheapStart is the time in ms below which code at start is a remark.
const cheapStart = 0.5

// measured returns what the profile measured of a file that runs at start: the
// most of the entries.
func (in *Input) measured(file string) (code evidence.StartupCode, ok bool) {
	for _, e := range in.Entries {
		if e.Evidence == nil {
			continue
		}
		for _, c := range e.Evidence.StartupCode {
			if c.Name == filepath.Base(file) && (!ok || c.SelfMS > code.SelfMS) {
				code, ok = c, true
			}
		}
	}
	return code, ok
}

// startLine is a line that site executes.
type startLine struct {
	file    string
	number  int
	text    string
	modules []string // that it names
}

var namedModules = regexps.New(`\bimport\s+([\w.]+(?:\s*,\s*[\w.]+)*)|__import__\(\s*['"]([\w.]+)['"]`)

// startLines returns the lines of .pth files that site executes, and the entry
// points of .start files. (PEP 829: a .start file takes the place of the code
// in the .pth file of the same name.)
func startLines(dir string, v syntax.Version) []startLine {
	items, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	starts := !v.Less(syntax.Version{Major: 3, Minor: 15})
	has := func(name string) bool {
		return slices.ContainsFunc(items, func(i os.DirEntry) bool { return i.Name() == name })
	}
	var out []startLine
	for _, item := range items {
		name := item.Name()
		base, isPth := strings.CutSuffix(name, ".pth")
		isStart := starts && strings.HasSuffix(name, ".start")
		if strings.HasPrefix(name, ".") || !isPth && !isStart || isPth && starts && has(base+".start") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		number := 0
		for text := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
			number++
			l := startLine{file: filepath.Join(dir, name), number: number, text: strings.TrimSpace(text)}
			switch {
			case isPth && (strings.HasPrefix(text, "import ") || strings.HasPrefix(text, "import\t")):
				for _, m := range namedModules().FindAllStringSubmatch(text, -1) {
					for _, module := range strings.Split(m[1]+m[2], ",") {
						l.modules = append(l.modules, strings.TrimSpace(module))
					}
				}
			case isStart && l.text != "" && !strings.HasPrefix(l.text, "#"):
				module, _, _ := strings.Cut(l.text, ":")
				l.modules = []string{strings.TrimSpace(module)}
			default:
				continue
			}
			out = append(out, l)
		}
	}
	return out
}

// profiled reports whether any entry was.
func (in *Input) profiled() bool {
	return slices.ContainsFunc(in.Entries, func(e *Entry) bool { return e.Evidence != nil })
}

// startup returns how many installed modules start-up had loaded in the
// packages that names belong to, and what they cost at the median self time of
// the profile's modules.
func (in *Input) startup(names []string) (n int, ms float64) {
	for _, e := range in.Entries {
		if e.Evidence == nil {
			continue
		}
		loaded := 0
		for _, s := range e.Evidence.Startup {
			top, _, _ := strings.Cut(s, ".")
			named := slices.ContainsFunc(names, func(name string) bool { first, _, _ := strings.Cut(name, "."); return first == top })
			if named && e.resolver.Find(top).Origin == resolve.OriginSite {
				loaded++
			}
		}
		var selves []float64
		for _, m := range e.Evidence.Modules {
			if m.Kind == "source" || m.Kind == "package" {
				selves = append(selves, m.SelfMS)
			}
		}
		if slices.Sort(selves); len(selves) > 0 {
			ms = max(ms, float64(loaded)*selves[len(selves)/2])
		}
		n = max(n, loaded)
	}
	return n, ms
}

// clip shortens a line.
func clip(text string, limit int) string {
	if r := []rune(text); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return text
}
