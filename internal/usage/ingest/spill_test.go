package ingest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"fastpath/internal/evidence"
)

// little is as little memory as there can be.
func little(m *limits) { m.entries, m.sets, m.part, m.partSets = 7, 300, 11, 90 }

// traffic makes requests of log streams, of which no two use the same modules, and what is
// true of them: "stream day" → module, "" for requests → number.
func traffic(r *rand.Rand, requests int) (lines map[string][]string, want map[string]map[string]int) {
	type request struct {
		stream  string
		day     int
		modules map[string]bool
	}
	known := map[string]*request{}
	lines = map[string][]string{}
	for i := range requests {
		id := fmt.Sprintf("%08x-2fa1-41d2-883f-0016d3cca427", r.Uint32())
		q := &request{fmt.Sprintf("2026/03/01/[$LATEST]%032x", r.IntN(4)), 1 + r.IntN(3), map[string]bool{}}
		known[id] = q
		say := func(day int, text string) {
			at := 1772323200000 + int64(day-1)*dayMS + int64(i)
			lines[q.stream] = append(lines[q.stream], fmt.Sprintf(`{"logStreamName":%q,"timestamp":%d,"message":%q}`, q.stream, at, text))
		}
		say(q.day, "START RequestId: "+id+" Version: 7")
		for range r.IntN(8) {
			m := fmt.Sprintf("m%d", r.IntN(60))
			q.modules[m] = true
			day := q.day
			if r.IntN(20) == 0 { // midnight
				day++
			}
			say(day, fmt.Sprintf("[INFO]\t2026-03-%02dT10:00:00.000Z\t%s\tModule used: %s", day, id, m))
		}
		say(q.day, "REPORT RequestId: "+id+"\tDuration: 3.30 ms\tMemory Size: 512 MB")
	}
	want = map[string]map[string]int{}
	for _, q := range known {
		key := fmt.Sprintf("%s 2026-03-%02d", q.stream, q.day)
		if want[key] == nil {
			want[key] = map[string]int{}
		}
		want[key][""]++
		for m := range q.modules {
			want[key][m]++
		}
	}
	return lines, want
}

// history is what several runs of ingest keep: rows, and what they remember.
type history struct {
	t    *testing.T
	seen map[SeenKey][]byte
	rows map[SeenKey]map[string]*evidence.UsageDay // by entry
	res  *Result
}

func newHistory(t *testing.T) *history {
	return &history{t: t, seen: map[SeenKey][]byte{}, rows: map[SeenKey]map[string]*evidence.UsageDay{}}
}

// read reads logs, by name, in a random order.
func (h *history) read(r *rand.Rand, o Options, logs map[string]string) {
	h.t.Helper()
	var files []File
	for _, name := range slices.Sorted(maps.Keys(logs)) {
		files = append(files, File{Name: name, Reader: strings.NewReader(logs[name])})
	}
	r.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	l, err := Read(h.t.Context(), files, o)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := l.Finish(func(source, day string) ([]byte, error) { return h.seen[SeenKey{source, day}], nil })
	if err != nil {
		h.t.Fatal(err)
	}
	for key, data := range res.Seen {
		if len(data) == 0 {
			delete(h.seen, key)
		} else {
			h.seen[key] = data
		}
	}
	for _, d := range res.Days {
		delete(h.rows, SeenKey{d.Source, d.Day})
	}
	for _, d := range res.Days {
		if key := (SeenKey{d.Source, d.Day}); d.Requests > 0 {
			if h.rows[key] == nil {
				h.rows[key] = map[string]*evidence.UsageDay{}
			}
			h.rows[key][d.Entry] = d
		}
	}
	h.res = res
}

func (h *history) days() (list []*evidence.UsageDay) {
	for _, of := range h.rows {
		list = slices.AppendSeq(list, maps.Values(of))
	}
	slices.SortFunc(list, func(a, b *evidence.UsageDay) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Entry, b.Entry))
	})
	return list
}

// check compares with what is true.
func (h *history) check(want map[string]map[string]int) {
	h.t.Helper()
	got := map[string]map[string]int{}
	for _, d := range h.days() {
		of := map[string]int{"": int(d.Requests)}
		for _, m := range d.Modules {
			of[m.Module] += int(m.Requests)
		}
		got[d.Source+" "+d.Day] = of
	}
	for key := range want {
		if !maps.Equal(got[key], want[key]) {
			h.t.Fatalf("%s:\n%v\nwant %v", key, got[key], want[key])
		}
	}
	if len(got) != len(want) {
		h.t.Fatalf("%d rows, want %d", len(got), len(want))
	}
}

