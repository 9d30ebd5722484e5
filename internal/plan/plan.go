// Package plan decides, for every import of a project, where it belongs: on
// the fast path, inside the function that uses it, or where it stands. It is
// a pure function: the same program, evidence, configuration and safety
// verdicts give the same plan, byte for byte.
//
// The lmms policy is the founding documents' table and cost formula to the
// digit; the lifetime model is computed beside it. Costs come from the
// measured graph by reachability, never by adding rows.
package plan

import (
	"fastpath/internal/graph"
)

// Decision is what becomes of one import.
type Decision string

// The decisions.
const (
	Tier1    Decision = "tier1"    // light: module level, in the fast path file
	Tier2    Decision = "tier2"    // hot path exception: module level, with its evidence
	Function Decision = "function" // cold: at function level, where it is used
	Keep     Decision = "keep"     // cold, but moving saves nothing or is unsafe
	Measure  Decision = "measure"  // heavy and nobody knows whether requests use it
	Remove   Decision = "remove"   // unused and free of effects
)

// Safety says how far a move to function level is proved safe.
type Safety string

// The safety classes, from safe to impossible.
const (
	SafetyAuto  Safety = "auto"  // proved by this file and the whole-program scan
	SafetyGuard Safety = "guard" // safe with a guard at module level, because others read the name
	SafetyAsk   Safety = "ask"   // a person has to look
	SafetyNever Safety = "never" // would break or change behaviour
)

// Verdict is the safety of moving one import, with the cause when it is not
// SafetyAuto: what stands in the way and where ("base class at conf.py:18").
type Verdict struct {
	Safety Safety
	Cause  string
}

// Rules that decide; Item.Rule holds one of them.
const (
	RuleLight     = "light"         // < 10 ms
	RuleUsage     = "usage"         // criterion 1: used by more than 80 %
	RuleCritical  = "critical-path" // criterion 2
	RuleFormula   = "formula"       // criterion 3, or its negation
	RuleTable     = "table"         // 10 to 100 ms and not above 80 %
	RuleForced    = "forced"        // --cold or --hot
	RuleEager     = "eager"         // [tool.fastpath.modules] eager
	RuleForbidden = "forbidden"     // [tool.fastpath.modules] forbidden
	RuleStartup   = "startup"       // loaded before the entry anyway
	RuleUnknown   = "unknown-usage"
	RuleExisting  = "existing" // a function-level import that already stands there
	RuleNoSaving  = "saves-nothing"
	RuleAlong     = "goes-along" // its module is no longer loaded at start, because of another move
	RuleUnsafe    = "unsafe"
	RuleExcluded  = "excluded" // its file is one that the configuration excludes from edits
	RuleUsedAt    = "used-at-import"
	RuleUnused    = "unused"
	RuleLifetime  = "lifetime"   // the lifetime policy decided
	RuleUnknownMS = "unmeasured" // the profile does not know what it costs
)

// Item is the decision for one import.
type Item struct {
	Import     *graph.Import
	Module     string // absolute, the module that the binding stands for or comes from
	Line       int    // of the statement
	Column     int
	Text       string // the statement as written, on one line
	Decision   Decision
	Reason     string // a short sentence for people
	Rule       string
	Borderline bool
	Margin     string // how much usage or ms would change the decision, "" where nothing would
	// Bounds are the nearest figures that would change what the table says, and
	// Inputs those that it looked at; nil where another rule decided.
	Bounds []Bound
	Inputs *Inputs
	// Next is the command to run when the decision is Measure.
	Next string

	Measured   bool    // AloneMS comes from evidence
	MeasuredOn string  // day on which its module was measured, "" where it was not
	AloneMS    float64 // under the plan: without what itself becomes lazy
	AddsMS     float64
	SavesMS    float64 // of this statement alone, given all others
	// SavesModules are the modules that really disappear when this statement alone goes.
	SavesModules []string

	UsageKnown bool
	Usage      float64 // share, 0 to 1
	Cost       *Cost   // the documents' formula, nil when usage is unknown
	Workflow   string  // the majority workflow of criterion 2

	Verdict  Verdict
	Lifetime Lifetime
	// Wanted is what the policy says before safety and savings have their
	// word: it differs from Decision where that is Keep, and for imports that
	// already stand in functions.
	Wanted       Decision
	OnFastPath   bool // its line belongs in the fast path file
	Move         bool // apply moves it to function level
	FromFastPath bool // the statement is a line of the fast path file
	Existing     bool // it already stands in a function, or is lazy
}

// Lifetime is the decision of the lifetime model. Times are per cold start.
type Lifetime struct {
	Decision    Decision
	Known       bool    // the figures are known: cost and usage are
	GainMS      float64 // of moving; negative: moving costs
	Needed      float64 // probability that a process ever needs the module
	ExclusiveMS float64 // E, what the statements of the module save together
	ShiftMS     float64 // what the first request that needs it pays on average: p · E · k_request
	BreakEven   float64 // share of requests, 0 to 1, up to which moving gains
	// BreakEvenCalls is how many repeated import statements cost as much as E.
	BreakEvenCalls float64
	hoist          bool // in a function, where module level would cost no request anything
}
