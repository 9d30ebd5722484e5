package probe

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"fastpath/internal/python/interp"
)

// result is the content of a result descriptor.
type result struct {
	complete bool // the entry was imported and reported
	peak     int64
	total    time.Duration
	work     time.Duration
	client   time.Duration
	gc       time.Duration
	loaded   []string // modules of start-up
	mapped   []string
	code     Code
	python   *interp.Identity
	missing  []string // the attribute that is missing, and what there is
	stopped  int      // deferred module that began and did not end, -1

	started    [][]string // records of startup.py
	times      []selfTime
	parts      []partTime
	nodes      []Node
	statements []Statement

	setup     bool     // it was the preparation that failed
	failed    string   // "exit", "raised", "os._exit"
	fields    []string // of that record
	traceback string
	frames    []Frame
}

type selfTime struct {
	name     string
	self     time.Duration
	deferred bool
}

type partTime struct {
	part, name string
	self       time.Duration
}

// parse reads the records of the probe. Lines that are none, as Python's
// fault handler writes them, are returned as the rest.
func parse(data []byte) (r *result, rest string) {
	r = &result{stopped: -1}
	var other strings.Builder
	for line := range strings.Lines(string(data)) {
		whole := strings.HasSuffix(line, "\n")
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, f := range fields {
			fields[i] = unescape(f)
		}
		if !whole || !r.record(fields[0], fields[1:]) {
			other.WriteString(line)
		}
	}
	return r, other.String()
}

// record takes one record, and returns false when it is none.
func (r *result) record(key string, f []string) bool {
	n := func(i int) int64 {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0
		}
		return v
	}
	switch {
	case key == "m" && len(f) == 2:
		r.times = append(r.times, selfTime{f[0], time.Duration(n(1)), r.complete})
	case key == "s" && len(f) == 3:
		r.parts = append(r.parts, partTime{f[0], f[1], time.Duration(n(2))})
	case key == "n" && len(f) == 7:
		r.nodes = append(r.nodes, Node{f[0], f[1], f[2], f[3], f[4], f[5], n(6), r.complete})
	case key == "e" && len(f) == 7:
		s := Statement{From: f[0], How: f[1], Line: int(n(2)), Written: f[3], Base: f[4], To: list(f[6])}
		for _, item := range list(f[5]) {
			name, module, _ := strings.Cut(item, "=")
			s.Items = append(s.Items, Item{name, module})
		}
		r.statements = append(r.statements, s)
	case key == "mode" && len(f) == 1:
	case isStartup(key) && len(f) > 1:
		r.started = append(r.started, append([]string{key}, f...))
	case key == "peak" && len(f) == 1:
		r.peak = n(0)
	case key == "startup" && len(f) > 0:
		r.client, r.loaded = time.Duration(n(0)), f[1:]
	case key == "code" && len(f) == 2:
		graph, err := hex.DecodeString(f[0])
		timing, err2 := hex.DecodeString(f[1])
		if err != nil || err2 != nil {
			return false
		}
		r.code = Code{graph, timing}
	case key == "python" && len(f) > 3:
		r.python = &interp.Identity{Implementation: f[0], Version: f[1], Platform: f[2], Path: f[3:]}
	case key == "mapped":
		r.mapped = f
	case key == "total" && len(f) == 4:
		r.total, r.gc, r.work = time.Duration(n(0)), time.Duration(n(1)), time.Duration(n(3))
	case key == "noattr" && len(f) > 0:
		r.missing = f
	case key == "end" && len(f) == 0:
		r.complete = true
	case key == "begin" && len(f) == 1:
		r.stopped = int(n(0))
	case key == "done" && len(f) == 1:
		r.stopped = -1
	case key == "setup" && len(f) == 0:
		r.setup = true
	case (key == "exit" || key == "os._exit") && len(f) == 1, key == "raised" && len(f) == 2:
		r.failed, r.fields = key, f
	case key == "t" && len(f) == 1:
		r.traceback = f[0]
	case key == "f" && len(f) == 3:
		r.frames = append(r.frames, Frame{f[0], int(n(1)), f[2]})
	default:
		return false
	}
	return true
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

var unescaper = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")

func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return unescaper.Replace(s)
}
