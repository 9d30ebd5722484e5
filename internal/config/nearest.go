package config

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns the option that word was probably meant to be, by edit
// distance without regard to case, or "" when none is close enough. Of equally
// near options the first wins.
func Nearest(word string, options []string) string {
	best, bestDistance := "", 1+max(1, utf8.RuneCountInString(word)/3)
	folded := strings.ToLower(word)
	for _, o := range options {
		if d := distance(folded, strings.ToLower(o)); d < bestDistance {
			best, bestDistance = o, d
		}
	}
	return best
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}

// didYouMean is ", did you mean …?" or nothing, for the end of a message.
func didYouMean(word string, options []string) string {
	if n := Nearest(word, options); n != "" {
		return `, did you mean "` + n + `"?`
	}
	return ";"
}
