package syntax

import (
	_ "embed"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// characterNames holds the names and aliases that \N{…} knows in Python 3.8 to
// 3.15, but for those that follow from a rule. It is a sorted list of
// 40-bit hashes, each with the three bits of the version (from 3.8) that brought
// the name, as differences in variable length. A name that is none is taken for
// one once in 30 million times. "go test -run TestCharacterNames -update" writes
// it from what the interpreters know.
//
//go:embed charnames.bin
var characterNames []byte

var characterTable = sync.OnceValue(func() []uint64 {
	var table []uint64
	last := uint64(0)
	for rest := characterNames; len(rest) > 0; {
		d, n := binary.Uvarint(rest)
		rest = rest[n:]
		last += d
		table = append(table, last)
	}
	return table
})

// nameHash is FNV-1a of a name in capitals, without the lowest 24 bits.
func nameHash(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		c := name[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h >> 24
}

// knownCharacter reports whether \N{name} is a character in a version.
func knownCharacter(name string, v Version) bool {
	upper := strings.ToUpper(name)
	if !v.Less(Version{3, 14}) {
		name = upper
	}
	if rest, ok := strings.CutPrefix(name, "HANGUL SYLLABLE "); ok {
		return hangul(rest)
	}
	for _, k := range namedByNumber {
		if rest, ok := strings.CutPrefix(name, k.prefix); ok {
			return k.holds(rest, v)
		}
		if strings.HasPrefix(upper, k.prefix) {
			return false // before 3.14 these names were known in capitals alone
		}
	}
	key := nameHash(name) << 3
	table := characterTable()
	k, _ := slices.BinarySearch(table, key)
	return k < len(table) && table[k]>>3 == key>>3 && !v.Less(Version{3, 8 + int(table[k]&7)})
}

// hangul reports whether the name of a syllable is made of the short names of
// Jamo letters (The Unicode Standard, 3.12).
func hangul(name string) bool {
	for _, lead := range [...]string{"GG", "G", "N", "DD", "D", "R", "M", "BB", "B", "SS", "S", "JJ", "J", "C", "K", "T", "P", "H", ""} {
		rest, ok := strings.CutPrefix(name, lead)
		if !ok {
			continue
		}
		for _, vowel := range [...]string{"YAE", "YEO", "WAE", "AE", "YA", "EO", "YE", "WA", "OE", "YO", "WEO", "WE", "WI", "YU", "EU", "YI", "A", "E", "O", "U", "I"} {
			tail, ok := strings.CutPrefix(rest, vowel)
			if !ok {
				continue
			}
			switch tail {
			case "", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M", "B", "BS", "S", "SS", "NG", "J", "C", "K", "T", "P", "H":
				return true
			}
			return false
		}
		return false
	}
	return false
}

// numbered are characters whose name ends with their number.
type numbered struct {
	prefix string
	ranges []numberedRange
}

// numberedRange is a range of code points, with the first minor version that
// knows it, and the first one that does not any more.
type numberedRange struct {
	first, last  int64
	since, until int
}

var namedByNumber = [...]numbered{
	{"CJK UNIFIED IDEOGRAPH-", []numberedRange{
		{0x3400, 0x4db5, 8, 0},
		{0x4db6, 0x4dbf, 9, 0},
		{0x4e00, 0x9fef, 8, 0},
		{0x9ff0, 0x9ffc, 9, 0},
		{0x9ffd, 0x9fff, 11, 0},
		{0x20000, 0x2a6d6, 8, 0},
		{0x2a6d7, 0x2a6dd, 9, 0},
		{0x2a6de, 0x2a6df, 11, 0},
		{0x2a700, 0x2b734, 8, 0},
		{0x2b735, 0x2b738, 11, 0},
		{0x2b739, 0x2b739, 12, 0},
		{0x2b73a, 0x2b73f, 15, 0},
		{0x2b740, 0x2b81d, 8, 0},
		{0x2b820, 0x2cea1, 8, 0},
		{0x2cea2, 0x2cead, 15, 0},
		{0x2ceb0, 0x2ebe0, 8, 0},
		{0x2ebe1, 0x2ebef, 8, 9},
		{0x2ebf0, 0x2ee5d, 13, 0},
		{0x30000, 0x3134a, 9, 0},
		{0x31350, 0x323af, 12, 0},
		{0x323b0, 0x33479, 15, 0},
	}},
	{"TANGUT IDEOGRAPH-", []numberedRange{
		{0x17000, 0x187f7, 14, 0}, {0x187f8, 0x187ff, 15, 0}, {0x18d00, 0x18d08, 14, 0}, {0x18d09, 0x18d1e, 15, 0},
	}},
}

// holds reports whether digits are the number of one of the characters.
func (k numbered) holds(digits string, v Version) bool {
	if len(digits) != 4 && len(digits) != 5 || digits != strings.ToUpper(digits) || digits[0] == '0' && !v.Less(Version{3, 14}) {
		return false
	}
	n, err := strconv.ParseInt(digits, 16, 64)
	if err != nil {
		return false
	}
	for _, r := range k.ranges {
		if r.first <= n && n <= r.last && !v.Less(Version{3, r.since}) && (r.until == 0 || v.Less(Version{3, r.until})) {
			return true
		}
	}
	return false
}
