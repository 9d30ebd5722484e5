package launch

import _ "embed"

// WatchSource defines the Python class Watch(): it notes which modules are
// loaded between two of its marks, and which statement of which module asked
// for each of them first. It costs time and belongs into runs that nobody
// times. It runs on 3.8 and later; WatchedModules is what send() writes.
//
//go:embed watch.py
var WatchSource string

// WatchedModules is what a Watch has seen, its JSON.
type WatchedModules struct {
	// Stages are the names of the modules that each stage loaded, sorted.
	Stages [][]string `json:"stages"`
	// Loads says for each of these modules, where it is known, what asked for it.
	Loads map[string]Load `json:"loads"`
	// PeakKiB is the peak resident memory of the process, 0 where unknown.
	PeakKiB float64 `json:"peak_kib"`
}

// Load is the statement that asked for a module first.
type Load struct {
	By      string `json:"by"`   // the module that was executing
	ByFile  string `json:"file"` // its file, as Python names it
	Line    int    `json:"line"` // in ByFile
	OwnFile string `json:"own"`  // the loaded module's file, "" for what has none
}
