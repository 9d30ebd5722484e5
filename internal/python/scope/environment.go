package scope

import (
	"runtime"
	"strconv"
	"strings"

	"fastpath/internal/python/syntax"
)

// platform and osName are sys.platform and os.name on this machine: programs
// are measured where they are analysed.
var platform, osName = func() (string, string) {
	switch runtime.GOOS {
	case "windows":
		return "win32", "nt"
	default:
		return runtime.GOOS, "posix"
	}
}()

// compare evaluates comparisons with __name__, sys.version_info, sys.platform
// and os.name.
func (i *Info) compare(n syntax.NodeID) truth {
	f := i.File
	left := f.First(n)
	right := f.Next(left)
	if right == syntax.None || f.Next(right) != syntax.None {
		return truth{}
	}
	if !i.environmental(left) && !i.environmental(right) {
		return truth{}
	}
	op := operator(f, left, right)
	if t, ok := i.compareWith(left, op, right); ok {
		return t
	}
	if t, ok := i.compareWith(right, mirrored[op], left); ok {
		return t
	}
	return truth{}
}

// environmental reports whether compareWith may know the value of n: __name__,
// or something of sys or os.
func (i *Info) environmental(n syntax.NodeID) bool {
	f := i.File
	if f.Kind(n) == syntax.Subscript {
		n = f.First(n)
	}
	if f.Kind(n) == syntax.Name {
		return f.Is(n, "__name__")
	}
	for f.Kind(n) == syntax.Attribute {
		n = f.First(n)
	}
	return f.Kind(n) == syntax.Name && (f.Is(n, "sys") || f.Is(n, "os"))
}

