package ingest

import (
	"github.com/cespare/xxhash/v2"
	"github.com/valyala/fastjson"
)

// recorderVersion is the version of the recorder's lines that is read here;
// docs/recorder.md says what is in them.
const recorderVersion = 1

// recorderLine is one line of our own recorder.
type recorderLine struct {
	kind            string // process, request, load, end, off
	process, k, seq uint64 // process and hash of process and number of the request, of the line
	tests           bool
	whole           bool // not a later part of a request
	entry           string
	flow            string
	counts          []flowCount
	used, unseen    []string
	init            []string // modules that were loaded before the first request
}

// flowCount is how many requests of a workflow ended.
type flowCount struct {
	flow string
	n    uint32
}

// recorder reads a line of the recorder; false says that it is none, but the
// record of a program that has a field of that name.
func (p *parser) recorder(v *fastjson.Value, l line) bool {
	proc := v.GetStringBytes("proc")
	seq := v.GetUint64("seq")
	kind := string(v.GetStringBytes("kind"))
	if v.GetInt("fastpath") != recorderVersion || len(proc) == 0 || len(proc) > 64 || seq == 0 {
		return false
	}
	if at := sinceEpoch(v.GetFloat64("ts")); at != 0 {
		p.dated(&l, at)
	}
	r := &recorderLine{
		kind: kind, process: xxhash.Sum64(proc), tests: v.GetBool("tests"), whole: v.GetInt("part") < 2,
		entry: short(v.GetStringBytes("entry")), flow: short(v.GetStringBytes("workflow")),
	}
	r.seq = pair(r.process, 2*seq)
	r.k = pair(r.process, 2*v.GetUint64("k")+1)
	names := v.GetArray("mods")
	list := func(key string) (out []string) {
		for _, x := range v.GetArray(key) {
			if x.Type() == fastjson.TypeArray { // a module and its ms
				x = x.Get("0")
			}
			i, err := x.Int()
			if err != nil || i < 0 || i >= len(names) {
				continue
			}
			if name := moduleName(names[i].GetStringBytes()); len(name) > 0 {
				out = append(out, string(name))
			}
		}
		return out
	}
	r.used, r.unseen, r.init = list("used"), list("unseen"), list("init")
	if counts := v.GetObject("counts"); counts != nil {
		counts.Visit(func(key []byte, n *fastjson.Value) {
			if n := n.GetFloat64(); n > 0 && n < 1e9 {
				flow := short(key)
				if flow == "*" { // labels beyond the twentieth
					flow = ""
				}
				r.counts = append(r.counts, flowCount{flow, uint32(n)})
			}
		})
	}
	if function := v.GetStringBytes("function"); len(function) > 0 && len(function) <= 200 {
		l.function = p.name(function)
	}
	p.event(recorded, l).recorder = r
	return true
}

// short is a label, without what is too long for one.
func short(b []byte) string {
	if len(b) > 200 {
		return ""
	}
	return string(b)
}

// pair hashes two numbers; never 0.
func pair(a, b uint64) uint64 {
	var buf [16]byte
	for i := range 8 {
		buf[i], buf[8+i] = byte(a>>(8*i)), byte(b>>(8*i))
	}
	return max(1, xxhash.Sum64(buf[:]))
}

// recorded counts a line of the recorder.
func (c *collector) recorded(r *recorderLine, to rowKey, guess day) {
	c.res.Recorded++
	if r.kind == "off" {
		c.res.RecorderOff++
	}
	to.entry, to.tests = r.entry, r.tests
	// The line itself: counts of the same line seen twice are no news.
	for _, n := range r.counts {
		if e := c.thing(pair(r.seq, xxhash.Sum64String(n.flow)), aCount, to, guess); e != nil {
			if e.n == n.n {
				c.res.RepeatedLines++
			}
			e.n = max(e.n, n.n)
			c.label(e, c.flow(n.flow))
		}
	}
	switch r.kind {
	case "request":
		if e := c.thing(r.k, aWatched, to, guess); e != nil {
			c.label(e, c.flow(r.flow))
			e.set = c.withNames(e.set, r.used, true)
			e.n = c.withNames(e.n, r.unseen, false)
		}
	case "process":
		if e := c.thing(pair(r.process, 0), aProcess, to, guess); e != nil {
			e.set = c.withNames(e.set, r.init, false)
		}
	}
}

// fewNames is up to which number of modules they are added to a set one after the other:
// it is known mostly what that makes.
const fewNames = 16

// withNames returns a set with more modules, and with the packages around them or not.
func (c *collector) withNames(set uint32, names []string, around bool) uint32 {
	var list []int32
	for _, name := range names {
		m, ok := c.module(name)
		if !ok {
			continue
		}
		all := c.parents[m]
		if !around {
			all = all[:1]
		}
		if len(names) <= fewNames {
			set = c.sets.with(set, all)
		} else {
			list = append(list, all...)
		}
	}
	return c.sets.more(set, list)
}
