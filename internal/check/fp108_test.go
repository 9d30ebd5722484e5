package check

import "testing"

// Both limits must be passed: 5 ms and the percentage.
func TestDegraded(t *testing.T) {
	for _, c := range []struct {
		before, now, percent float64
		want                 bool
	}{
		{100, 110, 10, false},
		{100, 110.5, 10, true},
		{20, 25, 10, false},
		{20, 25.5, 10, true},
		{1000, 1050, 10, false},
		{1000, 900, 10, false},
		{0, 6, 10, true},
		{100, 140, 50, false},
	} {
		if got := degraded(c.before, c.now, c.percent); got != c.want {
			t.Errorf("%v -> %v at %v%%: got %v", c.before, c.now, c.percent, got)
		}
	}
}
