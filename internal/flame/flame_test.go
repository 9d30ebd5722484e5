package flame

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"fastpath/internal/python/oracle"
	"fastpath/internal/term"
)

// sample is the profile of a small handler.
func sample() *Profile {
	mod := func(name string, self, alone, saves float64, children ...*Frame) *Frame {
		return &Frame{Name: name, Module: true, Claims: true, SelfMS: self, AloneMS: alone, SavesMS: saves, Children: children}
	}
	base := mod("urllib3", 20, 45, 0, mod("ssl", 25, 25, 0))
	base.Also = []string{"requests", "botocore"}
	boto := mod("boto3", 10, 135, 90, mod("botocore", 80, 125, 80, base))
	boto.Place = "app.py:1"
	lost := mod("simplejson", 0.05, 0.05, 0.05)
	lost.Missing = true
	requests := mod("requests", 30, 75, 30, lost)
	requests.Place = "app.py:2"
	app := mod("app", 0.4, 165.45, 165.45, boto, requests)
	app.File = "app.py"
	return &Profile{Name: "app:handler", Roots: []*Frame{app, {Name: "[garbage collection]", SelfMS: 7.5}}}
}

// random is a tree with figures that do not add up in whole microseconds.
func random(r *rand.Rand, depth int) *Frame {
	f := &Frame{Name: "m" + strconv.Itoa(r.IntN(1000)), Module: true, SelfMS: r.ExpFloat64() / 3}
	if depth > 0 {
		for range r.IntN(4) {
			f.Children = append(f.Children, random(r, depth-1))
		}
	}
	return f
}

func profiles() []*Profile {
	r := rand.New(rand.NewPCG(1, 2))
	list := []*Profile{sample(), {Name: "empty"}}
	for range 20 {
		list = append(list, &Profile{Name: "-m pkg", Roots: []*Frame{random(r, 6), random(r, 3)}})
	}
	return list
}

func microseconds(ms float64) int64 { return int64(math.Round(ms * 1000)) }

func TestTree(t *testing.T) {
	for _, c := range []struct {
		view  View
		width int
		want  string
	}{
		{View{MinMS: 1}, 100, `
     self     tree    alone    saves  import
    0.4ms    165ms    165ms    165ms  app
     10ms    135ms    135ms     90ms  ├─ boto3  app.py:1
     80ms    125ms    125ms     80ms  │  └─ botocore
     20ms     45ms     45ms        –  │     └─ urllib3  also asked for by requests
     25ms     25ms     25ms        –  │        └─ ssl
     30ms     30ms     75ms     30ms  └─ requests  app.py:2
             0.1ms                       └─ 1 more below 1.0ms
    7.5ms    7.5ms                    [garbage collection]
`},
		{View{Depth: 2}, 54, `
     self     tree    alone    saves  import
    0.4ms    165ms    165ms    165ms  app
     10ms    135ms    135ms     90ms  ├─ boto3  app.p…
     30ms     30ms     75ms     30ms  └─ requests  ap…
    7.5ms    7.5ms                    [garbage collec…
`},
	} {
		var b bytes.Buffer
		if err := Tree(&b, &term.Terminal{Width: c.width}, sample(), c.view); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, "\n"+b.String()); diff != "" {
			t.Errorf("width %d (-want +got)\n%s", c.width, diff)
		}
	}
}

func TestIcicle(t *testing.T) {
	var b bytes.Buffer
	if err := Icicle(&b, &term.Terminal{Width: 60}, sample(), View{}); err != nil {
		t.Fatal(err)
	}
	want := `
▌app 165ms ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▌▒▒
▌boto3 135ms ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▌requests 
▌botocore 125ms ░░░░░░░░░░░░░░░░░░░░░░░░░░░
▌urllib3 45ms ░░
▌ssl 25ms
60 columns are 173ms; 1 module not drawn: 0.1ms by themselves
`
	if diff := cmp.Diff(want, "\n"+b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestFitting: a cell says as much of its frame as it has room for.
func TestFitting(t *testing.T) {
	f := &Frame{Name: "botocore.httpchecksum", Module: true, SelfMS: 12}
	for columns, want := range map[int]string{
		30: "botocore.httpchecksum 12ms", 26: "botocore.httpchecksum 12ms", 25: "botocore.httpchecksum", 20: ".httpchecksum", 6: ".http…",
	} {
		if got := fitting(f, columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
	if got := fitting(&Frame{Name: "[garbage collection]"}, 6); got != "[garb…" {
		t.Errorf("%q", got)
	}
}

// TestIcicleCells: no row is wider than the terminal, and no cell begins left
// of what loads it or ends right of it.
func TestIcicleCells(t *testing.T) {
	for _, p := range profiles() {
		for _, width := range []int{20, 37, 80, 300} {
			var b bytes.Buffer
			if err := Icicle(&b, &term.Terminal{Width: width}, p, View{Depth: 100}); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(b.String()), "\n")
			for _, line := range lines[:len(lines)-1] {
				if w := term.Width(line); w > width {
					t.Errorf("%s: a row has %d of %d columns: %q", p.Name, w, width, line)
				}
			}
			d := &icicle{View: View{Depth: 100}, scale: float64(width) / max(1e-9, p.TotalMS())}
			at := 0.0
			for _, f := range p.Roots {
				d.place(f, at, 0)
				at += f.TotalMS()
			}
			for level := 1; level < len(d.rows); level++ {
				for _, c := range d.rows[level] {
					inside := false
					for _, above := range d.rows[level-1] {
						inside = inside || above.from <= c.from && c.to <= above.to
					}
					if !inside {
						t.Errorf("%s: %s hangs over", p.Name, c.frame.Name)
					}
				}
			}
		}
	}
}

// TestSpeedscope: the file has the form that speedscope reads, its frames open
// and close in order, and the time is the profile's.
func TestSpeedscope(t *testing.T) {
	list := profiles()
	var b bytes.Buffer
	if err := Speedscope(&b, list, "project", "fastpath 1"); err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "speedscope.json"))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Fatal(err)
	}
	var file speedscopeFile
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	for i, p := range file.Profiles {
		want := microseconds(list[i].TotalMS())
		if p.Start != 0 || p.End != want {
			t.Errorf("profile %d runs from %d to %d, want %d", i, p.Start, p.End, want)
		}
		var open []int
		at := int64(0)
		self := map[string]int64{}
		for _, e := range p.Events {
			if e.Frame >= len(file.Shared.Frames) || e.At < at {
				t.Fatalf("profile %d: event %+v after %d", i, e, at)
			}
			if e.At > at {
				self[file.Shared.Frames[open[len(open)-1]].Name] += e.At - at
			}
			at = e.At
			if e.Type == "O" {
				open = append(open, e.Frame)
				continue
			}
			if len(open) == 0 || open[len(open)-1] != e.Frame {
				t.Fatalf("profile %d closes %d, open are %v", i, e.Frame, open)
			}
			open = open[:len(open)-1]
		}
		if len(open) > 0 || at != p.End {
			t.Errorf("profile %d ends at %d with %v open", i, at, open)
		}
		if i == 0 && (self["botocore"] != 80000 || self["ssl"] != 25000 || self["[garbage collection]"] != 7500) {
			t.Errorf("self times: %v", self)
		}
	}
}

