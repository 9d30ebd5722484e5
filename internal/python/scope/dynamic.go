package scope

import "fastpath/internal/python/syntax"

// dynamicNames are builtins that reach names no scan sees. "sys" leads to
// sys.modules[__name__].
var dynamicNames = map[string]bool{
	"exec": true, "eval": true, "globals": true, "locals": true, "vars": true, "dir": true, "__import__": true, "sys": true,
}

// collectDynamic keeps the suspects that mean the builtins.
func (a *analyzer) collectDynamic() {
	f := a.File
	for _, n := range a.suspects {
		name, s := f.Text(n), a.ScopeOf(n)
		_, bound := a.Lookup(name, s)
		if name != "sys" {
			if !bound && !a.harmlessCall(n, name) {
				a.DynamicNames = append(a.DynamicNames, n)
			}
			continue
		}
		attr := f.Parent(n)
		sub := f.Parent(attr)
		if f.Kind(attr) != syntax.Attribute || Dotted(f, attr) != "sys.modules" || f.Kind(sub) != syntax.Subscript || f.First(sub) != attr {
			continue
		}
		if key := f.Next(attr); f.Kind(key) == syntax.Name && f.Text(key) == "__name__" {
			a.DynamicNames = append(a.DynamicNames, sub)
		}
	}
}

// harmlessCall reports whether vars(x) or dir(x) looks into something else
// than the namespace around.
func (a *analyzer) harmlessCall(n syntax.NodeID, name string) bool {
	if name != "vars" && name != "dir" {
		return false
	}
	f := a.File
	call := f.Parent(n)
	if f.Kind(call) != syntax.Call || f.First(call) != n {
		return false
	}
	args := f.Child(call, syntax.Args)
	return args != syntax.None && f.First(args) != syntax.None
}
