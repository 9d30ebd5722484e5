package graph

import (
	"testing"

	"fastpath/internal/python/syntax"
)

// TestModuleHook: Python calls a module's __getattr__ on behalf of whoever
// imports a name from it.
func TestModuleHook(t *testing.T) {
	p := program(t, `
-- app.py --
from native import __getattr__
from native import other
-- native.py --
def __getattr__(name):
    return name


other = 1
`, syntax.Latest, ".")
	for _, imp := range p.File("app.py").Imports {
		if want := imp.Binds == "__getattr__"; imp.UsedAtImport != want {
			t.Errorf("%s: used at import is %v, want %v", imp.Binds, imp.UsedAtImport, want)
		}
	}
}
