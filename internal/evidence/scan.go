package evidence

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// scan reads a file that has exactly the form that Write gives it, several
// times faster than a general TOML reader. It returns nil for anything else,
// valid or not: the general reader then decides. A test holds that both agree.
func scan(data []byte) *Lock {
	if !utf8.Valid(data) {
		return nil
	}
	s := &scanner{text: string(data), lock: &Lock{Schema: Schema, Entries: map[string]*Entry{}}, seen: map[string]bool{}}
	for s.text != "" {
		if !s.next() {
			return nil
		}
	}
	if !s.schema {
		return nil
	}
	return s.lock
}

// scanner is the state of scan: the rest of the text and the open table.
type scanner struct {
	text   string
	lock   *Lock
	schema bool
	seen   map[string]bool // keys of the open table, and the tables themselves

	table string // "", "entry", "environment", "bench", "bench_before", "usage"
	entry *Entry
	bench *Bench // of the table "bench" or "bench_before"
	usage *UsageDay
}

// line cuts the next line off the text.
func (s *scanner) line() string {
	line, rest, _ := strings.Cut(s.text, "\n")
	s.text = rest
	return strings.TrimSuffix(line, "\r")
}

// next reads one line, or one array.
func (s *scanner) next() bool {
	line := s.line()
	switch {
	case line == "":
		return true
	case line[0] == '#':
		for i := 1; i < len(line); i++ {
			if line[i] < 0x20 || line[i] == 0x7f {
				return false
			}
		}
		return true
	case line == "[[usage]]":
		s.open("usage")
		s.usage = &UsageDay{ColdStarts: -1}
		s.lock.Usage = append(s.lock.Usage, s.usage)
		return true
	case strings.HasPrefix(line, "[entry."):
		return s.header(row{text: line[len("[entry."):]})
	}
	key, value, ok := strings.Cut(line, " = ")
	if !ok || s.seen[key] {
		return false
	}
	s.seen[key] = true
	if value == "[" {
		return s.array(key)
	}
	r := row{text: value}
	s.value(key, &r)
	return !r.bad && r.text == ""
}

func (s *scanner) open(table string) {
	s.table = table
	clear(s.seen)
}

// header opens the table of an entry, or one below it.
func (s *scanner) header(r row) bool {
	name := r.str()
	e := s.lock.Entries[name]
	switch {
	case r.bad:
		return false
	case r.text == "]" && e == nil:
		s.open("entry")
		s.entry = &Entry{}
		s.lock.Entries[name] = s.entry
		return true
	case r.text == ".environment]" && e != nil && e == s.entry && s.table == "entry":
		s.open("environment")
		return true
	case r.text == ".bench]" && e != nil && e == s.entry && s.table == "environment":
		s.open("bench")
		s.bench = &Bench{}
		s.entry.Bench = s.bench
		return true
	case r.text == ".bench_before]" && e != nil && e == s.entry && s.table == "bench":
		s.open("bench_before")
		s.bench = &Bench{}
		s.entry.BenchBefore = s.bench
		return true
	}
	return false
}

// value reads the value of one key into the open table.
func (s *scanner) value(key string, r *row) {
	switch s.table + "." + key {
	case ".schema":
		s.schema = r.integer() == Schema
		r.bad = r.bad || !s.schema
	case ".needs":
		r.str()
	case "entry.measured":
		s.entry.Measured = r.str()
	case "entry.runs":
		s.entry.Runs = int(r.integer())
	case "entry.total_min_ms":
		s.entry.TotalMinMS = r.float()
	case "entry.total_median_ms":
		s.entry.TotalMedianMS = r.float()
	case "entry.gc_ms":
		s.entry.GCMS = r.float()
	case "entry.startup_ms":
		s.entry.StartupMS = r.float()
	case "entry.peak_kib":
		s.entry.PeakKiB = r.integer()
	case "environment.implementation":
		s.entry.Environment.Implementation = r.str()
	case "environment.version":
		s.entry.Environment.Version = r.str()
	case "environment.platform":
		s.entry.Environment.Platform = r.str()
	case "environment.machine":
		s.entry.Environment.Machine = r.str()
	case "environment.bytecode":
		s.entry.Environment.Bytecode = r.str()
	case "bench.date", "bench_before.date":
		s.bench.Date = r.str()
	case "bench.n", "bench_before.n":
		s.bench.N = int(r.integer())
	case "bench.init_ms", "bench_before.init_ms":
		s.bench.InitMS = r.float()
	case "bench.first_request_ms", "bench_before.first_request_ms":
		s.bench.FirstRequestMS = r.float()
	case "bench.events", "bench_before.events":
		s.bench.Events = r.str()
	case "usage.entry":
		s.usage.Entry = r.str()
	case "usage.source":
		s.usage.Source = r.str()
	case "usage.day":
		s.usage.Day = r.str()
	case "usage.kind":
		s.usage.Kind = r.str()
	case "usage.requests":
		s.usage.Requests = r.float()
	case "usage.cold_starts":
		s.usage.ColdStarts = r.float()
	case "usage.init_ms":
		s.usage.InitMS = r.float()
	case "usage.memory_mb":
		s.usage.MemoryMB = r.float()
	case "usage.watched":
		s.usage.Watched = r.float()
	case "usage.daily_requests":
		s.usage.Daily = r.float()
	default:
		r.bad = true
	}
}

