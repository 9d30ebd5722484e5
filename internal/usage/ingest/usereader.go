package ingest

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
)

// use is what some requests of one workflow have in common, or a process.
type use struct {
	flow        uint32
	kind        entryKind
	n           float64 // how many there are
	own, unseen []int32 // modules, in order
}

// look adds up what watched requests used, and of which modules they cannot tell.
func (u *use) look(used, unseen *sums) {
	for _, m := range u.own {
		*used.at(m) += u.n
	}
	for _, m := range u.unseen {
		if _, found := slices.BinarySearch(u.own, m); !found {
			*unseen.at(m) += u.n
		}
	}
}

// useReader reads the uses of one row after the other.
type useReader interface {
	start(t *total) // of which no row before is asked for any more
	next() *use     // in the order of workflows; it lives until the next one is read. Nil at the end
	back()          // next returns the same one once more
	failed() error
}

// groupReader reads uses that are in memory.
type groupReader struct {
	sets   *sets
	groups map[group]float64
	order  []group
	at     int
	use    use
}

func (r *groupReader) start(t *total) {
	r.groups, r.at = t.groups, 0
	r.order = slices.AppendSeq(r.order[:0], maps.Keys(t.groups))
	slices.SortFunc(r.order, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.flow, b.flow), cmp.Compare(a.kind, b.kind), cmp.Compare(a.set, b.set), cmp.Compare(a.unseen, b.unseen))
	})
}

func (r *groupReader) next() *use {
	if r.at == len(r.order) {
		return nil
	}
	g := r.order[r.at]
	r.at++
	r.use = use{g.flow, g.kind, r.groups[g], r.sets.all(r.use.own[:0], g.set), r.sets.all(r.use.unseen[:0], g.unseen)}
	return &r.use
}

func (r *groupReader) back() { r.at-- }

func (r *groupReader) failed() error { return nil }

// usePool reads uses that packUse wrote, by the rank of their row and the workflow.
type usePool struct {
	in     *spoolReader
	rank   uint32
	latest *spoolCursor
	again  bool // latest is the next one
	weight float64
	use    use
}

// packUse appends an entry's use.
func (c *collector) packUse(to []byte, e *entry) []byte {
	unseen := ""
	if e.kind == aWatched {
		unseen = c.sets.packed[e.n]
	}
	to = append(to, byte(e.kind))
	to = append(binary.AppendUvarint(to, uint64(len(unseen))), unseen...)
	return append(to, c.sets.packed[e.set]...)
}

func (r *usePool) start(t *total) { r.rank = t.rank }

func (r *usePool) next() *use {
	for {
		if !r.again {
			r.latest = r.in.next()
		}
		r.again = false
		if r.latest == nil {
			return nil
		}
		if r.latest.key.a > r.rank {
			r.again = true
			return nil
		}
		if r.latest.key.a == r.rank {
			break
		}
	}
	f := fieldReader{data: r.latest.data}
	r.use.flow, r.use.kind, r.use.n = uint32(r.latest.key.b), entryKind(f.flags()), r.weight
	r.use.unseen = unpackSet(r.use.unseen[:0], f.bytes())
	r.use.own = unpackSet(r.use.own[:0], f.data)
	return &r.use
}

func (r *usePool) back() { r.again = true }

func (r *usePool) failed() error { return r.in.err }
