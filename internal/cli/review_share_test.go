package cli

import "testing"

func TestReviewShare(t *testing.T) {
	for share, want := range map[float64]string{0.796: "79.6%", 0.7996: "79.9%", 0.8: "80%", 0.4: "40%", 0.794: "79%", 0.9996: "100%", 0: "0%"} {
		if got := reviewShare(share, 80); got != want {
			t.Errorf("%v: %s, want %s", share, got, want)
		}
	}
}
