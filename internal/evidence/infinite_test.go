package evidence

import (
	"strings"
	"testing"
)

// TOML has nan and inf; a lock with one of them is refused, in the form that
// Write writes as in any other.
func TestParseRefusesInfiniteFigures(t *testing.T) {
	const file = `schema = 1
needs = "0.1.0"

[entry."app:handler"]
measured = "2026-11-22"
runs = 10
total_min_ms = 301.0
total_median_ms = 310.0
gc_ms = 0.0
startup_ms = 0.0
peak_kib = 9000
modules = [
  { name = "app", self_ms = 0.5, kind = "source", phase = "init", file = "app.py", measured = "2026-11-22" },
]
`
	if _, err := Parse("fastpath.lock", []byte(file)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"0.5", "nan", `self_ms of "app" in "app:handler" is no finite number; restore it`},
		{"301.0", "inf", `a total of "app:handler" is no finite number; restore it`},
		{"310.0", "-inf", `a total of "app:handler" is no finite number; restore it`},
	} {
		_, err := Parse("fastpath.lock", []byte(strings.Replace(file, c.old, c.new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "fastpath.lock: "+c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}
