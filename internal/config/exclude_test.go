package config

import "testing"

func TestExcluded(t *testing.T) {
	for _, c := range []struct {
		pattern, file string
		want          bool
	}{
		{"tests", "tests/test_a.py", true},
		{"tests", "src/tests/deep/a.py", true},
		{"tests", "src/tests.py", false},
		{"*_pb2.py", "src/a_pb2.py", true},
		{"*_pb2.py", "src/a.py", false},
		{"legacy/", "legacy/a.py", true},
		{"./legacy/old.py", "legacy/old.py", true},
		{"legacy/old.py", "src/legacy/old.py", false},
		{"/legacy/old", "legacy/old/x/y.py", true},
		{"src/**/gen.py", "src/gen.py", true},
		{"src/**/gen.py", "src/a/b/gen.py", true},
		{"src/**/gen.py", "src/a/b/other.py", false},
		{"src/**", "src/a/b.py", true},
		{"src/**", "lib/a.py", false},
		{`src\gen`, "src/gen/a.py", true},
		{"", "a.py", false},
		{"/", "a.py", false},
		{"[", "[", false}, // an invalid pattern matches nothing
	} {
		cfg := &Config{Exclude: []string{c.pattern}}
		if got := cfg.Excluded(c.file); got != c.want {
			t.Errorf("exclude %q, file %q: %v", c.pattern, c.file, got)
		}
	}
}
