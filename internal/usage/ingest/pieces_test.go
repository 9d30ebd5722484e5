package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestPieces: lines that the runtime of a container cut are whole again, and what cannot be
// read is reported where it is.
func TestPieces(t *testing.T) {
	const at = "2026-03-01T10:00:00.123456789Z "
	log := at + "stdout F START RequestId: idA Version: 1\n" +
		at + `stdout P {"timestamp":"2026-03-01T10:00:00Z","requestId":"idA","message":"Module us` + "\n" +
		at + "stderr P Module used: ya\n" +
		at + "stderr F ml\n" +
		at + "stdout P ed: bot\n" +
		at + `stdout F o3"}` + "\n" +
		at + "stdout F Module used: \x00\n" +
		at + "stdout F END RequestId: idA\n"
	res := logs(t, Options{}, names(log))
	if got := describe(res.Days); got != "app.log 2026-03-01 n=1 cold=-1 boto3=1 yaml=1\n" {
		t.Error(got)
	}
	want := []Place{{"app.log", 7, int64(strings.Index(names(log), at+"stdout F Module used: \x00")), "binary data"}}
	if !slices.Equal(res.Places, want) || res.Lines != 8 {
		t.Errorf("%+v, want %+v; %d lines", res.Places, want, res.Lines)
	}
	torn := logs(t, Options{}, names(at+"stdout F START RequestId: idA Version: 1\n"+at+"stdout P Module used: boto3 and\n"))
	if got := describe(torn.Days); got != "app.log 2026-03-01 n=1 cold=-1 boto3=1\n" || torn.Lines != 2 {
		t.Errorf("%s, %d lines", got, torn.Lines)
	}
}

// TestPiecesAnywhere: wherever lines are cut, what comes between their pieces, and wherever a
// block of a log ends, the log says what it says in whole lines.
func TestPiecesAnywhere(t *testing.T) {
	for _, c := range []struct {
		name   string
		longer int // bytes of lines
		other  bool
		end    string
	}{{"short", 3000, false, "\n"}, {"taking turns", 3000, true, "\n"}, {"long", 200 << 10, true, "\n"}, {"longer than a block", 600 << 10, false, "\n"}, {"of Windows", 30 << 10, true, "\r\n"}} {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 8))
			var whole, cut strings.Builder
			put := func(out *strings.Builder, head, text string) { fmt.Fprintf(out, "%s %s%s", head, text, c.end) }
			for n := 0; cut.Len() < 2<<20; n++ {
				at := fmt.Sprintf("2026-03-01T10:%02d:%02d.123456789Z", n/60%60, n%60)
				id := fmt.Sprintf("%08x-2fa1-41d2-883f-0016d3cca427", n)
				for _, text := range []string{
					"START RequestId: " + id + " Version: 1",
					fmt.Sprintf(`{"timestamp":"2026-03-01T10:00:00Z","requestId":"%s","extra":"%s","message":"Module used: m%d"}`, id, strings.Repeat("x", r.IntN(c.longer)), r.IntN(5)),
					"END RequestId: " + id,
				} {
					put(&whole, at+" stdout F", text)
					for len(text) > 16<<10 || len(text) > 0 && r.IntN(3) == 0 {
						k := min(r.IntN(len(text)), 16<<10)
						put(&cut, at+" stdout P", text[:k])
						text = text[k:]
						if c.other && r.IntN(2) == 0 {
							put(&cut, at+" stderr F", "other")
							put(&whole, at+" stderr F", "other")
						}
					}
					put(&cut, at+" stdout F", text)
				}
			}
			a, b := logs(t, Options{}, whole.String()), logs(t, Options{}, cut.String())
			if got, want := describe(b.Days), describe(a.Days); got != want || int(b.Lines) != strings.Count(cut.String(), "\n") || len(b.Places) > 0 {
				t.Fatalf("%s, seed %d: %s, want %s; %d lines; %v", c.name, seed, got, want, b.Lines, b.Places)
			}
		}
	}
}

// TestPiecesWithoutEnd: of lines of which the last piece never comes there is what there is,
// where it is, and no more than the longest line is kept of them.
func TestPiecesWithoutEnd(t *testing.T) {
	const at = "2026-03-01T10:00:00.123456789Z "
	log := at + "stdout F START RequestId: idA Version: 1\n" +
		at + "stderr P Module used: \x00\n" +
		at + "stdout P Module used: bo\n" +
		at + "stdout P to3\n" +
		at + "stderr P \n"
	res := logs(t, Options{}, names(log))
	want := []Place{{"app.log", 5, int64(strings.LastIndex(names(log), at)), "binary data"}}
	if got := describe(res.Days); got != "app.log 2026-03-01 n=1 cold=-1 boto3=1\n" || !slices.Equal(res.Places, want) || res.Lines != 5 {
		t.Errorf("%s; %+v, want %+v; %d lines", got, res.Places, want, res.Lines)
	}
	torn := logs(t, Options{}, at+"stdout F START RequestId: 00000000-2fa1-41d2-883f-0016d3cca427 Version: 1\n"+at+"stdout P START Reques\n"+at+"stdout P tId: 00000001-2fa1\n")
	if got := describe(torn.Days); got != "app.log 2026-03-01 n=1 cold=-1\n" || len(torn.Places) != 1 {
		t.Errorf("%s, %v", got, torn.Places)
	}
	never := at + "stdout F START RequestId: idA Version: 1\n" + strings.Repeat(at+"stdout P Module used: boto3 "+strings.Repeat("x", 5000)+"\n", 1000)
	if res := logs(t, Options{MaxLine: 1 << 20}, never); res.Lines != 1001 || res.Requests != 1 || len(res.Places) == 0 {
		t.Errorf("%d lines, %v requests, %v", res.Lines, res.Requests, res.Places)
	}
}
