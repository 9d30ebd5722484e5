// Package launch starts the user's Python for the commands that run user
// code: profile, usage invoke, bench. A child gets an environment without the
// user's cloud credentials, a process group of its own that is killed whole,
// a time limit, and a descriptor for its result that the program's own output
// cannot disturb. What the embedded scripts share lies here as well: how they
// are started, the Lambda context, tracebacks, and the imports of AWS's runtime client.
//
// Nothing here knows what a script measures; a child that fails is a Result,
// and only one that could not be started is an error.
package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Options says what to start.
type Options struct {
	Python  string        // absolute path of the interpreter
	Args    []string      // its arguments, see Script
	Dir     string        // working directory, absolute
	Env     []string      // as from Environment
	Stdin   []byte        // nil: the null device
	Timeout time.Duration // 0: none
	// Stdout gets all that the child writes there, beside Result.Stdout, from
	// a goroutine that ends before Run does; nil: nobody.
	Stdout io.Writer
	// OnStart is called with the process id once the child runs; nil: nobody.
	OnStart func(pid int)
	// Stop, once closed, ends the child and all that it started: the caller
	// has what it wants. nil: never.
	Stop <-chan struct{}
	// Turn, once closed, lets the child of Start start; nil: at once.
	Turn <-chan struct{}
	// NoResult keeps the result descriptor away from a child that is no script
	// of ours.
	NoResult bool

	child *Child // set by Start
}

// Result is what became of a child.
type Result struct {
	Data           []byte // what it sent over its Channel
	Foreign        []byte // what else was written to the descriptor of that: Python's fault handler does it, and programs that write to all descriptors
	Disturbed      error  // ErrDisturbed where Data ends before a piece that others damaged
	Stdout, Stderr []byte // the last 64 KiB of each
	ExitCode       int    // -1 when a signal ended it
	Signal         string // "segmentation fault", … or ""
	TimedOut       bool   // it was killed because of Options.Timeout
	Stopped        bool   // it was killed because of Options.Stop
	// MaxRSSKiB is the peak resident memory as the kernel accounts it, 0 where
	// it is not known. On Linux it is at least the peak of fastpath itself, so
	// that scripts which need the figure read VmHWM on their own.
	MaxRSSKiB int64
	Started   time.Time     // just before the child was made
	Wall, CPU time.Duration // CPU is user and system time, of the child and the children it waited for
}

// tailSize bounds what is kept of a child's output.
const tailSize = 64 << 10

// resultLimit bounds what a child may send as its result.
const resultLimit = 256 << 20

// grace is how long output is read on after the child and its process group
// are gone: only a process that left the group can still hold a pipe.
const grace = 300 * time.Millisecond

// Run starts a child, waits for its end and returns what became of it. The
// whole process group is killed at the time limit, when ctx ends, and when
// the child leaves processes behind; on Linux the child also ends when this
// process is killed. The error is ctx's, or says that the child could not be
// started.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Python, o.Args...)
	cmd.Dir = o.Dir
	cmd.Env = o.Env

	var p plumbing
	defer p.close()
	var stdout, stderr, data buffer
	stdout.tail, stderr.tail = tailSize, tailSize
	stdout.also = o.Stdout
	data.limit = resultLimit
	var err error
	if cmd.Stdout, err = p.reader(&stdout); err != nil {
		return nil, err
	}
	if cmd.Stderr, err = p.reader(&stderr); err != nil {
		return nil, err
	}
	switch {
	case o.child != nil:
		cmd.Stdin, err = p.writer(o.child.input)
	case o.Stdin != nil:
		input := make(chan []byte, 1)
		input <- o.Stdin
		close(input)
		cmd.Stdin, err = p.writer(input)
	}
	if err != nil {
		return nil, err
	}
	collect, secret := func() error { return nil }, ""
	if !o.NoResult {
		secret = newSecret()
		if o.child != nil {
			data.mark, data.marked = emptyPiece(secret), func(raw []byte, times int) { o.child.marked(raw, secret, times) }
		}
		if collect, err = p.result(cmd, &data, secret); err != nil {
			return nil, err
		}
	}
	ownGroup(cmd)
	defer endWithUs(cmd)()

	res := &Result{Started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, startError(o, err)
	}
	if o.OnStart != nil {
		o.OnStart(cmd.Process.Pid)
	}
	p.started()

	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var clock limit
	defer clock.stop()
	var works <-chan bool
	if o.child == nil {
		clock.start(o.Timeout)
	} else {
		works = o.child.works
	}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
			continue
		case start := <-works:
			clock.stop()
			if start {
				clock.start(o.Timeout)
			}
			continue
		case <-o.Stop:
			res.Stopped = true
		case <-clock.reached:
			res.TimedOut = true
		case <-ctx.Done():
			killGroup(cmd)
			<-done
			return nil, ctx.Err()
		}
		killGroup(cmd)
		<-done
		ended = true
	}
	res.Wall = time.Since(res.Started)
	killGroup(cmd) // whatever the child left behind
	p.drain(grace)

	state := cmd.ProcessState
	res.ExitCode = state.ExitCode()
	res.CPU = state.UserTime() + state.SystemTime()
	res.Signal, res.MaxRSSKiB = accounting(state)
	res.Stdout, res.Stderr = stdout.bytes(), stderr.bytes()
	if err := collect(); err != nil {
		return nil, err
	}
	if err := data.failed(); err != nil {
		return nil, err
	}
	res.Data, res.Foreign, res.Disturbed = unframe(data.bytes(), secret)
	return res, nil
}

