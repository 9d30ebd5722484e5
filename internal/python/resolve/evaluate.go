package resolve

import (
	"path/filepath"
	"strconv"
	"strings"

	"fastpath/internal/python/syntax"
)

// evaluator works out the values of literals and of the few expressions with
// which modules say where files are.
type evaluator struct {
	f      *syntax.File
	file   string         // __file__
	module string         // __name__
	path   []string       // __path__
	names  map[string]any // constants of the module
	depth  int
}

// maxDepth bounds how deep expressions are followed.
const maxDepth = 40

// constants notes the values of the module's top-level assignments.
func (e *evaluator) constants() {
	e.names = map[string]any{}
	for s := range e.f.Children(syntax.Root) {
		target := e.f.First(s)
		if e.f.Kind(target) != syntax.Name {
			continue
		}
		switch e.f.Kind(s) {
		case syntax.Assign, syntax.AnnAssign:
			value := last(e.f, s)
			if v := e.value(value); v != nil && value != target {
				e.names[e.f.Text(target)] = v
			}
		}
	}
}

func last(f *syntax.File, n syntax.NodeID) syntax.NodeID {
	var l syntax.NodeID
	for c := range f.Children(n) {
		l = c
	}
	return l
}

// arguments returns the positional arguments of a call; nil when it has
// others.
func (e *evaluator) arguments(call syntax.NodeID) []syntax.NodeID {
	var args []syntax.NodeID
	for a := range e.f.Children(e.f.Child(call, syntax.Args)) {
		if e.f.Kind(a) != syntax.Arg || e.f.Kind(e.f.First(a)) == syntax.Ident || e.f.Node(a).Flags&(syntax.FlagStar|syntax.FlagStar2) != 0 {
			return nil
		}
		args = append(args, e.f.First(a))
	}
	return args
}

// value returns the value of an expression: string, []any, map[string]any,
// bool; nil for everything that it cannot work out.
func (e *evaluator) value(n syntax.NodeID) any {
	if e.depth > maxDepth {
		return nil
	}
	e.depth++
	defer func() { e.depth-- }()
	f := e.f
	switch f.Kind(n) {
	case syntax.String:
		return text(f, n)
	case syntax.Strings:
		var b strings.Builder
		for c := range f.Children(n) {
			s, ok := text(f, c).(string)
			if !ok {
				return nil
			}
			b.WriteString(s)
		}
		return b.String()
	case syntax.List, syntax.Tuple, syntax.Set:
		list := []any{}
		for c := range f.Children(n) {
			v := e.value(c)
			if v == nil {
				return nil
			}
			list = append(list, v)
		}
		return list
	case syntax.Dict:
		return e.dict(n)
	case syntax.Constant:
		switch f.Text(n) {
		case "True":
			return true
		case "False":
			return false
		}
	case syntax.Name:
		return e.name(f.Text(n))
	case syntax.BinOp:
		return e.sum(n)
	case syntax.Subscript:
		list, ok := e.value(f.First(n)).([]any)
		index, err := strconv.Atoi(f.Text(last(f, n)))
		if ok && err == nil && index >= 0 && index < len(list) {
			return list[index]
		}
	case syntax.Call:
		return e.call(n)
	}
	return nil
}

func (e *evaluator) dict(n syntax.NodeID) any {
	m := map[string]any{}
	for item := range e.f.Children(n) {
		k := e.f.First(item)
		v := e.f.Next(k)
		if v == syntax.None {
			return nil
		}
		key, ok := e.value(k).(string)
		value := e.value(v)
		if !ok || value == nil {
			return nil
		}
		m[key] = value
	}
	return m
}

func (e *evaluator) name(name string) any {
	switch {
	case name == "__file__" && e.file != "":
		return e.file
	case name == "__name__" && e.module != "":
		return e.module
	case name == "__path__" && e.path != nil:
		return anys(e.path)
	}
	return e.names[name]
}

