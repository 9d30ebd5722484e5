package probe

import (
	"context"
	_ "embed"
	"slices"
	"strconv"
	"time"

	"fastpath/internal/python/launch"
)

//go:embed startup.py
var startupSource string

// startFirst takes the time before Python compiles the rest, which would count.
// The waiting is read first, so that none of it lies after the clock.
const startFirst = `import sys, time
try:
    import posix as _low
except ImportError:
    import nt as _low
try:
    _fd = _low.open("/proc/thread-self/schedstat", _low.O_RDONLY)
    _waited = int(_low.read(_fd, 64).split()[1])
    _low.close(_fd)
except (OSError, ValueError, IndexError):
    _waited = 0
_now = time.time_ns()
exec(sys.argv.pop(1))`

// Startup is what one start of the interpreter took, before any program.
type Startup struct {
	Interpreter time.Duration // from the start of the process to its first line of Python, without site
	Site        time.Duration // the module site, without Code
	Code        []StartupCode // what ran in it, in order
}

// StartupCode is code that runs at each start of the interpreter: a .pth or
// .start file of the installation, or the modules sitecustomize and
// usercustomize.
type StartupCode struct {
	File    string // absolute; the name of the module for the latter
	Time    time.Duration
	Modules []string // that it loaded, sorted
}

// startupArguments returns the arguments of a Python whose start is timed from now on.
// Then runs behind that, and finds the records in STARTED.
func startupArguments(then string, more ...string) []string {
	source := startupSource + stopwatchSource + "STARTED = _startup()\n" + then
	return append([]string{"-S", "-c", startFirst, source, strconv.FormatInt(time.Now().UnixNano(), 10)}, more...)
}

// startupAlone sends the records, and ends.
const startupAlone = `Channel().send(("\n".join(STARTED) + "\n").encode("utf-8", "backslashreplace"))
_low._exit(0)
`

// StartupPass starts the interpreter once.
func StartupPass(ctx context.Context, o Options) (*Startup, error) {
	res, err := launch.Run(ctx, launch.Options{
		Python: o.Python, Dir: o.Dir, Env: o.Env, Timeout: o.Timeout,
		Args: startupArguments(launch.ChannelSource + startupAlone),
	})
	if err != nil {
		return nil, err
	}
	r, _ := parse(res.Data)
	s, ok := r.startup()
	if !ok {
		return nil, failure(&result{}, "", res)
	}
	return s, nil
}

// isStartup reports whether a record is one of startup.py.
func isStartup(key string) bool { return key == "start" || key == "pth" || key == "custom" }

// startup reads the records of startup.py; ok is false when they are not complete.
func (r *result) startup() (s *Startup, ok bool) {
	s = &Startup{}
	for _, f := range r.started {
		if f[0] == "start" {
			s.Interpreter, s.Site = nanoseconds(f[1]), nanoseconds(f[2])
			ok = true
			continue
		}
		code := StartupCode{File: f[1], Time: nanoseconds(f[2]), Modules: f[3:]}
		if f[0] == "custom" && len(code.Modules) == 0 {
			continue // there is no such module
		}
		// One row for each line of the file; and site runs the files of a virtual
		// environment twice before 3.15.
		if i := slices.IndexFunc(s.Code, func(c StartupCode) bool { return c.File == code.File }); i >= 0 {
			s.Code[i].Time += code.Time
			s.Code[i].Modules = append(s.Code[i].Modules, code.Modules...)
			slices.Sort(s.Code[i].Modules)
			continue
		}
		s.Code = append(s.Code, code)
	}
	for _, c := range s.Code {
		s.Site = max(0, s.Site-c.Time)
	}
	return s, ok
}

func nanoseconds(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(max(n, 0))
}
