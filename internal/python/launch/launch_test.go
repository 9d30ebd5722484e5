//go:build unix

package launch

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fastpath/internal/python/oracle"
)

// python3 returns the interpreter of the tests.
func python3(t *testing.T) string {
	t.Helper()
	return oracle.One(t).Path
}

// run runs a script with the result descriptor in fd.
func run(t *testing.T, script string, change func(*Options)) *Result {
	t.Helper()
	o := Options{
		Python: python3(t), Dir: t.TempDir(), Env: Environment(os.Environ(), EnvOptions{}), Timeout: time.Minute,
		Args: Script("import os, sys\n"+ChannelSource+"\nsend = Channel().send\n"+script, "a", "b c"),
	}
	if change != nil {
		change(&o)
	}
	res, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestRunCollects(t *testing.T) {
	res := run(t, `
data = sys.stdin.buffer.read()
sys.stdout.write("x" * 300000 + "end")
sys.stderr.write("problem")
send(b"r" * 1000000)
send(data + repr(sys.argv).encode() + os.getcwd().encode())
sys.exit(7)
`, func(o *Options) { o.Stdin = []byte("input "); o.Dir, _ = filepath.EvalSymlinks(o.Dir) })
	if res.ExitCode != 7 || res.Signal != "" || res.TimedOut {
		t.Errorf("%+v", res)
	}
	if len(res.Stdout) != tailSize || !bytes.HasSuffix(res.Stdout, []byte("xend")) || string(res.Stderr) != "problem" {
		t.Errorf("stdout %d bytes, stderr %q", len(res.Stdout), res.Stderr)
	}
	want := "input ['-c', 'a', 'b c']/"
	if len(res.Data) < 1000000 || !strings.HasPrefix(string(res.Data[1000000:]), want) {
		t.Errorf("data: %d bytes", len(res.Data))
	}
	if res.MaxRSSKiB < 1000 || res.CPU <= 0 || res.Wall <= 0 {
		t.Errorf("%+v", res)
	}
}

func TestRunSignal(t *testing.T) {
	res := run(t, "import signal\nos.kill(os.getpid(), signal.SIGKILL)", nil)
	if res.Signal != "killed" || res.ExitCode != -1 || res.TimedOut {
		t.Errorf("%+v", res)
	}
}

// dead reports whether a process ends soon.
func dead(pid int) bool {
	for range 200 {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return true
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && strings.Contains(string(stat), ") Z ") {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

const forks = `
import time
child = os.fork()
if child == 0:
    time.sleep(1000)
send(b"%d" % child)
`

func TestRunKillsTheGroup(t *testing.T) {
	for name, end := range map[string]string{"timeout": "time.sleep(1000)", "left behind": "os._exit(0)"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := run(t, forks+end, func(o *Options) { o.Timeout = 2 * time.Second })
			if res.TimedOut != (name == "timeout") {
				t.Errorf("%+v", res)
			}
			if pid, err := strconv.Atoi(string(res.Data)); err != nil || !dead(pid) {
				t.Errorf("process %q still runs", res.Data)
			}
		})
	}
}

func TestRunEndsThoughAnotherSessionHoldsThePipes(t *testing.T) {
	res := run(t, "import time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(5)\n    os._exit(0)\nsend(b'done')\n", nil)
	if string(res.Data) != "done" || res.ExitCode != 0 {
		t.Errorf("%+v", res)
	}
}

func TestRunCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	_, err := Run(ctx, Options{Python: python3(t), Args: []string{"-c", "import time; time.sleep(1000)"}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRunCannotStart(t *testing.T) {
	_, err := Run(t.Context(), Options{Python: filepath.Join(t.TempDir(), "python")})
	if err == nil || !strings.Contains(err.Error(), "cannot start the interpreter") || !strings.Contains(err.Error(), "--python") {
		t.Error(err)
	}
	if _, err = Run(t.Context(), Options{Python: python3(t), Dir: filepath.Join(t.TempDir(), "x")}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestEnvironment(t *testing.T) {
	base := []string{
		"A=1", "AWS_PROFILE=prod", "AWS_ACCESS_KEY_ID=real", "AWS_SECRET_ACCESS_KEY=real", "AWS_SESSION_TOKEN=real", "AWS_REGION=eu-west-1",
		"AWS_CONFIG_FILE=/home/me/.aws/config", "AWS_ENDPOINT_URL=http://127.0.0.1:5000", "PYTHONPATH=/old", "PYTHONHASHSEED=7",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://x", "FASTPATH_RESULT=9",
	}
	sep := string(os.PathListSeparator)
	got := Environment(base, EnvOptions{PythonPath: []string{"/root1", "/root2"}, Extra: []string{"A=2", "B="}})
	slices.Sort(got)
	want := []string{
		"A=2", "AWS_ACCESS_KEY_ID=fastpath-dummy", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_DEFAULT_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=http://127.0.0.1:5000", "AWS_REGION=eu-west-1", "AWS_SECRET_ACCESS_KEY=fastpath-dummy", "AWS_SESSION_TOKEN=fastpath-dummy",
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "B=", "PYTHONHASHSEED=0", "PYTHONPATH=/root1" + sep + "/root2" + sep + "/old",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	real := Environment(base, EnvOptions{RealCredentials: true})
	for _, kv := range []string{"AWS_PROFILE=prod", "AWS_SECRET_ACCESS_KEY=real", "PYTHONPATH=/old", "PYTHONHASHSEED=0"} {
		if !slices.Contains(real, kv) {
			t.Errorf("%s is missing in %q", kv, real)
		}
	}
	if slices.Contains(real, "AWS_EC2_METADATA_DISABLED=true") || len(base) != 12 || base[0] != "A=1" {
		t.Errorf("%q\n%q", real, base)
	}
}

func TestTrimTraceback(t *testing.T) {
	text := `Traceback (most recent call last):
  File "<frozen importlib._bootstrap>", line 9, in _main
  File "/p/app/handler.py", line 3, in <module>
    import lib
    ^^^^^^^^^^
  File "/p/.venv/lib/python3.12/site-packages/lib/__init__.py", line 1, in <module>
    from . import core
  File "/usr/lib/python3.12/json/decoder.py", line 1, in decode
    obj, end = self.raw_decode(s)
  File "/p/lib/core.py", line 2, in <module>
    {}["x"]
  [Previous line repeated 3 more times]
  File "/usr/lib/python3.12/os.py", line 7, in f
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/p/app/handler.py", line 5, in <module>
    fail()
ValueError: two
lines
`
	want := `Traceback (most recent call last):
  File "app/handler.py", line 3, in <module>
    import lib
    ^^^^^^^^^^
  ... 2 frames outside the project
  File "lib/core.py", line 2, in <module>
    {}["x"]
  [Previous line repeated 3 more times]
  ... 1 frame outside the project
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "app/handler.py", line 5, in <module>
    fail()
ValueError: two
lines`
	if got := TrimTraceback(text, []string{"/p", "/p/app"}); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := TrimTraceback("no traceback\n", nil); got != "no traceback" {
		t.Errorf("%q", got)
	}
}

func TestPreload(t *testing.T) {
	res := run(t, PreloadSource()+"\npreload()\nsend(b' '.join(m.encode() for m in sys.modules))", nil)
	have := strings.Fields(string(res.Data))
	for _, m := range RuntimeModules {
		if m.Since == "3.8" && !slices.Contains(have, m.Name) {
			t.Errorf("%s was not imported: %s", m.Name, res.Stderr)
		}
	}
	for _, m := range []string{"socket", "ssl", "http.client", "hashlib"} {
		if slices.Contains(have, m) {
			t.Errorf("%s was imported", m)
		}
	}
}
