// Package evidence is the content of fastpath.lock: what was measured, on
// which machine and when, and which modules requests used. It is, besides the
// sources, the only input of the plan and the checks.
//
// A Lock is read whole, changed by merging a new profile or a new usage
// source into it, and written whole and atomically. The file is TOML, sorted,
// one row a line, without absolute paths, so that its diffs show changes and
// nothing else.
package evidence

// Schema is the version of the file format that this package writes.
const Schema = 1

// Needs is the first version of fastpath that reads Schema. It is written
// beside it, so that an older version can say what to install.
const Needs = "0.1.0"

// FileName is the name of the file, in the project's root.
const FileName = "fastpath.lock"

// Phases of a module row.
const (
	PhaseInit     = "init"     // loaded while the entry was imported
	PhaseDeferred = "deferred" // loaded only by function-level imports, measured by the deferred pass
)

// States of the byte-code during the timing runs.
const (
	BytecodeCached  = "cached"  // every source module had its .pyc
	BytecodeMissing = "missing" // some were compiled in every run
)

// Kinds of usage sources.
const (
	UsageInvoke   = "invoke"   // fastpath usage invoke: every imported name was observed
	UsageLog      = "log"      // ingested logs: only modules that are logged somewhere are known
	UsageRecorder = "recorder" // the recorder's lines, of real requests: every imported name was observed
	UsageTests    = "tests"    // the recorder's lines, of tests: they show that something is used, never how often
)

// The sources of programs that somebody ran at hand, each for one entry.
const (
	SourceRecord = "record" // requests, though not the traffic of a day
	SourceTests  = "tests"
)

// Lock is the whole file.
type Lock struct {
	Schema  int               // see Schema
	Entries map[string]*Entry // by entry name, e.g. "lambda_function:lambda_handler"
	Usage   []*UsageDay       // sorted by entry, source, day
}

// Entry is the profile of one entry.
type Entry struct {
	Environment   Environment
	Measured      string   // day of the last profile, YYYY-MM-DD
	Runs          int      // N, timing runs
	TotalMinMS    float64  // import of the entry: fastest run
	TotalMedianMS float64  // import of the entry: median run
	GCMS          float64  // garbage collection, least of the runs, not part of any module's self
	StartupMS     float64  // runtime client modules imported before the entry (Lambda), 0 elsewhere
	PeakKiB       int64    // peak resident memory when the entry was imported, least of the timing runs
	Bench         *Bench   // the latest bench, nil before the first
	BenchBefore   *Bench   // the one before it, nil before the second
	Startup       []string // names of the modules loaded before the entry, sorted
	StartupCode   []StartupCode
	Distributions []Distribution
	Modules       []Module
	Edges         []Edge
	// Noise is how far the runs of a fresh measurement lie apart, for Merge;
	// it is not written. nil is a measurement without noise.
	Noise *Noise
	// Again is the same measured once more, by some runs, because times had
	// moved; it is not written. nil where nothing had.
	Again *Entry
}

// Noise is how far the runs lie apart, in ms: between the quartiles, of modules
// between the least and the lower quartile.
type Noise struct {
	Total, GC, Startup float64
	Self               map[string]float64 // by module
	Code               map[string]float64 // of StartupCode, by name
}

// Environment is the machine and interpreter that a profile was measured on;
// it never holds a path.
type Environment struct {
	Implementation string // "CPython"
	Version        string // "3.12.3"
	Platform       string // "linux-x86_64"
	Machine        string // a hash that tells machines apart, no name
	Bytecode       string // BytecodeCached or BytecodeMissing
}

// Bench is the summary of one bench of an entry.
type Bench struct {
	Date           string  // day, YYYY-MM-DD
	N              int     // fresh processes an event
	InitMS         float64 // median
	FirstRequestMS float64 // weighted median over the events
	Events         string  // a hash of the events and their shares: other requests cost another time
}

