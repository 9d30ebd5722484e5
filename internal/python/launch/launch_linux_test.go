package launch

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A child does not outlive a fastpath that was killed with SIGKILL.
func TestRunEndsWithUs(t *testing.T) {
	const variable = "FASTPATH_TEST_PID_FILE"
	if file := os.Getenv(variable); file != "" { // the process that is killed
		run(t, fmt.Sprintf("import time\nopen(%q, 'w').write('%%d\\n' %% os.getpid())\ntime.sleep(50)", file), nil)
		return
	}
	python3(t)
	file := filepath.Join(t.TempDir(), "pid")
	us := exec.Command(os.Args[0], "-test.run=^TestRunEndsWithUs$")
	us.Env = append(os.Environ(), variable+"="+file, "TMPDIR="+filepath.Dir(file)) // it cannot tidy up
	if err := us.Start(); err != nil {
		t.Fatal(err)
	}
	pid := ""
	waitFor(t, "the child's start", func() bool {
		b, _ := os.ReadFile(file)
		pid = strings.TrimSpace(string(b))
		return strings.HasSuffix(string(b), "\n")
	})
	if err := us.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = us.Wait()
	waitFor(t, "the child's end", func() bool {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		return err != nil || bytes.Contains(stat, []byte(") Z "))
	})
}

// waitFor polls; the limit is only there to end a test that fails.
func waitFor(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !reached(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
