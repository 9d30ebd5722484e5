package insights

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"

	"fastpath/internal/evidence"
	"fastpath/internal/regexps"
	"fastpath/internal/usage"
)

// Counted is what the answers of a pull say.
type Counted struct {
	Days []*evidence.UsageDay // of the days with requests, in order
	// Anonymous are the modules whose lines name no request, so that nothing
	// is known about how many requests use them; sorted.
	Anonymous []string
	// Uncounted are days with lines about modules, but without any that
	// counts requests.
	Uncounted []string
}

// moduleName is what the queries take for the name of a module.
var moduleName = regexps.New(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)

// Count turns answers of StyleLines and StyleJSON into rows of one source, the
// log group. Insights counts distinct requests per name that is logged: a
// package counts as often as the most used module in it, which may be too low
// where requests use different ones.
func Count(entry, group string, days []Day) *Counted {
	out := &Counted{}
	anonymous := map[string]bool{}
	for _, d := range days {
		total, initMS, memory := usage.NewRows(entry, usage.GroupSource(group), d.Date, evidence.UsageLog), 0.0, 0.0
		requests, modules, most := 0.0, map[string]float64{}, 0.0
		for _, r := range d.Rows {
			lines, distinct := r.number("lines"), r.number("requests")
			module := r["module"]
			if module == "" {
				if distinct == 0 || distinct > lines {
					distinct = lines // no ids, or an estimate above what there is
				}
				requests += distinct
				cold := r.number("cold_starts")
				total.AddCold(cold)
				if cold >= most { // of several windows of the day, that with most cold starts
					initMS, most = r.number("init_ms"), cold
				}
				memory = max(memory, r.number("memory_mb"))
				continue
			}
			if !moduleName().MatchString(module) {
				continue // a sentence that begins alike
			}
			if distinct == 0 {
				anonymous[module] = true
				continue
			}
			modules[module] += distinct
		}
		if requests == 0 {
			if len(modules) > 0 {
				out.Uncounted = append(out.Uncounted, d.Date)
			}
			continue
		}
		total.Add("", requests, nil)
		counts := map[string]float64{}
		for m, n := range modules {
			for _, p := range usage.WithParents([]string{m}) {
				counts[p] = min(max(counts[p], n), requests)
			}
		}
		for m, n := range counts {
			total.AddUse("", m, n)
		}
		row := total.UsageDay()
		row.InitMS, row.MemoryMB = initMS, memory
		out.Days = append(out.Days, row)
	}
	out.Anonymous = slices.Sorted(maps.Keys(anonymous))
	slices.SortFunc(out.Days, func(a, b *evidence.UsageDay) int { return cmp.Compare(a.Day, b.Day) })
	return out
}

// Lines returns the answers of StyleRecorder as the API writes them, for
// usage/ingest to read.
func Lines(days []Day) (io.Reader, error) {
	type cell struct {
		Field string `json:"field"`
		Value string `json:"value"`
	}
	var doc struct {
		Results [][]cell `json:"results"`
		Status  string   `json:"status"`
	}
	doc.Status = "Complete"
	for _, d := range days {
		for _, r := range d.Rows {
			var cells []cell
			for _, field := range slices.Sorted(maps.Keys(r)) {
				cells = append(cells, cell{field, r[field]})
			}
			doc.Results = append(doc.Results, cells)
		}
	}
	data, err := json.Marshal(doc)
	return bytes.NewReader(data), err
}
