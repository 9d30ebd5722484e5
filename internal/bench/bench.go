// Package bench measures cold starts as users meet them: a fresh process
// starts, imports the entry, answers one request, then some more. With several
// arms it tells a difference from noise.
//
// What comes in are arms (the same entry in another state: project folder,
// environment, interpreter, byte-code) and events with their share of the
// traffic; what goes out is a Result. Samples come in rounds: in each round
// every arm answers every event once, in a fresh process and in shuffled order,
// so that whatever else the machine does hits all arms alike, and differences
// are taken within a round. Nothing of ours runs in a timed process: a handler
// runs under lambdaapi and is timed from outside, a command from its start to
// its end, and which modules are loaded is found out by processes that nobody
// times. The judgement is on init plus first request, because init alone
// rewards cost that merely moved; compare.go says what it takes to call two
// arms different.
package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"fastpath/internal/lambdaapi"
	"fastpath/internal/python/launch"
)

// Arm is one state of the entry.
type Arm struct {
	Name       string
	Python     string   // interpreter, absolute
	Version    string   // X.Y of it
	Root       string   // the project's folder, absolute
	Dir        string   // absolute; working directory
	ImportRoot string   // absolute; head of sys.path
	Kind       string   // project.EntryKind
	Command    string   // name of a console script
	Module     string   // "" for files
	Attr       string   // function of a handler or console script
	File       string   // absolute, for entries that are files
	Roots      []string // absolute folders of the user's code, for trimming tracebacks
	Env        []string // whole environment
	MemoryMB   float64  // told to a handler
	Bytecode   launch.Bytecode
}

// handler reports whether the arm answers requests in one process.
func (a *Arm) handler() bool { return a.Kind == "handler" }

// Event is one kind of request: JSON for a handler, arguments for a command.
// A handler's event without JSON is no request: init alone is measured.
type Event struct {
	Name  string
	JSON  []byte
	Args  []string
	Share float64 // of the traffic, 0 to 1
}

// Pair names two arms to compare, by their index.
type Pair struct{ Before, After int }

// Options says what to run.
type Options struct {
	Arms   []Arm
	Pairs  []Pair // none with one arm; the first is Result.Comparison
	Events []Event
	Rounds int // at least 1
	// Precision is the half-width of the interval at 95 %, as a share, that
	// the cold start must reach before the rounds end; 0 for Rounds alone.
	// MaxRounds ends them in any case.
	Precision float64
	MaxRounds int
	Steady    int           // requests after the first one
	Timeout   time.Duration // of one process
	Seed      uint64        // of the order
	Watch     Watcher
}

