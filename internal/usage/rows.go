package usage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// WithParents returns the modules and the packages that contain them, each
// once and sorted: use of a.b.c is use of a.b and of a.
func WithParents(modules []string) []string {
	set := map[string]bool{}
	for _, m := range modules {
		for m != "" && !set[m] {
			set[m] = true
			m = m[:max(0, strings.LastIndexByte(m, '.'))]
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Rows adds up requests for one UsageDay.
type Rows struct {
	day   *evidence.UsageDay
	count map[[2]string]float64 // module, workflow → requests
}

// NewRows starts an empty row; nothing is known about its cold starts.
func NewRows(entry, source, day, kind string) *Rows {
	return &Rows{&evidence.UsageDay{Entry: entry, Source: source, Day: day, Kind: kind, ColdStarts: -1, Workflows: map[string]float64{}}, map[[2]string]float64{}}
}

// Add counts requests of one workflow ("" when unknown) that used the modules.
// Packages must be listed too (WithParents); weight is the number of requests
// and may be 0, which only says that the modules are looked for.
func (r *Rows) Add(workflow string, weight float64, modules []string) {
	r.day.Requests += weight
	if workflow != "" {
		r.day.Workflows[workflow] += weight
	}
	for _, m := range modules {
		r.count[[2]string{m, workflow}] += weight
	}
}

// AddUse counts requests of one workflow, that Add has counted, which used one
// module.
func (r *Rows) AddUse(workflow, module string, requests float64) {
	r.count[[2]string{module, workflow}] += requests
}

// AddCold counts cold starts; 0 says that they are looked for.
func (r *Rows) AddCold(n float64) { r.day.ColdStarts = max(r.day.ColdStarts, 0) + n }

// Merge adds what o counted, cold starts excepted.
func (r *Rows) Merge(o *Rows) {
	r.day.Requests += o.day.Requests
	for w, n := range o.day.Workflows {
		r.day.Workflows[w] += n
	}
	for key, n := range o.count {
		r.count[key] += n
	}
}

// UsageDay returns the row, sorted.
func (r *Rows) UsageDay() *evidence.UsageDay {
	d := *r.day
	if d.ColdStarts >= 0 {
		d.ColdStarts = min(d.ColdStarts, d.Requests)
	}
	d.Modules = make([]evidence.ModuleUse, 0, len(r.count))
	for key, n := range r.count {
		d.Modules = append(d.Modules, evidence.ModuleUse{Module: key[0], Workflow: key[1], Requests: n})
	}
	slices.SortFunc(d.Modules, func(a, b evidence.ModuleUse) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Workflow, b.Workflow))
	})
	return &d
}