// limit is a time limit that can be taken back.
type limit struct {
	timer   *time.Timer
	reached <-chan time.Time
}

func (l *limit) start(d time.Duration) {
	if d > 0 {
		l.timer = time.NewTimer(d)
		l.reached = l.timer.C
	}
}

func (l *limit) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.timer, l.reached = nil, nil
}

// startError says why a child could not be started.
func startError(o Options, err error) error {
	if _, statErr := os.Stat(o.Dir); o.Dir != "" && statErr != nil {
		return fmt.Errorf("cannot start Python in %q: %w", o.Dir, statErr)
	}
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("cannot start the interpreter %q: %w; name another one with --python", o.Python, err)
}

// plumbing owns the pipes of one child.
type plumbing struct {
	child   []*os.File // ends that only the child needs
	parent  []*os.File
	files   []string // temporary, removed at the end
	readers sync.WaitGroup
}

// reader returns the end of a pipe for the child to write to; what arrives
// goes to b.
func (p *plumbing) reader(b *buffer) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.parent, p.child = append(p.parent, r), append(p.child, w)
	p.readers.Go(func() {
		chunk := make([]byte, 32<<10)
		for {
			n, err := r.Read(chunk)
			b.add(chunk[:n])
			if err != nil {
				return
			}
		}
	})
	return w, nil
}

// writer returns the end of a pipe for the child to read pieces from, until
// their channel is closed.
func (p *plumbing) writer(pieces <-chan []byte) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.parent, p.child = append(p.parent, w), append(p.child, r)
	go func() {
		for data := range pieces {
			_, _ = w.Write(data) // a child that does not read its input is no failure
		}
		_ = w.Close()
	}()
	return r, nil
}

// started closes the child's ends, so that the readers see its end.
func (p *plumbing) started() {
	for _, f := range p.child {
		_ = f.Close()
	}
	p.child = nil
}

// drain waits until everything is read, for at most d.
func (p *plumbing) drain(d time.Duration) {
	read := make(chan struct{})
	go func() { p.readers.Wait(); close(read) }()
	select {
	case <-read:
	case <-time.After(d):
		for _, f := range p.parent {
			_ = f.Close() // ends the readers
		}
		<-read
	}
}

func (p *plumbing) close() {
	p.started()
	for _, f := range p.parent {
		_ = f.Close()
	}
	p.readers.Wait()
	for _, name := range p.files {
		_ = os.Remove(name)
	}
}

// buffer collects bytes: the last tail ones, or all of them up to limit.
type buffer struct {
	tail, limit int
	also        io.Writer // gets all of it as well
	mark        []byte    // where it arrives, marked gets what came before, and how often it has come; nil: nowhere
	marked      func(before []byte, times int)
	times, seen int // how often it has come, and how much of data has been searched for it
	data        []byte
	over        bool
}

func (b *buffer) add(chunk []byte) {
	if b.also != nil {
		_, _ = b.also.Write(chunk) // whoever looks on does not disturb
	}
	if b.limit > 0 && len(b.data)+len(chunk) > b.limit {
		b.over = true
		return
	}
	b.data = append(b.data, chunk...)
	if b.mark != nil {
		b.search()
	}
	if b.tail > 0 && len(b.data) > 2*b.tail {
		b.data = append(b.data[:0], b.data[len(b.data)-b.tail:]...)
	}
}

// search looks for the mark in what is new. Such a buffer has no tail.
func (b *buffer) search() {
	for {
		i := bytes.Index(b.data[b.seen:], b.mark)
		if i < 0 {
			b.seen = max(b.seen, len(b.data)-len(b.mark)+1)
			return
		}
		at := b.seen + i
		b.times++
		b.seen = at + len(b.mark)
		b.marked(bytes.Clone(b.data[:at]), b.times)
	}
}

func (b *buffer) bytes() []byte {
	if b.tail > 0 && len(b.data) > b.tail {
		return b.data[len(b.data)-b.tail:]
	}
	return b.data
}

func (b *buffer) failed() error {
	if b.over {
		return fmt.Errorf("a child process sent more than %d MiB as its result", b.limit>>20)
	}
	return nil
}

// Script returns the arguments that run an embedded script. It sees sys.argv
// as "-c" and args; before user code runs it makes a Channel, or removes
// FASTPATH_RESULT from os.environ.
//
// Its code carries the name of the import system's own frames: warnings with
// a stack level then still blame the user's line, and tracebacks stay short.
func Script(source string, args ...string) []string {
	return append([]string{"-c", runSource, source}, args...)
}

const runSource = `import sys
exec(compile(sys.argv.pop(1), "<frozen importlib._bootstrap>", "exec"), {"__name__": "fastpath", "__builtins__": __builtins__})`
