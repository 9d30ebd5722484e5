package cli

import (
	"strings"
	"testing"
)

func TestModuleEntries(t *testing.T) {
	root := (&app{}).rootCommand()
	for _, c := range [][2]string{
		{"bench|-m pkg|--runs|1", "bench|--runs|1|--|-m pkg"},
		{"bench|-m|pkg.sub|--no-lock", "bench|--no-lock|--|-m pkg.sub"},
		{"bench|--no-lock|-m pkg", "bench|--no-lock|--|-m pkg"},
		{"profile|a:b|-m|pkg|-m|other", "profile|a:b|--|-m pkg|-m other"},
		{"init|--entry|-m pkg", "init|--entry|-m pkg"},
		{"--project|-m|plan", "--project|-m|plan"},
		{"bench|--|-m pkg", "bench|--|-m pkg"},
		{"profile|-m|pkg|--|x", "profile|--|-m pkg|x"},
		{"bench|-m", "bench|-m"},
		{"bench|-m|--runs", "bench|-m|--runs"},
		{"bench", "bench"},
	} {
		if got := strings.Join(moduleEntries(root, strings.Split(c[0], "|")), "|"); got != c[1] {
			t.Errorf("%s: got %s, want %s", c[0], got, c[1])
		}
	}
}
