package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fastpath/internal/evidence"
)

// The variables that make the test binary a process that commits: the project,
// the name of its sources, the number to start with, and how many.
const (
	childRoot  = "FASTPATH_TEST_STORE_ROOT"
	childName  = "FASTPATH_TEST_STORE_NAME"
	childFirst = "FASTPATH_TEST_STORE_FIRST"
	childCount = "FASTPATH_TEST_STORE_COUNT"
)

func TestMain(m *testing.M) {
	if root := os.Getenv(childRoot); root != "" {
		first, _ := strconv.Atoi(os.Getenv(childFirst))
		count, _ := strconv.Atoi(os.Getenv(childCount))
		os.Exit(commitMany(root, os.Getenv(childName), first, count))
	}
	os.Exit(m.Run())
}

// childRow is the n-th row that a child commits: one of six sources' days, so
// that most rows replace one, and the number of its requests tells which it is.
func childRow(name string, n int) *evidence.UsageDay {
	return row("", fmt.Sprintf("%s%d", name, n%3), fmt.Sprintf("2026-03-%02d", 1+n%2), evidence.UsageLog, float64(n+1))
}

// commitMany commits one row after the other and acknowledges each with a
// line, as a command prints its result.
func commitMany(root, name string, first, count int) int {
	limitFiles()
	for n := first; n < first+count; n++ {
		c, err := Commit(context.Background(), root, &Batch{Days: []*evidence.UsageDay{childRow(name, n)}, Seen: map[Key][]byte{{name, "2026-03-01"}: []byte(strconv.Itoa(n))}})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 3
		}
		if len(c.Rows) != 1 {
			return 4
		}
		fmt.Println(n)
	}
	return 0
}

// child is what the test knows of the processes with one name.
type child struct {
	name  string
	next  int               // first number that no process has tried
	acked map[Key]float64   // the last that was acknowledged
	tried map[Key][]float64 // what was tried since
}

// run starts a process that commits up to count rows, and lets stop end it.
func (c *child) run(t *testing.T, root string, count int, env []string, stop func(*exec.Cmd)) {
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
		return
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), append(env, childRoot+"="+root, childName+"="+c.name, childFirst+"="+strconv.Itoa(c.next), childCount+"="+strconv.Itoa(count))...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	go stop(cmd)
	last := c.next - 1
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil || n != last+1 {
			t.Errorf("%s acknowledged %q after %d", c.name, lines.Text(), last)
		}
		last = n
		d := childRow(c.name, n)
		key := Key{d.Source, d.Day}
		c.acked[key], c.tried[key] = d.Requests, nil
	}
	_ = cmd.Wait() // it was killed, or its disk was full
	if s := stderr.String(); strings.Contains(s, "panic") || strings.Contains(s, "damaged") {
		t.Errorf("%s: %s", c.name, s)
	}
	// One more may have been under way.
	d := childRow(c.name, last+1)
	key := Key{d.Source, d.Day}
	c.tried[key] = append(c.tried[key], d.Requests)
	c.next = last + 2
}

// check compares what is on disk with what was acknowledged.
func (c *child) check(t *testing.T, rows map[Key]float64) {
	t.Helper()
	for key, want := range c.acked {
		got, ok := rows[key]
		good := got == want
		for _, n := range c.tried[key] {
			good = good || got == n
		}
		if !ok || !good {
			t.Errorf("%v: %v requests, want %v, or one of %v that was not acknowledged", key, got, want, c.tried[key])
		}
	}
}

// locked reads the lock, whose rows must be each there once.
func locked(t *testing.T, root string) map[Key]float64 {
	t.Helper()
	lock, err := evidence.Read(filepath.Join(root, evidence.FileName))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := map[Key]float64{}
	for _, u := range lock.Usage {
		key := Key{u.Source, u.Day}
		if _, twice := rows[key]; twice {
			t.Errorf("%v is there twice", key)
		}
		rows[key] = u.Requests
		if len(u.Modules) != 1 || u.Modules[0].Requests != u.Requests {
			t.Errorf("%v is torn: %+v", key, u)
		}
	}
	return rows
}

// TestKilledCommitsLoseNothing kills two processes that commit at the same
// time, many times, at any moment. What they acknowledged is in the lock, and
// nothing is there twice.
func TestKilledCommitsLoseNothing(t *testing.T) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	root := t.TempDir()
	children := []*child{newChild("a"), newChild("b")}
	life := 250 * time.Millisecond // at most, of a process
	for range rounds {
		done := make(chan struct{})
		for _, c := range children {
			go func() {
				defer func() { done <- struct{}{} }()
				c.run(t, root, 1000, nil, func(cmd *exec.Cmd) {
					time.Sleep(rand.N(life))
					_ = cmd.Process.Kill()
				})
			}()
		}
		for range children {
			<-done
		}
		rows := locked(t, root)
		for _, c := range children {
			c.check(t, rows)
		}
		if t.Failed() {
			return
		}
		if len(children[0].acked) == 0 || len(children[1].acked) == 0 { // the machine is slow
			life = min(2*life, 8*time.Second)
		}
	}
	acked := 0
	for _, c := range children {
		acked += len(c.acked)
	}
	if acked == 0 {
		t.Fatal("no process lived long enough to commit anything")
	}
	// The next commit completes what was interrupted, and what was left behind goes.
	if err := os.WriteFile(filepath.Join(root, "."+evidence.FileName+".0123456789ab.tmp"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	commit(t, root, &Batch{Days: []*evidence.UsageDay{row("", "last", "2026-03-01", evidence.UsageLog, 1)}})
	both(t, root)
	left, err := os.ReadDir(root)
	if err != nil || len(left) != 2 {
		t.Errorf("%v are left, %v; want the lock and its folder", left, err)
	}
	for _, c := range children {
		c.check(t, locked(t, root))
		t.Logf("%s: %d commits tried", c.name, c.next)
	}
}

func newChild(name string) *child {
	return &child{name: name, acked: map[Key]float64{}, tried: map[Key][]float64{}}
}
