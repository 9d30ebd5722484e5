package plan

import (
	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/usage"
)

// Input is everything that a plan depends on.
type Input struct {
	Program  *graph.Program
	Entry    project.Entry
	Config   *config.Config
	Evidence *evidence.Entry // nil: nothing was measured
	Usage    *usage.Summary  // nil: nothing is known
	// Verdict says how far a move is proved safe; nil: not at all (SafetyAsk).
	Verdict func(*graph.Import) Verdict
	// Joint judges moves together: it returns those that have to stay because
	// of the others, with causes; nil: none.
	Joint func([]*graph.Import) map[*graph.Import]string
	// Removable says why an unused import of the standard library has to stay,
	// "" when it can go; nil: every one can.
	Removable func(*graph.Import) string
	// Enterable says why an import of an entry module cannot enter the fast
	// path file, "" when it can; nil: every one can.
	Enterable func(*graph.Import) string
	// FastPath is what stands in the fast path file now: bound names and their
	// tier, 1 or 2. Nil means that there is no such file.
	FastPath map[string]int

	// Cold and Hot are modules that the user declares to be so, whatever the
	// evidence says; each covers its submodules.
	Cold, Hot []string
	// AssumeUnused takes modules without usage data for unused.
	AssumeUnused bool
	// Policy decides: config.PolicyLMMS or config.PolicyLifetime; "" takes the
	// configured one.
	Policy string
}

// Plan is the decision for every import of the modules that an entry reaches,
// and what the set of moves does.
type Plan struct {
	Entry    project.Entry
	Policy   string
	Measured bool    // there is evidence for this entry
	Items    []*Item // in load order of the modules, then source order
	Totals   Totals
	// Cut are the statements that the plan's moves and removals take out of init.
	Cut graph.Cut
	// Runtime is the measured graph, brought up to the sources.
	Runtime *graph.Runtime

	// Process is how the lifetime model sees a process of the entry.
	Process Process

	ColdStartRate float64 // used by the lmms policy
	MeasuredRate  float64 // what the usage data says, negative when unknown
	DailyRequests float64 // of whole days in logs; else declared by a traffic file or configured, or what part of a day has, if that is more
	DailyMeasured bool    // DailyRequests is the mean of whole days in logs
	DailyDeclared bool    // it comes from a traffic file
	DailyAtLeast  bool    // it is what logs have of a day that may not be whole
	MemoryMB      float64 // of logs, where they tell; else of the deployment file or configured
	Thresholds    config.Thresholds

	// Unmatched are the modules of --cold and --hot that no import names.
	Unmatched []string

	builder *builder // for what is computed when somebody asks, see Days
}

// Totals are the figures of the plan's set of moves, by reachability. Times
// are CPU ms on the machine of the profile.
type Totals struct {
	InitMS, InitAfterMS   float64
	SavesMS               float64
	Modules, ModulesAfter int
	Gone                  []string // modules that init no longer loads, sorted
	FastPathMS            float64  // Σ self of all that the fast path file loads, after the plan
	FastPathLimitMS       float64
	FastPathImports       int // names bound
	FastPathImportLimit   int
	Moves                 int
	Unsure                int     // decisions "measure"
	Prices                []Price // who pays for the moves, dearest first
}

// Price is what one group of requests pays once in the life of a process,
// because what it uses is no longer loaded at init.
type Price struct {
	Workflow string // "" when workflows are not known
	Share    float64
	Modules  []string // the moved modules that these requests use, as imported
	MS       float64  // on the machine of the profile
	MemoryMS float64  // at the configured memory size, MS where that makes no difference
}

// OverTime reports whether the fast path file is at its limit of
// time or above.
func (t *Totals) OverTime() bool { return t.FastPathMS >= t.FastPathLimitMS }

// OverCount reports whether the fast path file is at its limit of
// imports or above.
func (t *Totals) OverCount() bool { return t.FastPathImports >= t.FastPathImportLimit }
