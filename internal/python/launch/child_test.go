//go:build unix

package launch

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/oracle"
)

// startScript starts a script that may use a channel.
func startScript(t *testing.T, timeout time.Duration, script string) *Child {
	t.Helper()
	c := Start(t.Context(), Options{
		Python: oracle.One(t).Path, Args: Script(ChannelSource + script), Dir: t.TempDir(),
		Env: Environment(os.Environ(), EnvOptions{}), Timeout: timeout,
	})
	t.Cleanup(c.Stop)
	return c
}

// TestChild: a child waits for the second piece of its input, and nothing
// counts against its limit meanwhile.
func TestChild(t *testing.T) {
	t.Parallel()
	const script = "import os\nchannel = Channel()\nfirst = os.read(0, 100)\nchannel.send(b'got ' + first)\nchannel.send(b'')\n" +
		"second = os.read(0, 100)\nchannel.send(b', ' + second + b', ' + os.read(0, 100))\n"
	const limit = 5 * time.Second
	c := startScript(t, limit, script)
	time.Sleep(limit / 2) // without anything to do yet
	c.Send([]byte("one"))
	if sent := string(c.Waits()); sent != "got one" {
		t.Errorf("sent %q before it waited", sent)
	}
	time.Sleep(limit)
	c.Finish([]byte("two"))
	res, err := c.Wait()
	if err != nil || res.TimedOut || string(res.Data) != "got one, two, " || len(res.Foreign) > 0 {
		t.Errorf("%+v %v", res, err)
	}
	if sent := string(c.Waits()); sent != "got one" {
		t.Errorf("sent %q before it waited, as it is known later", sent)
	}
}

// TestChildAtOnce: a child that gets all of its input need not wait.
func TestChildAtOnce(t *testing.T) {
	t.Parallel()
	c := startScript(t, time.Minute, "import sys\nchannel = Channel()\nchannel.send(b'')\nchannel.send(sys.stdin.buffer.read())\nchannel.send(b'')\n")
	c.Send([]byte("one, "))
	c.Finish([]byte("two"))
	if res, err := c.Wait(); err != nil || string(res.Data) != "one, two" {
		t.Errorf("%+v %v", res, err)
	}
}

// TestChildDone: what a child has sent is known before it ends.
func TestChildDone(t *testing.T) {
	t.Parallel()
	const script = "import os, time\nchannel = Channel()\nchannel.send(b'one')\nchannel.send(b'')\n" +
		"os.read(0, 100)\nos.write(channel.fd, b'foreign')\nchannel.send(b', two')\nchannel.send(b'')\ntime.sleep(1000)\n"
	c := startScript(t, time.Minute, script)
	c.Send(nil)
	if sent := string(c.Waits()); sent != "one" {
		t.Errorf("sent %q before it waited", sent)
	}
	c.Finish([]byte("go on"))
	if res, err := c.Done(); err != nil || string(res.Data) != "one, two" || string(res.Foreign) != "foreign" || res.Disturbed != nil {
		t.Errorf("%+v %v", res, err)
	}
	c.Stop()

	c = startScript(t, time.Minute, "channel = Channel()\nchannel.send(b'one')\nchannel.send(b'')\nraise SystemExit(3)\n")
	c.Send(nil)
	c.Finish(nil)
	if res, err := c.Done(); err != nil || string(res.Data) != "one" || res.ExitCode != 3 {
		t.Errorf("%+v %v", res, err)
	}
}

// TestChildTurn: a child starts when it is its turn, and may be stopped before.
func TestChildTurn(t *testing.T) {
	t.Parallel()
	turn, began := make(chan struct{}), make(chan int, 1)
	o := Options{Python: oracle.One(t).Path, Args: []string{"-c", ""}, Dir: t.TempDir(), Turn: turn, OnStart: func(pid int) { began <- pid }}
	c, other := Start(t.Context(), o), Start(t.Context(), o)
	other.Stop()
	if _, err := other.Wait(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-began:
		t.Error("a child started before its turn")
	case <-time.After(50 * time.Millisecond):
	}
	close(turn)
	if res, err := c.Wait(); err != nil || res.ExitCode != 0 || len(began) != 1 {
		t.Errorf("%+v %v", res, err)
	}
	c.Stop()
}

// TestChildLimit: the limit counts for each piece.
func TestChildLimit(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"before": "import time\ntime.sleep(1000)\n",
		"after":  "import os, time\nchannel = Channel()\nos.read(0, 100)\nchannel.send(b'')\nos.read(0, 100)\ntime.sleep(1000)\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startScript(t, time.Second, script)
			c.Send([]byte("one"))
			c.Waits()
			c.Finish([]byte("two"))
			if res, err := c.Wait(); err != nil || !res.TimedOut {
				t.Errorf("%+v %v", res, err)
			}
		})
	}
}

// TestChildEnds: one that ends, is stopped or cannot be started keeps nobody
// waiting.
func TestChildEnds(t *testing.T) {
	t.Parallel()
	c := startScript(t, time.Minute, "import sys\nsys.exit(3)\n")
	c.Send([]byte(strings.Repeat("more than a pipe holds ", 1<<14)))
	if sent := c.Waits(); sent != nil {
		t.Errorf("sent %q", sent)
	}
	c.Finish(nil)
	if res, err := c.Wait(); err != nil || res.ExitCode != 3 {
		t.Errorf("%+v %v", res, err)
	}

	c = startScript(t, time.Minute, "import time\ntime.sleep(1000)\n")
	c.Send([]byte("one"))
	c.Stop()
	if _, err := c.Wait(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	c.Finish([]byte("two"))

	c = Start(t.Context(), Options{Python: "/nowhere/python"})
	c.Send([]byte("one"))
	c.Waits()
	c.Finish([]byte("two"))
	if _, err := c.Wait(); err == nil || !strings.Contains(err.Error(), "--python") {
		t.Error(err)
	}
	c.Stop()
}