// array reads the rows of an array up to its closing bracket.
func (s *scanner) array(key string) bool {
	var read func(r *row)
	switch s.table + "." + key {
	case "entry.startup":
		e := s.entry
		read = func(r *row) { e.Startup = append(e.Startup, r.str()) }
	case "entry.startup_code":
		e := s.entry
		read = func(r *row) { e.StartupCode = append(e.StartupCode, r.startupCode()) }
	case "entry.distributions":
		e := s.entry
		read = func(r *row) { e.Distributions = append(e.Distributions, r.distribution()) }
	case "entry.modules":
		e := s.entry
		read = func(r *row) { e.Modules = append(e.Modules, r.module()) }
	case "entry.edges":
		e := s.entry
		read = func(r *row) { e.Edges = append(e.Edges, r.edge()) }
	case "usage.workflows":
		u := s.usage
		u.Workflows = map[string]float64{}
		read = func(r *row) {
			name, requests := r.workflow()
			u.Workflows[name] = requests
		}
	case "usage.modules":
		u := s.usage
		read = func(r *row) { u.Modules = append(u.Modules, r.use()) }
	case "usage.unseen":
		u := s.usage
		read = func(r *row) { u.Unseen = append(u.Unseen, r.str()) }
	case "usage.loaded":
		u := s.usage
		read = func(r *row) { u.Loaded = append(u.Loaded, r.str()) }
	default:
		return false
	}
	for n := 0; s.text != ""; n++ {
		line := s.line()
		if line == "]" {
			return n > 0
		}
		body, ok := strings.CutPrefix(line, "  ")
		if !ok {
			return false
		}
		if body, ok = strings.CutSuffix(body, ","); !ok {
			return false
		}
		r := row{text: body}
		read(&r)
		if r.bad || r.text != "" {
			return false
		}
	}
	return false
}

// row reads the values of one line from its start; bad says that it met
// something unexpected.
type row struct {
	text string
	keys uint32 // those met, as bits
	bad  bool
}

// table calls read for each key of an inline table; read returns the key's
// bit, or 0 for a key it does not know.
func (r *row) table(read func(key string) uint32) {
	if !r.skip("{ ") {
		return
	}
	for {
		key, rest, ok := strings.Cut(r.text, " = ")
		if !ok {
			r.bad = true
			return
		}
		r.text = rest
		bit := read(key)
		if bit == 0 || r.keys&bit != 0 || r.bad {
			r.bad = true
			return
		}
		r.keys |= bit
		if strings.HasPrefix(r.text, " }") {
			r.text = r.text[2:]
			return
		}
		if !r.skip(", ") {
			return
		}
	}
}

func (r *row) skip(s string) bool {
	if !strings.HasPrefix(r.text, s) {
		r.bad = true
		return false
	}
	r.text = r.text[len(s):]
	return true
}

// str reads a string.
func (r *row) str() string {
	t := r.text
	if t == "" || t[0] != '"' {
		r.bad = true
		return ""
	}
	for i := 1; i < len(t); i++ {
		switch c := t[i]; {
		case c == '"':
			r.text = t[i+1:]
			return t[1:i]
		case c == '\\':
			return r.escaped(i)
		case c < 0x20 || c == 0x7f:
			r.bad = true
			return ""
		}
	}
	r.bad = true
	return ""
}

