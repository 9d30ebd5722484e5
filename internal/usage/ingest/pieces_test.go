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

// TestPiecesAnywhere: wherever lines are cut, and wherever a block of a log ends, the log
// says what it says in whole lines.
func TestPiecesAnywhere(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 8))
		var whole, cut strings.Builder
		for n := 0; cut.Len() < 3<<20; n++ {
			at := fmt.Sprintf("2026-03-01T10:%02d:%02d.123456789Z", n/60%60, n%60)
			id := fmt.Sprintf("%08x-2fa1-41d2-883f-0016d3cca427", n)
			for _, text := range []string{
				"START RequestId: " + id + " Version: 1",
				fmt.Sprintf(`{"timestamp":"2026-03-01T10:00:00Z","requestId":"%s","extra":"%s","message":"Module used: m%d"}`, id, strings.Repeat("x", r.IntN(3000)), r.IntN(5)),
				"END RequestId: " + id,
			} {
				fmt.Fprintf(&whole, "%s stdout F %s\n", at, text)
				for len(text) > 0 && r.IntN(3) == 0 {
					k := r.IntN(len(text))
					fmt.Fprintf(&cut, "%s stdout P %s\n", at, text[:k])
					text = text[k:]
				}
				fmt.Fprintf(&cut, "%s stdout F %s\n", at, text)
			}
		}
		a, b := logs(t, Options{}, whole.String()), logs(t, Options{}, cut.String())
		if got, want := describe(b.Days), describe(a.Days); got != want || int(b.Lines) != strings.Count(cut.String(), "\n") || len(b.Places) > 0 {
			t.Fatalf("seed %d: %s, want %s; %d lines; %v", seed, got, want, b.Lines, b.Places)
		}
	}
}