// Watcher is told what happens; each of its functions may be nil.
type Watcher struct {
	// Progress is called before each process.
	Progress func(done, total int)
	// Plan says once the first rounds are known how long the rest takes, and
	// again whenever Precision asks for more.
	Plan func(rounds int, left time.Duration)
	// Report is called after each timed process of a handler.
	Report func(arm, event string, reports []lambdaapi.Report)
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

// DefaultMaxRounds ends a measurement that does not reach its precision.
const DefaultMaxRounds = 200

// firstRounds is how many rounds must be known before more are planned.
const firstRounds = 10

// bench is a measurement under way.
type bench struct {
	Options
	arms    []*armRun
	failed  []string // by event: why it is left out, "" otherwise
	ran     []int    // the other events
	done    int      // processes
	planned int      // rounds
}

// Run measures. An arm that cannot be imported is a *RunError; an event that
// fails in every arm is left out and named in the result.
func Run(ctx context.Context, o Options) (result *Result, err error) {
	b := &bench{Options: o, failed: make([]string, len(o.Events)), planned: o.Rounds}
	if o.Precision > 0 {
		b.planned = max(o.Rounds, firstRounds)
	}
	if b.MaxRounds == 0 {
		b.MaxRounds = DefaultMaxRounds
	}
	defer func() {
		for _, a := range b.arms {
			if closeErr := a.close(); err == nil && closeErr != nil {
				result, err = nil, closeErr
			}
		}
	}()
	for i := range o.Arms {
		a, err := newArmRun(ctx, &b.Options, &o.Arms[i])
		if err != nil {
			return nil, err
		}
		b.arms = append(b.arms, a)
	}
	if err := b.look(ctx); err != nil {
		return nil, err
	}
	return b.measure(ctx)
}

// step counts a process.
func (b *bench) step() {
	if b.Watch.Progress != nil {
		b.Watch.Progress(b.done, len(b.arms)*(len(b.Events)+b.planned*len(b.ran)))
	}
	b.done++
}

// look starts one untimed process an arm and event. It writes byte-code, fills
// the page cache, and finds out what is loaded and which events fail.
func (b *bench) look(ctx context.Context) error {
	for e := range b.Events {
		b.ran = append(b.ran, e) // until it is known better
	}
	var ran []int
	for e := range b.Events {
		var errs []*RunError
		for _, a := range b.arms {
			b.step()
			init, request, err := a.look(ctx, &b.Events[e])
			switch {
			case err != nil:
				return err
			case init != nil:
				return init
			case request != nil:
				errs = append(errs, request)
			}
		}
		switch {
		case len(errs) == 0:
			ran = append(ran, e)
		case len(errs) == len(b.arms) && len(b.Events) == 1:
			return errs[0]
		case len(errs) == len(b.arms):
			b.failed[e] = errs[0].Message
			if errs[0].Detail != "" {
				b.failed[e] += "\n" + errs[0].Detail
			}
		default:
			errs[0].Message += ", though not in " + others(len(b.arms)-len(errs))
			return errs[0]
		}
	}
	if b.ran = ran; len(ran) == 0 {
		return &RunError{Arm: b.arms[0].Name, Message: "every event failed, the first with:", Detail: b.failed[0]}
	}
	return nil
}

func others(n int) string {
	if n == 1 {
		return "the other arm"
	}
	return "other arms"
}

// measure runs the rounds.
func (b *bench) measure(ctx context.Context) (*Result, error) {
	rng := rand.New(rand.NewPCG(b.Seed, 0x6661737470617468))
	start := time.Now()
	for round := 0; ; round++ {
		if round == b.planned && !b.more(start, round) {
			break
		}
		if round == min(3, b.planned-1) && b.Watch.Plan != nil && round > 0 {
			b.Watch.Plan(b.planned, left(start, round, b.planned))
		}
		var jobs []job
		for _, e := range b.ran {
			for a := range b.arms {
				jobs = append(jobs, job{a, e})
			}
		}
		// The arms of one event stay next to each other: a pair shares its minute.
		shuffleGroups(rng, jobs, len(b.arms))
		for _, j := range jobs {
			b.step()
			if err := b.arms[j.arm].run(ctx, &b.Events[j.event]); err != nil {
				return nil, err
			}
		}
	}
	return b.summarize(), nil
}

// left estimates how long the rounds from done to planned take.
func left(start time.Time, done, planned int) time.Duration {
	return time.Duration(float64(time.Since(start)) / float64(done) * float64(planned-done))
}

// more decides after the planned rounds whether the precision asks for others.
// The width of an interval falls with the root of the number of rounds.
func (b *bench) more(start time.Time, done int) bool {
	if b.Precision == 0 || done >= b.MaxRounds {
		return false
	}
	width := b.width()
	if width <= b.Precision {
		return false
	}
	need := float64(b.MaxRounds)
	if !math.IsInf(width, 0) {
		need = math.Ceil(float64(done) * math.Pow(width/b.Precision, 2))
	}
	b.planned = int(min(max(need, float64(done+2)), float64(b.MaxRounds)))
	if b.Watch.Plan != nil {
		b.Watch.Plan(b.planned, left(start, done, b.planned))
	}
	return true
}

// width is the half-width of the widest interval that the precision is about,
// as a share.
func (b *bench) width() float64 {
	if len(b.Pairs) == 0 {
		f := figure(b.coldStarts(b.arms[0]))
		if f.Low == nil || f.Median == 0 {
			return math.Inf(1)
		}
		return (*f.High - *f.Low) / 2 / f.Median
	}
	widest := 0.0
	for _, p := range b.Pairs {
		c := judge(b.coldStarts(b.arms[p.Before]), b.coldStarts(b.arms[p.After]), judgementLevel)
		w, ok := c.Interval()
		if !ok {
			return math.Inf(1)
		}
		widest = max(widest, w)
	}
	return widest
}

// job is one process to start.
type job struct{ arm, event int }

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