// escaped reads a string of which the first escape stands at an offset. It knows
// those that Write writes.
func (r *row) escaped(at int) string {
	t, out := r.text, []byte(r.text[1:at])
	for i := at; i < len(t); i++ {
		switch c := t[i]; {
		case c == '"':
			r.text = t[i+1:]
			return string(out)
		case c < 0x20 || c == 0x7f:
			r.bad = true
			return ""
		case c != '\\':
			out = append(out, c)
			continue
		}
		switch escape := t[i+1:]; {
		case escape != "" && (escape[0] == '"' || escape[0] == '\\'):
			out = append(out, escape[0])
			i++
		case len(escape) >= 5 && escape[0] == 'u':
			n, err := strconv.ParseUint(escape[1:5], 16, 16)
			if err != nil || !utf8.ValidRune(rune(n)) {
				r.bad = true
				return ""
			}
			out = utf8.AppendRune(out, rune(n))
			i += 5
		default:
			r.bad = true
			return ""
		}
	}
	r.bad = true
	return ""
}

// digits cuts off a number and returns it; point says whether it must have,
// or must not have, a fraction.
func (r *row) digits(point bool) string {
	i, dots := 0, 0
	for i < len(r.text) && (r.text[i] >= '0' && r.text[i] <= '9' || r.text[i] == '.') {
		if r.text[i] == '.' {
			dots++
		}
		i++
	}
	n := r.text[:i]
	leading := len(n) > 1 && n[0] == '0' && n[1] != '.'
	if n == "" || len(n) > 17 || leading || n[0] == '.' || n[len(n)-1] == '.' || point && dots != 1 || !point && dots != 0 {
		r.bad = true
		return "0"
	}
	r.text = r.text[i:]
	return n
}

func (r *row) integer() int64 {
	n, _ := strconv.ParseInt(r.digits(false), 10, 64)
	return n
}

func (r *row) float() float64 {
	f, _ := strconv.ParseFloat(r.digits(true), 64)
	return f
}

func (r *row) strings() []string {
	if !r.skip("[") {
		return nil
	}
	list := []string{}
	if strings.HasPrefix(r.text, "]") {
		r.text = r.text[1:]
		return list
	}
	for !r.bad {
		list = append(list, r.str())
		if strings.HasPrefix(r.text, "]") {
			r.text = r.text[1:]
			return list
		}
		r.skip(", ")
	}
	return nil
}

func (r *row) startupCode() (c StartupCode) {
	r.table(func(key string) uint32 {
		switch key {
		case "name":
			c.Name = r.str()
			return 1
		case "self_ms":
			c.SelfMS = r.float()
			return 2
		case "modules":
			c.Modules = int(r.integer())
			return 4
		}
		return 0
	})
	return c
}

func (r *row) distribution() (d Distribution) {
	r.table(func(key string) uint32 {
		switch key {
		case "name":
			d.Name = r.str()
			return 1
		case "version":
			d.Version = r.str()
			return 2
		}
		return 0
	})
	return d
}

func (r *row) module() (m Module) {
	r.table(func(key string) uint32 {
		switch key {
		case "name":
			m.Name = r.str()
			return 1
		case "self_ms":
			m.SelfMS = r.float()
			return 2
		case "kind":
			m.Kind = r.str()
			return 4
		case "phase":
			m.Phase = r.str()
			return 8
		case "distribution":
			m.Distribution = r.str()
			return 16
		case "file":
			m.File = r.str()
			return 32
		case "measured":
			m.Measured = r.str()
			return 64
		}
		return 0
	})
	return m
}

func (r *row) edge() (e Edge) {
	r.table(func(key string) uint32 {
		switch key {
		case "from":
			e.From = r.str()
			return 1
		case "file":
			e.File = r.str()
			return 2
		case "qualname":
			e.Qualname = r.str()
			return 4
		case "module":
			e.Module = r.str()
			return 8
		case "binding":
			e.Binding = r.str()
			return 16
		case "ordinal":
			e.Ordinal = int(r.integer())
			return 32
		case "phase":
			e.Phase = r.str()
			return 64
		case "to":
			e.To = r.strings()
			return 128
		}
		return 0
	})
	return e
}

func (r *row) workflow() (name string, requests float64) {
	r.table(func(key string) uint32 {
		switch key {
		case "name":
			name = r.str()
			return 1
		case "requests":
			requests = r.float()
			return 2
		}
		return 0
	})
	return name, requests
}

func (r *row) use() (u ModuleUse) {
	r.table(func(key string) uint32 {
		switch key {
		case "module":
			u.Module = r.str()
			return 1
		case "workflow":
			u.Workflow = r.str()
			return 2
		case "requests":
			u.Requests = r.float()
			return 4
		}
		return 0
	})
	return u
}
