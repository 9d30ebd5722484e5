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
