package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/regexps"
)

// answers are the different ones that an arm gave to an event, in the order of
// their first appearance.
type answers struct {
	list [][]byte
}

// maxAnswers bounds how many are kept: enough to see what varies by itself.
const maxAnswers = 8

func (a *answers) add(answer []byte) {
	if len(a.list) < maxAnswers && !slices.ContainsFunc(a.list, func(b []byte) bool { return bytes.Equal(a.clean(b), a.clean(answer)) }) {
		a.list = append(a.list, answer)
	}
}

// addresses of objects differ from process to process.
var address = regexps.New(` at 0x[0-9a-fA-F]+`)

func (a *answers) clean(b []byte) []byte { return address().ReplaceAll(b, nil) }

// Difference is where the answers of two arms differ.
type Difference struct {
	// Path leads to a value of a JSON answer ("body.items[0].id", "" for the
	// whole), or names a line of a command's output ("line 3").
	Path   string `json:"path"`
	Before string `json:"before"` // the value, as JSON or as text; "" where there is none
	After  string `json:"after"`
}

// compareAnswers looks for the first difference between two arms. Values that
// vary from process to process within an arm say nothing and are returned by
// their paths; with a varying whole nothing can be compared.
func compareAnswers(before, after *answers, text bool) (diff *Difference, varies []string) {
	if len(before.list) == 1 && len(after.list) == 1 && bytes.Equal(before.clean(before.list[0]), after.clean(after.list[0])) {
		return nil, nil
	}
	flat := func(a *answers) []map[string]string {
		var out []map[string]string
		for _, answer := range a.list {
			out = append(out, flatten(a.clean(answer), text))
		}
		return out
	}
	b, a := flat(before), flat(after)
	if len(b) == 0 || len(a) == 0 {
		return nil, nil
	}
	moving := map[string]bool{}
	for _, list := range [][]map[string]string{b, a} {
		for _, other := range list[1:] {
			for path := range differing(list[0], other) {
				moving[path] = true
			}
		}
	}
	differ := differing(b[0], a[0])
	for path := range moving {
		delete(differ, path)
	}
	if paths := sortedPaths(differ); len(paths) > 0 {
		diff = &Difference{paths[0], b[0][paths[0]], a[0][paths[0]]}
	}
	return diff, sortedPaths(moving)
}

// sortedPaths orders paths by their names, numbers in them by value.
func sortedPaths(set map[string]bool) []string {
	return slices.SortedFunc(maps.Keys(set), func(x, y string) int {
		if len(x) != len(y) && strings.HasPrefix(x, "line ") && strings.HasPrefix(y, "line ") {
			return len(x) - len(y)
		}
		return strings.Compare(x, y)
	})
}

// differing returns the paths whose values differ, or that only one has.
func differing(x, y map[string]string) map[string]bool {
	out := map[string]bool{}
	for path, v := range x {
		if w, ok := y[path]; !ok || v != w {
			out[path] = true
		}
	}
	for path := range y {
		if _, ok := x[path]; !ok {
			out[path] = true
		}
	}
	return out
}

// flatten returns the values of an answer by their paths: those of JSON, also
// within strings that hold JSON (as the bodies of API Gateway do), or lines.
func flatten(answer []byte, text bool) map[string]string {
	out := map[string]string{}
	if text {
		for i, line := range strings.Split(strings.TrimSuffix(string(answer), "\n"), "\n") {
			out["line "+strconv.Itoa(i+1)] = line
		}
		return out
	}
	v, ok := decode(answer)
	if !ok {
		out[""] = string(answer)
		return out
	}
	walk(out, "", v)
	return out
}

func decode(data []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, false
	}
	return v, true
}

func walk(out map[string]string, path string, v any) {
	join := func(key string) string {
		if key == "" || strings.ContainsAny(key, ".[\"") {
			key = strconv.Quote(key)
		}
		if path == "" {
			return key
		}
		return path + "." + key
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			out[path] = "{}"
		}
		for key, item := range v {
			walk(out, join(key), item)
		}
		return
	case []any:
		if len(v) == 0 {
			out[path] = "[]"
		}
		for i, item := range v {
			walk(out, fmt.Sprintf("%s[%d]", path, i), item)
		}
		return
	case string:
		if t := strings.TrimSpace(v); strings.HasPrefix(t, "{") || strings.HasPrefix(t, "[") {
			if inner, ok := decode([]byte(t)); ok {
				out[path+" (a string)"] = "JSON" // not what it holds itself
				walk(out, path, inner)
				return
			}
		}
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		b.WriteString(err.Error()) // a decoded value can be encoded
	}
	out[path] = strings.TrimSuffix(b.String(), "\n")
}

// keptOutput is how much of a command's output is kept as it is, in bytes.
const keptOutput = 256 << 10

// output takes what a command prints: the beginning as it is, and the sum of
// the rest.
type output struct {
	head []byte
	size int
	rest hash.Hash // nil without a rest
}

// Write never fails.
func (o *output) Write(p []byte) (int, error) {
	o.size += len(p)
	kept := min(max(0, keptOutput-len(o.head)), len(p))
	o.head = append(o.head, p[:kept]...)
	if kept < len(p) {
		if o.rest == nil {
			o.rest = sha256.New()
		}
		o.rest.Write(p[kept:]) // never fails
	}
	return len(p), nil
}

// bytes returns the output. What is too long for it is told by its sum.
func (o *output) bytes() []byte {
	if o.rest == nil {
		return o.head
	}
	return fmt.Appendf(slices.Clone(o.head), "\n%d bytes in all, sum %x\n", o.size, o.rest.Sum(nil)[:8])
}