// TestSpill: where no two requests use the same modules and the memory has no room for them,
// counts are what a map counts, in whatever order files come, how they overlap, and in
// how many runs they are read.
func TestSpill(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 6 {
		lines, want := traffic(r, 400)
		whole, first, second := map[string]string{}, map[string]string{}, map[string]string{}
		for stream, list := range lines {
			text := func(from, to int) string { return strings.Join(list[from:to], "\n") + "\n" }
			n, name := len(list), stream[len(stream)-2:]
			whole[name] = text(0, n)
			first[name+"a"], first[name+"b"], second[name+"c"] = text(0, n/2), text(n/3, n*2/3), text(n/2, n)
		}
		o := Options{Temp: t.TempDir(), block: 4 << 10}
		if round > 0 {
			o.most = little
		}
		once, parts := newHistory(t), newHistory(t)
		once.read(r, o, whole)
		once.check(want)
		if once.res.Sampled > 1 || once.res.Repeated != 0 {
			t.Errorf("sampled %v, %d repeated", once.res.Sampled, once.res.Repeated)
		}
		seen := once.seen
		once = newHistory(t)
		once.read(r, Options{most: func(m *limits) { m.part, m.partSets = 11, 90 }}, whole)
		if round > 0 && !same(seen, once.seen) {
			t.Error("what is remembered is not the same where there is memory")
		}
		seen = once.seen
		once.read(r, o, whole)
		once.check(want)
		if round > 0 && !same(seen, once.seen) {
			t.Error("what is remembered changes when the same logs are read again")
		}
		parts.read(r, o, first)
		parts.read(r, Options{Temp: o.Temp}, second) // with memory, what was written without
		parts.check(want)
		parts.read(r, o, second)
		parts.check(want)
		if n := len(parts.seen); len(once.seen) != n && round > 0 {
			t.Errorf("%d things are remembered of parts, %d of the whole", n, len(once.seen))
		}
		var reported int64
		both := map[string]string{"x": whole["00"], "y": whole["00"]}
		for _, line := range lines["2026/03/01/[$LATEST]"+strings.Repeat("0", 32)] {
			if strings.Contains(line, "REPORT") {
				reported++
			}
		}
		twice := newHistory(t)
		for range 2 {
			twice.read(r, o, both)
			if twice.res.Repeated != reported {
				t.Errorf("%d reports of two files, %d repeated", 2*reported, twice.res.Repeated)
			}
		}
		res, err := read(t, []File{{Name: "x", Reader: strings.NewReader(both["x"])}, {Name: "y", Reader: strings.NewReader(both["x"])}}, o)
		if err != nil || res.Repeated != reported {
			t.Errorf("%d reports of two files, %d repeated; %v", 2*reported, res.Repeated, err)
		}
		if left, _ := filepath.Glob(filepath.Join(o.Temp, "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func same(a, b map[SeenKey][]byte) bool {
	return maps.EqualFunc(a, b, func(a, b []byte) bool { return string(a) == string(b) })
}

// TestSpillSays: logs of all kinds say the same with memory and without.
func TestSpillSays(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	for p := range 12 {
		for seq := range 30 {
			kind, of := "request", `,"mods":["a.b","c%d","d","e"],"used":[0,1],"unseen":[2],"init":[3]`
			if seq == 0 {
				kind = "process"
			}
			fmt.Fprintf(&b, `{"fastpath":1,"proc":"p%d","seq":%d,"ts":%d,"entry":"app:%d","function":"f%d","kind":%q,"k":%d,"workflow":"/%d","counts":{"/%d":%d}`+of+"}\n",
				p, seq+1, 1772359200000+int64(seq)*dayMS/12, p%2, p%3, kind, seq, r.IntN(4), r.IntN(6), 1+r.IntN(5), r.IntN(50))
		}
	}
	lines, _ := traffic(r, 60)
	logs := map[string]string{"recorder": b.String(), "recorder again": b.String()[:b.Len()/2], "platform": "{\"time\":\"2026-03-01T10:00:00Z\",\"type\":\"platform.initStart\",\"record\":{\"functionName\":\"g\",\"functionVersion\":\"3\"}}\n"}
	for stream, list := range lines {
		logs[stream[len(stream)-2:]] = strings.Join(list, "\n")
	}
	with, without := newHistory(t), newHistory(t)
	for range 2 {
		with.read(r, Options{}, logs)
		without.read(r, Options{most: little}, logs)
	}
	if got, want := fmt.Sprint(values(without.days())), fmt.Sprint(values(with.days())); got != want || len(want) < 1000 {
		t.Errorf("%s\nwant %s", got, want)
	}
	if a, b := with.res, without.res; a.RepeatedLines == 0 || a.Repeated != b.Repeated || a.RepeatedLines != b.RepeatedLines || a.Requests != b.Requests || a.ColdStarts != b.ColdStarts {
		t.Errorf("%+v\nwant %+v", b, a)
	}
}

func values(list []*evidence.UsageDay) (out []evidence.UsageDay) {
	for _, d := range list {
		out = append(out, *d)
	}
	return out
}

// TestSampleOfSpilled: of more requests than are remembered one by one the sample is the
// same one, spilled or not.
func TestSampleOfSpilled(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	lines, _ := traffic(r, 3000)
	logs := map[string]string{}
	for stream, list := range lines {
		logs[stream[len(stream)-2:]] = strings.Join(list, "\n")
	}
	with, without := newHistory(t), newHistory(t)
	for range 2 {
		with.read(r, Options{Limit: 500}, logs)
		without.read(r, Options{Limit: 500, most: func(m *limits) { m.entries = 90 }}, logs)
		if with.res.Sampled < 4 || with.res.Sampled != without.res.Sampled || with.res.SampledError != without.res.SampledError {
			t.Errorf("sampled %v and %v", with.res.Sampled, without.res.Sampled)
		}
	}
	if got, want := describe(without.days()), describe(with.days()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// fullFile is a medium with room for some bytes.
type fullFile struct {
	spoolFile
	left *int
}

func (f fullFile) Write(p []byte) (int, error) {
	if *f.left -= len(p); *f.left < 0 {
		return 0, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	}
	return f.spoolFile.Write(p)
}

// TestDiskFull: wherever the room for temporary files ends, that is said, and nothing else.
func TestDiskFull(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	lines, want := traffic(r, 300)
	logs := map[string]string{}
	for stream, list := range lines {
		logs[stream[len(stream)-2:]] = strings.Join(list, "\n")
	}
	failed := map[string]int{}
	for room := -1; ; room = room*5/4 + 1000 {
		left, dir := room, t.TempDir()
		o := Options{Temp: dir, block: 4 << 10, most: little, create: func(dir string) (spoolFile, error) {
			if room < 0 {
				return nil, &os.PathError{Op: "open", Path: "x", Err: syscall.ENOSPC}
			}
			f, err := newTempFile(dir)
			return fullFile{f, &left}, err
		}}
		var files []File
		for name, text := range logs {
			files = append(files, File{Name: name, Reader: strings.NewReader(text)})
		}
		where := "reading"
		l, err := Read(t.Context(), files, o)
		if err == nil {
			where = "counting"
			rows := 0
			_, err = l.FinishInto(func(string, string) ([]byte, error) { return nil, nil },
				Sink{Row: func(*evidence.UsageDay) error { rows++; return nil }})
			if err != nil && rows > 0 {
				where = "rows"
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if err == nil {
			break
		}
		if failed[where]++; !strings.Contains(err.Error(), "no space left on device") || !strings.Contains(err.Error(), dir) {
			t.Fatal(err)
		}
	}
	if failed["reading"] == 0 || failed["counting"] == 0 || failed["rows"] > 0 {
		t.Errorf("failed %v", failed)
	}
	h := newHistory(t)
	h.read(r, Options{most: little}, logs)
	h.check(want)
}

// TestSweep: what a run left behind that was killed goes, and nothing else.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"ingest-123.tmp", "usage.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(t.Context(), nil, Options{Temp: dir}); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 || filepath.Base(left[0]) != "usage.db" {
		t.Errorf("left behind: %v", left)
	}
}

// TestManyDays: where there are more sources and days than are told apart, the requests of
// each day and what they used stay what they are, also when logs are read again or in parts.
func TestManyDays(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	const days, streams = 40, 30
	daily := map[string]map[string]int{}
	logs := [2]map[string]string{{}, {}}
	for s := range streams {
		var b strings.Builder
		for d := range days {
			date := fmt.Sprintf("2026-%02d-%02d", 3+d/28, 1+d%28)
			if daily[date] == nil {
				daily[date] = map[string]int{}
			}
			id := fmt.Sprintf("%08x-2fa1-41d2-883f-0016d3cca427", r.Uint32())
			daily[date][""]++
			fmt.Fprintf(&b, "%sT10:00:00.000Z START RequestId: %s Version: 7\n", date, id)
			if m := r.IntN(9); m > 0 {
				fmt.Fprintf(&b, "[INFO]\t%sT10:00:00.000Z\t%s\tModule used: m%d\n", date, id, m)
				daily[date][fmt.Sprintf("m%d", m)]++
			}
			fmt.Fprintf(&b, "%sT10:00:00.000Z REPORT RequestId: %s\tDuration: 3.30 ms\tMemory Size: 512 MB\n", date, id)
		}
		logs[s%2][fmt.Sprintf("app-%d", s)] = b.String()
	}
	check := func(h *history) {
		t.Helper()
		got, rest := map[string]map[string]int{}, 0
		for _, d := range h.days() {
			if got[d.Day] == nil {
				got[d.Day] = map[string]int{}
			}
			got[d.Day][""] += int(d.Requests)
			for _, m := range d.Modules {
				got[d.Day][m.Module] += int(m.Requests)
			}
			if d.Source == evidence.OtherSources {
				rest++
			} else if isOthers(d.Source) {
				t.Errorf("%+v", d)
			}
			if d.ColdStarts != 0 || d.MemoryMB != 512 {
				t.Errorf("%+v", d)
			}
		}
		if !maps.EqualFunc(got, daily, maps.Equal) {
			t.Fatalf("%v\nwant %v", got, daily)
		}
		if rest == 0 {
			t.Error("all are told apart")
		}
	}
	o := Options{most: func(m *limits) { m.rows, m.days = 200, 300 }}
	all := maps.Clone(logs[0])
	maps.Copy(all, logs[1])
	var first string
	for range 3 {
		once, parts := newHistory(t), newHistory(t)
		for range 2 {
			once.read(r, o, all)
			check(once)
			if once.res.OtherSources != days*streams-300 {
				t.Errorf("%d requests of other sources", once.res.OtherSources)
			}
		}
		if text := describe(once.days()); first == "" {
			first = text
		} else if text != first {
			t.Error("which sources are told apart changes")
		}
		parts.read(r, o, logs[0])
		parts.read(r, o, logs[1])
		check(parts)
		parts.read(r, o, all)
		check(parts)
	}
}

// TestOtherSources: requests of logs that tell how many there are, and of others, are not
// counted together.
func TestOtherSources(t *testing.T) {
	h := newHistory(t)
	logs := map[string]string{}
	for s := range 8 {
		var b strings.Builder
		for d := range 20 {
			id := fmt.Sprintf("%04d%04d-2fa1-41d2-883f-0016d3cca427", s, d)
			fmt.Fprintf(&b, "[INFO]\t2026-03-%02dT10:00:00.000Z\t%s\tModule used: m\n", 1+d, id)
			if s%2 == 0 {
				fmt.Fprintf(&b, "2026-03-%02dT10:00:00.000Z START RequestId: %s Version: 7\n", 1+d, id)
			}
		}
		logs[fmt.Sprintf("app-%d", s)] = b.String()
	}
	h.read(rand.New(rand.NewPCG(1, 1)), Options{most: func(m *limits) { m.rows, m.days = 20, 30 }}, logs)
	sum, left := 0.0, int64(0)
	for _, d := range h.days() {
		sum += d.Requests
		if uses, _ := usesOf(d, "m"); uses != d.Requests {
			t.Errorf("%+v", d)
		}
	}
	for _, u := range h.res.Unknown {
		left += u.Requests
	}
	if sum != 80 || left != 80 {
		t.Errorf("%v requests, and %d of which nobody knows how many there are", sum, left)
	}
}

func TestSpool(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, n := range []int{0, 1, 5000} {
		s := newSpool(&Options{Temp: t.TempDir()})
		var want []string
		for i := range n {
			key, data := spoolKey{r.Uint32N(5), r.Uint64() >> r.IntN(64)}, fmt.Sprint(i)
			want = append(want, fmt.Sprintf("%d %020d %5d", key.a, key.b, i))
			s.add(key, []byte(data))
			if r.IntN(100) == 0 {
				s.flush()
			}
		}
		slices.Sort(want)
		one, two := s.read(), s.read()
		for range n / 2 {
			two.next()
		}
		for i := 0; ; i++ {
			c := one.next()
			if c == nil {
				if i != n {
					t.Errorf("%d records, want %d", i, n)
				}
				break
			}
			if got := fmt.Sprintf("%d %020d %5s", c.key.a, c.key.b, c.data); got != want[i] {
				t.Fatalf("%d: %s, want %s", i, got, want[i])
			}
		}
		if one.err != nil || one.next() != nil {
			t.Error(one.err)
		}
		s.close()
	}
}

func TestDaySet(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for range 200 {
		var s daySet
		want := map[day]bool{}
		for range 40 {
			d := day(20_000 + r.IntN(500) - r.IntN(500))
			s.add(d)
			want[d] = true
		}
		for d := day(0); d < 21_000; d++ {
			if s.has(d) != want[d] {
				t.Fatal(d, s.has(d))
			}
		}
	}
}
