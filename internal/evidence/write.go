package evidence

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"fastpath/internal/atomicfile"
)

const header = `# What fastpath measured and which modules requests used: the input of
# "fastpath plan" and "fastpath check". Commit this file and leave it to
# "fastpath profile" and "fastpath usage", which write it.

`

// Write replaces the file at path with l, atomically. A file that already has
// this content is left alone.
func (l *Lock) Write(path string) error {
	data, err := l.Bytes()
	if err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	if err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot replace %q: %w", path, err)
	}
	return atomicfile.Write(path, data)
}

// Bytes returns the file's content. Equal locks have equal bytes, in whatever
// order their rows are.
func (l *Lock) Bytes() ([]byte, error) {
	w := &writer{}
	w.head(l)
	usage := slices.Clone(l.Usage)
	slices.SortStableFunc(usage, compareUsage)
	for _, u := range usage {
		w.usage(u)
	}
	return w.buf, w.err
}

// writer appends TOML. Empty fields are left out.
type writer struct {
	buf []byte
	sep string // before the next key of the row being written
	err error
}

// head writes all but usage.
func (w *writer) head(l *Lock) {
	w.buf = append(w.buf, header...)
	w.line("schema = %d", Schema)
	w.line("needs = %s", quote(Needs))
	for _, name := range slices.Sorted(maps.Keys(l.Entries)) {
		w.entry(name, l.Entries[name])
	}
}

func (w *writer) line(format string, args ...any) {
	w.buf = append(fmt.Appendf(w.buf, format, args...), '\n')
}

func (w *writer) entry(name string, e *Entry) {
	table := "entry." + quote(name)
	w.line("\n[%s]", table)
	w.line("measured = %s", quote(e.Measured))
	w.line("runs = %d", e.Runs)
	w.line("total_min_ms = %s", w.number(e.TotalMinMS))
	w.line("total_median_ms = %s", w.number(e.TotalMedianMS))
	w.line("gc_ms = %s", w.number(e.GCMS))
	w.line("startup_ms = %s", w.number(e.StartupMS))
	w.line("peak_kib = %d", e.PeakKiB)

	rows(w, "startup", slices.Sorted(slices.Values(e.Startup)), func(s string) {
		w.buf = append(w.buf, quote(s)...)
	})
	rows(w, "startup_code", sorted(e.StartupCode, compareStartupCode), func(c StartupCode) {
		w.open()
		w.str("name", c.Name)
		w.num("self_ms", c.SelfMS)
		w.key("modules")
		w.buf = strconv.AppendInt(w.buf, int64(c.Modules), 10)
		w.close()
	})
	rows(w, "distributions", sorted(e.Distributions, compareDistribution), func(d Distribution) {
		w.open()
		w.str("name", d.Name)
		w.str("version", d.Version)
		w.close()
	})
	rows(w, "modules", sorted(e.Modules, compareModule), func(m Module) {
		w.open()
		w.str("name", m.Name)
		w.num("self_ms", m.SelfMS)
		w.str("kind", m.Kind)
		w.str("phase", m.Phase)
		w.str("distribution", m.Distribution)
		w.str("file", m.File)
		w.str("measured", m.Measured)
		w.close()
	})
	rows(w, "edges", sorted(e.Edges, CompareEdges), func(d Edge) {
		w.open()
		w.str("from", d.From)
		w.str("file", d.File)
		w.str("qualname", d.Qualname)
		w.str("module", d.Module)
		w.str("binding", d.Binding)
		if d.Ordinal != 0 {
			w.key("ordinal")
			w.buf = strconv.AppendInt(w.buf, int64(d.Ordinal), 10)
		}
		w.str("phase", d.Phase)
		w.key("to")
		w.buf = append(w.buf, '[')
		for i, t := range d.To {
			if i > 0 {
				w.buf = append(w.buf, ", "...)
			}
			w.buf = append(w.buf, quote(t)...)
		}
		w.buf = append(w.buf, ']')
		w.close()
	})

	w.line("\n[%s.environment]", table)
	env := e.Environment
	for _, f := range [][2]string{
		{"implementation", env.Implementation},
		{"version", env.Version},
		{"platform", env.Platform},
		{"machine", env.Machine},
		{"bytecode", env.Bytecode},
	} {
		if f[1] != "" {
			w.line("%s = %s", f[0], quote(f[1]))
		}
	}
	w.bench(table+".bench", e.Bench)
	w.bench(table+".bench_before", e.BenchBefore)
}

