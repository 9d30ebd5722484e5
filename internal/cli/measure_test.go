//go:build linux

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/python/launch"
)

// The tests of this file measure profile itself, and take minutes. They run
// when FASTPATH_MEASURE names an interpreter whose environment holds some of
// measuredPackages:
//
//	FASTPATH_MEASURE=.venv/bin/python go test ./internal/cli -run TestMeasure -v -timeout 60m

// measuredPackages are what the measured handlers import.
var measuredPackages = []string{"boto3", "pandas", "sympy", "requests", "yaml", "pydantic", "networkx", "jinja2", "flask"}

// measuredProject writes a handler for each of the packages that are there,
// and one for the first two of them.
func measuredProject(t *testing.T) (dir, python string, entries []string) {
	t.Helper()
	python = os.Getenv("FASTPATH_MEASURE")
	if python == "" {
		t.Skip("FASTPATH_MEASURE names no interpreter")
	}
	script := "import importlib.util, sys\nprint(*[n for n in sys.argv[1:] if importlib.util.find_spec(n)])"
	out, err := exec.Command(python, append([]string{"-c", script}, measuredPackages...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(out))
	if len(names) == 0 {
		t.Fatalf("%s has none of %s", python, strings.Join(measuredPackages, ", "))
	}
	two := names[:min(len(names), 2)]
	files := map[string]string{"two.py": "import " + strings.Join(two, "\nimport ") + "\n\n\ndef handler(event, context):\n    return " + strings.Join(two, ", ") + "\n"}
	entries = []string{"two:handler"}
	for _, n := range names {
		files["only_"+n+".py"] = "import " + n + "\n\n\ndef handler(event, context):\n    return " + n + "\n"
		entries = append(entries, "only_"+n+":handler")
	}
	var quoted []string
	for _, e := range entries {
		quoted = append(quoted, fmt.Sprintf("%q", e))
	}
	files["fastpath.toml"] = "entries = [" + strings.Join(quoted, ", ") + "]\n"
	dir = initProject(t, files)
	return dir, python, entries
}

// measuredRun runs a command with byte-code allowed.
func measuredRun(t *testing.T, dir, python string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	c := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: append(os.Environ(), "PYTHONDONTWRITEBYTECODE=")}
	if code := c.Main(t.Context(), append(args, "--python", python)); code != ExitOK {
		t.Fatalf("%q: exit %d: %s", args, code, errs.String())
	}
	return out.String()
}

// busyLoops keeps processors busy until the test ends.
func busyLoops(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for range n {
		cmd := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // as from another terminal, which the scheduler gives a share of its own
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Wait() })
	}
	t.Cleanup(cancel) // before the waits
}

// machineLoad returns how many processes wanted a processor in the last minute.
func machineLoad(t *testing.T) float64 {
	t.Helper()
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		t.Fatal(err)
	}
	var minute float64
	if _, err := fmt.Sscan(string(data), &minute); err != nil {
		t.Fatal(err)
	}
	return minute
}

// TestMeasureBusyMachine: profiles in a row change no row of the lock and no
// decision of the plan, though others compete for the processors: two loops,
// where the machine is not busy already.
func TestMeasureBusyMachine(t *testing.T) {
	dir, python, _ := measuredProject(t)
	if machineLoad(t) < 2*float64(runtime.NumCPU()) {
		busyLoops(t, 2)
	}
	path := filepath.Join(dir, evidence.FileName)
	decisions := func() string {
		var p struct {
			Decisions []struct{ Module, Decision string }
		}
		if err := json.Unmarshal([]byte(measuredRun(t, dir, python, "plan", "two:handler", "--format", "json")), &p); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(p.Decisions)
	}
	const tries = 20
	changedRows, changedLocks, changedPlans := 0, 0, 0
	measuredRun(t, dir, python, "profile", "-q", "two:handler")
	for i := range tries {
		before, plan := readLines(t, path), decisions()
		measuredRun(t, dir, python, "profile", "-q", "two:handler")
		after := readLines(t, path)
		changed := changedLines(before, after)
		changedRows += len(changed) / 2
		if len(changed) > 0 {
			changedLocks++
		}
		if decisions() != plan {
			changedPlans++
		}
		t.Logf("%d of %d: load %.0f, %d lines, changed %q", i+1, tries, machineLoad(t), len(after), changed)
	}
	t.Logf("%d rows of %d locks and %d plans of %d changed", changedRows, changedLocks, changedPlans, tries)
	if changedLocks > 0 || changedPlans > 0 {
		t.Errorf("%d rows and %d plans changed in %d tries", changedRows, changedPlans, tries)
	}
}

