package cli

import (
	"fmt"
	"path"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/project"
)

// sameNames warns of fast path files in several folders that are one module by
// name, where files of the project, such as tests, import the entries of both: a
// process with both folders on its path finds the first file for all of them. Each file is warned of once.
func (g *applyGroup) sameNames(all []project.Entry, warned map[string]bool) []string {
	importers := map[string]string{} // of entries, by the fast path file
	var out []string
	for _, e := range all {
		if warned[e.FastPath] || e.FastPath == g.file || fastPathModule(g.prog, e) != g.module {
			continue
		}
		if len(importers) == 0 {
			importers = entryImporters(g.prog, all)
		}
		mine, other := importers[g.file], importers[e.FastPath]
		if mine == "" || other == "" {
			continue
		}
		warned[g.file], warned[e.FastPath] = true, true
		place := mine
		if other != mine {
			place += " and " + other
		}
		name := strings.TrimSuffix(path.Base(e.FastPath), ".py") + "_" + path.Base(e.ImportRoot)
		out = append(out, fmt.Sprintf("%s and %s are both the module %q: where one process imports the entries of both, as that of %s may, the first one found stands for both; "+
			"give one another name, such as file = %q for the entry %q", g.file, e.FastPath, g.module, place, path.Join(path.Dir(e.FastPath), name+".py"), e.Name))
	}
	return out
}

// entryImporters returns, by fast path file, a file of the project that imports
// an entry of it and is no entry itself; tests come first.
func entryImporters(prog *graph.Program, all []project.Entry) map[string]string {
	files := map[string]string{} // of entries
	for _, e := range all {
		files[e.File] = e.FastPath
	}
	out, test := map[string]string{}, map[string]bool{}
	reader := prog.ImportReader()
	for _, m := range prog.Modules {
		if _, entry := files[m.File]; entry {
			continue
		}
		for imp := range reader.Each(m) {
			for _, target := range prog.Targets(imp) {
				if file, ok := files[target.File]; ok && (out[file] == "" || m.Test && !test[file]) {
					out[file], test[file] = m.File, m.Test
				}
			}
		}
	}
	return out
}
