package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"fastpath/internal/python/oracle"
)

// motoServer starts moto, an AWS of others on loopback, and returns its URL. It is in
// the environment "lambda" of tools/fetch-environments.
//
// Moto knows fields, sort and limit of Insights' language, and passes over filter,
// parse and stats. So it answers the style "recorder", whose answer is lines, as
// AWS does but for lines that were not asked for. Of "lines" and "json", which count
// in the query, it knows nothing; nor does it throttle, cut answers, take its time
// or stop queries (it answers StopQuery with 500). Those are insightstest's.
func motoServer(t *testing.T) string {
	t.Helper()
	python, err := filepath.Abs(filepath.Join("..", "..", ".corpus", "environments", "lambda", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat(python)
	if err == nil {
		err = exec.CommandContext(t.Context(), python, "-c", "import flask, flask_cors, moto").Run()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist) && !errors.As(err, &exit):
		t.Fatal(err)
	case oracle.Required():
		t.Fatal("the environment \"lambda\" with moto's server is missing; run tools/fetch-environments")
	default:
		t.Skip("the environment \"lambda\" with moto's server is missing; run tools/fetch-environments")
	}
	server := exec.CommandContext(t.Context(), python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0")
	out, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // it may have ended
		_ = server.Wait()
	})
	running := regexp.MustCompile(`Running on (http://127\.0\.0\.1:[1-9]\d*)`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := running.FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() { // so that it never waits for a reader
				}
			}()
			return m[1]
		}
	}
	t.Fatal("moto's server ended")
	return ""
}

// TestUsagePullFromMoto: a log group that somebody else's CloudWatch Logs took in is
// found, queried and counted; what it holds besides the recorder's lines and REPORT
// counts once or not at all.
func TestUsagePullFromMoto(t *testing.T) {
	p := newPulling(t)
	url := motoServer(t)
	p.env = append(p.env, "AWS_ENDPOINT_URL="+url)
	now := time.Now().UTC()
	p.env = append(p.env, fmt.Sprintf("SOURCE_DATE_EPOCH=%d", now.Unix()))
	api := cloudwatchlogs.New(cloudwatchlogs.Options{
		BaseEndpoint: &url, Region: "eu-west-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
	ctx := t.Context()
	const streamName = "2026/11/01/[$LATEST]0123456789abcdef0123456789abcdef"
	for _, group := range []string{pulledGroup, pulledGroup + "-test"} {
		if _, err := api.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)}); err != nil {
			t.Fatal(err)
		}
		if _, err := api.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(streamName)}); err != nil {
			t.Fatal(err)
		}
	}
	// Two days ago, so that no request is of two days whenever the test runs.
	at := now.Truncate(24*time.Hour).AddDate(0, 0, -2).Add(8 * time.Hour)
	var events []types.InputLogEvent
	put := func(format string, args ...any) {
		at = at.Add(time.Second)
		events = append(events, types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(fmt.Sprintf(format, args...))})
	}
	put(`{"fastpath":1,"kind":"process","proc":"5f0c9a3be1d24476","seq":1,"ts":%d,"every":1,"counts":{},"python":"3.13.0","how":"monitoring","init_ms":412.0,"init_loaded":803,"mods":["boto3"],"init":[[0,182.1]]}`, at.UnixMilli())
	for i := range 40 {
		id := fmt.Sprintf("1b4e28ba-2fa1-41d2-883f-%012x", i)
		put("START RequestId: %s Version: $LATEST\n", id)
		used := `["json"],"used":[0]`
		if i%4 == 0 {
			used = `["json","pandas"],"used":[0,1]`
		}
		put(`{"fastpath":1,"kind":"request","proc":"5f0c9a3be1d24476","seq":%d,"ts":%d,"every":1,"k":%d,"workflow":"/orders","counts":{"/orders":1},"mods":%s}`, i+2, at.UnixMilli(), i+1, used)
		put("END RequestId: %s\n", id)
		init := ""
		if i == 0 {
			init = "Init Duration: 412.50 ms\t"
		}
		put("REPORT RequestId: %s\tDuration: 12.40 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 91 MB\t%s\n", id, init)
	}
	if _, err := api.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(pulledGroup), LogStreamName: aws.String(streamName), LogEvents: events}); err != nil {
		t.Fatal(err)
	}

	pull := func(args ...string) (code int, stdout, stderr string) {
		return p.run(ctx, append([]string{"usage", "pull", "--style", "recorder", "--since", "5d"}, args...)...)
	}
	code, out, errs := pull("--log-group", pulledGroup, "--dry-run", "--format", "json")
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, `"queries": 6`)
	code, out, errs = pull("--log-group", pulledGroup)
	if code != ExitOK {
		t.Fatal(code, errs)
	}
	contains(t, out, "40 requests", "1 cold start", "1 day merged into fastpath.lock", " pandas   25%")
	first := p.lock()
	contains(t, first, fmt.Sprintf("source = %q", streamName), fmt.Sprintf("day = %q", at.Format(time.DateOnly)), "init_ms = 412.5", "memory_mb = 512.0", `kind = "recorder"`)
	if code, out, errs = pull("--log-group", pulledGroup); code != ExitOK || p.lock() != first {
		t.Error("pulling the same days twice changed the lock", code, errs)
	}
	contains(t, out, "answers were kept from before")

	code, _, errs = pull("--log-group", "/aws/lambda/order")
	if code != ExitFailure {
		t.Error(code)
	}
	contains(t, errs, `there is no log group "/aws/lambda/order" in eu-west-1; names that begin with it: "/aws/lambda/orders", "/aws/lambda/orders-test"`)
	code, _, errs = pull("--log-group", pulledGroup+"-test")
	if code != ExitFailure {
		t.Error(code)
	}
	contains(t, errs, "has no requests since")
}
