package rewrite

import "fastpath/internal/graph"

// cyclesOf numbers the import cycles of a program: strongly connected sets of
// two modules or more, by imports that run at import. A submodule taken from
// its package does not count as an import of the package, which need not be
// complete for that.
func cyclesOf(prog *graph.Program) map[*graph.Module]int {
	s := &cycleSearch{
		prog: prog, index: map[*graph.Module]int{}, low: map[*graph.Module]int{},
		open: map[*graph.Module]bool{}, cycles: map[*graph.Module]int{},
	}
	for _, m := range prog.Modules {
		if s.index[m] == 0 {
			s.visit(m)
		}
	}
	return s.cycles
}

// cycleSearch is Tarjan's search for strongly connected components.
type cycleSearch struct {
	prog       *graph.Program
	next       int // number of the module visited last, from 1 on
	index, low map[*graph.Module]int
	stack      []*graph.Module
	open       map[*graph.Module]bool // on the stack
	cycles     map[*graph.Module]int
}

func (s *cycleSearch) visit(m *graph.Module) {
	s.next++
	s.index[m], s.low[m] = s.next, s.next
	s.stack = append(s.stack, m)
	s.open[m] = true
	for _, imp := range m.Imports {
		if imp.Runs != "import" {
			continue
		}
		t := targetModule(s.prog, imp)
		if t == nil || t == m {
			continue
		}
		if s.index[t] == 0 {
			s.visit(t)
			s.low[m] = min(s.low[m], s.low[t])
		} else if s.open[t] {
			s.low[m] = min(s.low[m], s.index[t])
		}
	}
	if s.low[m] != s.index[m] {
		return
	}
	for size := 1; ; size++ {
		x := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		s.open[x] = false
		if size > 1 || x != m {
			s.cycles[x] = s.index[m]
		}
		if x == m {
			return
		}
	}
}
