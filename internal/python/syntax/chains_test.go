package syntax_test

import (
	"runtime/debug"
	"strings"
	"testing"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// TestChains reads operators that lean to the left, too many for a stack that goes
// down all of them: where they are a test, somebody asks whether it is known.
func TestChains(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(16 << 20))
	chain := strings.Repeat("a or ", 1_000_000) + "a"
	for _, src := range []string{
		"import os\nx = 1 if " + chain + " else 2\n",
		"import os\nif " + chain + ":\n  pass\n",
		"import os\nwhile " + chain + ":\n  pass\n",
		"import os\nif " + strings.ReplaceAll(chain, "or", "+") + ":\n  pass\n",
		"import os\nif (" + chain + ") and (" + chain + "):\n  pass\n",
		"import os\nfor x in " + chain + ":\n  import sys\n",
		"import os\nwith " + chain + " as x:\n  import sys\n",
		"import os\ndef f(a=" + chain + "):\n  import sys\n",
		"import os\n@f(" + chain + ")\nclass C(" + chain + "):\n  import sys\n",
	} {
		f := syntax.Parse([]byte(src), syntax.Latest)
		if len(f.Errors) == 0 || !strings.HasPrefix(f.Errors[0].Message, "too many nested expressions") {
			t.Errorf("%.40q: errors %v", src, f.Errors)
		}
		if len(f.Imports) == 0 {
			t.Errorf("%.40q: the import above is lost", src)
		}
		scope.Analyze(f, syntax.Latest)
	}
}
