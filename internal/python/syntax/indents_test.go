package syntax_test

import (
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// TestIndents compares what is read of lines whose indentation has backslashes, tabs
// and form feeds, in all combinations: the versions differ there.
func TestIndents(t *testing.T) {
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) {
		var requests []request
		add := func(pieces ...string) {
			text := strings.Join(pieces, "")
			requests = append(requests, request{Src: &text, Nodes: v.Minor > 8})
		}
		blocks := []string{"", "x=1\n", "if 1:\n", "if 1:\n  y=1\n", "if 1:\n\ty=1\n", "if 1:\n  if 2:\n    y=1\n", "(\n"}
		spaces := []string{"", " ", "  ", "    ", "\t", "  \f", "\f  ", "\t ", " \t"}
		contents := []string{"x=1\n", "x=1", "# c\n", "# c", "\n", "", "\\", ";", "\\ \n", ")\n", "\f\n"}
		after := []string{"", "  z=1\n", "z=1\n", "\\\n  z=1\n"}
		for _, block := range blocks {
			for _, first := range spaces {
				for _, c := range contents {
					for _, a := range after {
						add(block, first, c, a)
						for _, second := range spaces {
							add(block, first, "\\\n", second, c, a)
						}
					}
				}
			}
			for _, first := range spaces {
				for _, c := range contents[3:6] {
					add(block, first, "\\\r\n", c)
				}
				for _, second := range spaces {
					for _, third := range spaces[:6] {
						for _, c := range contents[:3] {
							add(block, first, "\\\n", second, "\\\r\n", third, c, "  z=1\n")
						}
					}
				}
			}
		}
		if !oracle.Full() {
			some, every := requests[:0], 3
			if testing.Short() {
				every = 40
			}
			for n, r := range requests {
				if (n+v.Minor)%every == 0 {
					some = append(some, r)
				}
			}
			requests = some
		}
		compareVerdicts(t, i, v, requests)
	})
}
