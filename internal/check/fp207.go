package check

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
)

var fp207 = &rule{
	Rule: diag.Rule{
		ID: "FP207", Severity: diag.Error, Since: "0.1.0",
		Title: "a project module on the fast path imports the fast path file (cycle)",
		Text: `The fast path file imports the project's own hot modules. When one of them, or what it imports, reads from the fast path file in turn, it
meets a file that is half loaded: the names that stand further down are missing, and which those are changes with the order of the lines.

Import what is needed directly. "fastpath check --fix" does so where the file says what the names are.`,
		Before: `# gateway.py, which fast_path.py imports
from fast_path import json

def handle(event):
    return json.loads(event["body"])`,
		After: `# gateway.py
import json

def handle(event):
    return json.loads(event["body"])`,
	},
	check: func(p *pass) {
		file := p.entry.Program.File(p.entry.Entry.FastPath)
		if p.entry.FastPath == nil || file == nil {
			return
		}
		via := map[*graph.Module]*graph.Import{file: nil}
		queue := []*graph.Module{file}
		for i := 0; i < len(queue); i++ {
			m := queue[i]
			for _, imp := range m.Imports {
				if imp.Runs != "import" || imp.Lazy {
					continue
				}
				for _, t := range p.entry.Program.Targets(imp) {
					if t == file && m != file {
						p.reportCycle(imp, file, via)
					}
					if _, seen := via[t]; !seen {
						via[t] = imp
						queue = append(queue, t)
					}
				}
			}
		}
	},
}

// reportCycle reports an import of the fast path file in a module that the
// file imports; via says how.
func (p *pass) reportCycle(imp *graph.Import, file *graph.Module, via map[*graph.Module]*graph.Import) {
	var parts []string
	for v := via[imp.In]; v != nil; v = via[v.In] {
		parts = append(parts, lineText(v.In, v.Stmt))
	}
	slices.Reverse(parts)
	d := diag.Diagnostic{
		Span:    moduleSpan(imp),
		Message: fmt.Sprintf("%s imports %s, which imports it: the names that it wants may not be there yet", imp.In.File, file.File),
		Notes:   []string{"cycle: " + strings.Join(append(parts, lineText(imp.In, imp.Stmt)), " > ") + " > " + file.File},
		Help:    []string{"import directly what it needs from there"},
	}
	if d.Fix = p.direct(imp); d.Fix != nil {
		d.Help[0] += ": fastpath check --fix"
	}
	p.reportStmt(imp, d, file.File)
}

// direct returns the fix that imports what stands in the fast path file
// directly; nil for a star import, and where a name is not one of its imports.
func (p *pass) direct(imp *graph.Import) *diag.Fix {
	m := imp.In
	if m.Broken != nil || !imp.IsFrom || imp.Binds == "*" {
		return nil
	}
	var lines []string
	for _, o := range m.Imports {
		if o.Stmt != imp.Stmt {
			continue
		}
		line, name := p.entry.FastPath.Find(o.Item)
		if line == nil {
			return nil
		}
		lines = append(lines, importText(line, name, o.Binds))
	}
	edit, ok := replaceStatement(m, imp.Stmt, lines)
	if !ok {
		return nil
	}
	return &diag.Fix{Title: "import directly what stands in " + p.entry.Entry.FastPath, Edits: []diag.Edit{edit}}
}

// importText writes the import of one name of the fast path file, bound as
// binds.
func importText(line *fastfile.Import, name *fastfile.ImportName, binds string) string {
	if line.From != "" {
		text := "from " + line.From + " import " + name.Name
		if name.Name != binds {
			text += " as " + binds
		}
		return text
	}
	text := "import " + name.Name
	if top, _, _ := strings.Cut(name.Name, "."); name.AsName != "" || top != binds {
		text += " as " + binds
	}
	return text
}
