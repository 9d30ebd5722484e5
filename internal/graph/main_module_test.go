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
	for _, limit := range []int{maxFollowed, 0} { // by value and by name
		if used(programBy(t, limit, files, syntax.Latest, ".")) {
			t.Errorf("limit %d: the run of __main__.py counts as import", limit)
		}
	}
	files += "-- pkg/again.py --\nimport pkg.__main__\n"
	for _, limit := range []int{maxFollowed, 0} {
		if !used(programBy(t, limit, files, syntax.Latest, ".")) {
			t.Errorf("limit %d: __main__.py is imported, yet what its import calls does not count", limit)
		}
	}
}
