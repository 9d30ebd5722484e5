package oracle

import (
	"slices"
	"testing"
)

func TestLines(t *testing.T) {
	Each(t, func(t *testing.T, p Python) {
		var got []string
		Lines(t, p, "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)", []string{"ab", "", "çd"}, func(n int, line string) {
			if n != len(got) {
				t.Errorf("answer %d comes after %d others", n, len(got))
			}
			got = append(got, line)
		})
		if !slices.Equal(got, []string{"ba", "", "dç"}) {
			t.Errorf("got %q", got)
		}
	})
}
