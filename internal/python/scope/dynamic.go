package scope

import "fastpath/internal/python/syntax"

// dynamicNames are builtins that reach names no scan sees. "sys" leads to
// sys.modules[__name__].
//
// They are the first names of every file, so that their numbers tell them.
var dynamicNames = [...]string{"exec", "eval", "globals", "locals", "vars", "dir", "__import__", "sys"}

// collectDynamic keeps the suspects that mean the builtins.
func (a *analyzer) collectDynamic() {
	f := a.File
	for _, suspect := range a.suspects {
		n, symbol := suspect.node, a.symbols[suspect.symbol]
		name := dynamicNames[symbol.name-1]
		if name != "sys" {
			if a.holder(symbol.scope, symbol.name) == 0 && !a.Binds(0, name) && !a.harmlessCall(n, name) {
				a.DynamicNames = append(a.DynamicNames, n)
			}
			continue
		}
		attr := f.Parent(n)
		sub := f.Parent(attr)
		if f.Kind(attr) != syntax.Attribute || string(LastName(f, attr)) != "modules" || Dotted(f, attr) != "sys.modules" || f.Kind(sub) != syntax.Subscript || f.First(sub) != attr {
			continue
		}
		if key := f.Next(attr); f.Kind(key) == syntax.Name && f.Is(key, "__name__") {
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
