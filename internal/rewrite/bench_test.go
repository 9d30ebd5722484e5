package rewrite

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkGate judges every import of a project of 1,000 modules in layers.
func BenchmarkGate(b *testing.B) {
	files := map[string]string{"main.py": ""}
	const n = 1000
	for i := range n {
		var s strings.Builder
		for k := range 8 {
			if j := i*2 + k + 1; j < n {
				fmt.Fprintf(&s, "import m%04d\n", j)
			}
		}
		fmt.Fprintf(&s, "import os\nimport json\nimport boto3\n\nV = %d\n", i)
		if i%50 == 49 {
			s.WriteString("E = os.environ.get('E')\n")
		}
		for k := range 8 {
			if j := i*2 + k + 1; j < n {
				fmt.Fprintf(&s, "\n\ndef f%d(x):\n    if x:\n        return m%04d.V\n    return json.dumps(boto3.client(x))\n", k, j)
			}
		}
		files[fmt.Sprintf("m%04d.py", i)] = s.String()
	}
	files["main.py"] = "import m0000\n\n\ndef main():\n    return m0000\n"
	prog := load(b, files)
	b.ResetTimer()
	for b.Loop() {
		g := NewGate(prog, GateOptions{Entries: []string{"main"}})
		for _, m := range prog.Modules {
			for _, imp := range m.Imports {
				g.Verdict(imp)
			}
		}
	}
}
