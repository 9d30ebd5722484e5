package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/usage/insightstest"
)

// pulling is a project and a CloudWatch Logs with three days of 100 requests.
type pulling struct {
	t      *testing.T
	root   string
	server *insightstest.Server
	now    time.Time
	env    []string
}

const pulledGroup = "/aws/lambda/orders"

func newPulling(t *testing.T) *pulling {
	t.Helper()
	p := &pulling{t: t, root: t.TempDir(), server: insightstest.New(), now: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)}
	t.Cleanup(p.server.Close)
	if err := os.WriteFile(filepath.Join(p.root, "fastpath.toml"), []byte("entries = []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	group := &insightstest.Group{StoredBytes: 40e9, Created: p.now.AddDate(-1, 0, 0), RetentionDays: 10}
	for day := range 3 {
		for i := range 100 {
			at := time.Date(2026, 3, 1+day, 0, 0, i*60, 0, time.UTC)
			modules := []string{"boto3"}
			if i < 40 {
				modules = append(modules, "requests")
			}
			init := 0.0
			if i < 2 {
				init = 400
			}
			group.Events = append(group.Events, insightstest.Request("s", at, fmt.Sprintf("1b4e28ba-2fa1-41d2-883f-%06d%06d", day, i), init, modules...)...)
		}
	}
	p.server.Groups[pulledGroup] = group
	none := filepath.Join(t.TempDir(), "none")
	p.env = []string{
		"AWS_ENDPOINT_URL=" + p.server.URL, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "NO_COLOR=1",
		"AWS_CONFIG_FILE=" + none, "AWS_SHARED_CREDENTIALS_FILE=" + none, "AWS_EC2_METADATA_DISABLED=true", "SOURCE_DATE_EPOCH=" + strconv.FormatInt(p.now.Unix(), 10),
	}
	return p
}

// run runs one command line and returns its exit code and output.
func (p *pulling) run(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	c := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: p.env, Dir: p.root}
	code = c.Main(ctx, args)
	return code, out.String(), errs.String()
}

func (p *pulling) pull(args ...string) (code int, stdout, stderr string) {
	return p.run(p.t.Context(), append([]string{"usage", "pull", "--log-group", pulledGroup, "--since", "2026-03-01"}, args...)...)
}

func (p *pulling) lock() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.root, evidence.FileName))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}

func TestUsagePullMergesOnce(t *testing.T) {
	p := newPulling(t)
	code, out, errs := p.pull()
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, "300 requests · 2026-03-01 to 2026-03-03 · 6 cold starts (2%)", "3 days merged into fastpath.lock\n", " requests   40%       35%-46%       120", "next: fastpath plan")
	contains(t, errs, "asking eu-west-1 about /aws/lambda/orders since 2026-03-01", "(4 of 4 days)")
	first, queries := p.lock(), len(p.server.Started())
	contains(t, first, "source = \"/aws/lambda/orders\"", "init_ms = 400.0", "memory_mb = 512.0")
	code, out, errs = p.pull()
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, "300 requests", "3 of them replaced", "3 answers were kept from before")
	if p.lock() != first {
		t.Error("pulling the same days twice changed the lock")
	}
	if n := len(p.server.Started()) - queries; n != 1 {
		t.Errorf("%d queries, want that of today", n)
	}
	if code, _, errs = p.pull("--refresh", "-q"); code != ExitOK || p.lock() != first {
		t.Error("asking again changed the lock", code, errs)
	}
	if n := len(p.server.Started()) - queries; n != 5 {
		t.Errorf("%d queries, want four more", n-1)
	}
	code, out, errs = p.run(t.Context(), "usage", "report", "--format", "json")
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, `"requests": 300`, `"share": 0.4`)
	validate(t, "usage-report", out)
}

