package profile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// Module is what one measurement says of a module beside its row in the lock.
// Times are in ms.
type Module struct {
	MinMS    float64 // self time: least of the runs
	MedianMS float64 // the middle one
	SpreadMS float64 // from the lower to the upper quartile
	Parts    *Parts  // nil without Options.Split
	RSSKiB   int64   // growth of resident memory while its body ran, in the graph pass; may be negative
	FileKiB  float64 // size of its source or library, 0 where it has no file
	Bytecode string  // "cached", "missing" or "stale" during the runs, "" where it has no source
	Check    string  // "timestamp", "hash" or "unchecked", see package probe
}

// Parts are the parts of a module's self time in ms, each the least of the
// runs of the split pass, so that their sum is at most one of its self times.
type Parts struct{ FindMS, ReadMS, CreateMS, ExecuteMS float64 }

// modules makes the rows.
func (m *measurement) modules() map[string]Module {
	rows := make(map[string]Module, len(m.graph.Nodes))
	for _, n := range m.graph.Nodes {
		row := Module{RSSKiB: n.RSSKiB, FileKiB: m.fileKiB(n.File), Bytecode: n.Bytecode, Check: n.Check}
		if m.Bytecode == launch.BytecodeFirstRun && n.Cached != "" { // the graph pass has written it
			row.Bytecode, row.Check = evidence.BytecodeMissing, ""
		}
		row.MinMS, row.MedianMS, row.SpreadMS = spread(m.samples(n))
		row.Parts = m.parts(n.Name)
		rows[n.Name] = row
	}
	return rows
}

// samples returns the self times of a module in the runs that searched for it.
func (m *measurement) samples(n probe.Node) []time.Duration {
	var list []time.Duration
	for _, t := range m.timings {
		from := t.Self
		if n.Deferred {
			from = t.Deferred
		}
		if d, ok := from[n.Name]; ok {
			list = append(list, d)
		}
	}
	return list
}

// spread returns the least, the median and the distance between the quartiles,
// in ms. Quartiles are elements of the list, so that one run out of ten that
// went astray shows in none of them.
func spread(list []time.Duration) (least, median, iqr float64) {
	n := len(list)
	if n == 0 {
		return 0, 0, 0
	}
	slices.Sort(list)
	return ms(list[0]), (ms(list[(n-1)/2]) + ms(list[n/2])) / 2, ms(list[n-1-n/4] - list[n/4])
}

// noise returns how far the least of the runs can be off: the distance from it
// to the lower quartile, in ms, of few runs to the third. On a machine that
// others use the upper runs lie anywhere, and say nothing of the least. The list
// is sorted.
func noise(list []time.Duration) float64 {
	n := len(list)
	if n == 0 {
		return 0
	}
	return ms(list[max(n/4, min(n-1, 2))] - list[0])
}

// parts returns the least of each part, nil without a split pass.
func (m *measurement) parts(name string) *Parts {
	if len(m.splits) == 0 {
		return nil
	}
	var out *probe.Parts
	for _, s := range m.splits {
		p, ok := s[name]
		if !ok {
			continue
		}
		if out == nil {
			out = &p
			continue
		}
		out.Find, out.Read = min(out.Find, p.Find), min(out.Read, p.Read)
		out.Create, out.Execute = min(out.Create, p.Create), min(out.Execute, p.Execute)
	}
	if out == nil {
		return &Parts{}
	}
	return &Parts{ms(out.Find), ms(out.Read), ms(out.Create), ms(out.Execute)}
}

// fileKiB returns the size of a file in KiB, 0 when there is none.
func (m *measurement) fileKiB(name string) float64 {
	if name == "" {
		return 0
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(m.target.Dir, name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / 1024
}

// Startup is what happens before the entry is imported, in ms.
type Startup struct {
	InterpreterMS float64       // from the start of the process to the first line of Python
	SiteMS        float64       // the module site, without Code
	Code          []StartupCode // what runs at each start beside it
}

// StartupCode is a .pth or .start file with code, or the module sitecustomize
// or usercustomize.
type StartupCode struct {
	File     string   // absolute, or the name of the module
	MS       float64  // least of the runs
	SpreadMS float64  // from the least to the most
	Modules  []string // that it loads, sorted
}

// startupRuns is how often the start of the interpreter is timed where code
// runs in it that takes a millisecond or more: the lock keeps no change of what
// takes less.
const startupRuns = 3

// startup times the start of the interpreter: the least of each part.
func (m *measurement) startup(ctx context.Context) (*Startup, error) {
	var out *Startup
	var most []float64 // of out.Code
	for i := range min(startupRuns, m.Runs) {
		s, err := m.begun, error(nil)
		if i > 0 || s == nil {
			s, err = probe.StartupPass(ctx, m.target)
		}
		var failed *probe.Failure
		switch {
		case errors.As(err, &failed):
			m.warn("the start of the interpreter could not be timed: with -S, %s", failed)
			return nil, nil
		case err != nil:
			return nil, err
		}
		if out == nil {
			out = &Startup{InterpreterMS: ms(s.Interpreter), SiteMS: ms(s.Site)}
			took := 0.0
			for _, c := range s.Code {
				took += ms(c.Time)
				out.Code = append(out.Code, StartupCode{File: c.File, MS: ms(c.Time), Modules: c.Modules})
				most = append(most, ms(c.Time))
			}
			if took < 1 {
				break
			}
			continue
		}
		out.InterpreterMS, out.SiteMS = min(out.InterpreterMS, ms(s.Interpreter)), min(out.SiteMS, ms(s.Site))
		for i := range out.Code {
			if i < len(s.Code) && s.Code[i].File == out.Code[i].File {
				out.Code[i].MS, most[i] = min(out.Code[i].MS, ms(s.Code[i].Time)), max(most[i], ms(s.Code[i].Time))
				out.Code[i].SpreadMS = most[i] - out.Code[i].MS
			}
		}
	}
	return out, nil
}
