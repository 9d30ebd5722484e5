package insights

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/evidence"
	"fastpath/internal/usage/insightstest"
)

const orders = "/aws/lambda/orders"

var firstDay = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// requests makes n requests of one stream spread evenly over days: the first
// of each day is a cold start, each uses boto3, every second requests, and
// every tenth two modules of pandas.
func requests(n, days int) []insightstest.Event {
	var list []insightstest.Event
	span := time.Duration(days) * 24 * time.Hour
	for i := range n {
		at := firstDay.Add(span * time.Duration(i) / time.Duration(n))
		modules := []string{"boto3"}
		if i%2 == 0 {
			modules = append(modules, "requests")
		}
		if i%10 == 0 {
			modules = append(modules, "pandas.core", "pandas.io")
		}
		init := 0.0
		if i%(n/days) == 0 {
			init = 400
		}
		list = append(list, insightstest.Request("2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef", at, fmt.Sprintf("1b4e28ba-2fa1-41d2-883f-%012x", i), init, modules...)...)
	}
	return list
}

func server(t *testing.T, events []insightstest.Event) *insightstest.Server {
	t.Helper()
	s := insightstest.New()
	t.Cleanup(s.Close)
	s.Groups[orders] = &insightstest.Group{Events: events, StoredBytes: 3e9, Created: firstDay.AddDate(0, 0, -20)}
	return s
}

