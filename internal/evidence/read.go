package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// A FormatError says that a lock file cannot be used, where, and what mends it.
type FormatError struct {
	File         string // base name
	Line, Column int    // 1-based, 0 when unknown
	Message      string
	Newer        bool // the schema is newer than Schema: nothing is wrong with the file
}

// Error returns "fastpath.lock:3:7: message".
func (e *FormatError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

const restore = `restore it from version control or run "fastpath profile --replace"`

// Read reads the lock file at path. A missing file satisfies
// errors.Is(err, fs.ErrNotExist); a file that cannot be used is a *FormatError.
func Read(path string) (*Lock, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), data)
}

// Parse reads the content of a lock file; name is used in errors.
func Parse(name string, data []byte) (*Lock, error) {
	if line := conflict(data); line > 0 {
		return nil, &FormatError{File: name, Line: line, Column: 1, Message: fmt.Sprintf("unresolved merge conflict; take one side and measure again: "+
			"git checkout --ours -- %s && fastpath profile (usage that only the other side has: repeat its \"fastpath usage\" command)", name)}
	}
	l := scan(data)
	if l == nil {
		var err error
		if l, err = parseTOML(name, data); err != nil {
			return nil, err
		}
	}
	if what := l.absurd(); what != "" {
		return nil, &FormatError{File: name, Message: what + "; " + restore}
	}
	return l, nil
}

// conflict returns the line of the first conflict marker, 0 without one.
func conflict(data []byte) int {
	for _, marker := range []string{"<<<<<<<", ">>>>>>>", "|||||||"} {
		at := bytes.Index(data, []byte("\n"+marker)) + 1
		if at > 0 || bytes.HasPrefix(data, []byte(marker)) {
			return 1 + bytes.Count(data[:at], []byte("\n"))
		}
	}
	return 0
}

// The file as go-toml sees it. The scanner in scan.go reads the same form,
// faster, when the file is as Write wrote it.
type (
	fileLock struct {
		Schema int                   `toml:"schema"`
		Needs  string                `toml:"needs"`
		Entry  map[string]*fileEntry `toml:"entry"`
		Usage  []*fileUsage          `toml:"usage"`
	}
	fileEntry struct {
		Measured      string             `toml:"measured"`
		Runs          int                `toml:"runs"`
		TotalMinMS    float64            `toml:"total_min_ms"`
		TotalMedianMS float64            `toml:"total_median_ms"`
		GCMS          float64            `toml:"gc_ms"`
		StartupMS     float64            `toml:"startup_ms"`
		PeakKiB       int64              `toml:"peak_kib"`
		Startup       []string           `toml:"startup"`
		StartupCode   []fileStartupCode  `toml:"startup_code"`
		Distributions []fileDistribution `toml:"distributions"`
		Modules       []fileModule       `toml:"modules"`
		Edges         []fileEdge         `toml:"edges"`
		Environment   fileEnvironment    `toml:"environment"`
		Bench         *fileBench         `toml:"bench"`
		BenchBefore   *fileBench         `toml:"bench_before"`
	}
	fileStartupCode struct {
		Name    string  `toml:"name"`
		SelfMS  float64 `toml:"self_ms"`
		Modules int     `toml:"modules"`
	}
	fileDistribution struct {
		Name    string `toml:"name"`
		Version string `toml:"version"`
	}
	fileModule struct {
		Name         string  `toml:"name"`
		SelfMS       float64 `toml:"self_ms"`
		Kind         string  `toml:"kind"`
		Phase        string  `toml:"phase"`
		Distribution string  `toml:"distribution"`
		File         string  `toml:"file"`
		Measured     string  `toml:"measured"`
	}
	fileEdge struct {
		From     string   `toml:"from"`
		File     string   `toml:"file"`
		Qualname string   `toml:"qualname"`
		Module   string   `toml:"module"`
		Binding  string   `toml:"binding"`
		Ordinal  int      `toml:"ordinal"`
		Phase    string   `toml:"phase"`
		To       []string `toml:"to"`
	}
	fileEnvironment struct {
		Implementation string `toml:"implementation"`
		Version        string `toml:"version"`
		Platform       string `toml:"platform"`
		Machine        string `toml:"machine"`
		Bytecode       string `toml:"bytecode"`
	}
	fileBench struct {
		Date           string  `toml:"date"`
		N              int     `toml:"n"`
		InitMS         float64 `toml:"init_ms"`
		FirstRequestMS float64 `toml:"first_request_ms"`
		Events         string  `toml:"events"`
	}
	fileUsage struct {
		Entry      string         `toml:"entry"`
		Source     string         `toml:"source"`
		Day        string         `toml:"day"`
		Kind       string         `toml:"kind"`
		Requests   float64        `toml:"requests"`
		ColdStarts *float64       `toml:"cold_starts"`
		InitMS     float64        `toml:"init_ms"`
		MemoryMB   float64        `toml:"memory_mb"`
		Watched    float64        `toml:"watched"`
		Daily      float64        `toml:"daily_requests"`
		Workflows  []fileWorkflow `toml:"workflows"`
		Modules    []fileUse      `toml:"modules"`
		Unseen     []string       `toml:"unseen"`
		Loaded     []string       `toml:"loaded"`
	}
	fileWorkflow struct {
		Name     string  `toml:"name"`
		Requests float64 `toml:"requests"`
	}
	fileUse struct {
		Module   string  `toml:"module"`
		Workflow string  `toml:"workflow"`
		Requests float64 `toml:"requests"`
	}
)