// Note makes b the latest bench and keeps the one that was the latest, so that
// the two can be compared. The same figures of the same day change nothing.
func (e *Entry) Note(b Bench) {
	if e.Bench != nil {
		if *e.Bench == b {
			return
		}
		e.BenchBefore = e.Bench
	}
	e.Bench = &b
}

// ColdStarts compares the last two benches of the entry: milliseconds of init plus
// first request before and now. ok is false where there are no two benches of
// the same events.
func (e *Entry) ColdStarts() (before, now float64, ok bool) {
	if e.Bench == nil || e.BenchBefore == nil || e.Bench.Events != e.BenchBefore.Events {
		return 0, 0, false
	}
	return e.BenchBefore.InitMS + e.BenchBefore.FirstRequestMS, e.Bench.InitMS + e.Bench.FirstRequestMS, true
}

// StartupCode is code that runs at every start of the environment: a .pth or
// .start file, or the module sitecustomize or usercustomize.
type StartupCode struct {
	Name    string  // of the file, without its folder, or of the module
	SelfMS  float64 // least of the runs, with what it imports
	Modules int     // that it loads
}

// Distribution is an installed distribution whose modules were loaded.
type Distribution struct{ Name, Version string }

// Module is one loaded (or tried and failed) module.
type Module struct {
	Name         string
	SelfMS       float64 // min over the runs, GC excluded
	Kind         string  // "source", "extension", "package", "namespace", "builtin", "frozen", "missing", "alias"
	Phase        string  // PhaseInit or PhaseDeferred
	Distribution string  // "" for the standard library and the project
	File         string  // relative to the project for project modules, else ""
	Measured     string  // day on which SelfMS was measured
}

// Statement identifies an import statement's binding without line numbers.
type Statement struct {
	From     string // importing module; "__main__" stands for whatever starts the entry
	File     string // relative to the project for project modules, else ""
	Qualname string // enclosing function or class, "" at module level
	Module   string // as written, dots included: "boto3", "..core.x"; "@name" for an import run by a call
	Binding  string // the bound name, "*" for a star import, "" for calls
	Ordinal  int    // 0 for the first such statement in its scope, 1 for the next …
}

// Edge says which modules one statement asks for. A statement of a function
// body has PhaseDeferred.
type Edge struct {
	Statement
	Phase string
	To    []string // absolute names, in load order
}

// UsageDay is what one source saw of one entry on one day. Merging replaces
// the row with the same entry, source and day; it never adds.
type UsageDay struct {
	Entry      string // "" when the source does not know
	Source     string // name of the log stream, file or "invoke"
	Day        string // YYYY-MM-DD
	Kind       string // UsageInvoke, UsageLog, UsageRecorder or UsageTests
	Requests   float64
	ColdStarts float64 // negative: unknown
	InitMS     float64 // median Init Duration of its cold starts, 0 when unknown
	MemoryMB   float64 // largest memory size that the platform reports, 0 when unknown
	Watched    float64 // UsageRecorder: requests that were looked into, of those that are counted; 0 for all
	Daily      float64 // UsageInvoke: requests a day that the traffic file says there are, 0 when it does not
	Workflows  map[string]float64
	Modules    []ModuleUse
	Unseen     []string // UsageRecorder: modules of which it does not know whether they were used, sorted
	Loaded     []string // UsageRecorder: modules that were loaded before the first request, sorted
}

// OtherWorkflows is the Workflow of uses by all those workflows of a row that no use
// names. The recorder watched none of their requests: they are taken to use modules as
// often as the others do.
const OtherWorkflows = "*"

// OtherSources is what the Source of a row begins with that stands for all sources of its
// day that are not told apart, because there are too many.
const OtherSources = "*"

// ModuleUse counts the requests of one workflow that used a module.
type ModuleUse struct {
	Module   string
	Workflow string // "" when unknown, or OtherWorkflows
	Requests float64
}
