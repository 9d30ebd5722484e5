package graph

import (
	"slices"

	"fastpath/internal/python/resolve"
)

// Start is what the import of an entry loads as far as the sources tell, with
// the shortest chain of statements to each module.
type Start struct {
	via   map[string]*Link // nil for the entry and the packages around it
	names []string         // breadth first
}

// AtStart returns the modules that are loaded while the start is being
// imported. What only an except block asks for, and what is missing, is left
// out.
func (r *Reach) AtStart() *Start {
	s := &Start{via: map[string]*Link{}}
	queue := slices.Clone(r.starts)
	for _, k := range queue {
		s.add(r.stops[k].name, nil)
	}
	seen := map[int32]bool{}
	for len(queue) > 0 {
		k := queue[0]
		queue = queue[1:]
		if seen[k] {
			continue
		}
		seen[k] = true
		for i := range r.stops[k].links {
			l := &r.stops[k].links[i]
			if !l.AtImport() || slices.Contains(l.Context, "except") || r.stops[l.to].kind == resolve.KindMissing && r.stops[l.to].module == nil {
				continue
			}
			s.add(l.To, l)
			queue = append(queue, l.to)
		}
	}
	return s
}

func (s *Start) add(name string, via *Link) {
	if _, ok := s.via[name]; !ok {
		s.via[name] = via
		s.names = append(s.names, name)
	}
}

// Modules returns the names, those with the shortest chains first.
func (s *Start) Modules() []string { return s.names }

// Chain returns the statements from the entry to a module; it is empty for the
// entry and for what the start does not load.
func (s *Start) Chain(module string) []*Link {
	var chain []*Link
	for l := s.via[module]; l != nil; l = s.via[l.From] {
		chain = append(chain, l)
		if len(chain) > len(s.names) {
			break
		}
	}
	slices.Reverse(chain)
	return chain
}
