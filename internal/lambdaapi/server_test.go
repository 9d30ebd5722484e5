package lambdaapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// request sends one request and returns status and body.
func request(t *testing.T, s *server, method, path, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.address()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

func open(t *testing.T, events ...string) *server {
	t.Helper()
	var list [][]byte
	for _, e := range events {
		list = append(list, []byte(e))
	}
	s, err := serve(list, "arn:aws:lambda:us-east-1:123456789012:function:app", time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

const invocation = prefix + "invocation/"

func TestProtocol(t *testing.T) {
	s := open(t, `{"a":1}`, `{"b":2}`)
	ask := func(want string) string {
		t.Helper()
		status, h, body := request(t, s, "GET", invocation+"next", "")
		if status != 200 || body != want || h.Get("Content-Type") != "application/json" || h.Get("Lambda-Runtime-Invoked-Function-Arn") != s.arn ||
			!strings.HasPrefix(h.Get("Lambda-Runtime-Trace-Id"), "Root=1-") {
			t.Fatalf("%d %v %q", status, h, body)
		}
		var deadline json.Number = json.Number(h.Get("Lambda-Runtime-Deadline-Ms"))
		if ms, err := deadline.Int64(); err != nil || time.Until(time.UnixMilli(ms)) < time.Second || time.Until(time.UnixMilli(ms)) > 2*time.Minute {
			t.Errorf("deadline %q", deadline)
		}
		return h.Get("Lambda-Runtime-Aws-Request-Id")
	}
	post := func(want int, path, body string, headers ...string) string {
		t.Helper()
		status, _, answer := request(t, s, "POST", path, body, headers...)
		if status != want || !json.Valid([]byte(answer)) {
			t.Errorf("POST %s: %d %q, want %d", path, status, answer, want)
		}
		return answer
	}
	post(400, invocation+"none/response", "{}")
	id := ask(`{"a":1}`)
	if status, _, _ := request(t, s, "GET", invocation+"next", ""); status != 403 {
		t.Errorf("a second event before the first answer: %d", status)
	}
	post(400, invocation+"none/response", "{}")
	post(403, prefix+"init/error", "{}")
	post(202, invocation+id+"/response", `{"ok": true}`)
	post(403, invocation+id+"/response", `{"again": true}`)
	post(403, invocation+id+"/error", `{}`)
	id = ask(`{"b":2}`)
	post(202, invocation+id+"/error", `{"errorType": "E", "errorMessage": "m", "stackTrace": ["  File \"a.py\", line 1\n", "    x\n"]}`)
	post(404, "/2020-01-01/extension/register", "{}")
	if !strings.Contains(post(404, prefix+"restore/error", "{}"), "SnapStart is not supported") {
		t.Error("SnapStart is not refused by name")
	}
	if status, _, _ := request(t, s, "DELETE", invocation+"next", ""); status != 405 && status != 404 {
		t.Errorf("DELETE: %d", status)
	}
	ready, list, isOpen, initErr := s.result()
	if ready.IsZero() || isOpen || initErr != nil || len(list) != 2 {
		t.Fatalf("%v %v %v %+v", ready, isOpen, initErr, list)
	}
	if string(list[0].Response) != `{"ok": true}` || list[0].Err != nil || list[0].Duration <= 0 {
		t.Errorf("%+v", list[0])
	}
	if e := list[1].Err; e == nil || e.Error() != "E: m" || e.Traceback != "Traceback (most recent call last):\n  File \"a.py\", line 1\n    x\nE: m\n" {
		t.Errorf("%+v", list[1])
	}
}

// TestEnd: after the last answer the client waits, and the caller hears of it.
func TestEnd(t *testing.T) {
	s := open(t, "{}")
	answers := []int{}
	s.waiting = func(n int) { answers = append(answers, n) }
	_, h, _ := request(t, s, "GET", invocation+"next", "")
	request(t, s, "POST", invocation+h.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "1")
	select {
	case <-s.done:
		t.Error("done before the client is idle")
	default:
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+s.address()+invocation+"next", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-s.done
	s.result()
	if len(answers) != 2 || answers[0] != 0 || answers[1] != 1 {
		t.Errorf("waited after %v answers", answers)
	}
}

func TestInitError(t *testing.T) {
	s := open(t, "{}")
	status, _, _ := request(t, s, "POST", prefix+"init/error", "not JSON", "Lambda-Runtime-Function-Error-Type", "Runtime.Bad")
	if status != 202 {
		t.Errorf("%d", status)
	}
	<-s.done
	if status, _, _ := request(t, s, "GET", invocation+"next", ""); status != 403 {
		t.Errorf("an event after init failed: %d", status)
	}
	if status, _, _ := request(t, s, "POST", prefix+"init/error", "{}"); status != 403 {
		t.Errorf("a second error of init: %d", status)
	}
	if _, _, _, e := s.result(); e == nil || e.Error() != "Runtime.Bad: not JSON" {
		t.Errorf("%+v", e)
	}
}

func TestRefusedAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		want    string
	}{
		"streaming": {"x", []string{"Lambda-Runtime-Function-Response-Mode", "streaming", "Trailer", "Lambda-Runtime-Function-Error-Type"}, 400, "the answer is streamed, which"},
		"large":     {strings.Repeat("x", maxResponse+1), nil, 413, "larger than the 6291556 bytes"},
		"largest":   {strings.Repeat("x", maxResponse), nil, 202, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "{}")
			_, h, _ := request(t, s, "GET", invocation+"next", "")
			status, _, _ := request(t, s, "POST", invocation+h.Get("Lambda-Runtime-Aws-Request-Id")+"/response", c.body, c.headers...)
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			_, list, _, _ := s.result()
			if e := list[0].Err; (e == nil) != (c.want == "") || e != nil && !strings.Contains(e.Message, c.want) {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestReport(t *testing.T) {
	r := Report{RequestID: "1b4e28ba", Duration: 12400 * time.Microsecond, Init: 485100 * time.Microsecond, MemoryMB: 512, PeakKiB: 92600}
	if got, want := r.String(), "REPORT RequestId: 1b4e28ba\tDuration: 12.40 ms\tBilled Duration: 498 ms\tMemory Size: 512 MB\tMax Memory Used: 91 MB\tInit Duration: 485.10 ms\t"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	r = Report{RequestID: "x", Duration: 2150 * time.Microsecond, MemoryMB: 512}
	if got, want := r.String(), "REPORT RequestId: x\tDuration: 2.15 ms\tBilled Duration: 3 ms\tMemory Size: 512 MB\t"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// FuzzRequests: whatever a process sends, the API answers with a status, never
// notes more than one answer an event, and a well-behaved exchange works
// afterwards unless the one before ended it.
func FuzzRequests(f *testing.F) {
	f.Add("GET", "invocation/next", "", "", []byte(nil))
	f.Add("POST", "invocation/00000000-0000-4000-8000-000000000001/response", "Lambda-Runtime-Function-Response-Mode", "streaming", []byte("{}"))
	f.Add("POST", "invocation/00000000-0000-4000-8000-000000000001/error", "Lambda-Runtime-Function-Error-Type", "E", []byte(`{"errorType": 1, "stackTrace": "x"}`))
	f.Add("POST", "init/error", "", "", []byte(`{"errorMessage": null}`))
	f.Add("POST", "../../2020-01-01/extension/register", "", "", []byte("\xff"))
	f.Fuzz(func(t *testing.T, method, path, name, value string, body []byte) {
		for _, during := range []bool{false, true} { // before the first event, or while one is open
			s := &server{events: [][]byte{[]byte("{}"), []byte("{}")}, deadline: time.Minute, done: make(chan struct{}), closed: make(chan struct{})}
			close(s.closed) // nothing waits
			h := s.handler()
			header := name
			do := func(method, path string, body []byte) *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				r, err := http.NewRequestWithContext(t.Context(), method, "http://x"+prefix+path, bytes.NewReader(body))
				if err != nil {
					t.Skip()
				}
				if header != "" {
					r.Header[http.CanonicalHeaderKey(header)] = []string{value}
				}
				h.ServeHTTP(w, r)
				return w
			}
			if during {
				do("GET", "invocation/next", nil)
			}
			if w := do(method, path, body); w.Code < 200 || w.Code > 500 {
				t.Errorf("status %d", w.Code)
			}
			header = "" // the process behaves from here on
			_, list, isOpen, initErr := s.result()
			s.over = false
			if initErr != nil {
				if e := initErr.Error(); e == "" || len(list) > 0 {
					t.Errorf("init failed with %q after %d events", e, len(list))
				}
				continue
			}
			if len(list) > 1 || isOpen && len(list) == 0 {
				t.Fatalf("%d events, open %v", len(list), isOpen)
			}
			if len(list) == 1 && list[0].Err != nil {
				if list[0].Err.Error() == "" || list[0].Response != nil {
					t.Errorf("%+v", list[0])
				}
				continue
			}
			if !isOpen {
				if w := do("GET", "invocation/next", nil); w.Code != 200 {
					t.Fatalf("no event: %d %s", w.Code, w.Body)
				}
			}
			if w := do("POST", "invocation/"+requestID(len(s.list))+"/response", []byte("1")); w.Code != 202 {
				t.Fatalf("no answer: %d %s", w.Code, w.Body)
			}
		}
	})
}

func FuzzError(f *testing.F) {
	f.Add([]byte(`{"errorType": "E", "errorMessage": "m", "stackTrace": ["a"]}`), "X")
	f.Add([]byte(`[`), "")
	f.Add([]byte(`{"errorType": {}}`), "")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		e := parseError(body, kind)
		if e.Type == "" || e.Error() == "" {
			t.Errorf("%+v", e)
		}
		if e.Traceback != "" && !json.Valid(body) {
			t.Errorf("a traceback out of %q", body)
		}
	})
}
