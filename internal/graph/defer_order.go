package graph

import (
	"slices"

	"fastpath/internal/evidence"
)

// DeferStep is one step of DeferOrder.
type DeferStep struct {
	Units   []int    // indexes of the units that go, more than one where only together they save something
	SavesMS float64  // what disappears beside all that disappeared before
	Modules []string // the modules, sorted
	LeftMS  float64  // what init still costs
}

// DeferOrder says what to defer first. A unit is a set of statements that go
// together, such as the names of one line. Each step takes what saves most for
// each unit that goes, given that all of the steps before have gone, and the
// order ends when no unit that is left saves a module. Units whose target is
// the same are also tried together, for each of them may save nothing alone.
func (r *Runtime) DeferOrder(units []Cut) []DeferStep {
	o := &deferOrder{r: r, gone: newBits(len(r.stmts)), loaded: r.walk(r.roots, nil, nil)}
	for i, u := range units {
		o.choices = append(o.choices, r.choice([]int{i}, r.cut(u)))
	}
	o.addGroups()
	var steps []DeferStep
	for {
		best := o.best()
		if best == nil {
			return steps
		}
		units := slices.Clone(best.units)
		o.gone.or(best.cut)
		o.drop(units)
		lost := o.lost(best)
		o.loaded.andNot(lost)
		lost.and(r.known)
		modules := r.list(lost)
		if len(modules) == 0 { // only searches in vain, which are not worth an edit
			continue
		}
		left := o.loaded.clone()
		left.and(r.known)
		steps = append(steps, DeferStep{units, r.sum(lost), modules, r.sum(left)})
	}
}

// deferOrder is one run of DeferOrder.
type deferOrder struct {
	r       *Runtime
	choices []*choice // the units, then groups of them
	gone    bitset    // statements
	loaded  bitset    // modules, without gone
}

// choice is what one step may take.
type choice struct {
	units []int
	cut   bitset
	stmts []int32 // of cut
	reach bitset  // all that its targets lead to
	done  bool
}

func (r *Runtime) choice(units []int, cut bitset) *choice {
	c := &choice{units: units, cut: cut.grown(len(r.stmts))}
	var targets []int32
	c.cut.each(func(s int32) {
		c.stmts = append(c.stmts, s)
		targets = append(targets, r.stmts[s].to...)
	})
	c.reach = r.walk(targets, nil, nil)
	return c
}

// addGroups adds the units of each target that has several.
func (o *deferOrder) addGroups() {
	byTarget := make([][]int, len(o.r.names))
	for i, c := range o.choices {
		for _, s := range c.stmts {
			for _, t := range o.r.stmts[s].to {
				if list := byTarget[t]; len(list) == 0 || list[len(list)-1] != i {
					byTarget[t] = append(list, i)
				}
			}
		}
	}
	for _, list := range byTarget {
		if len(list) < 2 {
			continue
		}
		cut := newBits(len(o.r.stmts))
		for _, i := range list {
			cut.or(o.choices[i].cut)
		}
		o.choices = append(o.choices, o.r.choice(list, cut))
	}
}

// best returns the choice that saves most for each of its units, the first of
// equals, nil when none saves anything. Single statements are answered by one
// dominator tree, the others by a search each, where their bound allows it.
func (o *deferOrder) best() *choice {
	x := o.r.exclusive(o.gone)
	var best *choice
	most := 0.0
	take := func(c *choice, ms float64) {
		if ms /= float64(len(c.units)); ms > most {
			best, most = c, ms
		}
	}
	for _, c := range o.choices {
		if !c.done && len(c.stmts) == 1 {
			take(c, o.r.sum(x.subtree(c.stmts[0])))
		}
	}
	for _, c := range o.choices {
		if c.done || len(c.stmts) < 2 {
			continue
		}
		bound := c.reach.clone()
		bound.and(o.loaded)
		if o.r.sum(bound)/float64(len(c.units)) > most {
			take(c, o.r.sum(o.lost(c)))
		}
	}
	return best
}

// drop takes units out of all choices.
func (o *deferOrder) drop(units []int) {
	for _, c := range o.choices {
		group := len(c.units) > 1
		c.units = slices.DeleteFunc(c.units, func(u int) bool { return slices.Contains(units, u) })
		c.done = c.done || len(c.units) == 0 || group && len(c.units) == 1 // which is a choice of its own
	}
}

// lost returns what is loaded now and would not be without the choice.
func (o *deferOrder) lost(c *choice) bitset {
	cut := o.gone.clone()
	cut.or(c.cut)
	lost := o.loaded.clone()
	lost.andNot(o.r.walk(o.r.roots, cut, nil))
	return lost
}

// Sharer is why a statement saves nothing alone: what else loads its target.
type Sharer struct {
	// With are the statements of the project that load the target as well.
	With []evidence.Statement
	// SavesMS is what goes when all of them go, and Modules which modules.
	SavesMS float64
	Modules []string
	// By is a module that loads the target whatever goes; then nothing is
	// saved. It is "" where the statements of With are all.
	By string
}

// Sharers says what else loads the targets of a unit.
func (r *Runtime) Sharers(unit Cut) Sharer {
	var out Sharer
	cut := r.cut(unit).clone()
	var targets []int32
	cut.each(func(s int32) {
		for _, t := range r.stmts[s].to {
			if !slices.Contains(targets, t) && !r.startup.has(t) {
				targets = append(targets, t)
			}
		}
	})
	for _, t := range targets {
		for {
			b := r.search(cut, nil, false)
			if !b.reached(t) {
				break
			}
			// The last statement of the project on the shortest chain, which
			// an edit can reach.
			found := int32(-1)
			for m := t; b.from[m] != start; m = b.from[m] {
				if s := b.via[m]; s >= 0 && r.stmts[s].File != "" && !r.isStart(&r.stmts[s]) {
					found = s
					break
				}
			}
			if found < 0 {
				out.By = mainModule
				if m := b.from[t]; m != start {
					out.By = r.names[m]
				}
				return out
			}
			cut.set(found)
			out.With = append(out.With, r.stmts[found].Statement)
		}
	}
	lost := r.load(nil)
	there := r.walk(r.roots, cut, nil)
	lost.andNot(there)
	out.SavesMS, out.Modules = r.sum(lost), r.list(lost)
	return out
}
