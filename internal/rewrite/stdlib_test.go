package rewrite

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
)

// TestStandardLibrary moves everything that the gate calls safe in packages of
// the standard library, as it is and with guards: nothing that it calls safe is
// refused, Python compiles every result, imports it, and reads what is guarded.
func TestStandardLibrary(t *testing.T) {
	for exe, version := range interpreters(t) {
		lib := strings.TrimSpace(run(t, exe, t.TempDir(), "-c", "import os; print(os.path.dirname(os.__file__))"))
		for _, pkg := range []string{"email", "json", "logging", "urllib", "xml"} {
			for _, guards := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d.%d %s guards=%v", version.Major, version.Minor, pkg, guards), func(t *testing.T) {
					t.Parallel()
					moveInPackage(t, exe, lib, pkg, version, guards)
				})
			}
		}
	}
}

func moveInPackage(t *testing.T, exe, lib, pkg string, version syntax.Version, guards bool) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, pkg), os.DirFS(filepath.Join(lib, pkg))); err != nil {
		t.Fatal(err)
	}
	prog := loadDir(t, dir, version)
	gate := NewGate(prog, GateOptions{})
	req := Request{Version: version}
	for _, m := range prog.Modules {
		for _, imp := range m.Imports {
			safety := gate.Verdict(imp).Safety
			if imp.Scope == "module" && (safety == auto || guards && safety == guard) {
				req.Moves = append(req.Moves, imp)
			}
		}
	}
	left := map[*graph.Import]bool{}
	for _, r := range gate.Joint(req.Moves) {
		left[r.Import] = true
	}
	safe := req.Moves[:0:0]
	var read []string
	for _, imp := range req.Moves {
		switch {
		case left[imp]:
		case guards && unguardable(prog, imp, nil) == "":
			req.Guards = append(req.Guards, imp)
			if !strings.HasSuffix(imp.In.Name, "__main__") {
				read = append(read, imp.In.Name+":"+imp.Binds)
			}
		case !guards:
			safe = append(safe, imp)
		}
	}
	req.Moves = safe
	edits, refused := Plan(prog, req)
	if len(req.Moves)+len(req.Guards) == 0 {
		t.Error("nothing moves")
	}
	for _, r := range refused {
		t.Errorf("%s:%d: %s", r.File, r.Line, r.Cause)
	}
	if err := Write(dir, edits); err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, f := range edits.Files {
		if m := prog.File(f.File); !strings.HasSuffix(m.Name, "__main__") {
			modules = append(modules, m.Name)
		}
	}
	cmd := exec.Command(exe, "-c", "import importlib, sys\nsys.path.insert(0, sys.argv[1])\n"+
		"for name in sys.argv[2:]:\n    name, _, read = name.partition(':')\n    m = importlib.import_module(name)\n    assert m.__file__.startswith(sys.argv[1]), m.__file__\n"+
		"    if read:\n        getattr(m, read)\n        assert read in vars(m)\n")
	cmd.Args = append(append(append(cmd.Args, dir), modules...), read...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
