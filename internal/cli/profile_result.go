package cli

import (
	"path/filepath"
	"slices"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/profile"
)

// profileResult is the profile of one entry as it is shown; its JSON is a part
// of fastpath.profile/1.
type profileResult struct {
	Entry       string             `json:"entry"`
	Date        string             `json:"date"`
	Environment profileEnvironment `json:"environment"`
	Total       profileTotal       `json:"total"`
	Startup     profileStartup     `json:"startup"`
	Modules     []profileModule    `json:"modules"`
	Statements  []profileStatement `json:"statements"`
	DeferFirst  []profileStep      `json:"defer_first"`
	Sizes       *profileSizes      `json:"sizes,omitempty"`

	split, details bool
}

type profileEnvironment struct {
	Implementation string `json:"implementation"`
	Version        string `json:"version"`
	Platform       string `json:"platform"`
	Machine        string `json:"machine"`
	Bytecode       string `json:"bytecode"`
	PageCache      string `json:"page_cache,omitempty"`
}

type profileTotal struct {
	MinMS    float64 `json:"min_ms"`
	MedianMS float64 `json:"median_ms"`
	SelfMS   float64 `json:"self_ms"`
	GCMS     float64 `json:"gc_ms"`
	Modules  int     `json:"modules"`
	N        int     `json:"n"`
	PeakKiB  int64   `json:"peak_kib,omitempty"`
}

// profileStartup is what happens before the entry. The interpreter, site and
// the code are known only to the command that has measured them.
type profileStartup struct {
	TotalMS       float64       `json:"total_ms"`
	InterpreterMS *float64      `json:"interpreter_ms,omitempty"`
	SiteMS        *float64      `json:"site_ms,omitempty"`
	Code          []profileCode `json:"code,omitempty"`
	ClientMS      float64       `json:"client_ms"`
	Modules       []string      `json:"modules"`
}

// profileCode is a .pth file with code, or what else runs at each start.
type profileCode struct {
	File    string   `json:"file"`
	SelfMS  float64  `json:"self_ms"`
	Modules []string `json:"modules"`
}

type profileModule struct {
	Name         string   `json:"name"`
	SelfMS       float64  `json:"self_ms"`
	Kind         string   `json:"kind"`
	Phase        string   `json:"phase"`
	Distribution string   `json:"distribution,omitempty"`
	Version      string   `json:"version,omitempty"`
	File         string   `json:"file,omitempty"`
	LoadedBy     []string `json:"loaded_by"`

	// What this measurement says beside the row of the lock.
	Runs          *profileRuns  `json:"runs,omitempty"`
	Split         *profileSplit `json:"split,omitempty"`
	RSSKiB        *int64        `json:"rss_kib,omitempty"`
	FileKiB       float64       `json:"file_kib,omitempty"`
	Bytecode      string        `json:"bytecode,omitempty"`
	BytecodeCheck string        `json:"bytecode_check,omitempty"`
}

type profileRuns struct {
	MinMS    float64 `json:"min_ms"`
	MedianMS float64 `json:"median_ms"`
	SpreadMS float64 `json:"spread_ms"`
}

type profileSplit struct {
	FindMS    float64 `json:"find_ms"`
	ReadMS    float64 `json:"read_ms"`
	CreateMS  float64 `json:"create_ms"`
	ExecuteMS float64 `json:"execute_ms"`
}

type profileStatement struct {
	File         string   `json:"file"`
	Line         int      `json:"line"`
	Column       int      `json:"column"`
	Module       string   `json:"module"`
	Binds        string   `json:"binds"`
	Qualname     string   `json:"qualname,omitempty"`
	Phase        string   `json:"phase"`
	AloneMS      float64  `json:"alone_ms"`
	AddsMS       float64  `json:"adds_ms"`
	SavesMS      float64  `json:"saves_ms"`
	SavesModules []string `json:"saves_modules"`
	UsedAtImport bool     `json:"used_at_import"`

	// Why deferring it saves nothing, and what would have to go with it.
	SavesNothing  string         `json:"saves_nothing,omitempty"`
	SharedWith    []profilePlace `json:"shared_with,omitempty"`
	SharedSavesMS float64        `json:"shared_saves_ms,omitempty"`

	// What a run without the statement showed; nil where there was none.
	Trial *profileTrial `json:"trial,omitempty"`

	// Several names that one statement takes from one module stand and fall
	// together: the first carries what they save as a whole, the others repeat it.
	repeats      bool
	jointMS      float64
	jointModules int
}

// profileTrial is a run without one import statement.
type profileTrial struct {
	Stays  []string `json:"stays"`            // modules that were to go and were loaded all the same
	Failed string   `json:"failed,omitempty"` // why the entry did not start
}

