package syntax

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

var update = flag.Bool("update", false, "write charnames.bin")

// characters answers a first empty line with all names and aliases, as a JSON
// list, but for those that follow from a rule; then each name with whether
// \N{…} knows it. Aliases show in the error handler "namereplace": they have
// code points in a private plane.
const characters = `
import json, sys, unicodedata
def known(name):
    try:
        return len(unicodedata.lookup(name)) == 1
    except KeyError:
        return False
rules = ("HANGUL SYLLABLE ", "CJK UNIFIED IDEOGRAPH-", "TANGUT IDEOGRAPH-")
for line in sys.stdin:
    name = line.rstrip("\n")
    if name:
        print(json.dumps(known(name)))
    else:
        names = [unicodedata.name(chr(c), "") for c in range(0x110000)]
        for c in range(0xF0000, 0xF2000):
            text = chr(c).encode("ascii", "namereplace").decode()
            if text.startswith("\\N{"):
                names.append(text[3:-1])
        print(json.dumps([n for n in names if n and not n.startswith(rules) and known(n)]))
    sys.stdout.flush()
`

// TestCharacterNames compares all names of characters with those that each
// interpreter knows, and names that follow from a rule in many spellings.
func TestCharacterNames(t *testing.T) {
	pythons := oracle.Pythons(t)
	odd := []string{"bullet", "Bullet", " BULLET", "BULLET ", "nul", "KEYCAP ASTERISK", "é", "", "HANGUL SYLLABLE", "HANGUL SYLLABLE ", "CJK UNIFIED IDEOGRAPH-", "TANGUT IDEOGRAPH-1700", "CJK COMPATIBILITY IDEOGRAPH-F900", "NUSHU CHARACTER-1B170"}
	for _, k := range namedByNumber {
		for _, r := range k.ranges {
			for _, n := range []int64{r.first - 1, r.first, r.last, r.last + 1} {
				odd = append(odd, fmt.Sprintf("%s%X", k.prefix, n), fmt.Sprintf("%s0%X", k.prefix, n), fmt.Sprintf("%s%x", k.prefix, n), strings.ToLower(fmt.Sprintf("%s%X", k.prefix, n)))
			}
		}
	}
	for _, lead := range []string{"", "G", "GG", "DD", "L", "H", "NG", "gg"} {
		for _, vowel := range []string{"A", "AE", "YAE", "YI", "WEO", "AA", "", "i"} {
			for _, tail := range []string{"", "G", "GS", "NH", "LB", "NG", "DD", "H", "X"} {
				odd = append(odd, "HANGUL SYLLABLE "+lead+vowel+tail)
			}
		}
	}
	odd = slices.DeleteFunc(odd, func(s string) bool { return s == "" })
	names := make([]map[string]bool, len(pythons))
	since := map[string]int{}
	for k, p := range pythons {
		names[k] = map[string]bool{}
		oracle.Lines(t, p, characters, append([]string{""}, odd...), func(n int, line string) {
			if n > 0 {
				if got := fmt.Sprint(knownCharacter(odd[n-1], Version{3, p.Minor})); got != line && !*update {
					t.Errorf("3.%d: %q is known: %s, Python says %s", p.Minor, odd[n-1], got, line)
				}
				return
			}
			var list []string
			if err := json.Unmarshal([]byte(line), &list); err != nil {
				t.Fatal(err)
			}
			for _, name := range list {
				names[k][name] = true
				if _, ok := since[name]; !ok {
					since[name] = p.Minor
				}
			}
		})
	}
	if *update {
		if len(pythons) != oracle.Newest-oracle.Oldest+1 {
			t.Fatal("every supported Python must be there")
		}
		writeCharacterNames(t, since)
		return
	}
	for k, p := range pythons {
		wrong := 0
		for name := range since {
			if got := knownCharacter(name, Version{3, p.Minor}); got != names[k][name] {
				if wrong++; wrong <= 5 {
					t.Errorf("3.%d: %q is known: %v, Python says %v", p.Minor, name, got, names[k][name])
				}
			}
			if knownCharacter(name+"X", Version{3, p.Minor}) && since[name+"X"] == 0 {
				t.Errorf("%sX is known", name)
			}
		}
		t.Logf("3.%d: %d names, %d differ", p.Minor, len(names[k]), wrong)
	}
}

// writeCharacterNames writes charnames.bin.
func writeCharacterNames(t *testing.T, since map[string]int) {
	var table []uint64
	for name, minor := range since {
		table = append(table, nameHash(name)<<3|uint64(minor-oracle.Oldest))
	}
	slices.Sort(table)
	var out []byte
	last := uint64(0)
	for _, x := range table {
		if last>>3 == x>>3 && last > 0 {
			t.Fatal("two names have one hash")
		}
		out = binary.AppendUvarint(out, x-last)
		last = x
	}
	if err := os.WriteFile("charnames.bin", out, 0o644); err != nil {
		t.Fatal(err)
	}
}
