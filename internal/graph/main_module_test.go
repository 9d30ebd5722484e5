package graph

import (
	"testing"

	"fastpath/internal/python/syntax"
)

// TestMainModuleIsNoImport: "python -m pkg" runs main() from __main__.py; that
// is the program's run, so that what main needs is not used at import.
func TestMainModuleIsNoImport(t *testing.T) {
	files := `
-- pkg/__init__.py --
-- pkg/__main__.py --
from pkg.cli import main

main()
-- pkg/cli.py --
import json


def main():
    return json.dumps({})
`
	used := func(p *Program) bool {
		for _, imp := range p.File("pkg/cli.py").Imports {
			if imp.Binds == "json" {
				return imp.UsedAtImport
			}
		}
		t.Fatal("the import of json is not there")
		return false
	}
	for _, byName := range []bool{false, true} { // by value and by name
		if used(programBy(t, LoadOptions{ByName: byName}, files, syntax.Latest, ".")) {
			t.Errorf("by name %v: the run of __main__.py counts as import", byName)
		}
	}
	files += "-- pkg/again.py --\nimport pkg.__main__\n"
	for _, byName := range []bool{false, true} {
		if !used(programBy(t, LoadOptions{ByName: byName}, files, syntax.Latest, ".")) {
			t.Errorf("by name %v: __main__.py is imported, yet what its import calls does not count", byName)
		}
	}
}