// newProfileResult computes what is shown from what was written, so that the
// figures agree with those of plan.
func newProfileResult(root string, m profiled, opt profileOptions) *profileResult {
	ev := m.Entry
	r := &profileResult{
		Entry: m.entry.Name, Date: ev.Measured,
		Environment: profileEnvironment{
			Implementation: ev.Environment.Implementation, Version: ev.Environment.Version, Platform: ev.Environment.Platform,
			Machine: ev.Environment.Machine, Bytecode: ev.Environment.Bytecode, PageCache: opt.pages,
		},
		Modules: []profileModule{}, Statements: []profileStatement{}, DeferFirst: []profileStep{},
		Total: profileTotal{MinMS: ev.TotalMinMS, MedianMS: ev.TotalMedianMS, GCMS: ev.GCMS, N: ev.Runs, PeakKiB: ev.PeakKiB},
		split: opt.split, details: opt.details,
	}
	r.Startup = newProfileStartup(root, m)
	r.addModules(m)
	rt := graph.NewRuntime(ev)
	rt.AddLazy(m.program)
	r.Total.SelfMS = round3(rt.Total(nil))
	r.addStatements(m, rt)
	return r
}

func newProfileStartup(root string, m profiled) profileStartup {
	s := profileStartup{TotalMS: m.StartupMS, ClientMS: m.StartupMS, Modules: m.Startup}
	if s.Modules == nil {
		s.Modules = []string{}
	}
	if m.measured == nil || m.measured.Startup == nil {
		return s
	}
	start := m.measured.Startup
	interpreter, site := round3(start.InterpreterMS), round3(start.SiteMS)
	s.InterpreterMS, s.SiteMS = &interpreter, &site
	s.TotalMS += start.InterpreterMS + start.SiteMS
	for _, c := range start.Code {
		file := c.File
		if rel, err := filepath.Rel(root, file); err == nil && filepath.IsAbs(file) && filepath.IsLocal(rel) {
			file = filepath.ToSlash(rel)
		}
		s.Code = append(s.Code, profileCode{file, round3(c.MS), c.Modules})
		s.TotalMS += c.MS
	}
	s.TotalMS = round3(s.TotalMS)
	return s
}

// addModules makes the rows of the modules.
func (r *profileResult) addModules(m profiled) {
	versions := map[string]string{}
	for _, d := range m.Distributions {
		versions[d.Name] = d.Version
	}
	loadedBy := map[string][]string{}
	for _, d := range m.Edges {
		for _, to := range d.To {
			if by := loadedBy[to]; len(by) == 0 || by[len(by)-1] != d.From { // edges are sorted by their origin
				loadedBy[to] = append(by, d.From)
			}
		}
	}
	for _, row := range m.Modules {
		if row.Phase == evidence.PhaseInit && row.Kind != "missing" {
			r.Total.Modules++
		}
		out := profileModule{
			Name: row.Name, SelfMS: row.SelfMS, Kind: row.Kind, Phase: row.Phase,
			Distribution: row.Distribution, Version: versions[row.Distribution], File: row.File, LoadedBy: loadedBy[row.Name],
		}
		if out.LoadedBy == nil {
			out.LoadedBy = []string{}
		}
		if m.measured != nil {
			if d, ok := m.measured.Modules[row.Name]; ok {
				out.measured(d)
			}
		}
		r.Modules = append(r.Modules, out)
	}
}

// measured adds what only the measurement knows.
func (m *profileModule) measured(d profile.Module) {
	m.Runs = &profileRuns{round3(d.MinMS), round3(d.MedianMS), round3(d.SpreadMS)}
	if p := d.Parts; p != nil {
		m.Split = &profileSplit{round3(p.FindMS), round3(p.ReadMS), round3(p.CreateMS), round3(p.ExecuteMS)}
	}
	m.RSSKiB = &d.RSSKiB
	m.FileKiB, m.Bytecode, m.BytecodeCheck = round3(d.FileKiB), d.Bytecode, d.Check
}

// importLine is what one statement takes from one module; its names stand and
// fall together.
type importLine struct {
	rows  []int // in profileResult.Statements, one a name
	imps  []*graph.Import
	cut   graph.Cut
	trial *profileTrial
}

// trials finds the trials of the statements that were left out.
type trials map[evidence.Statement]*profileTrial

func newTrials(p *profile.Profile) trials {
	out := trials{}
	if p == nil {
		return out
	}
	for _, t := range p.Trials {
		trial := &profileTrial{append([]string{}, t.Stays...), t.Failed}
		for _, s := range t.Imports {
			out[s] = trial
		}
	}
	return out
}

