package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// round3 rounds a figure, in ms or KiB, to what JSON output shows.
func round3(v float64) float64 { return math.Round(v*1000) / 1000 }

// round6 rounds a share from 0 to 1 to what JSON output shows.
func round6(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// figure returns a pointer to a rounded figure, for keys that may be absent.
func figure(v float64) *float64 {
	v = round3(v)
	return &v
}

// times writes a ratio: "9", "2.5".
func times(ratio float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(ratio, 'f', 1, 64), ".0")
}

// grouped writes a figure with thousands separators and at most three
// decimals: "3,150,000", "0.8".
func grouped(v float64) string {
	s := strconv.FormatFloat(v, 'f', 3, 64)
	s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	whole, frac, _ := strings.Cut(s, ".")
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 && whole[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if frac != "" {
		b.WriteString("." + frac)
	}
	return b.String()
}

// msText writes milliseconds with a decimal below 10.
func msText(ms float64) string {
	if math.Abs(ms) < 9.95 {
		return fmt.Sprintf("%.1fms", ms)
	}
	return fmt.Sprintf("%.0fms", ms)
}

// decimal writes a small figure without an exponent: "0.0000166667".
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
