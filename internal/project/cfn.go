package project

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"fastpath/internal/config"
)

// cfn is a CloudFormation template, also one for AWS SAM, as YAML nodes:
// intrinsic functions stay visible as tags, and every value has its line.
type cfn struct {
	file string // relative to the project
	root *yaml.Node
}

// parseTemplate reads a template; a file without Lambda functions is nil.
func parseTemplate(file string, data []byte) (*cfn, error) {
	if !bytes.Contains(data, []byte("AWS::Serverless::Function")) && !bytes.Contains(data, []byte("AWS::Lambda::Function")) {
		return nil, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil, nil
	}
	return &cfn{file, doc.Content[0]}, nil
}

// follow returns what an alias stands for.
func follow(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 8; i++ {
		n = n.Alias
	}
	return n
}

// pair is one key of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs returns the keys of a mapping in file order, merge keys left out.
func pairs(n *yaml.Node) []pair {
	n = follow(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, pair{n.Content[i], follow(n.Content[i+1])})
	}
	return out
}

// field returns the first value of a key of a mapping, nil when it has none.
func field(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		var next *yaml.Node
		for _, p := range pairs(n) {
			if p.key.Value == k {
				next = p.value
				break
			}
			if p.key.Value == "<<" && next == nil {
				next = field(p.value, k)
			}
		}
		if next == nil {
			return nil
		}
		n = next
	}
	return follow(n)
}

// only returns the value of a key and fails when the mapping has it twice.
func (t *cfn) only(n *yaml.Node, key, owner string) (*yaml.Node, error) {
	var first *pair
	for _, p := range pairs(n) {
		if p.key.Value != key {
			continue
		}
		if first != nil {
			return nil, t.errorAt(p.key, "%s has %s twice: %s in line %d and %s in line %d; keep one of them",
				owner, key, brief(first.value), first.key.Line, brief(p.value), p.key.Line)
		}
		first = &p
	}
	if first == nil {
		return field(n, key), nil // perhaps by a merge key
	}
	return first.value, nil
}

// brief shows a value in a message.
func brief(n *yaml.Node) string {
	if n != nil && n.Kind == yaml.ScalarNode {
		return fmt.Sprintf("%q", n.Value)
	}
	return "a value"
}

func (t *cfn) errorAt(n *yaml.Node, format string, args ...any) *config.Error {
	return &config.Error{File: t.file, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}

// maxDepth bounds how deep intrinsic functions may be nested.
const maxDepth = 10

// text evaluates a value to a string, with the defaults of parameters. It
// reports false for what only a deployment knows.
func (t *cfn) text(n *yaml.Node) (string, bool) { return t.eval(n, maxDepth) }

func (t *cfn) eval(n *yaml.Node, depth int) (string, bool) {
	n = follow(n)
	if n == nil || depth == 0 {
		return "", false
	}
	fn, arg := intrinsic(n)
	switch fn {
	case "":
		return n.Value, n.Kind == yaml.ScalarNode
	case "Ref":
		return t.eval(field(t.root, "Parameters", arg.Value, "Default"), depth-1)
	case "Sub":
		return t.sub(arg, depth)
	case "FindInMap":
		return t.findInMap(arg, depth)
	case "Join":
		return t.join(arg, depth)
	case "If":
		if arg.Kind == yaml.SequenceNode && len(arg.Content) == 3 {
			yes, okYes := t.eval(arg.Content[1], depth-1)
			no, okNo := t.eval(arg.Content[2], depth-1)
			return yes, okYes && okNo && yes == no
		}
	}
	return "", false
}

// intrinsic returns the name and the argument of an intrinsic function, in
// its short form (!Sub x) or its long one ({"Fn::Sub": x}).
func intrinsic(n *yaml.Node) (string, *yaml.Node) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		return n.Tag[1:], n
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		key := n.Content[0].Value
		if name, ok := strings.CutPrefix(key, "Fn::"); ok {
			return name, follow(n.Content[1])
		}
		if key == "Ref" {
			return key, follow(n.Content[1])
		}
	}
	return "", n
}

// sub evaluates the argument of Fn::Sub.
func (t *cfn) sub(arg *yaml.Node, depth int) (string, bool) {
	var own *yaml.Node
	if arg.Kind == yaml.SequenceNode && len(arg.Content) == 2 {
		arg, own = follow(arg.Content[0]), follow(arg.Content[1])
	}
	if arg == nil || arg.Kind != yaml.ScalarNode {
		return "", false
	}
	var b strings.Builder
	rest := arg.Value
	for {
		before, after, ok := strings.Cut(rest, "${")
		b.WriteString(before)
		if !ok {
			return b.String(), true
		}
		name, tail, ok := strings.Cut(after, "}")
		if !ok {
			return "", false
		}
		rest = tail
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			b.WriteString("${" + literal + "}")
			continue
		}
		v := field(own, name)
		if v == nil {
			v = field(t.root, "Parameters", name, "Default")
		}
		s, ok := t.eval(v, depth-1)
		if !ok {
			return "", false
		}
		b.WriteString(s)
	}
}

// findInMap evaluates the argument of Fn::FindInMap.
func (t *cfn) findInMap(arg *yaml.Node, depth int) (string, bool) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) < 3 {
		return "", false
	}
	keys := []string{"Mappings"}
	for _, c := range arg.Content[:3] {
		s, ok := t.eval(c, depth-1)
		if !ok {
			return "", false
		}
		keys = append(keys, s)
	}
	return t.eval(field(t.root, keys...), depth-1)
}

// join evaluates the argument of Fn::Join.
func (t *cfn) join(arg *yaml.Node, depth int) (string, bool) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != 2 {
		return "", false
	}
	sep, ok := t.eval(arg.Content[0], depth-1)
	list := follow(arg.Content[1])
	if !ok || list == nil || list.Kind != yaml.SequenceNode {
		return "", false
	}
	var parts []string
	for _, c := range list.Content {
		s, ok := t.eval(c, depth-1)
		if !ok {
			return "", false
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, sep), true
}
