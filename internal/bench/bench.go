// Package bench measures cold starts as users meet them: a fresh process
// imports the entry, answers one request, then some more. With two arms it
// tells a difference from noise.
//
// What comes in are arms (the same entry in one or two project folders) and
// events with their share of the traffic; what goes out is a Result. Samples
// come in rounds: in each round every arm answers every event once, in
// shuffled order, so that whatever else the machine does hits both arms
// alike, and differences are taken within a round. The judgement is on init
// plus first request, because init alone rewards cost that merely moved. The
// statistics are those of golang.org/x/perf/benchmath, without an assumption
// about the distribution.
package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Arm is one side of the comparison.
type Arm struct {
	Name       string
	Python     string   // interpreter
	Dir        string   // absolute; working directory
	ImportRoot string   // absolute; head of sys.path
	Kind       string   // project.EntryKind
	Module     string   // "" for files
	Attr       string   // function of a handler or console script
	File       string   // absolute, for entries that are files
	Roots      []string // absolute folders of the user's code, for trimming tracebacks
	Env        []string // whole environment
}

// Event is one kind of request. Entries that are no handlers have one event
// without content.
type Event struct {
	Name  string
	JSON  []byte
	Share float64 // of the traffic, 0 to 1
}

// Options says what to run.
type Options struct {
	Arms    []Arm // one, or two: the baseline first
	Events  []Event
	Pairs   int           // rounds
	Steady  int           // requests after the first one
	Timeout time.Duration // of one process
	Seed    uint64        // of the order
	// Progress is called before each process; nil is allowed.
	Progress func(done, total int)
}

// sample is what one process reported.
type sample struct {
	InitMS          float64  `json:"init_ms"`
	FirstRequestMS  *float64 `json:"first_request_ms"`
	SteadyRequestMS *float64 `json:"steady_request_ms"`
	RSSKiB          float64  `json:"rss_kib"`
	InitModules     []string `json:"init_modules"`
	RequestModules  []string `json:"request_modules"`
	Response        string   `json:"response"`
	Failed          string   `json:"failed"` // "init" or "request"
	Traceback       string   `json:"traceback"`
}

// total returns init plus first request, in ms.
func (s *sample) total() float64 {
	if s.FirstRequestMS == nil {
		return s.InitMS
	}
	return s.InitMS + *s.FirstRequestMS
}

// RunError says that an arm could not start or answer any event.
type RunError struct {
	Arm, Event string
	Message    string // what happened, one line
	Detail     string // trimmed traceback or output, may be empty
}

func (e *RunError) Error() string {
	text := fmt.Sprintf("%s: %s", e.Arm, e.Message)
	if e.Event != "" {
		text = fmt.Sprintf("%s, event %q: %s", e.Arm, e.Event, e.Message)
	}
	if e.Detail != "" {
		text += "\n" + e.Detail
	}
	return text
}

// job is one process to start.
type job struct{ round, arm, event int }

// Run measures. An arm that cannot be imported is a *RunError; an event that
// fails in every arm is left out and named in the result.
func Run(ctx context.Context, o Options) (*Result, error) {
	samples := make([][][]*sample, len(o.Arms)) // arm, event, round
	for a := range samples {
		samples[a] = make([][]*sample, len(o.Events))
		for e := range samples[a] {
			samples[a][e] = make([]*sample, o.Pairs)
		}
	}
	failed := make([]string, len(o.Events))

	// One untimed process an arm and event writes byte-code, fills the page
	// cache, and finds out which events fail.
	total := len(o.Arms) * len(o.Events) * (o.Pairs + 1)
	done := 0
	step := func() {
		if o.Progress != nil {
			o.Progress(done, total)
		}
		done++
	}
	for e := range o.Events {
		var errs []*RunError
		for a := range o.Arms {
			step()
			s, err := runOne(ctx, &o, &o.Arms[a], &o.Events[e])
			if err != nil {
				return nil, err
			}
			if s.Failed == "init" {
				return nil, failure(&o.Arms[a], "", s)
			}
			if s.Failed != "" {
				errs = append(errs, failure(&o.Arms[a], o.Events[e].Name, s))
			}
		}
		switch {
		case len(errs) == 0:
		case len(errs) == len(o.Arms):
			failed[e] = errs[0].Message + "\n" + errs[0].Detail
			total -= len(o.Arms) * o.Pairs
		default:
			errs[0].Message += ", though not in the other arm"
			return nil, errs[0]
		}
	}

	rng := rand.New(rand.NewPCG(o.Seed, 0x6661737470617468))
	for round := range o.Pairs {
		var jobs []job
		for e := range o.Events {
			if failed[e] != "" {
				continue
			}
			for a := range o.Arms {
				jobs = append(jobs, job{round, a, e})
			}
		}
		// The arms of one event stay next to each other: a pair shares its minute.
		shuffleGroups(rng, jobs, len(o.Arms))
		for _, j := range jobs {
			step()
			s, err := runOne(ctx, &o, &o.Arms[j.arm], &o.Events[j.event])
			if err != nil {
				return nil, err
			}
			if s.Failed != "" {
				return nil, failure(&o.Arms[j.arm], o.Events[j.event].Name, s)
			}
			samples[j.arm][j.event][j.round] = s
		}
	}
	return summarize(&o, samples, failed)
}

// shuffleGroups shuffles groups of size n, and the jobs within each group.
func shuffleGroups(rng *rand.Rand, jobs []job, n int) {
	groups := len(jobs) / n
	rng.Shuffle(groups, func(i, j int) {
		for k := range n {
			jobs[i*n+k], jobs[j*n+k] = jobs[j*n+k], jobs[i*n+k]
		}
	})
	for g := range groups {
		part := jobs[g*n : (g+1)*n]
		rng.Shuffle(n, func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
}
