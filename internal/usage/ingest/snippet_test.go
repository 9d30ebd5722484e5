package ingest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// snippet is a handler with the founding documents' own function, unchanged,
// and what Lambda's runtime does around it: its handler, formatter and level,
// and the lines of the platform.
const snippet = `import logging, sys, time

class Handler(logging.Handler):
    def emit(self, record):
        sys.stdout.write(self.format(record))

class Filter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id
        return True

# What awslambdaric sets up before the handler is imported.
request_id = ""
formatter = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S")
formatter.converter = time.gmtime
handler = Handler()
handler.setFormatter(formatter)
handler.addFilter(Filter())
logging.getLogger().addHandler(handler)
logging.getLogger().setLevel("INFO")

# Log module usage
import logging

logger = logging.getLogger()

def track_module_usage(module_name):
    logger.info(f"Module used: {module_name}")

def lambda_handler(event, context):
    track_module_usage("json")
    if event % 10 != 0:
        track_module_usage("boto3")
    if event % 20 == 0:
        track_module_usage("pandas.io")

for event in range(100):
    request_id = f"1b4e28ba-2fa1-41d2-883f-{event:012x}"
    print(f"START RequestId: {request_id} Version: $LATEST")
    lambda_handler(event, None)
    print(f"END RequestId: {request_id}")
    print(f"REPORT RequestId: {request_id}\tDuration: 1.20 ms\tBilled Duration: 2 ms\tMemory Size: 512 MB\tMax Memory Used: 91 MB\t" + ("Init Duration: 485.10 ms\t" if event == 0 else ""))
`

// TestDocumentsSnippet: the documents' snippet, run by Python as Lambda would,
// gives the shares that its handler has.
func TestDocumentsSnippet(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lambda_function.py"), []byte(snippet), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "lambda_function.py")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	res := logs(t, Options{}, string(out))
	_, counts, _ := strings.Cut(describe(res.Days), " n=")
	if want := "100 cold=1 boto3=90 json=100 pandas=5 pandas.io=5\n"; counts != want || res.Outside != 0 {
		t.Errorf("%s\nwant %s", counts, want)
	}
}