func TestUsagePullDryRun(t *testing.T) {
	p := newPulling(t)
	code, out, errs := p.pull("--dry-run")
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	// 3.5 of the 10 days that are kept, of 40 GB.
	contains(t, out, "10 days", "40.0 GB", "14.0 GB", "cost: about 0.07 USD at 0.005 USD a GB (AWS list price, x86, us-east-1, 2025-08-01)", "nothing was queried")
	if len(p.server.Started()) != 0 {
		t.Error("a dry run ran queries")
	}
	if _, err := os.Stat(filepath.Join(p.root, evidence.FileName)); !os.IsNotExist(err) {
		t.Error("a dry run wrote the lock")
	}
	code, out, errs = p.pull("--dry-run", "--format", "json")
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, `"dry_run": true`, `"scan_bytes": 14000000000`, `"cost": 0.07`)
	validate(t, "usage-pull", out)
}

func TestUsagePullJSON(t *testing.T) {
	p := newPulling(t)
	code, out, errs := p.pull("--format", "json", "-q")
	if code != ExitOK || errs != "" {
		t.Fatal(code, errs)
	}
	validate(t, "usage-pull", out)
	contains(t, out, `"module": "boto3"`, `"replaced": false`)
}

// TestUsagePullGoesOn interrupts a pull and runs it again.
func TestUsagePullGoesOn(t *testing.T) {
	p := newPulling(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.server.Fail = func(action string, n int) (string, string) {
		if action == "GetQueryResults" && n >= 3 {
			cancel()
			return "ThrottlingException", "not now"
		}
		return "", ""
	}
	if code, _, errs := p.run(ctx, "usage", "pull", "--log-group", pulledGroup, "--since", "2026-03-01"); code != ExitInterrupted {
		t.Fatal(code, errs)
	}
	if _, err := os.Stat(filepath.Join(p.root, evidence.FileName)); !os.IsNotExist(err) {
		t.Error("an interrupted pull wrote the lock")
	}
	p.server.Fail = nil
	code, out, errs := p.pull()
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, "300 requests", "3 days merged into fastpath.lock\n")
}

func TestUsagePullReadsTheRecorder(t *testing.T) {
	p := newPulling(t)
	g := p.server.Groups[pulledGroup]
	g.Events = nil
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for i, line := range []string{
		`{"fastpath":1,"kind":"process","proc":"5f0c9a3be1d24476","seq":1,"ts":%d,"every":1,"counts":{},"python":"3.13.0","how":"monitoring","init_ms":412.0,"init_loaded":803,"mods":["boto3"],"init":[[0,182.1]]}`,
		`{"fastpath":1,"kind":"request","proc":"5f0c9a3be1d24476","seq":2,"ts":%d,"every":1,"k":1,"workflow":"/orders","counts":{"/orders":1},"mods":["json"],"used":[0]}`,
		`{"fastpath":1,"kind":"request","proc":"5f0c9a3be1d24476","seq":3,"ts":%d,"every":1,"k":2,"workflow":"/orders","counts":{"/orders":1},"mods":["json","boto3"],"used":[0,1]}`,
	} {
		when := at.Add(time.Duration(i) * time.Second)
		g.Events = append(g.Events, insightstest.Event{Stream: "2026/03/02/[$LATEST]0123456789abcdef0123456789abcdef", At: when, Message: fmt.Sprintf(line, when.UnixMilli())})
	}
	code, out, errs := p.pull("--style", "recorder", "--format", "json")
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	validate(t, "usage-pull", out)
	contains(t, out, `"requests": 2`, `"module": "json"`)
	first := p.lock()
	contains(t, first, `kind = "recorder"`)
	if code, _, errs := p.pull("--style", "recorder"); code != ExitOK || p.lock() != first {
		t.Error("pulling the same lines twice changed the lock", code, errs)
	}
}

