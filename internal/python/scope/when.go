package scope

import (
	"strings"

	"fastpath/internal/python/syntax"
)

// When says when the code at n runs.
func (i *Info) When(n syntax.NodeID) When {
	w, _ := i.when(n, false)
	return w
}

// when climbs from n to the module and takes the strongest of the answers on
// the way. environment: the answer is Never because of the interpreter or the
// platform. text: n is a name in a string annotation.
func (i *Info) when(n syntax.NodeID, text bool) (w When, environment bool) {
	f := i.File
	raise := func(v When, env bool) {
		if v > w {
			w, environment = v, env
		}
	}
	for c, p := n, f.Parent(n); p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.FunctionDef:
			if f.Kind(c) == syntax.Block && !i.runsAtImport(p) {
				raise(AtCall, false)
			}
		case syntax.Lambda:
			if f.Kind(c) != syntax.Params && !i.runsAtImport(p) {
				raise(AtCall, false)
			}
		case syntax.TypeParam:
			raise(AtCall, false)
		case syntax.If, syntax.IfExp, syntax.While:
			v, env := i.Branch(p, c)
			raise(v, env)
		case syntax.Annotation, syntax.Returns:
			around, env := i.when(p, false)
			raise(i.annotationWhen(p, text, around, i.ScopeOf(f.Parent(p))), env)
			return w, environment
		}
	}
	return w, environment
}

// runsAtImport reports whether Promote named the function or lambda n.
func (i *Info) runsAtImport(n syntax.NodeID) bool {
	return i.promoted != nil && i.promoted[i.opened(n)]
}

// Branch says when the child c of the conditional statement or expression n
// runs, as far as the test is known: AtImport when it may run with n itself.
// environment: the answer is Never because of the interpreter or the platform.
func (i *Info) Branch(n, c syntax.NodeID) (w When, environment bool) {
	f := i.File
	var test syntax.NodeID
	body, orelse := false, false
	if f.Kind(n) == syntax.IfExp {
		first := f.First(n)
		test = f.Next(first)
		body, orelse = c == first, c != first && c != test
	} else {
		test = f.First(n)
		body, orelse = f.Kind(c) == syntax.Block, f.Kind(c) == syntax.Else
		if f.Kind(n) == syntax.While {
			orelse = false
		}
	}
	if !body && !orelse {
		return AtImport, false
	}
	return i.test(test).branch(body)
}

// branch says when one of the branches behind a test runs.
func (t truth) branch(body bool) (w When, environment bool) {
	if !t.known || t.value == body {
		return AtImport, false
	}
	return t.reason, t.environment
}

// truth is what is known of a test.
type truth struct {
	known, value bool
	reason       When // the answer for the branch that is not taken
	environment  bool // depends on the interpreter or the platform
}

func constant(value bool) truth { return truth{known: true, value: value, reason: Never} }

// test evaluates a test as far as its outcome is known while a module is
// imported.
func (i *Info) test(n syntax.NodeID) truth {
	f := i.File
	switch f.Kind(n) {
	case syntax.Constant:
		switch {
		case f.Is(n, "False"), f.Is(n, "None"):
			return constant(false)
		case f.Is(n, "True"):
			return constant(true)
		}
	case syntax.Number:
		return constant(strings.Trim(f.Text(n), "0_xXbBoO.jJ") != "")
	case syntax.Name, syntax.Attribute:
		if string(LastName(f, n)) == "TYPE_CHECKING" {
			return truth{known: true, value: false, reason: TypeChecking}
		}
	case syntax.UnaryOp:
		if f.Src[f.Node(n).Start] == 'n' { // "not"
			t := i.test(f.First(n))
			t.value = !t.value
			return t
		}
	case syntax.BoolOp:
		return i.boolOp(n)
	case syntax.Compare:
		return i.compare(n)
	case syntax.Call:
		return i.platformPrefix(n)
	}
	return truth{}
}

// boolOp evaluates "and" and "or": one operand may decide.
func (i *Info) boolOp(n syntax.NodeID) truth {
	f := i.File
	left := f.First(n)
	right := f.Next(left)
	if right == syntax.None {
		return truth{}
	}
	a, b := i.test(left), i.test(right)
	if !a.known && !b.known {
		return truth{}
	}
	deciding := operator(f, left, right) == "or" // the value that decides alone
	switch {
	case a.known && a.value == deciding:
		return a
	case b.known && b.value == deciding:
		return b
	case a.known && b.known:
		if b.reason > a.reason {
			a.reason, a.environment = b.reason, b.environment
		}
		return a
	}
	return truth{}
}

// operator returns the operator between two operands.
func operator(f *syntax.File, left, right syntax.NodeID) string {
	text := string(f.Src[f.Node(left).End:f.Node(right).Start])
	if strings.Contains(text, "#") { // a comment between the lines of the test
		lines := strings.Split(text, "\n")
		for k, l := range lines {
			lines[k], _, _ = strings.Cut(l, "#")
		}
		text = strings.Join(lines, " ")
	}
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("()\\", r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}
