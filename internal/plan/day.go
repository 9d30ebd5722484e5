package plan

import (
	"cmp"
	"maps"
	"slices"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
)

// Day is what a set of imports costs, in ms a day, in both places, by the
// founding documents' formula. It is computed on the set: what two imports
// share counts once.
type Day struct {
	Imports         int
	ModuleLevelMS   float64 // every cold start pays for the set
	FunctionLevelMS float64 // every request pays for what it uses of the set
	Known           bool    // FunctionLevelMS is known: the usage of each import is
}

// day computes both placements of the items. Cut is the tree without them.
func (b *builder) day(items []*Item, cut graph.Cut) Day {
	d := Day{Imports: len(items), Known: true}
	requests := b.daily
	list := make([]evidence.Statement, len(items))
	for i, it := range items {
		list[i] = it.Import.Statement
		d.Known = d.Known && it.UsageKnown
	}
	if len(items) == 0 {
		return d
	}
	whole, _ := b.run.FirstUse(list, cut)
	d.ModuleLevelMS = whole * roundTiny(b.rate*requests)
	if !d.Known {
		return d
	}
	var workflows map[string]float64
	if b.in.Usage != nil {
		workflows = b.in.Usage.Workflows
	}
	left := 1.0
	for _, w := range slices.Sorted(maps.Keys(workflows)) {
		part := workflows[w] / b.in.Usage.Requests
		left -= part
		d.FunctionLevelMS += part * requests * b.each(items, cut, func(it *Item) float64 {
			share, known := b.in.Usage.ShareIn(w, it.Module)
			if !known { // it is told by requests or events of other workflows
				return it.Usage
			}
			return share
		})
	}
	if len(workflows) == 0 || left > 1e-9 {
		d.FunctionLevelMS += max(left, 0) * requests * b.each(items, cut, func(it *Item) float64 { return it.Usage })
	}
	return d
}

// each returns what one request pays on average for what it uses of the items,
// in ms. Who needs a rarer import is taken to need the more frequent ones, too:
// within a workflow that is the rule.
func (b *builder) each(items []*Item, cut graph.Cut, share func(*Item) float64) float64 {
	order := slices.Clone(items)
	slices.SortStableFunc(order, func(x, y *Item) int { return cmp.Compare(share(y), share(x)) })
	total, before := 0.0, 0.0
	var list []evidence.Statement
	for _, it := range order {
		s := share(it)
		if s <= 0 {
			break
		}
		list = append(list, it.Import.Statement)
		whole, _ := b.run.FirstUse(list, cut)
		total += s * (whole - before)
		before = whole
	}
	return total
}

// Days returns what the moved and the hot imports cost in both places.
func (p *Plan) Days() (moved, hot Day) {
	b := p.builder
	if b.in.Evidence == nil {
		return moved, hot
	}
	var list []*Item
	without := maps.Clone(b.cut)
	for _, it := range p.Items {
		if (it.Decision == Tier1 || it.Decision == Tier2) && it.Measured && !it.Existing {
			list = append(list, it)
			without[it.Import.Statement] = true
		}
	}
	return b.day(p.Moves(), b.cut), b.day(list, without)
}
