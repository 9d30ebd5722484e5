package evidence

import (
	"strings"
	"testing"
)

// TOML has nan and inf, negative numbers and any text for a day; a lock with
// one of them is refused, in the form that Write writes as in any other.
func TestParseRefusesAbsurdFigures(t *testing.T) {
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

[[usage]]
entry = "app:handler"
source = "app.log"
day = "2026-11-20"
kind = "log"
requests = 40.0
workflows = [
  { name = "GET /", requests = 30.0 },
]
modules = [
  { module = "app", workflow = "GET /", requests = 20.0 },
]
`
	if _, err := Parse("fastpath.lock", []byte(file)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"0.5", "nan", `self_ms of "app" in "app:handler" is no finite number; restore it`},
		{"301.0", "inf", `a total of "app:handler" is no finite number; restore it`},
		{"310.0", "-inf", `a total of "app:handler" is no finite number; restore it`},
		{"0.5", "-0.5", `self_ms of "app" in "app:handler" is negative; restore it`},
		{"9000", "-9000", `a total of "app:handler" is negative; restore it`},
		{"40.0", "-40.0", `a number of "app.log" on 2026-11-20 is negative; restore it`},
		{"30.0", "nan", `a number of "app.log" on 2026-11-20 is no finite number; restore it`},
		{"20.0", "inf", `a number of "app.log" on 2026-11-20 is no finite number; restore it`},
		{`"2026-11-22"`, `"yesterday"`, `the date "yesterday" of "app:handler" is none; restore it`},
		{`py", measured = "2026-11-22"`, `py", measured = "2026-02-30"`, `the date "2026-02-30" of "app" in "app:handler" is none; restore it`},
		{`"2026-11-20"`, `"20.11.2026"`, `the day "20.11.2026" of "app.log" is none; restore it`},
	} {
		_, err := Parse("fastpath.lock", []byte(strings.Replace(file, c.old, c.new, 1)))
		if err == nil || !strings.HasPrefix(err.Error(), "fastpath.lock: "+c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}
