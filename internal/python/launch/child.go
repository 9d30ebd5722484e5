package launch

import (
	"context"
	"sync"
)

// Child is a process that starts while its caller does something else. Its
// standard input comes in two pieces. Before it reads the second one it may say,
// by an empty piece over its Channel, that it waits: what it does then it does
// alone. By another empty piece it says that it has sent all, and is about to end.
//
// Its time limit counts from each piece on, and not while it waits.
type Child struct {
	input chan []byte
	works chan bool     // a piece is on its way; it waits
	waits chan struct{} // closed once it has said so
	sent  []byte        // over the Channel, before it waited
	done  chan struct{} // closed once it has sent all
	all   *Result       // what that is
	ended chan struct{}
	stop  context.CancelFunc

	mu       sync.Mutex
	finished bool

	res *Result
	err error
}

// Start starts a child like Run and returns at once; Options.Stdin is not used.
// Call Stop at the end, whatever became of it.
func Start(ctx context.Context, o Options) *Child {
	ctx, stop := context.WithCancel(ctx)
	c := &Child{
		input: make(chan []byte, 2), works: make(chan bool, 3), // all that is ever sent
		waits: make(chan struct{}), done: make(chan struct{}), ended: make(chan struct{}), stop: stop,
	}
	o.child = c
	go func() {
		defer close(c.ended)
		if o.Turn != nil {
			select {
			case <-o.Turn:
			case <-ctx.Done():
			}
		}
		c.res, c.err = Run(ctx, o)
	}()
	return c
}

// Send sends the first piece of the input.
func (c *Child) Send(piece []byte) {
	c.works <- true
	c.input <- piece
}

// Finish sends the last piece of the input.
func (c *Child) Finish(piece []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return
	}
	c.finished = true
	c.works <- true
	c.input <- piece
	close(c.input)
}

// marked notes that the child says something by an empty piece, after it has
// sent raw.
func (c *Child) marked(raw []byte, secret string, times int) {
	switch times {
	case 1:
		c.waiting(raw, secret)
	case 2:
		c.all = &Result{}
		c.all.Data, c.all.Foreign, c.all.Disturbed = unframe(raw, secret)
		close(c.done)
	}
}

// waiting notes that the child waits.
func (c *Child) waiting(raw []byte, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished {
		c.works <- false
	}
	c.sent, _, _ = unframe(raw, secret)
	close(c.waits)
}

// Waits waits until the child does, or has ended, and returns what it has sent
// until then. It needs Streams.
func (c *Child) Waits() []byte {
	select {
	case <-c.waits:
	case <-c.ended:
	}
	return c.sent
}

// Done waits until the child has sent all, or has ended. What it returns is as of
// Wait, but of a child that has not ended only what it has sent.
func (c *Child) Done() (*Result, error) {
	select {
	case <-c.done:
		return c.all, nil
	case <-c.ended:
		return c.res, c.err
	}
}

// Wait waits for the end of the child and returns what became of it, as Run.
func (c *Child) Wait() (*Result, error) {
	<-c.ended
	return c.res, c.err
}

// Stop ends the child where it still runs.
func (c *Child) Stop() {
	c.stop()
	<-c.ended
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.finished {
		c.finished = true
		close(c.input)
	}
}
