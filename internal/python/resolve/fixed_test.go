package resolve

import (
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// Whatever is built in or frozen may be so, and what belongs to nobody may not.
func TestFixed(t *testing.T) {
	dir := t.TempDir()
	for minor := 8; minor <= syntax.Latest.Minor; minor++ {
		for _, i := range []*interp.Interpreter{nil, {Version: syntax.Version{Major: 3, Minor: minor}}, fakePython(dir)} {
			r := New([]string{dir}, i)
			names := []string{"os.path", "importlib._bootstrap", "collections.abc"}
			for name := range stdlibKinds() {
				names = append(names, name)
			}
			for name := range coreBuiltin {
				names = append(names, name)
			}
			for _, name := range names {
				if kind := r.Find(name).Kind; (kind == KindBuiltin || kind == KindFrozen) && !r.Fixed(name) {
					t.Errorf("%s is %s with %v", name, kind, i)
				}
			}
			if r.Fixed("app") || r.Fixed("app.sys") {
				t.Error("a module of a project is taken for one of the interpreter")
			}
		}
	}
}
