package oracle

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Lines runs a program under an interpreter, writes the inputs to it, one a
// line, and calls each with the line that it answers to each of them, without
// its ending. The program is started once, and flushes what it prints.
func Lines(t testing.TB, p Python, program string, inputs []string, each func(n int, line string)) {
	t.Helper()
	cmd := exec.Command(p.Path, "-X", "utf8", "-I", "-S", "-c", program)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // a program that ends early breaks the pipe, which shows below
		w := bufio.NewWriter(in)
		for _, line := range inputs {
			_, _ = w.WriteString(line + "\n")
		}
		_ = w.Flush()
		_ = in.Close()
	}()
	lines := bufio.NewReaderSize(out, 1<<20)
	for n, input := range inputs {
		line, err := lines.ReadString('\n')
		if err != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			t.Fatalf("%s stopped at %q: %v\n%s", p.Path, input, err, stderr.String())
		}
		each(n, strings.TrimSuffix(line, "\n"))
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", p.Path, err, stderr.String())
	}
}
