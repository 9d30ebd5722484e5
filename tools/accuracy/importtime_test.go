package main

import (
	"maps"
	"testing"
)

func TestParseImportTime(t *testing.T) {
	text := "import time: self [us] | cumulative | imported package\n" +
		"import time:       250 |        250 |   a.b\n" +
		"import time:       100 |       1350 | a\n" +
		"import time:         7 |          7 | a\n" +
		"a warning | of | others\n"
	if got, want := parseImportTime(text), (map[string]float64{"a.b": 0.25, "a": 1.35}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
