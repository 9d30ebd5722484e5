//go:build linux

package probe

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fastpath/internal/python/launch"
)

// TestMeasureOverhead counts the instructions that the timing pass adds to an
// import, as a share of those that the import takes. It runs under valgrind,
// for minutes, when FASTPATH_MEASURE names an interpreter whose environment
// holds some of these packages.
func TestMeasureOverhead(t *testing.T) {
	python := os.Getenv("FASTPATH_MEASURE")
	if python == "" {
		t.Skip("FASTPATH_MEASURE names no interpreter")
	}
	dir := t.TempDir()
	for _, f := range []string{"nothing.py", "result"} {
		if err := os.WriteFile(filepath.Join(dir, f), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The same program without a recorder is what it is compared with. Both
	// leave before they write a result, and collect nothing: how often that
	// happens depends on what the probe itself has left behind. And valgrind
	// makes everything fifty times slower, so that on a machine that others
	// use each slice would be looked at.
	const none = "class _Timing:\n    def start(self): pass\n    def entry(self, target, run): run()\n    def total(self): return 0, 0, 0\n"
	started := func(recorder string) *launch.Program {
		p := program(Options{}, PassTiming)
		p.Parts[1] = recorder
		source := p.Parts[2]
		for _, change := range [][2]string{{"    lines = recorder.take()\n", "    if exc is not None: print(repr(exc), file=sys.stderr)\n    os._exit(exc is not None)\n"}, {"    recorder.start()\n", "    gc.disable()\n    recorder.start()\n"}} {
			if strings.Count(source, change[0]) != 1 {
				t.Fatalf("%q is not in the probe", change[0])
			}
			source = strings.Replace(source, change[0], change[1], 1)
		}
		p.Parts[2] = source
		return p
	}
	timing := strings.Replace(timingSource, "IDLE = 1e-5 ", "IDLE = 1e9 ", 1)
	if timing == timingSource {
		t.Fatal("IDLE is not in the probe")
	}
	count := func(recorder, module string) int64 {
		stdin := append(started(recorder).Input("time", KindImport, module, "", dir, "1000", "", "", ""), module...)
		return instructions(t, python, dir, stdin, launch.ProgramArguments()...)
	}
	count(none, "nothing") // writes byte-code
	timing0, none0 := count(timing, "nothing"), count(none, "nothing")
	for _, module := range []string{"requests", "boto3", "pydantic", "asyncio"} {
		warm := exec.Command(python, "-c", "import "+module) // writes byte-code
		warm.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=")
		if warm.Run() != nil {
			continue
		}
		with, without := count(timing, module)-timing0, count(none, module)-none0
		share := float64(with-without) / float64(without)
		t.Logf("%-10s %6.1f million instructions, %+.2f %% in the timing pass", module, float64(without)/1e6, 100*share)
		if share > 0.005 {
			t.Errorf("%s: the timing pass adds %.2f %%", module, 100*share)
		}
	}
}

var collected = regexp.MustCompile(`(?m)Collected : (\d+)`)

// instructions runs Python under callgrind and returns what it executed.
func instructions(t *testing.T, python, dir string, stdin []byte, args ...string) int64 {
	t.Helper()
	result, err := os.OpenFile(filepath.Join(dir, "result"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	cmd := exec.CommandContext(t.Context(), "valgrind", append([]string{"--tool=callgrind", "--callgrind-out-file=/dev/null", python}, args...)...)
	cmd.Dir, cmd.ExtraFiles, cmd.Stdin = dir, []*os.File{result}, bytes.NewReader(stdin)
	cmd.Env = append(launch.Environment(os.Environ(), launch.EnvOptions{}), "FASTPATH_RESULT=3:secret", "PYTHONDONTWRITEBYTECODE=")
	out, err := cmd.CombinedOutput()
	m := collected.FindStringSubmatch(string(out))
	if m == nil || err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out))))
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