// TestMeasureChange: a module that really takes 30 % longer is found among the
// noise of a busy machine, and what takes longer with it is named alone.
func TestMeasureChange(t *testing.T) {
	dir, python, _ := measuredProject(t)
	if machineLoad(t) < 2*float64(runtime.NumCPU()) {
		busyLoops(t, 2)
	}
	work := func(rounds int) {
		code := fmt.Sprintf("VALUE = 0\nfor _ in range(%d):\n    VALUE += 1\n", rounds)
		if err := os.WriteFile(filepath.Join(dir, "work.py"), []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(time.Duration(rounds) * time.Millisecond) // byte-code is told apart by whole seconds
		if err := os.Chtimes(filepath.Join(dir, "work.py"), when, when); err != nil {
			t.Fatal(err)
		}
	}
	source, err := os.ReadFile(filepath.Join(dir, "two.py"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "two.py"), append([]byte("import work\n"), source...), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, evidence.FileName)
	self := func() (found float64) {
		t.Helper()
		lock, err := evidence.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range lock.Entries["two:handler"].Modules {
			if m.Name == "work" {
				found = m.SelfMS
			}
		}
		return found
	}
	work(100_000)
	measuredRun(t, dir, python, "profile", "-q", "two:handler")
	rounds := int(100_000 * 10 / self()) // for ten milliseconds
	const tries = 10
	found := 0
	for i := range tries {
		work(rounds)
		measuredRun(t, dir, python, "profile", "-q", "--replace", "two:handler")
		before, old := self(), readLines(t, path)
		work(rounds * 13 / 10)
		measuredRun(t, dir, python, "profile", "-q", "two:handler")
		after := self()
		if after != before {
			found++
		}
		t.Logf("%d of %d: load %.0f, %.1f ms → %.1f ms, changed %q", i+1, tries, machineLoad(t), before, after, changedLines(old, readLines(t, path)))
	}
	t.Logf("the change was found %d times in %d", found, tries)
	if found == 0 {
		t.Error("the change was never found")
	}
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

// changedLines returns the lines that are in one of two locks only.
func changedLines(a, b []string) []string {
	count := map[string]int{}
	for _, line := range a {
		count[line]++
	}
	var changed []string
	for _, line := range b {
		if count[line]--; count[line] < 0 {
			changed = append(changed, "+"+line)
		}
	}
	for _, line := range a {
		if count[line] > 0 {
			count[line]--
			changed = append(changed, "-"+line)
		}
	}
	return changed
}

// processorTime returns what this process and its children have taken, which
// depends less on what others do than the wall does.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			t.Fatal(err)
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}

// TestMeasureWall: profile with ten runs takes at most 1.15 times as long as
// eleven bare imports of the same entry, a handler or a list of modules. What
// profile measures of a handler begins with the imports of AWS's runtime client,
// which the bare import lacks: the comparison with both is shown beside it.
func TestMeasureWall(t *testing.T) {
	dir, python, entries := measuredProject(t)
	type kind struct {
		name, module string
		args         []string
	}
	var kinds []kind
	for _, e := range entries[:min(len(entries), 4)] {
		module := strings.TrimSuffix(e, ":handler")
		kinds = append(kinds, kind{e, module, []string{e}})
		if name, ok := strings.CutPrefix(module, "only_"); ok {
			kinds = append(kinds, kind{"--modules " + name, name, []string{"--modules", name}})
		}
	}
	bare := func(code string) {
		for range 11 {
			cmd := exec.Command(python, "-c", code)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
	for _, k := range kinds {
		arms := []func(){
			func() { measuredRun(t, dir, python, append([]string{"profile", "-q"}, k.args...)...) },
			func() { bare("import " + k.module) },
		}
		if strings.Contains(k.name, ":") {
			arms = append(arms, func() { bare(launch.PreloadSource() + "preload()\nimport " + k.module) })
		}
		wall, processor := make([][]time.Duration, len(arms)), make([][]time.Duration, len(arms))
		for round := range 6 { // interleaved; the first warms up
			for i, run := range arms {
				start, before := time.Now(), processorTime(t)
				run()
				if round > 0 {
					wall[i], processor[i] = append(wall[i], time.Since(start)), append(processor[i], processorTime(t)-before)
				}
			}
		}
		for _, list := range slices.Concat(wall, processor) {
			slices.Sort(list)
		}
		ratios := func(i int) string {
			return fmt.Sprintf("%.2f, of processor time %.2f", float64(wall[0][2])/float64(wall[i][2]), float64(processor[0][2])/float64(processor[i][2]))
		}
		beside := ""
		if len(arms) > 2 {
			beside = "; with the client before the import " + ratios(2)
		}
		t.Logf("%-24s load %.0f: profile %6d ms, eleven imports %6d ms, ratio %s%s", k.name, machineLoad(t), wall[0][2].Milliseconds(), wall[1][2].Milliseconds(), ratios(1), beside)
		if ratio := float64(wall[0][2]) / float64(wall[1][2]); ratio > 1.15 {
			t.Errorf("%s: ratio %.2f", k.name, ratio)
		}
	}
}
