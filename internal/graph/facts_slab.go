package graph

// slabs hold the lists of many files.
type slabs struct {
	facts      slab[facts]
	statements slab[statement]
	bindings   slab[binding]
	functions  slab[definition]
	classes    slab[classDef]
	refs       slab[ref]
	members    slab[int32]
	mentions   slab[word]
	made       slab[made]
	uses       slab[byte]
	chains     slab[chain]
	bound      slab[symbol]
	flags      slab[nameFlags]
	aliases    slab[alias]
	strings    slab[literal]
}

// slab hands out pieces of long lists, which saves allocations.
type slab[T any] struct{ free []T }

// slabLength is the number of elements of a slab.
const slabLength = 1 << 10

// copy returns a copy without spare capacity.
func (s *slab[T]) copy(list []T) []T {
	n := len(list)
	switch {
	case n == 0:
		return nil
	case n > slabLength/8:
		return clone(list)
	case n > len(s.free):
		s.free = make([]T, slabLength)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	copy(out, list)
	return out
}

// clone copies a list without spare capacity.
func clone[T any](list []T) []T {
	out := make([]T, len(list))
	copy(out, list)
	return out
}