// parseTOML reads any form of the file, and says what is wrong with it.
func parseTOML(name string, data []byte) (*Lock, error) {
	var head struct {
		Schema *int   `toml:"schema"`
		Needs  string `toml:"needs"`
	}
	if err := toml.Unmarshal(data, &head); err != nil {
		return nil, corrupt(name, err)
	}
	switch {
	case head.Schema == nil:
		return nil, &FormatError{File: name, Line: 1, Column: 1, Message: `there is no "schema", so this is no evidence of fastpath; ` + restore}
	case *head.Schema > Schema:
		install := "install a newer fastpath"
		if head.Needs != "" {
			install = fmt.Sprintf("install fastpath %s or newer", head.Needs)
		}
		message := fmt.Sprintf("schema %d is newer than schema %d, which this fastpath reads; %s", *head.Schema, Schema, install)
		return nil, &FormatError{File: name, Message: message, Newer: true}
	case *head.Schema < 1:
		return nil, &FormatError{File: name, Message: fmt.Sprintf("there is no schema %d; %s", *head.Schema, restore)}
	}
	var f fileLock
	if err := toml.Unmarshal(data, &f); err != nil {
		return nil, corrupt(name, err)
	}
	return f.lock(), nil
}

// corrupt turns an error of the TOML reader into one with place and remedy.
func corrupt(name string, err error) error {
	e := &FormatError{File: name}
	var de *toml.DecodeError
	if errors.As(err, &de) {
		e.Line, e.Column = de.Position()
		if e.Column < 1 {
			e.Column = 1
		}
	}
	e.Message = wrongType(strings.TrimPrefix(err.Error(), "toml: ")) + "; " + restore
	return e
}

// wrongType says in the file's words what go-toml says in those of our types.
func wrongType(message string) string {
	rest, ok := strings.CutPrefix(message, "cannot decode TOML ")
	found, rest, ok2 := strings.Cut(rest, " into struct field ")
	at := strings.LastIndex(rest, " of type ")
	if !ok || !ok2 || at < 0 {
		return message
	}
	expected := "a table"
	switch wanted := strings.TrimLeft(rest[at+len(" of type "):], "*"); {
	case strings.HasPrefix(wanted, "int"):
		expected = "a whole number"
	case strings.HasPrefix(wanted, "float"):
		expected = "a number"
	case wanted == "string":
		expected = "a string"
	case strings.HasPrefix(wanted, "[]"):
		expected = "an array"
	}
	return fmt.Sprintf("%s where %s is expected", found, expected)
}

// lock converts the file's form.
func (f *fileLock) lock() *Lock {
	l := &Lock{Schema: Schema, Entries: map[string]*Entry{}}
	for name, e := range f.Entry {
		if e != nil {
			l.Entries[name] = e.entry()
		}
	}
	for _, u := range f.Usage {
		if u != nil {
			l.Usage = append(l.Usage, u.day())
		}
	}
	return l
}

func (f *fileEntry) entry() *Entry {
	e := &Entry{
		Environment: Environment(f.Environment), Measured: f.Measured, Runs: f.Runs,
		TotalMinMS: f.TotalMinMS, TotalMedianMS: f.TotalMedianMS, GCMS: f.GCMS, StartupMS: f.StartupMS,
		PeakKiB: f.PeakKiB, Startup: f.Startup,
	}
	e.Bench, e.BenchBefore = (*Bench)(f.Bench), (*Bench)(f.BenchBefore)
	for _, c := range f.StartupCode {
		e.StartupCode = append(e.StartupCode, StartupCode(c))
	}
	for _, d := range f.Distributions {
		e.Distributions = append(e.Distributions, Distribution(d))
	}
	for _, m := range f.Modules {
		e.Modules = append(e.Modules, Module(m))
	}
	for _, d := range f.Edges {
		e.Edges = append(e.Edges, Edge{
			Statement{d.From, d.File, d.Qualname, d.Module, d.Binding, d.Ordinal}, d.Phase, d.To,
		})
	}
	return e
}

func (f *fileUsage) day() *UsageDay {
	u := &UsageDay{
		Entry: f.Entry, Source: f.Source, Day: f.Day, Kind: f.Kind, Requests: f.Requests, ColdStarts: -1,
		InitMS: f.InitMS, MemoryMB: f.MemoryMB, Watched: f.Watched, Daily: f.Daily, Unseen: f.Unseen, Loaded: f.Loaded,
	}
	if f.ColdStarts != nil {
		u.ColdStarts = *f.ColdStarts
	}
	for _, w := range f.Workflows {
		if u.Workflows == nil {
			u.Workflows = map[string]float64{}
		}
		u.Workflows[w.Name] = w.Requests
	}
	for _, m := range f.Modules {
		u.Modules = append(u.Modules, ModuleUse(m))
	}
	return u
}