func (w *writer) bench(table string, b *Bench) {
	if b == nil {
		return
	}
	w.line("\n[%s]", table)
	w.line("date = %s", quote(b.Date))
	w.line("n = %d", b.N)
	w.line("init_ms = %s", w.number(b.InitMS))
	w.line("first_request_ms = %s", w.number(b.FirstRequestMS))
	if b.Events != "" {
		w.line("events = %s", quote(b.Events))
	}
}

func (w *writer) usage(u *UsageDay) {
	w.line("\n[[usage]]")
	for _, f := range [][2]string{{"entry", u.Entry}, {"source", u.Source}, {"day", u.Day}, {"kind", u.Kind}} {
		if f[1] != "" {
			w.line("%s = %s", f[0], quote(f[1]))
		}
	}
	w.line("requests = %s", w.number(u.Requests))
	if u.ColdStarts >= 0 {
		w.line("cold_starts = %s", w.number(u.ColdStarts))
	}
	if u.InitMS > 0 {
		w.line("init_ms = %s", w.number(u.InitMS))
	}
	if u.MemoryMB > 0 {
		w.line("memory_mb = %s", w.number(u.MemoryMB))
	}
	if u.Watched > 0 {
		w.line("watched = %s", w.number(u.Watched))
	}
	if u.Daily > 0 {
		w.line("daily_requests = %s", w.number(u.Daily))
	}
	rows(w, "workflows", slices.Sorted(maps.Keys(u.Workflows)), func(name string) {
		w.sep = "{ "
		w.key("name")
		w.buf = append(w.buf, quote(name)...)
		w.num("requests", u.Workflows[name])
		w.close()
	})
	rows(w, "modules", sorted(u.Modules, compareUse), func(m ModuleUse) {
		w.open()
		w.str("module", m.Module)
		w.str("workflow", m.Workflow)
		w.num("requests", m.Requests)
		w.close()
	})
	name := func(m string) { w.buf = append(w.buf, quote(m)...) }
	rows(w, "unseen", sorted(u.Unseen, strings.Compare), name)
	rows(w, "loaded", sorted(u.Loaded, strings.Compare), name)
}

// rows writes an array, one element a line; an empty one is left out.
func rows[T any](w *writer, key string, list []T, write func(T)) {
	if len(list) == 0 {
		return
	}
	w.line("%s = [", key)
	for _, x := range list {
		w.buf = append(w.buf, "  "...)
		write(x)
		w.buf = append(w.buf, ",\n"...)
	}
	w.line("]")
}

func (w *writer) open()  { w.sep = "{ " }
func (w *writer) close() { w.buf = append(w.buf, " }"...) }

func (w *writer) key(k string) {
	w.buf = append(w.buf, w.sep...)
	w.buf = append(w.buf, k...)
	w.buf = append(w.buf, " = "...)
	w.sep = ", "
}

func (w *writer) str(k, v string) {
	if v != "" {
		w.key(k)
		w.buf = append(w.buf, quote(v)...)
	}
}

func (w *writer) num(k string, v float64) {
	w.key(k)
	w.buf = append(w.buf, w.number(v)...)
}

// number formats v with three decimals at most and one at least.
func (w *writer) number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > 1e15 {
		if w.err == nil {
			w.err = fmt.Errorf("internal error: %v cannot be written to %s", v, FileName)
		}
		v = 0
	}
	s := strings.TrimRight(strconv.FormatFloat(v, 'f', 3, 64), "0")
	if strings.HasSuffix(s, ".") {
		s += "0"
	}
	if s == "-0.0" {
		s = "0.0"
	}
	return s
}

// quote returns s as a TOML basic string.
func quote(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return `"` + s + `"`
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s { // a broken byte becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f || r == utf8.RuneError:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func sorted[T any](list []T, compare func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, compare)
	return list
}

func compareDistribution(a, b Distribution) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
}

func compareStartupCode(a, b StartupCode) int { return cmp.Compare(a.Name, b.Name) }

func compareModule(a, b Module) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Phase, b.Phase))
}

// Compare orders statements by their identity.
func (s Statement) Compare(t Statement) int {
	return cmp.Or(cmp.Compare(s.From, t.From), cmp.Compare(s.File, t.File), cmp.Compare(s.Qualname, t.Qualname),
		cmp.Compare(s.Module, t.Module), cmp.Compare(s.Binding, t.Binding), cmp.Compare(s.Ordinal, t.Ordinal))
}

// CompareEdges is the order of edges in the file.
func CompareEdges(a, b Edge) int {
	return cmp.Or(a.Statement.Compare(b.Statement), cmp.Compare(a.Phase, b.Phase), slices.Compare(a.To, b.To))
}

func compareUsage(a, b *UsageDay) int {
	return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Day, b.Day))
}

func compareUse(a, b ModuleUse) int {
	return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Workflow, b.Workflow))
}
