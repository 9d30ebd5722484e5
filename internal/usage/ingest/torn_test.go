package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestTornLastLine: half of an id is no other request, and what is missing is said.
func TestTornLastLine(t *testing.T) {
	const one, two = "1b4e28ba-2fa1-41d2-883f-0016d3cca427", "2b4e28ba-2fa1-41d2-883f-0016d3cca427"
	log := "START RequestId: " + one + " Version: 7\n[INFO]\t2026-03-01T10:00:00.123Z\t" + one + "\tModule used: boto3\nEND RequestId: " + one + "\nSTART RequestId: " + two + " Version: 7\n"
	for name, c := range map[string]struct {
		end        string
		requests   float64
		unreadable int64
	}{
		"whole":            {"END RequestId: " + two + "\n", 2, 0},
		"no line feed":     {"END RequestId: " + two, 2, 0},
		"within the id":    {"END RequestId: " + two[:20], 2, 1},
		"before the id":    {"2026-03-01T10:00:00.123Z REPORT RequestId: ", 2, 1},
		"behind the id":    {"REPORT RequestId: " + two + "\tDurat", 2, 0},
		"before the word":  {"REPO", 2, 0},
		"JSON":             {`{"timestamp": "2026-03-01T10:00:00Z", "message": "Module used: yaml", "requestId": "` + two[:9], 2, 1},
		"JSON with a word": {`{"timestamp": "2026-03-01T10:00:00Z", "message": "END RequestId: x"}`, 3, 0},
	} {
		res := logs(t, Options{}, log+c.end)
		if len(res.Days) != 1 || res.Days[0].Requests != c.requests || res.Unreadable != c.unreadable {
			t.Errorf("%s: %s, %d unreadable; want %v requests, %d unreadable", name, describe(res.Days), res.Unreadable, c.requests, c.unreadable)
		}
		if c.unreadable > 0 && (len(res.Places) != 1 || res.Places[0].Line != 5 || res.Places[0].Offset != int64(len(log))) {
			t.Errorf("%s: %v", name, res.Places)
		}
	}
}

// TestDataThatBreaksOff: of the last line of data that ends too early nothing is
// believed, wherever that is.
func TestDataThatBreaksOff(t *testing.T) {
	var log strings.Builder
	for i := range 30 {
		fmt.Fprintf(&log, "START RequestId: %032x Version: 7\nModule used: package%d\nEND RequestId: %032x\n", i*7919, i, i*7919)
	}
	for cut := 10; cut < log.Len(); cut += 11 {
		in := io.MultiReader(strings.NewReader(log.String()[:cut]), iotest.ErrReader(io.ErrUnexpectedEOF))
		res, err := read(t, []File{{Name: "x.log", Reader: in}}, Options{Day: "2026-03-01", block: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Problems) != 1 || res.Unreadable > 1 || len(res.Days) > 1 {
			t.Fatalf("%d bytes: %v, %d unreadable", cut, res.Problems, res.Unreadable)
		}
		for _, d := range res.Days {
			lines := strings.SplitAfter(log.String(), "\n")
			read := int64(len(strings.Join(lines[:res.Lines-res.Unreadable], "")))
			if want := float64((res.Lines - res.Unreadable + 2) / 3); d.Requests != want {
				t.Errorf("%d bytes: %v requests in %d lines, want %v", cut, d.Requests, res.Lines, want)
			}
			for _, m := range d.Modules {
				if !strings.Contains(log.String(), "used: "+m.Module+"\n") {
					t.Errorf("%d bytes: half of a module, %q", cut, m.Module)
				}
			}
			if res.Unreadable == 1 && (res.Places[0].Line != res.Lines || res.Places[0].Offset != read) {
				t.Errorf("%d bytes: %v, want byte %d", cut, res.Places[0], read)
			}
		}
	}
}

// TestInterruptedWhileWaiting: nobody has to wait for a pipe that says nothing.
func TestInterruptedWhileWaiting(t *testing.T) {
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, _ = io.WriteString(out, "START RequestId: a Version: 7\n")
		cancel()
	}()
	if _, err := Read(ctx, []File{{Name: "stdin", Reader: in}}, Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAbsurdTimes: a number that no time is ends neither the log nor the program.
func TestAbsurdTimes(t *testing.T) {
	for _, at := range []string{"1e400", "-1e400", "1e308", "NaN", "inf", "-1", "0", `"1e400"`, `"inf"`, `""`, "99999999999999999999999999"} {
		log := `{"time":` + at + `,"type":"platform.report","record":{"requestId":"r1","metrics":{"initDurationMs":1e400,"memorySizeMB":1e400}}}` + "\n" +
			`{"timestamp": ` + at + `, "message": "Module used: boto3", "requestId": "r1"}` + "\n"
		if got := describe(logs(t, Options{Day: "2026-03-01"}, log).Days); got != "app.log 2026-03-01 n=1 cold=1 boto3=1\n" {
			t.Errorf("%s: %q", at, got)
		}
	}
}

// TestManyBrackets: a message about brackets in brackets takes no time.
func TestManyBrackets(t *testing.T) {
	line := strings.Repeat(`{"time":`, 2000)
	err := (&parser{batch: &batch{}, fields: &fields{}}).record([]byte(line), unknown, 1)
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("%v", err)
	}
	deep := strings.Repeat("[", 400) + strings.Repeat("]", 400)
	if err := (&parser{batch: &batch{}, fields: &fields{}}).record([]byte(deep), unknown, 1); err == nil || !strings.Contains(err.Error(), "300 levels") {
		t.Errorf("%v", err)
	}
}