func client(t *testing.T, s *insightstest.Server, env map[string]string) *Client {
	t.Helper()
	vars := map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_CONFIG_FILE": filepath.Join(t.TempDir(), "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(t.TempDir(), "none"), "AWS_EC2_METADATA_DISABLED": "true",
	}
	for k, v := range env {
		vars[k] = v
	}
	c, err := NewClient(t.Context(), Settings{
		Getenv:  func(name string) string { return vars[name] },
		Backoff: func(int) time.Duration { return time.Millisecond }, Poll: 4 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// memory is a Cache.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (m *memory) Answer(_ context.Context, group, query string, from, to int64) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.kept[fmt.Sprint(group, query, from, to)]
	return data, ok, nil
}

func (m *memory) KeepAnswer(_ context.Context, group, query string, from, to int64, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[fmt.Sprint(group, query, from, to)] = data
	return nil
}

func pull(t *testing.T, c *Client, style Style, days int, cache Cache) []Day {
	t.Helper()
	g, err := c.Group(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	list, err := c.Days(t.Context(), Request{Group: g, Style: style, From: firstDay, To: firstDay.AddDate(0, 0, days), Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func uses(d *evidence.UsageDay) map[string]float64 {
	out := map[string]float64{}
	for _, m := range d.Modules {
		out[m.Module] = m.Requests
	}
	return out
}

// checkDays compares counts with what requests(200, 2) writes.
func checkDays(t *testing.T, days []*evidence.UsageDay) {
	t.Helper()
	if len(days) != 2 {
		t.Fatalf("%d days, want 2", len(days))
	}
	for i, d := range days {
		if d.Day != firstDay.AddDate(0, 0, i).Format(time.DateOnly) || d.Source != orders || d.Requests != 100 || d.ColdStarts != 1 || d.InitMS != 400 || d.MemoryMB != 512 {
			t.Errorf("got %+v", d)
		}
		want := map[string]float64{"boto3": 100, "requests": 50, "pandas": 10, "pandas.core": 10, "pandas.io": 10}
		if diff := cmp.Diff(want, uses(d)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", d.Day, diff)
		}
	}
}

func TestPullCountsEachRequestOnce(t *testing.T) {
	s := server(t, requests(200, 2))
	s.Polls = 2 // partial answers come first and must not be taken
	checkDays(t, Count("", orders, pull(t, client(t, s, nil), StyleLines, 2, nil)).Days)
	if n := len(s.Started()); n != 2 {
		t.Errorf("%d queries, want one a day", n)
	}
}

func TestPullReadsJSONLogs(t *testing.T) {
	var events []insightstest.Event
	for i := range 10 {
		init := 0.0
		if i == 0 {
			init = 180.5
		}
		events = append(events, insightstest.JSONRequest("s", firstDay.Add(time.Duration(i)*time.Hour), fmt.Sprintf("1b4e28ba-2fa1-41d2-883f-%012x", i), init, "boto3")...)
	}
	days := Count("a:b", orders, pull(t, client(t, server(t, events), nil), StyleJSON, 1, nil)).Days
	if len(days) != 1 || days[0].Requests != 10 || days[0].ColdStarts != 1 || days[0].InitMS != 180.5 || days[0].MemoryMB != 512 || days[0].Entry != "a:b" || uses(days[0])["boto3"] != 10 {
		t.Errorf("got %+v", days)
	}
}

func TestPullSplitsWhatReachesTheLimit(t *testing.T) {
	// More modules than an answer has rows, one in each request: the answer
	// about a day is cut, and those about its parts are not.
	const modules = 10500
	var events []insightstest.Event
	for i := range modules {
		at := firstDay.Add(24 * time.Hour * time.Duration(i) / modules)
		events = append(events, insightstest.Request("s", at, fmt.Sprintf("1b4e28ba-2fa1-41d2-883f-%012x", i), 0, fmt.Sprintf("m%d", i))...)
	}
	s := server(t, events)
	days := Count("", orders, pull(t, client(t, s, nil), StyleLines, 1, nil)).Days
	if len(days) != 1 || days[0].Requests != modules || len(days[0].Modules) != modules {
		t.Fatalf("%d requests with %d modules, want %d", int(days[0].Requests), len(days[0].Modules), modules)
	}
	if n := len(s.Started()); n != 3 {
		t.Errorf("%d queries, want the day and its halves", n)
	}
}

func TestPullFetchesEveryLineOfTheRecorder(t *testing.T) {
	const lines = 25000
	var events []insightstest.Event
	for i := range lines {
		// Some are written at the very instant that two windows share.
		at := firstDay.Add((24 * time.Hour * time.Duration(i) / lines).Truncate(time.Second))
		events = append(events, insightstest.Event{Stream: "s", At: at, Message: fmt.Sprintf(`{"fastpath":1,"kind":"end","proc":"5f0c9a3be1d24476","seq":%d}`, i)})
	}
	s := server(t, events)
	seen := map[string]int{}
	for _, d := range pull(t, client(t, s, nil), StyleRecorder, 1, nil) {
		for _, r := range d.Rows {
			seen[r["@message"]]++
		}
	}
	for m, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", m, n)
		}
	}
	if len(seen) != lines {
		t.Errorf("%d lines, want %d", len(seen), lines)
	}
	if n := len(s.Started()); n != 5 {
		t.Errorf("%d queries, want the day and its four parts", n)
	}
}

func TestPullIsPatientWhenThrottled(t *testing.T) {
	s := server(t, requests(200, 2))
	s.Concurrent = 1
	s.Fail = func(_ string, n int) (string, string) {
		if n%3 != 0 {
			return "ThrottlingException", "Rate exceeded"
		}
		return "", ""
	}
	checkDays(t, Count("", orders, pull(t, client(t, s, nil), StyleLines, 2, nil)).Days)
}

func TestPullGoesOnWhereItWas(t *testing.T) {
	s := server(t, requests(200, 2))
	cache := &memory{kept: map[string][]byte{}}
	c := client(t, s, nil)
	g, err := c.Group(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	// The second query's answer never comes.
	s.Fail = func(action string, n int) (string, string) {
		if action == "StartQuery" && n >= 2 {
			return "AccessDeniedException", "not any more"
		}
		return "", ""
	}
	to := firstDay.AddDate(0, 0, 2)
	if _, err := c.Days(t.Context(), Request{Group: g, Style: StyleLines, From: firstDay, To: to.Add(settled), Cache: cache}); err == nil || !strings.Contains(err.Error(), "logs:StartQuery") {
		t.Fatalf("got %v", err)
	}
	// One of the two may have been stopped with the other's failure.
	s.Fail = nil
	before := len(cache.kept)
	days, err := c.Days(t.Context(), Request{Group: g, Style: StyleLines, From: firstDay, To: to.Add(settled), Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, d := range days {
		kept += d.Kept
	}
	if kept != before {
		t.Errorf("%d answers taken from the cache, want %d", kept, before)
	}
	checkDays(t, Count("", orders, days).Days)
	// Now all that is settled is known, and only the last hours are asked for.
	started := len(s.Started())
	if days, err = c.Days(t.Context(), Request{Group: g, Style: StyleLines, From: firstDay, To: to.Add(settled), Cache: cache}); err != nil {
		t.Fatal(err)
	}
	checkDays(t, Count("", orders, days).Days)
	if n := len(s.Started()) - started; n != 1 {
		t.Errorf("%d queries when all is known, want that of the last day", n)
	}
}

func TestInterruptedPullStopsItsQueries(t *testing.T) {
	s := server(t, requests(200, 2))
	s.Polls = 1 << 30 // they never end
	c := client(t, s, nil)
	g, err := c.Group(t.Context(), orders)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s.Fail = func(action string, n int) (string, string) {
		if action == "GetQueryResults" && n == 3 {
			cancel()
		}
		return "", ""
	}
	if _, err := c.Days(ctx, Request{Group: g, Style: StyleLines, From: firstDay, To: firstDay.AddDate(0, 0, 2)}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	for _, q := range s.Started() {
		if !q.Stopped {
			t.Errorf("the query of %d still runs", q.From)
		}
	}
}

func TestPullNeverCallsAnonymousUnused(t *testing.T) {
	events := requests(20, 1)
	events = append(events, insightstest.Event{Stream: "s", At: firstDay, Message: "Module used: yaml\n"})
	counted := Count("", orders, pull(t, client(t, server(t, events), nil), StyleLines, 1, nil))
	if diff := cmp.Diff([]string{"yaml"}, counted.Anonymous); diff != "" {
		t.Error(diff)
	}
	if _, ok := uses(counted.Days[0])["yaml"]; ok {
		t.Error("a module of which nothing is known was counted")
	}
	// Without REPORT lines nothing says how many requests there were.
	counted = Count("", orders, []Day{{Date: "2026-03-01", Rows: []Row{{"module": "boto3", "lines": "3", "requests": "3"}}}})
	if len(counted.Days) != 0 || len(counted.Uncounted) != 1 {
		t.Errorf("got %+v", counted)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		code string
		want []string
	}{
		"expired":   {"ExpiredTokenException", []string{"the AWS session has expired", "aws sso login"}},
		"wrong key": {"UnrecognizedClientException", []string{"does not accept the credentials", "AWS_ACCESS_KEY_ID"}},
		"denied":    {"AccessDeniedException", []string{"does not allow it", "logs:DescribeLogGroups", orders}},
		"gone":      {"ResourceNotFoundException", []string{"no log group", orders, "eu-west-1"}},
		"throttled": {"ThrottlingException", []string{"still throttles", "goes on where it was"}},
		"other":     {"ServiceUnavailableException", []string{"ServiceUnavailableException"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := server(t, nil)
			s.Fail = func(string, int) (string, string) { return c.code, "because" }
			_, err := client(t, s, nil).Group(t.Context(), orders)
			expect(t, err, c.want...)
		})
	}
	t.Run("misspelt group", func(t *testing.T) {
		s := server(t, nil)
		for i := range 3 {
			s.Groups[fmt.Sprint(orders, "-", i)] = &insightstest.Group{}
		}
		_, err := client(t, s, nil).Group(t.Context(), "/aws/lambda/order")
		expect(t, err, `no log group "/aws/lambda/order" in eu-west-1`, `"/aws/lambda/orders", "/aws/lambda/orders-0"`)
	})
	t.Run("no credentials", func(t *testing.T) {
		for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
			t.Setenv(name, "")
		}
		s := server(t, nil)
		_, err := client(t, s, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}).Group(t.Context(), orders)
		expect(t, err, "no AWS credentials", "AWS_PROFILE")
		if n := s.Calls("DescribeLogGroups"); n != 0 {
			t.Errorf("%d calls without credentials", n)
		}
	})
	t.Run("no region", func(t *testing.T) {
		for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			t.Setenv(name, "")
		}
		none := filepath.Join(t.TempDir(), "none")
		_, err := NewClient(t.Context(), Settings{Getenv: func(n string) string {
			return map[string]string{"AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none, "AWS_EC2_METADATA_DISABLED": "true"}[n]
		}})
		expect(t, err, "no AWS region", "--region")
	})
	t.Run("no profile", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte("[default]\nregion = eu-west-1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := NewClient(t.Context(), Settings{Profile: "prod", Getenv: func(n string) string { return map[string]string{"AWS_CONFIG_FILE": file}[n] }})
		expect(t, err, `no AWS profile "prod"`)
	})
}

func expect(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got  %v\nwant a message with %q", err, part)
		}
	}
}

func TestScanIsTheShareOfWhatIsStored(t *testing.T) {
	now := firstDay
	g := &Group{StoredBytes: 1000, Created: now.AddDate(0, 0, -100)}
	for _, c := range []struct {
		from, retention int
		want            float64
	}{{-10, 0, 100}, {-200, 0, 1000}, {-10, 20, 500}, {-30, 20, 1000}, {0, 0, 0}} {
		g.RetentionDays = c.retention
		if got := g.Scan(now.AddDate(0, 0, c.from), now, now); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestSplitCoversTheWindow(t *testing.T) {
	for range 200 {
		w := window{firstDay, firstDay.Add(time.Duration(1+rand.IntN(86400)) * time.Second)}
		at := w.from
		for _, part := range w.split(2 + rand.IntN(9)) {
			if !part.from.Equal(at) || !part.to.After(part.from) {
				t.Fatalf("%v: %v after %v", w, part, at)
			}
			at = part.to
		}
		if !at.Equal(w.to) {
			t.Fatalf("%v ends at %v", w, at)
		}
	}
}

func TestQueryHasItsLimit(t *testing.T) {
	for _, s := range Styles() {
		if q := s.Query(); !strings.Contains(q, "limit 10000") || strings.Contains(q, "toMillis") {
			t.Errorf("%s: %s", s, q)
		}
	}
}