// sum adds strings or lists, and joins paths by "/".
func (e *evaluator) sum(n syntax.NodeID) any {
	left, right := e.f.First(n), last(e.f, n)
	if e.f.Node(left).End > e.f.Node(right).Start {
		return nil // it did not parse
	}
	operator := strings.Trim(string(e.f.Src[e.f.Node(left).End:e.f.Node(right).Start]), "() \t\r\n\\")
	if operator != "+" {
		return nil
	}
	switch l := e.value(left).(type) {
	case string:
		if r, ok := e.value(right).(string); ok {
			return l + r
		}
	case []any:
		if r, ok := e.value(right).([]any); ok {
			return append(l[:len(l):len(l)], r...)
		}
	}
	return nil
}

// call knows the functions of os.path that take paths apart and together.
func (e *evaluator) call(n syntax.NodeID) any {
	args := e.arguments(n)
	parts := make([]string, len(args))
	for i, a := range args {
		s, ok := e.value(a).(string)
		if !ok {
			return nil
		}
		parts[i] = s
	}
	if len(parts) == 0 {
		return nil
	}
	callee := e.f.Text(e.f.First(n))
	switch callee = callee[strings.LastIndexByte(callee, '.')+1:]; {
	case callee == "join" && strings.HasSuffix(e.f.Text(e.f.First(n)), "path.join"), callee == "join" && e.f.Kind(e.f.First(n)) == syntax.Name:
		joined := ""
		for _, p := range parts {
			if filepath.IsAbs(p) || joined == "" {
				joined = p
			} else {
				joined = strings.TrimSuffix(joined, "/") + "/" + p
			}
		}
		return joined
	case len(parts) != 1:
	case callee == "dirname":
		return filepath.Dir(parts[0])
	case callee == "abspath", callee == "normpath":
		if filepath.IsAbs(parts[0]) {
			return filepath.Clean(parts[0])
		}
	case callee == "str":
		return parts[0]
	}
	return nil
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// stringList returns a value as a list of strings.
func stringList(v any) ([]string, bool) {
	list, ok := v.([]any)
	out := make([]string, len(list))
	for i, x := range list {
		s, isText := x.(string)
		if !isText {
			return nil, false
		}
		out[i] = s
	}
	return out, ok
}

// stringMap returns a value as a map from strings to strings.
func stringMap(v any) (map[string]string, bool) {
	m, ok := v.(map[string]any)
	out := make(map[string]string, len(m))
	for k, x := range m {
		s, isText := x.(string)
		if !isText {
			return nil, false
		}
		out[k] = s
	}
	return out, ok
}

// text returns the value of a string literal, nil for bytes and f-strings.
func text(f *syntax.File, n syntax.NodeID) any {
	flags := f.Node(n).Flags
	if f.Kind(n) != syntax.String || flags&(syntax.FlagBytes|syntax.FlagFormat) != 0 {
		return nil
	}
	body := strings.TrimLeft(f.Text(n), "rRuU")
	quotes := 1
	if len(body) >= 6 && (strings.HasPrefix(body, `"""`) || strings.HasPrefix(body, "'''")) {
		quotes = 3
	}
	if len(body) < 2*quotes {
		return nil
	}
	body = body[quotes : len(body)-quotes]
	if flags&syntax.FlagRaw != 0 || !strings.Contains(body, `\`) {
		return body
	}
	return unescape(body)
}

// unescape replaces the escapes of a string literal; nil for one with \N{…}.
func unescape(s string) any {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		digits := 0
		switch c := s[i]; c {
		case '\n':
			continue
		case '\\', '\'', '"':
			b.WriteByte(c)
			continue
		case 'N':
			return nil
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		case '0', '1', '2', '3', '4', '5', '6', '7':
			end := i
			for end < len(s) && end < i+3 && s[end] >= '0' && s[end] <= '7' {
				end++
			}
			code, _ := strconv.ParseUint(s[i:end], 8, 16)
			b.WriteRune(rune(code))
			i = end - 1
			continue
		default:
			if k := strings.IndexByte("abfnrtv", c); k >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v"[k])
			} else {
				b.WriteByte('\\')
				b.WriteByte(c)
			}
			continue
		}
		if i+digits >= len(s) {
			return nil
		}
		code, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
		if err != nil {
			return nil
		}
		b.WriteRune(rune(code))
		i += digits
	}
	return b.String()
}