func (t trials) of(l *importLine) *profileTrial { return t[l.imps[0].Statement] }

// addStatements makes the rows of the project's imports, and the order in
// which to defer them.
func (r *profileResult) addStatements(m profiled, rt *graph.Runtime) {
	phase := map[string]string{} // by file
	for _, row := range m.Modules {
		if row.File != "" {
			phase[row.File] = row.Phase
		}
	}
	saves := rt.Exclusive(nil)
	places := newPlaces(m.program)
	var lines []*importLine
	for _, mod := range m.program.Modules {
		at := map[[2]any]*importLine{}
		for _, imp := range mod.Imports {
			if !rt.Has(imp.Statement) || imp.Future {
				continue
			}
			s := profileStatement{
				File: mod.File, Module: imp.Target, Binds: imp.Binds, Qualname: imp.Qualname, Phase: evidence.PhaseInit,
				AloneMS: round3(rt.Alone(imp.Statement, nil)), SavesModules: []string{}, UsedAtImport: imp.UsedAtImport,
			}
			s.Line, s.Column = imp.Line, imp.Column
			if rt.Deferred(imp.Statement) || phase[mod.File] == evidence.PhaseDeferred {
				s.Phase = evidence.PhaseDeferred
				if imp.Lazy && imp.UsedAtImport {
					s.SavesNothing = "lazy, and used at import: " + usedWhere(imp)
				}
			} else {
				ms, gone := saves.Saves(imp.Statement)
				s.AddsMS, s.SavesMS = round3(rt.Adds(imp.Statement)), round3(ms)
				s.SavesModules = append(s.SavesModules, gone...)
				s.jointMS, s.jointModules = s.SavesMS, len(gone)
			}
			key := [2]any{imp.Stmt, imp.Target}
			l := at[key]
			if l == nil {
				l = &importLine{cut: graph.Cut{}}
				at[key] = l
				lines = append(lines, l)
			}
			s.repeats = len(l.imps) > 0
			l.cut[imp.Statement] = true
			l.imps, l.rows = append(l.imps, imp), append(l.rows, len(r.Statements))
			r.Statements = append(r.Statements, s)
		}
	}
	lines = slices.DeleteFunc(lines, func(l *importLine) bool { return r.Statements[l.rows[0]].Phase != evidence.PhaseInit })
	trials := newTrials(m.measured)
	for _, l := range lines {
		l.trial = trials.of(l)
		for _, i := range l.rows {
			r.Statements[i].Trial = l.trial
		}
		if s := &r.Statements[l.rows[0]]; len(l.cut) > 1 {
			ms, gone := rt.Saves(l.cut)
			s.jointMS, s.jointModules = round3(ms), len(gone)
		}
		r.explainNothing(l, rt, places)
	}
	r.DeferFirst = deferFirst(lines, rt)
}

// explainNothing says why a line saves nothing, when that is so.
func (r *profileResult) explainNothing(l *importLine, rt *graph.Runtime, places places) {
	s := &r.Statements[l.rows[0]]
	var why string
	var shared graph.Sharer
	used := l.usedAtImport()
	switch {
	case !slices.ContainsFunc(rt.Targets(l.imps[0].Statement), func(t string) bool { return !rt.InStartup(t) }):
		why = "loaded at start-up"
	case used != nil:
		why = "used at import"
		if used.UsedAtWhy != "" {
			why += ": " + usedWhere(used)
		}
	case l.trial != nil && l.trial.Failed != "":
		why = "a trial without it failed: " + l.trial.Failed
	case s.jointModules > 0 || s.jointMS > 0: // a search in vain has no module
		return
	default:
		shared = rt.Sharers(l.cut)
		switch {
		case shared.By != "" && shared.By != mainModule:
			why = "loaded anyway by " + shared.By
		case shared.By != "" || len(shared.With) == 0:
			why = "loaded anyway"
		default:
			why = "shared with " + places.list(shared.With)
		}
		if l.trial != nil {
			why += ", as a trial showed"
		}
	}
	for _, i := range l.rows {
		row := &r.Statements[i]
		row.SavesNothing = why
		if shared.By == "" && len(shared.With) > 0 {
			row.SharedWith, row.SharedSavesMS = places.of(shared.With), round3(shared.SavesMS)
		}
	}
}

// mainModule stands for what starts the entry.
const mainModule = "__main__"

// usedAtImport returns the first name that the line's module or another one
// uses while it is imported, nil when there is none.
func (l *importLine) usedAtImport() *graph.Import {
	i := slices.IndexFunc(l.imps, func(imp *graph.Import) bool { return imp.UsedAtImport })
	if i < 0 {
		return nil
	}
	return l.imps[i]
}