var mirrored = map[string]string{"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

// compareWith evaluates "what op value" where what is one of the known names.
func (i *Info) compareWith(what syntax.NodeID, op string, value syntax.NodeID) (truth, bool) {
	f := i.File
	switch f.Kind(what) {
	case syntax.Name:
		if f.Is(what, "__name__") && stringValue(f, value) == "__main__" && (op == "==" || op == "!=") {
			// What stands under it runs only when the file is the program itself.
			return truth{known: true, value: op == "!=", reason: AtCall}, true
		}
	case syntax.Attribute:
		switch Dotted(f, what) {
		case "sys.platform":
			return oneOf(f, platform, op, value)
		case "os.name":
			return oneOf(f, osName, op, value)
		case "sys.version_info":
			return i.versionTest(op, value, 2)
		case "sys.version_info.major":
			return i.numberTest(i.version.Major, op, value)
		case "sys.version_info.minor":
			return i.numberTest(i.version.Minor, op, value)
		}
	case syntax.Subscript:
		base := f.First(what)
		if f.Kind(base) != syntax.Attribute || Dotted(f, base) != "sys.version_info" {
			return truth{}, false
		}
		switch index := f.Next(base); {
		case f.Kind(index) == syntax.Number && f.Text(index) == "0":
			return i.numberTest(i.version.Major, op, value)
		case f.Kind(index) == syntax.Number && f.Text(index) == "1":
			return i.numberTest(i.version.Minor, op, value)
		case f.Kind(index) == syntax.Slice && f.Child(index, syntax.Lower) == syntax.None && f.Child(index, syntax.Step) == syntax.None:
			upper := f.Child(index, syntax.Upper)
			if upper == syntax.None || f.Kind(f.First(upper)) != syntax.Number {
				return truth{}, false
			}
			if w, err := strconv.Atoi(f.Text(f.First(upper))); err == nil && (w == 1 || w == 2) {
				return i.versionSlice(w, op, value)
			}
		}
	}
	return truth{}, false
}

// environment is a known answer that depends on the interpreter.
func environment(value bool) (truth, bool) {
	return truth{known: true, value: value, reason: Never, environment: true}, true
}

// oneOf evaluates tests of a string: equality and membership in a tuple.
func oneOf(f *syntax.File, is, op string, value syntax.NodeID) (truth, bool) {
	switch op {
	case "==", "!=":
		if s, ok := StringValue(f, value); ok {
			return environment((s == is) == (op == "=="))
		}
	case "in", "not in":
		if k := f.Kind(value); k != syntax.Tuple && k != syntax.List && k != syntax.Set {
			return truth{}, false
		}
		found := false
		for c := range f.Children(value) {
			s, ok := StringValue(f, c)
			if !ok {
				return truth{}, false
			}
			found = found || s == is
		}
		return environment(found == (op == "in"))
	}
	return truth{}, false
}

// platformPrefix evaluates sys.platform.startswith("...").
func (i *Info) platformPrefix(n syntax.NodeID) truth {
	f := i.File
	fn := f.First(n)
	args := f.Child(n, syntax.Args)
	if f.Kind(fn) != syntax.Attribute || args == syntax.None || string(LastName(f, fn)) != "startswith" || Dotted(f, fn) != "sys.platform.startswith" {
		return truth{}
	}
	arg := f.First(args)
	if arg == syntax.None || f.Next(arg) != syntax.None {
		return truth{}
	}
	if s, ok := StringValue(f, f.First(arg)); ok {
		t, _ := environment(strings.HasPrefix(platform, s))
		return t
	}
	return truth{}
}

func (i *Info) numberTest(is int, op string, value syntax.NodeID) (truth, bool) {
	if i.File.Kind(value) != syntax.Number {
		return truth{}, false
	}
	v, err := strconv.Atoi(i.File.Text(value))
	if err != nil {
		return truth{}, false
	}
	return ordered(is-v, op)
}

// versionTest compares the whole sys.version_info with a tuple of up to known
// numbers. (3, 12) == sys.version_info never holds: that tuple is longer.
func (i *Info) versionTest(op string, value syntax.NodeID, known int) (truth, bool) {
	want, ok := numbers(i.File, value)
	if !ok || len(want) == 0 {
		return truth{}, false
	}
	is := []int{i.version.Major, i.version.Minor}
	for k := range min(len(want), known) {
		if is[k] != want[k] {
			return ordered(is[k]-want[k], op)
		}
	}
	if len(want) > known {
		return truth{}, false // decided by the micro version
	}
	return ordered(1, op) // equal so far, and sys.version_info goes on
}

// versionSlice compares sys.version_info[:width] with a tuple.
func (i *Info) versionSlice(width int, op string, value syntax.NodeID) (truth, bool) {
	want, ok := numbers(i.File, value)
	if !ok {
		return truth{}, false
	}
	is := []int{i.version.Major, i.version.Minor}[:width]
	for k := range min(len(want), width) {
		if is[k] != want[k] {
			return ordered(is[k]-want[k], op)
		}
	}
	return ordered(width-len(want), op)
}

// ordered turns the sign of a difference into the outcome of a comparison.
func ordered(diff int, op string) (truth, bool) {
	switch op {
	case "==":
		return environment(diff == 0)
	case "!=":
		return environment(diff != 0)
	case "<":
		return environment(diff < 0)
	case "<=":
		return environment(diff <= 0)
	case ">":
		return environment(diff > 0)
	case ">=":
		return environment(diff >= 0)
	}
	return truth{}, false
}

// numbers returns the elements of a tuple of integers.
func numbers(f *syntax.File, n syntax.NodeID) ([]int, bool) {
	if f.Kind(n) != syntax.Tuple {
		return nil, false
	}
	var out []int
	for c := range f.Children(n) {
		v, err := strconv.Atoi(f.Text(c))
		if err != nil {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}

// StringValue returns the value of a plain string literal without escapes.
func StringValue(f *syntax.File, n syntax.NodeID) (string, bool) {
	if f.Kind(n) != syntax.String || f.Node(n).Flags&(syntax.FlagFormat|syntax.FlagBytes) != 0 {
		return "", false
	}
	body := string(literalBody(f, n))
	if strings.ContainsRune(body, '\\') && f.Node(n).Flags&syntax.FlagRaw == 0 {
		return "", false
	}
	return body, true
}

// stringValue is StringValue with "" for everything else.
func stringValue(f *syntax.File, n syntax.NodeID) string {
	s, _ := StringValue(f, n)
	return s
}
