package scope

import (
	"strings"

	"fastpath/internal/python/syntax"
)

// ScopeOf returns the scope in which n is evaluated. For the node of a scope
// itself that is the scope around; a parameter's name belongs to its function.
func (i *Info) ScopeOf(n syntax.NodeID) ScopeID {
	f := i.File
	var below syntax.NodeID // the child of c on the way
	inDefault := false      // of a parameter, which does not see the type parameters
	for c, p := n, f.Parent(n); p != syntax.None; below, c, p = c, p, f.Parent(p) {
		inside := false
		switch f.Kind(p) {
		case syntax.Module:
			return 0
		case syntax.ClassDef:
			inside = f.Kind(c) == syntax.Block
		case syntax.TypeAlias:
			inside = f.Next(c) == syntax.None
		case syntax.TypeParam:
			inside = f.Kind(c) != syntax.Ident && f.Kind(c) != syntax.Default
		case syntax.Default:
			inside = f.Kind(f.Parent(p)) == syntax.TypeParam
			inDefault = !inside
		case syntax.FunctionDef, syntax.Lambda:
			inside = f.Kind(c) == syntax.Block || f.Kind(p) == syntax.Lambda && f.Kind(c) != syntax.Params
			if f.Kind(c) == syntax.Params {
				inside = i.isParam(n, below)
			}
		case syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp:
			inside = true
			if c == f.Child(p, syntax.Comprehension) && below != syntax.None && below == f.Next(f.First(c)) {
				inside = false
			}
		}
		if inside {
			return i.opened(p)
		}
		if t := i.typeParamsAround(p, c); t != syntax.None && (f.Kind(c) != syntax.Params || !inDefault) {
			return i.opened(t)
		}
		inDefault = inDefault && f.Kind(c) != syntax.Params
	}
	return 0
}

// Opens returns the scope that the node itself opens: of a Module, FunctionDef,
// Lambda, ClassDef or comprehension.
func (i *Info) Opens(n syntax.NodeID) (ScopeID, bool) {
	at := 0
	for count := len(i.placed); count > 1; {
		half := count / 2
		before := int(n-i.placed[at+half].node) >> 63 // -1 or 0: nobody could foresee a branch
		at += half &^ before
		count -= half
	}
	if i.placed[at].node != n {
		return 0, false
	}
	return i.placed[at].scope, true
}

// importPlace says where an import statement stands.
type importPlace struct {
	scope ScopeID
	base  When // of its Condition
}

// importAt notes the next import, which stands in the scope s.
func (a *analyzer) importAt(s ScopeID) {
	a.imports++
	a.imported = append(a.imported, importPlace{s, a.base})
}

// placeImports looks for the places of all imports.
func (i *Info) placeImports() {
	i.imported = i.imported[:0]
	for _, n := range i.File.Imports {
		i.imported = append(i.imported, importPlace{i.ScopeOf(n), i.Condition(n, false).Base})
	}
}

// ImportAt returns the scope of the import at a place of File.Imports, and the Base of
// its Condition.
func (i *Info) ImportAt(k int) (s ScopeID, base When) {
	p := &i.imported[k]
	return p.scope, p.base
}

// opened is Opens, with the module for nodes that open no scope.
func (i *Info) opened(n syntax.NodeID) ScopeID {
	s, _ := i.Opens(n)
	return s
}

// isParam reports whether n is the parameter below, or its name.
func (i *Info) isParam(n, below syntax.NodeID) bool {
	return n == below || i.File.Parent(n) == below && i.File.Kind(n) == syntax.Ident
}

// typeParamsAround returns the type parameters whose scope holds the child c
// of a definition.
func (i *Info) typeParamsAround(p, c syntax.NodeID) syntax.NodeID {
	f := i.File
	switch f.Kind(p) {
	case syntax.FunctionDef, syntax.ClassDef, syntax.TypeAlias:
	default:
		return syntax.None
	}
	t := f.Child(p, syntax.TypeParams)
	if t == syntax.None {
		return syntax.None
	}
	switch f.Kind(c) {
	case syntax.TypeParams, syntax.Returns, syntax.Args, syntax.Params:
		return t
	}
	return syntax.None
}

// Qualname returns the qualified name of the function or class whose body
// holds n, as __qualname__ has it ("Class.method", "f.<locals>.g"), "" at
// module level. Lambdas and comprehensions are looked through.
func (i *Info) Qualname(n syntax.NodeID) string {
	f := i.File
	var parts []string // innermost first
	for c, p := n, f.Parent(n); p != syntax.None; c, p = p, f.Parent(p) {
		kind := f.Kind(p)
		if f.Kind(c) != syntax.Block || kind != syntax.FunctionDef && kind != syntax.ClassDef {
			continue
		}
		name := f.Text(f.Child(p, syntax.Ident))
		if kind == syntax.FunctionDef && len(parts) > 0 {
			name += ".<locals>"
		}
		parts = append(parts, name)
	}
	for a, b := 0, len(parts)-1; a < b; a, b = a+1, b-1 {
		parts[a], parts[b] = parts[b], parts[a]
	}
	return strings.Join(parts, ".")
}

// Dotted returns "a.b.c" for names and attributes of names, "" for every other
// expression.
func Dotted(f *syntax.File, n syntax.NodeID) string {
	switch f.Kind(n) {
	case syntax.Name:
		return f.Text(n)
	case syntax.Attribute:
		base := Dotted(f, f.First(n))
		if id := f.Child(n, syntax.Ident); base != "" && id != syntax.None {
			return base + "." + f.Text(id)
		}
	}
	return ""
}