// TestFolded: every line is a stack and a count, and the counts are the time.
func TestFolded(t *testing.T) {
	line := regexp.MustCompile(`^(\S.*\S) (\d+)$`)
	for _, p := range profiles() {
		var b bytes.Buffer
		if err := Folded(&b, []*Profile{p}); err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for text := range strings.Lines(b.String()) {
			m := line.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
			if m == nil || !strings.HasPrefix(text, p.Name+";") {
				t.Fatalf("%q", text)
			}
			n, err := strconv.ParseInt(m[2], 10, 64)
			if err != nil || n == 0 {
				t.Fatalf("%q", text)
			}
			sum += n
		}
		if want := microseconds(p.TotalMS()); sum != want {
			t.Errorf("%s: counts are %d, the total is %d", p.Name, sum, want)
		}
	}
	var b bytes.Buffer
	if err := Folded(&b, []*Profile{sample()}); err != nil {
		t.Fatal(err)
	}
	if want := "app:handler;app;boto3;botocore;urllib3;ssl 25000\n"; !strings.HasPrefix(b.String(), want) {
		t.Errorf("%q", b.String())
	}
}

// importLine is a module of an importtime listing.
type importLine struct {
	self, total int64
	level       int
	name        string
}

var importPattern = regexp.MustCompile(`^import time: +(\d+) \| +(\d+) \| ((?:  )*)(\S+)$`)

// parseImporttime reads a listing, CPython's or ours. Its columns must stand
// where CPython has them, and no module may take less than what it loads.
func parseImporttime(t *testing.T, text string) []importLine {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if lines[0] != "import time: self [us] | cumulative | imported package\n" {
		t.Fatalf("the header is %q", lines[0])
	}
	var list []importLine
	below := map[int]int64{} // by level: what was seen since the last module above it
	for _, line := range lines[1 : len(lines)-1] {
		m := importPattern.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil || strings.IndexByte(line, '|') != 23 || strings.LastIndexByte(line, '|') != 36 {
			t.Fatalf("%q", line)
		}
		self, err1 := strconv.ParseInt(m[1], 10, 64)
		total, err2 := strconv.ParseInt(m[2], 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("%q", line)
		}
		l := importLine{self, total, len(m[3]) / 2, m[4]}
		if got := self + below[l.level+1]; got-total > int64(len(lines)) || total-got > int64(len(lines)) { // rounded up each
			t.Errorf("%s takes %d in all, of which %d itself and %d below", l.name, total, self, below[l.level+1])
		}
		below[l.level+1] = 0
		below[l.level] += total
		list = append(list, l)
	}
	return list
}

// TestImporttime: one parser reads what CPython prints and what we write.
func TestImporttime(t *testing.T) {
	for _, p := range oracle.Pythons(t) {
		t.Run(p.Name(), func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), p.Path, "-X", "importtime", "-c", "import xml.dom.minidom, json.decoder")
			cmd.Env = append(os.Environ(), "PYTHONPROFILEIMPORTTIME=")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for _, l := range parseImporttime(t, stderr.String()) {
				seen[l.name] = l.level + 1
			}
			// A package is loaded inside the import of its module.
			if seen["xml.dom.minidom"] != 1 || seen["xml.dom"] != 2 || seen["xml"] != 3 {
				t.Errorf("levels: %v", seen)
			}
		})
	}
	for _, p := range profiles() {
		var b bytes.Buffer
		if err := Importtime(&b, p); err != nil {
			t.Fatal(err)
		}
		sum, top := int64(0), int64(0)
		for _, l := range parseImporttime(t, b.String()) {
			sum += l.self
			if l.level == 0 {
				top += l.total
			}
		}
		want := 0.0
		for _, f := range p.Roots {
			if f.Module {
				want += f.TotalMS()
			}
		}
		if sum != top || sum != microseconds(want) {
			t.Errorf("%s: self times are %d, the top %d, the modules %d", p.Name, sum, top, microseconds(want))
		}
	}
}
