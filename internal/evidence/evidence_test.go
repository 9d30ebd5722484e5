package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample is a lock with something in every field.
func sample() *Lock {
	return &Lock{
		Schema: Schema,
		Entries: map[string]*Entry{
			"lambda_function:lambda_handler": {
				Environment: Environment{"CPython", "3.12.3", "linux-x86_64", "a1b2c3", BytecodeCached},
				Measured:    "2026-11-22", Runs: 10,
				TotalMinMS: 192.25, TotalMedianMS: 210, GCMS: 8.125, StartupMS: 12.5, PeakKiB: 40960,
				Bench:         &Bench{"2026-11-22", 20, 812.5, 4, "5f"},
				BenchBefore:   &Bench{"2026-10-22", 10, 700, 4.25, ""},
				Startup:       []string{"sys", "builtins"},
				StartupCode:   []StartupCode{{"tool.pth", 12.5, 3}, {"sitecustomize", 0.25, 0}},
				Distributions: []Distribution{{"requests", "2.32"}, {"boto3", "1.43"}},
				Modules: []Module{
					{"boto3", 3.5, "package", PhaseInit, "boto3", "", "2026-11-22"},
					{"report", 1, "source", PhaseDeferred, "", "src/report.py", "2026-11-21"},
				},
				Edges: []Edge{
					{Statement{"lambda_function", "lambda_function.py", "", "boto3", "boto3", 0}, PhaseInit, []string{"boto3"}},
					{Statement{"lambda_function", "lambda_function.py", "f.g", ".report", "x", 1}, PhaseDeferred, []string{"report", "report.x"}},
					{Statement{"boto3", "", "", "@x", "", 0}, PhaseInit, nil},
				},
			},
			`we"ird\ ключ`: {Measured: "2026-11-22"},
		},
		Usage: []*UsageDay{
			{Entry: "a:b", Source: "s", Day: "2026-11-02", Kind: UsageLog, Requests: 1000, ColdStarts: -1},
			{
				Entry: "a:b", Source: "s", Day: "2026-11-01", Kind: UsageInvoke, Requests: 2.5, ColdStarts: 0, Daily: 2000,
				Workflows: map[string]float64{"GET /x": 2, "": 0.5},
				Modules:   []ModuleUse{{"json", "GET /x", 2}, {"json", "", 0.5}},
			},
			{
				Entry: "a:b", Source: "t", Day: "2026-11-01", Kind: UsageRecorder, Requests: 100, ColdStarts: 4, InitMS: 812.5, MemoryMB: 512, Watched: 7,
				Modules: []ModuleUse{{"json", "", 30}}, Unseen: []string{"yaml", "boto3"}, Loaded: []string{"pandas", "json"},
			},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	data, err := sample().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	l, err := Parse(FileName, data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again) {
		t.Errorf("reading and writing changes the file:\n%s", cmp.Diff(string(data), string(again)))
	}
	slow, err := parseTOML(FileName, data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(slow, l); d != "" {
		t.Errorf("scanner and TOML reader differ:\n%s", d)
	}
	crlf := bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
	if l, err = Parse(FileName, crlf); err != nil {
		t.Fatal(err)
	}
	if again, _ = l.Bytes(); !bytes.Equal(data, again) {
		t.Error("a file with CRLF reads differently")
	}
}

func TestScannerTakesWhatWriteWrites(t *testing.T) {
	l := sample()
	l.Usage[0].Workflows = map[string]float64{`/<regex("\d+"):id>`: 1, "a\nb\x7f\ufffd": 1, `\`: 1}
	data, _ := l.Bytes()
	got := scan(data)
	if got == nil {
		t.Fatalf("the scanner refuses:\n%s", data)
	}
	want, err := parseTOML(FileName, data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("scanner and TOML reader differ:\n%s", d)
	}
	for _, bad := range []string{`"\`, `"\"`, `"\x41"`, `"\u12"`, `"\uD800"`, `"\u+123"`, `"\u00_1"`, `"a\\`} {
		if scan([]byte("schema = 1\n[[usage]]\nentry = "+bad+"\n")) != nil {
			t.Errorf("the scanner reads %s", bad)
		}
	}
	if data, _ = large().Bytes(); scan(data) == nil {
		t.Error("the scanner refuses the large lock")
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if _, err := Read(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if err := sample().Write(path); err != nil {
		t.Fatal(err)
	}
	before, _ := os.Stat(path)
	l, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Write(path); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.Stat(path); !os.SameFile(before, after) {
		t.Error("an unchanged file was replaced")
	}
	l.Entries["a:b"] = &Entry{TotalMinMS: 1e300}
	if err := l.Write(path); err == nil {
		t.Error("a number that cannot be written was accepted")
	}
}

func TestReadErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"conflict":  {"schema = 1\n<<<<<<< HEAD\nx = 1\n=======\n>>>>>>> b\n", "fastpath.lock:2:1: unresolved merge conflict; take one side and measure again: git checkout --ours -- fastpath.lock && fastpath profile"},
		"first":     {"<<<<<<< HEAD\n", "fastpath.lock:1:1: unresolved merge conflict"},
		"toml":      {"schema = 1\n[entry.\"a:b\"\n", "fastpath.lock:2:"},
		"remedy":    {"schema = 1\nx = = 2\n", `restore it from version control or run "fastpath profile --replace"`},
		"type":      {"schema = 1\n[entry.\"a:b\"]\nruns = \"x\"\n", "fastpath.lock:3:"},
		"truncated": {"schema = 1\n[entry.\"a:b\"]\nmodules = [\n  { name = \"x\",", "fastpath.lock:4:"},
		"newer":     {"schema = 7\nneeds = \"2.1.0\"\nentry = \"changed\"\n", "schema 7 is newer than schema 1, which this fastpath reads; install fastpath 2.1.0 or newer"},
		"none":      {"", `there is no "schema"`},
		"binary":    {"\x00\xff\xfe", "fastpath.lock:1:1"},
		"zero":      {"schema = 0\n", "there is no schema 0"},
	} {
		_, err := Parse(FileName, []byte(c.text))
		var fe *FormatError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// The lock holds the last two benches; the same result noted twice is one.
func TestNoteBench(t *testing.T) {
	e := &Entry{}
	if _, _, ok := e.ColdStarts(); ok {
		t.Error("no bench was compared")
	}
	first := Bench{Date: "2026-11-01", N: 10, InitMS: 100, FirstRequestMS: 5, Events: "a"}
	second := Bench{Date: "2026-11-02", N: 10, InitMS: 120, FirstRequestMS: 6, Events: "a"}
	for _, b := range []Bench{first, first, second, second} {
		e.Note(b)
	}
	if *e.Bench != second || *e.BenchBefore != first {
		t.Errorf("got %+v, before %+v", *e.Bench, *e.BenchBefore)
	}
	if before, now, ok := e.ColdStarts(); before != 105 || now != 126 || !ok {
		t.Errorf("got %v, %v, %v", before, now, ok)
	}
	e.Note(Bench{Date: "2026-11-03", Events: "b"})
	if _, _, ok := e.ColdStarts(); ok {
		t.Error("benches of other events were compared")
	}
}

// A lock from before the second bench was kept is read as it was.
func TestOlderBench(t *testing.T) {
	const text = "schema = 1\n\n[entry.\"a:b\"]\nmeasured = \"2026-11-01\"\n\n[entry.\"a:b\".environment]\nversion = \"3.12.3\"\n\n" +
		"[entry.\"a:b\".bench]\ndate = \"2026-11-01\"\nn = 10\ninit_ms = 100.0\nfirst_request_ms = 5.0\n"
	l, err := Parse(FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if e := l.Entries["a:b"]; *e.Bench != (Bench{Date: "2026-11-01", N: 10, InitMS: 100, FirstRequestMS: 5}) || e.BenchBefore != nil {
		t.Errorf("got %+v", e)
	}
}

func TestMerge(t *testing.T) {
	old := &Entry{
		Measured: "2026-11-01", TotalMinMS: 100, TotalMedianMS: 110, GCMS: 4, PeakKiB: 1000, Bench: &Bench{N: 3}, BenchBefore: &Bench{N: 2},
		Distributions: []Distribution{{"pandas", "2.0"}},
		Modules: []Module{
			{"a", 10, "source", PhaseInit, "", "a.py", "2026-11-01"},
			{"b", 0.2, "source", PhaseInit, "", "", "2026-11-01"},
			{"gone", 5, "source", PhaseInit, "", "", "2026-11-01"},
			{"pandas", 50, "package", PhaseInit, "pandas", "", "2026-11-01"},
			{"pandas.core", 70, "package", PhaseInit, "pandas", "", "2026-11-01"},
		},
		Edges: []Edge{
			{Statement{From: "a", Module: "gone"}, PhaseInit, []string{"gone"}},
			{Statement{From: "pandas", Module: ".core"}, PhaseInit, []string{"pandas.core"}},
		},
	}
	measure := func(a, b, total float64) *Entry {
		return &Entry{
			Measured: "2026-12-01", TotalMinMS: total, TotalMedianMS: total + 5, PeakKiB: 1100,
			Modules: []Module{
				{"b", b, "source", PhaseInit, "", "", "2026-12-01"},
				{"a", a, "source", PhaseInit, "", "a.py", "2026-12-01"},
			},
			Edges: []Edge{{Statement{From: "a", Qualname: "f", Module: "pandas", Binding: "pandas"}, PhaseDeferred, []string{"pandas"}}},
		}
	}
	got := Merge(old, measure(12, 0.9, 90))
	want := []Module{
		{"a", 10, "source", PhaseInit, "", "a.py", "2026-11-01"},
		{"b", 0.9, "source", PhaseInit, "", "", "2026-12-01"},
		{"pandas", 50, "package", PhaseDeferred, "pandas", "", "2026-11-01"},
		{"pandas.core", 70, "package", PhaseDeferred, "pandas", "", "2026-11-01"},
	}
	if d := cmp.Diff(want, got.Modules); d != "" {
		t.Error(d)
	}
	if got.TotalMinMS != 90 { // another set of modules
		t.Errorf("total %v", got.TotalMinMS)
	}
	if len(got.Edges) != 2 || got.Edges[1].From != "pandas" || len(got.Distributions) != 1 || got.Bench.N != 3 || got.BenchBefore.N != 2 {
		t.Errorf("got %+v", got)
	}
	again := Merge(got, measure(9, 0.7, 99))
	if d := cmp.Diff(got, again); d != "" {
		t.Errorf("a second profile changes:\n%s", d)
	}
	if far := Merge(got, measure(9, 0.7, 190)); far.TotalMinMS != 190 {
		t.Errorf("total did not move: %v", far.TotalMinMS)
	}
	if len(old.Modules) != 5 || old.Modules[3].Phase != PhaseInit {
		t.Error("the old entry was changed")
	}
}

func TestCompatible(t *testing.T) {
	e := &Entry{Environment: Environment{"CPython", "3.12.3", "linux-x86_64", "m", ""}}
	for want, env := range map[string]Environment{
		"":                   {"CPython", "3.12.9", "linux-x86_64", "m", ""},
		"with CPython 3.12.": {"CPython", "3.13.0", "linux-x86_64", "m", ""},
		"not on linux-arm":   {"CPython", "3.12.3", "linux-arm", "m", ""},
		"another machine":    {"CPython", "3.12.3", "linux-x86_64", "n", ""},
	} {
		if got := e.Compatible(env); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestMergeNoise: what a busy machine measures is no change.
func TestMergeNoise(t *testing.T) {
	entry := func(self, total float64, noise *Noise) *Entry {
		return &Entry{TotalMinMS: total, Modules: []Module{{"a", self, "source", PhaseInit, "", "", "2026-11-01"}}, Noise: noise}
	}
	old := entry(8, 100, nil)
	for _, c := range []struct {
		noise       *Noise
		self, total float64
	}{
		{nil, 14, 150},
		{&Noise{Total: 10, Self: map[string]float64{"a": 1}}, 14, 150},
		{&Noise{Total: 30, Self: map[string]float64{"a": 1}}, 14, 100},
		{&Noise{Total: 30, Self: map[string]float64{"a": 4}}, 8, 100},
	} {
		got := Merge(old, entry(14, 150, c.noise))
		if got.Modules[0].SelfMS != c.self || got.TotalMinMS != c.total || got.Noise != nil {
			t.Errorf("%+v: %+v", c.noise, got)
		}
	}
}

// TestMergeAgain: what was measured twice has changed where both say so.
func TestMergeAgain(t *testing.T) {
	entry := func(self, total float64) *Entry {
		return &Entry{TotalMinMS: total, TotalMedianMS: total, Modules: []Module{{"a", self, "source", PhaseInit, "", "", "2026-11-01"}}}
	}
	old := entry(8, 100)
	for _, c := range []struct{ self, again, wantSelf, total, totalAgain, wantTotal float64 }{
		{14, 13, 13, 150, 150, 150},  // slower
		{14, 9, 8, 150, 110, 100},    // slower once
		{4, 5, 4, 50, 60, 50},        // faster
		{4, 7.5, 8, 50, 99, 100},     // faster once
		{14, 4, 8, 150, 50, 100},     // one and the other
		{8.1, 14, 8, 101, 150, 100},  // as before, whatever came later
		{14, 14.5, 14, 101, 90, 100}, // one of the two figures
	} {
		now := entry(c.self, c.total)
		now.Again = entry(c.again, c.totalAgain)
		got := Merge(old, now)
		if got.Modules[0].SelfMS != c.wantSelf || got.TotalMinMS != c.wantTotal || got.TotalMedianMS < got.TotalMinMS || got.Again != nil {
			t.Errorf("%+v: %+v", c, got)
		}
		if moves := Moves(old, now); moves != (c.wantSelf != 8 || c.wantTotal != 100) {
			t.Errorf("%+v: moves %v", c, moves)
		}
	}
	// A few runs on a machine that is slower now do not say yet that it is as fast as it was.
	many := func(self, others float64) *Entry {
		e := entry(self, 0)
		for i := range 9 {
			e.Modules = append(e.Modules, Module{Name: "b" + strconv.Itoa(i), SelfMS: others})
		}
		return e
	}
	few := many(12, 10)
	few.Again = many(13, 14)
	if Moves(many(8, 10), few) || !Doubtful(many(8, 10), few) {
		t.Error("few runs of a slower pace decide")
	}
	few.Again = many(9, 14)
	if Doubtful(many(8, 10), few) {
		t.Error("a time that was as before has moved")
	}
	now := entry(14, 150)
	now.Again = &Entry{TotalMinMS: 150} // the module was not searched for
	if got := Merge(old, now); got.Modules[0].SelfMS != 14 {
		t.Errorf("%+v", got)
	}
}

// TestMergeTotals: the fastest run is never slower than the median, and decides
// for both.
func TestMergeTotals(t *testing.T) {
	old := &Entry{TotalMinMS: 551, TotalMedianMS: 836, GCMS: 37, StartupMS: 10}
	for _, c := range []struct{ low, median, wantLow, wantMedian float64 }{
		{500, 760, 551, 836},
		{440, 516, 551, 836},
		{600, 1600, 551, 836},
		{400, 516, 400, 516},
		{300, 800, 300, 800},
	} {
		got := Merge(old, &Entry{TotalMinMS: c.low, TotalMedianMS: c.median, GCMS: 37.25, StartupMS: 20})
		if got.TotalMinMS != c.wantLow || got.TotalMedianMS != c.wantMedian || got.GCMS != 37 || got.StartupMS != 20 {
			t.Errorf("%v, %v: %+v", c.low, c.median, got)
		}
	}
}

// TestMergeTotalsNoise: collections and the runtime client have noise of their own.
func TestMergeTotalsNoise(t *testing.T) {
	old := &Entry{GCMS: 13, StartupMS: 10}
	for _, c := range []struct{ gcNoise, clientNoise, wantGC, wantClient float64 }{
		{0, 0, 19, 15},
		{1.3, 2.4, 19, 15},
		{1.5, 2.6, 13, 10},
	} {
		got := Merge(old, &Entry{GCMS: 19, StartupMS: 15, Noise: &Noise{GC: c.gcNoise, Startup: c.clientNoise}})
		if got.GCMS != c.wantGC || got.StartupMS != c.wantClient {
			t.Errorf("%+v: %v, %v", c, got.GCMS, got.StartupMS)
		}
	}
}

// TestMergeChange: a third more or less of ten milliseconds is a change, with
// runs that lie as far apart as those of an ordinary machine.
func TestMergeChange(t *testing.T) {
	entry := func(ms float64, day string) *Entry {
		return &Entry{
			Modules: []Module{{"a", ms, "source", PhaseInit, "", "", day}},
			Noise:   &Noise{Self: map[string]float64{"a": 1.4}},
		}
	}
	old := entry(10, "2026-11-01")
	for ms, want := range map[float64]float64{13: 13, 7: 7, 12.4: 10, 7.6: 10} {
		got := Merge(old, entry(ms, "2026-11-02")).Modules[0]
		if day := map[bool]string{true: "2026-11-01", false: "2026-11-02"}[want == 10]; got.SelfMS != want || got.Measured != day {
			t.Errorf("%v: %+v", ms, got)
		}
	}
}

// TestMergeSmall: a module of up to two milliseconds moves by two thirds of what
// it takes, a larger one by 1.2 at least.
func TestMergeSmall(t *testing.T) {
	entry := func(ms float64) *Entry { return &Entry{Modules: []Module{{Name: "a", SelfMS: ms}}} }
	for _, c := range []struct{ old, now, want float64 }{
		{2.026, 2.625, 2.026},
		{2, 3.1, 2},
		{2, 3.3, 3.3},
		{4, 5.1, 4},
		{4, 5.3, 5.3},
		{1, 1.6, 1},
		{1, 1.7, 1.7},
		{0.2, 0.9, 0.9},
	} {
		if got := Merge(entry(c.old), entry(c.now)).Modules[0].SelfMS; got != c.want {
			t.Errorf("%v to %v: got %v, want %v", c.old, c.now, got, c.want)
		}
	}
}

// TestMergePace: when all modules take half as long again, the machine is
// slower; a module that stands out has changed.
func TestMergePace(t *testing.T) {
	entry := func(factor float64, count int) *Entry {
		e := &Entry{TotalMinMS: 100 * factor}
		for i := range count {
			e.Modules = append(e.Modules, Module{fmt.Sprint("m", i), float64(2+i) * factor, "source", PhaseInit, "", "", ""})
		}
		return e
	}
	for _, c := range []struct {
		name         string
		count        int
		factor, pace float64
		kept         bool
		environment  string
	}{
		{"slower", 12, 1.5, 1.5, true, ""},
		{"faster", 12, 0.6, 0.6, true, ""},
		{"three times as slow", 12, 3, 1, false, ""},
		{"few modules", 5, 1.5, 1, false, ""},
		{"another byte-code", 12, 1.5, 1, false, BytecodeMissing},
	} {
		old, now := entry(1, c.count), entry(c.factor, c.count)
		now.Environment.Bytecode = c.environment
		now.Modules[3].SelfMS *= 4
		if got := Pace(old, now); math.Abs(got-c.pace) > 1e-9 {
			t.Errorf("%s: pace %v", c.name, got)
		}
		merged := Merge(old, now)
		if kept := merged.Modules[0].SelfMS == old.Modules[0].SelfMS && merged.TotalMinMS == 100; kept != c.kept {
			t.Errorf("%s: %+v", c.name, merged)
		}
		for _, m := range merged.Modules {
			if m.Name == "m3" && m.SelfMS != now.Modules[3].SelfMS {
				t.Errorf("%s: what stands out was kept: %+v", c.name, m)
			}
		}
	}
}

func TestMergeUsage(t *testing.T) {
	l := sample()
	l.MergeUsage([]*UsageDay{{Entry: "a:b", Source: "s", Day: "2026-11-02", Requests: 7}, {Entry: "a:b", Source: "r", Day: "2026-11-02"}})
	var got []string
	for _, u := range l.Usage {
		got = append(got, fmt.Sprint(u.Source, u.Day, u.Requests))
	}
	if d := cmp.Diff([]string{"r2026-11-020", "s2026-11-012.5", "s2026-11-027", "t2026-11-01100"}, got); d != "" {
		t.Error(d)
	}
}

// large is a lock of 2,000 modules and 8,000 edges.
func large() *Lock {
	e := &Entry{Measured: "2026-11-22", Runs: 10}
	for i := range 2000 {
		e.Modules = append(e.Modules, Module{fmt.Sprintf("package%d.module%d", i%40, i), float64(i) / 7, "source", PhaseInit, "package", "", "2026-11-22"})
	}
	for i := range 8000 {
		e.Edges = append(e.Edges, Edge{
			Statement{From: fmt.Sprintf("package%d.module%d", i%40, i%2000), Module: fmt.Sprintf("package%d.module%d", i%41, i%1999)},
			PhaseInit,
			[]string{fmt.Sprintf("package%d.module%d", i%41, i%1999)},
		})
	}
	return &Lock{Entries: map[string]*Entry{"a:b": e}}
}

func BenchmarkParse(b *testing.B) {
	data, _ := large().Bytes()
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			if _, err := Parse(FileName, data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("toml", func(b *testing.B) {
		for b.Loop() {
			if _, err := parseTOML(FileName, data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	data, _ := sample().Bytes()
	f.Add(data)
	f.Add([]byte("schema = 1\n[[usage]]\nrequests = 1.5\n"))
	f.Add([]byte(`schema = 1` + "\n[[usage]]\n" + `entry = "a\"b\\c\u0041\u000A"` + "\n"))
	f.Add([]byte("schema = 1\n[entry.\"\"]\nstartup = [\n  \"a\",\n]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fast := scan(data)
		slow, err := parseTOML(FileName, data)
		if fast != nil {
			if err != nil {
				t.Fatalf("the scanner accepts what is no TOML: %v", err)
			}
			if d := cmp.Diff(slow, fast); d != "" {
				t.Fatalf("scanner and TOML reader differ:\n%s", d)
			}
		}
		if err != nil {
			return
		}
		once, err := slow.Bytes()
		if err != nil {
			return // numbers out of range
		}
		again, err := Parse(FileName, once)
		if err != nil {
			if conflict(once) > 0 {
				return
			}
			t.Fatalf("what was written cannot be read: %v\n%s", err, once)
		}
		if twice, _ := again.Bytes(); !bytes.Equal(once, twice) {
			t.Fatalf("not stable:\n%s", cmp.Diff(string(once), string(twice)))
		}
	})
}

// TestMergeStartupCode: what runs at start has noise of its own.
func TestMergeStartupCode(t *testing.T) {
	old := &Entry{StartupCode: []StartupCode{{"a.pth", 2, 1}, {"b.pth", 2, 1}, {"gone.pth", 1, 1}}}
	now := &Entry{
		StartupCode: []StartupCode{{"b.pth", 5, 2}, {"a.pth", 5, 2}, {"new.pth", 1, 1}},
		Noise:       &Noise{Code: map[string]float64{"a.pth": 2, "b.pth": 1}},
	}
	want := []StartupCode{{"a.pth", 2, 2}, {"b.pth", 5, 2}, {"new.pth", 1, 1}}
	if got := Merge(old, now).StartupCode; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