// TestUsagePullAndIngestCountOnce: a day that the log group and its logs tell about
// counts once, whichever came first and in whichever clone.
func TestUsagePullAndIngestCountOnce(t *testing.T) {
	report := func(p *pulling, want ...string) {
		t.Helper()
		code, out, errs := p.run(t.Context(), "usage", "report")
		if code != ExitOK {
			t.Fatal(code, errs)
		}
		contains(t, out, want...)
	}
	// logs writes those of some days as they are exported.
	logs := func(p *pulling, days ...int) string {
		t.Helper()
		var b strings.Builder
		for _, e := range p.server.Groups[pulledGroup].Events {
			for _, d := range days {
				if e.At.Day() == d {
					fmt.Fprintf(&b, "%s %s", e.At.UTC().Format(time.RFC3339Nano), e.Message)
				}
			}
		}
		path := filepath.Join(t.TempDir(), "000000")
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const all = "300 requests · 2026-03-01 to 2026-03-03 · 6 cold starts"
	steps := func(p *pulling) (pull, ingest func() string) {
		must := func(code int, out, errs string) string {
			t.Helper()
			if code != ExitOK {
				t.Fatal(code, errs)
			}
			return errs
		}
		path := logs(p, 1, 2)
		return func() string { return must(p.pull()) }, func() string { return must(p.run(t.Context(), "usage", "ingest", path)) }
	}

	one := newPulling(t)
	pull, ingest := steps(one)
	pull()
	contains(t, ingest(), `2 days are known from a log group and from logs (first: "/aws/lambda/orders" and "`, `on 2026-03-01), as the same requests: those count that are more, the logs' on 2 days and the log group's on 0`)
	report(one, all, " requests   40%       35%-46%       120")

	two := newPulling(t)
	pull, ingest = steps(two)
	ingest()
	report(two, "200 requests")
	contains(t, pull(), "2 days are known from a log group and from logs")
	report(two, all)

	// A log of which a part is missing does not hide the rest.
	part := newPulling(t)
	pull, _ = steps(part)
	pull()
	group := part.server.Groups[pulledGroup]
	group.Events = group.Events[:20]
	path := logs(part, 1)
	if code, _, errs := part.run(t.Context(), "usage", "ingest", path); code != ExitOK {
		t.Fatal(code, errs)
	} else {
		contains(t, errs, "the logs' on 0 days and the log group's on 1")
	}
	report(part, all)

	// One clone pulls, another reads logs, and git merges their locks.
	three := newPulling(t)
	pull, _ = steps(three)
	pull()
	_, ingest = steps(two)
	ingest()
	merged := two.lock() + three.lock()[strings.Index(three.lock(), "[[usage]]"):]
	four := newPulling(t)
	if err := os.WriteFile(filepath.Join(four.root, evidence.FileName), []byte(merged), 0o600); err != nil {
		t.Fatal(err)
	}
	report(four, all)
}

func TestUsagePullErrors(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no group":      {[]string{"usage", "pull"}, ExitUsage, "no log group; name one: fastpath usage pull --log-group"},
		"unknown group": {[]string{"usage", "pull", "--log-group", "/aws/lambda/order"}, ExitFailure, `there is no log group "/aws/lambda/order" in eu-west-1; names that begin with it: "/aws/lambda/orders"`},
		"since":         {[]string{"usage", "pull", "--log-group", "g", "--since", "soon"}, ExitUsage, `--since "soon": expected days or weeks back, such as 30d`},
		"style":         {[]string{"usage", "pull", "--log-group", "g", "--style", "jsn"}, ExitUsage, `unknown style "jsn", did you mean "json"?`},
		"profile":       {[]string{"usage", "pull", "--log-group", "g", "--profile", "prod"}, ExitUsage, `there is no AWS profile "prod"`},
		"wrong style":   {[]string{"usage", "pull", "--log-group", pulledGroup, "--style", "json"}, ExitFailure, "pass --style lines"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPulling(t)
			code, _, errs := p.run(t.Context(), c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			contains(t, errs, c.want)
		})
	}
	t.Run("expired", func(t *testing.T) {
		p := newPulling(t)
		p.server.Fail = func(string, int) (string, string) {
			return "ExpiredTokenException", "The security token included in the request is expired"
		}
		code, _, errs := p.pull()
		if code != ExitFailure {
			t.Error(code)
		}
		contains(t, errs, "the AWS session has expired")
	})
}
