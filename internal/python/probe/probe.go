// Package probe holds the embedded Python that measures imports, and the
// runner around it. What comes in is an entry and the modules of the deferred
// pass; what goes out is, for one fresh process, the self times of all that was
// imported (TimingPass), the same in parts (SplitPass), or who asked for what
// and what memory it took (GraphPass). StartupPass tells what Python does
// before it runs anything.
//
// The passes are modes of one program, because what finds the edges costs
// time of its own. Records are flat, names and lines are resolved after the
// run, and the result travels through its own descriptor, so that an entry
// which prints, exits, hangs or replaces its streams is either measured or
// named as what it is: a *Failure.
package probe

import (
	"context"
	_ "embed"
	"time"
)

// The parts of the program, see output.py.
var (
	//go:embed stopwatch.py
	stopwatchSource string
	//go:embed output.py
	outputSource string
	//go:embed timing.py
	timingSource string
	//go:embed graph.py
	graphSource string
	//go:embed main.py
	mainSource string
)

// The kinds of entries as the probe starts them.
const (
	KindLambda = "lambda" // AWS's runtime client is imported before Target
	KindImport = "import" // Target is imported as it is
	KindFile   = "file"   // Target is a file that runs as __main__
	KindModule = "module" // Target runs as with "python -m"
)

// Options says what to import.
type Options struct {
	Python   string        // absolute path of the interpreter
	Dir      string        // working directory, absolute
	Env      []string      // as from launch.Environment
	Folder   string        // goes to the head of sys.path, absolute
	Kind     string        // KindLambda …
	Target   string        // a module, or for KindFile a file, absolute
	Attr     string        // dotted name that the module must have, "" for none (GraphPass only)
	Label    string        // name of the module that runs as __main__
	Setup    string        // file that runs before everything else, absolute; "" for none
	Trial    string        // file with the path of a source in its first line, and code to run in its place; "" for none
	Deferred []string      // modules to import after the entry, failures tolerated
	Code     Code          // of the same interpreter; without it the probe is compiled once more
	Ahead    bool          // what comes before the entry belongs to the preparations; not for the graph pass
	Timeout  time.Duration // for the preparations of a process, and again for its pass
}

// Timing is what one run of the timing pass saw. Where the kernel tells it
// (Linux), the time that the process waited because others held the processor
// is in none of the figures, save where it slept as well; waiting for files,
// timers and other processes is.
type Timing struct {
	Total    time.Duration            // import of the entry
	Client   time.Duration            // imports of AWS's runtime client before it
	Waited   time.Duration            // part of Total in which neither the process nor a child that it waited for worked
	GC       time.Duration            // garbage collection, part of Total and of no module
	PeakKiB  int64                    // peak resident memory when the entry was imported
	Self     map[string]time.Duration // of every name that was searched for, also in vain
	Deferred map[string]time.Duration // the same for the deferred pass
	Stopped  int                      // index of the deferred module that ended the process, -1
}

// Parts are the parts of a module's self time.
type Parts struct {
	Find    time.Duration // search of the path, of all names that were searched for
	Read    time.Duration // reading and unmarshalling byte-code, or compiling the source
	Create  time.Duration // making the module; of an extension, loading its library
	Execute time.Duration // the body, and all else
}

// Graph is what the graph pass saw.
type Graph struct {
	Startup    []string // modules loaded before the entry, sorted
	Nodes      []Node   // in the order in which they were first searched for
	Statements []Statement
	Mapped     []string // files, libraries among them, that the entry mapped into memory; Linux only
	PeakKiB    int64
	Stopped    int  // index of the deferred module that ended the process, -1
	Code       Code // where the process had to compile the probe
}

// Node is a module that was loaded, tried in vain, or put into sys.modules.
type Node struct {
	Name     string
	Kind     string // as evidence.Module.Kind
	File     string // as the module says, "" where it has none
	Cached   string // its byte-code file, whether it exists or not; "" where there is none
	Bytecode string // state of that file after the pass: BytecodeCached …
	Check    string // how Python tells whether the file is current: CheckTimestamp …, "" where it is missing
	RSSKiB   int64  // growth of resident memory while the module itself ran; what it freed counts against it
	Deferred bool   // first searched for in the deferred pass
}

// The states of a byte-code file.
const (
	BytecodeCached  = "cached"
	BytecodeMissing = "missing"
	BytecodeStale   = "stale" // there, and of no use: of another source or another Python
)

// How Python tells whether a byte-code file belongs to its source. (PEP 552)
const (
	CheckTimestamp = "timestamp"
	CheckHash      = "hash"
	CheckNone      = "unchecked" // a hash that is not compared
)

// How a statement came to run.
const (
	Entry    = "entry"    // the probe imported the entry
	Direct   = "direct"   // an import statement written in the executing module
	Call     = "call"     // import_module, C code, or a statement elsewhere that runs on behalf of the executing module
	Deferred = "deferred" // the probe imported a module of the deferred pass; Line is its index
)

// Statement is an import that ran, with all that was asked for on its behalf.
type Statement struct {
	From    string // the executing module
	How     string // Entry, Direct, Call or Deferred
	Line    int    // of a Direct statement
	Written string // the module as written, dots included
	Base    string // the absolute module
	Items   []Item // the names of a from-import
	To      []string
}

// Item is one name of a from-import.
type Item struct {
	Name   string
	Module string // the absolute submodule, "" when the name is no module
}

// TimingPass runs the timing pass once.
func TimingPass(ctx context.Context, o Options) (*Timing, error) {
	p := Start(ctx, o, nil)
	defer p.Stop()
	p.Prepare(PassTiming, o)
	return p.Timing(o)
}

// SplitPass runs the timing pass with more clocks, which cost time themselves:
// the parts are for comparison with each other. Names of init and of the
// deferred pass are not told apart.
func SplitPass(ctx context.Context, o Options) (map[string]Parts, error) {
	p := Start(ctx, o, nil)
	defer p.Stop()
	p.Prepare(PassSplit, o)
	return p.Split(o)
}

// GraphPass runs the graph pass once.
func GraphPass(ctx context.Context, o Options) (*Graph, error) {
	p := Start(ctx, o, nil)
	defer p.Stop()
	p.Prepare(PassGraph, o)
	return p.Graph(o)
}
