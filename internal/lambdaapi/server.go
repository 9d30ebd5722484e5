// Package lambdaapi runs a Lambda function in Python as AWS Lambda does: in a
// process of its own that asks a Runtime API for events and posts its answers
// there. The API listens on loopback; the process speaks to it through AWS's
// own client, awslambdaric, where the function's environment has it, and
// through a small client of the same behaviour otherwise.
//
// What comes in is a Function and the events for one execution environment;
// what goes out is a Record: how long init and each invocation took as seen
// from outside, what was answered or which error was reported, peak memory and
// processor time. Times are those of Lambda's REPORT line: init is from the
// start of the process to the moment it asks for its first event, an
// invocation from the hand-out of an event to the end of the answer. Between
// invocations the process waits and nothing is counted.
//
// Of the API, version 2018-06-01, there are invocation/next, response, error
// and init/error. Extensions, SnapStart and answers that stream are not: each
// request for one is refused by name. Nothing is limited either: a function
// with 128 MB gets the whole processor and all memory of this machine.
//
// Format: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
package lambdaapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// prefix is the version of the API in paths.
const prefix = "/2018-06-01/runtime/"

// maxResponse is the largest answer that Lambda accepts, in bytes.
const maxResponse = 6291556

// maxHeader bounds the headers of a request: AWS's client puts up to 1 MiB of
// trace information into one.
const maxHeader = 2 << 20

// Invocation is one event and what became of it.
type Invocation struct {
	RequestID string
	Duration  time.Duration // from hand-out to the end of the answer
	Response  []byte        // as posted, nil when an error was posted
	Err       *FunctionError
}

// server is the API of one execution environment: it hands out its events in
// order, one at a time, and notes what is posted.
type server struct {
	events   [][]byte
	arn      string
	deadline time.Duration // of each event
	// waiting is called whenever the process asks for an event and so does
	// nothing else, with the number of answers so far; nothing is timed then.
	waiting func(answered int)

	listener net.Listener
	http     *http.Server
	done     chan struct{} // closed when nothing more is to come
	closed   chan struct{}

	mu      sync.Mutex
	ready   time.Time // the first request for an event
	sent    time.Time // the open event's hand-out
	open    bool      // an event waits for its answer
	list    []Invocation
	initErr *FunctionError
	ended   bool // no event is handed out any more
	over    bool // nobody listens any more
}

// serve starts listening on a port that was free.
func serve(events [][]byte, arn string, deadline time.Duration, waiting func(int)) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot listen on loopback for the Runtime API: %w", err)
	}
	s := &server{events: events, arn: arn, deadline: deadline, waiting: waiting, listener: l, done: make(chan struct{}), closed: make(chan struct{})}
	s.http = &http.Server{Handler: s.handler(), MaxHeaderBytes: maxHeader, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.http.Serve(l) }() // ends by close
	return s, nil
}

// address is what AWS_LAMBDA_RUNTIME_API holds.
func (s *server) address() string { return s.listener.Addr().String() }

// close ends all connections. What was noted stays.
func (s *server) close() error {
	close(s.closed)
	if err := s.http.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"invocation/next", s.next)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/response", s.response)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/error", s.failure)
	mux.HandleFunc("POST "+prefix+"init/error", s.initFailure)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		what := "no such path"
		switch {
		case strings.Contains(r.URL.Path, "/extension/"):
			what = "extensions are not supported"
		case strings.Contains(r.URL.Path, "/restore/"):
			what = "SnapStart is not supported"
		}
		refuse(w, http.StatusNotFound, "NotFound", what)
	})
	return mux
}

// refuse answers with an error in the API's form.
func refuse(w http.ResponseWriter, status int, kind, message string) {
	body, _ := json.Marshal(map[string]string{"errorType": kind, "errorMessage": message}) // strings cannot fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// accept answers a post.
func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

// requestID is the id of the nth event, from 1: the same in every environment,
// so that answers which repeat it can be compared.
func requestID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

func (s *server) next(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		s.freeze(r.Context())
		return
	}
	if s.open || s.initErr != nil {
		s.mu.Unlock()
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the last event has no answer yet, or init failed")
		return
	}
	if s.ready.IsZero() {
		s.ready = now
	}
	n := len(s.list)
	if s.waiting != nil {
		s.waiting(n)
	}
	if n == len(s.events) || s.ended {
		s.finish()
		s.mu.Unlock()
		s.freeze(r.Context())
		return
	}
	s.open = true
	s.list = append(s.list, Invocation{RequestID: requestID(n + 1)})
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(s.events[n])))
	h.Set("Lambda-Runtime-Aws-Request-Id", requestID(n+1))
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(s.deadline).UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", s.arn)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0")
	s.sent = time.Now()
	s.mu.Unlock()
	_, _ = w.Write(s.events[n]) // a client that is gone does not answer
}

// freeze keeps a request waiting as Lambda does when no event is there.
func (s *server) freeze(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.closed:
	}
}

// finish says that nothing more is to come. The caller holds the lock.
func (s *server) finish() {
	s.ended = true
	select {
	case <-s.done:
	default:
		close(s.done)
	}
}

func (s *server) response(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Lambda-Runtime-Function-Response-Mode"), "streaming") {
		s.answer(w, r, nil, &FunctionError{Type: "Function.ResponseStreaming", Message: "the answer is streamed, which this Runtime API does not support; bench a handler that returns its answer"})
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse+1))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "the body cannot be read")
		return
	}
	if len(body) > maxResponse {
		s.answer(w, r, nil, &FunctionError{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("the answer is larger than the %d bytes that Lambda allows", maxResponse),
		})
		return
	}
	s.answer(w, r, body, nil)
}

func (s *server) failure(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, nil, readError(r))
}

// answer notes what an event's answer is.
func (s *server) answer(w http.ResponseWriter, r *http.Request, body []byte, failed *FunctionError) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.list) - 1
	switch {
	case n < 0 || s.list[n].RequestID != r.PathValue("id"):
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "no event has this id now")
		return
	case !s.open:
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "the event has an answer already")
		return
	}
	s.open = false
	inv := &s.list[n]
	inv.Duration, inv.Response, inv.Err = now.Sub(s.sent), body, failed
	if failed != nil {
		s.ended = true // the caller does not go on after an error
	}
	switch {
	case failed != nil && failed.Type == "Function.ResponseSizeTooLarge":
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", failed.Message)
	case failed != nil && failed.Type == "Function.ResponseStreaming":
		refuse(w, http.StatusBadRequest, "InvalidRequest", failed.Message)
	default:
		accept(w)
	}
}

func (s *server) initFailure(w http.ResponseWriter, r *http.Request) {
	failed := readError(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ready.IsZero() || s.initErr != nil {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "init is over")
		return
	}
	s.initErr = failed
	accept(w)
	s.finish()
}

// result returns what was noted so far; nothing is any more.
func (s *server) result() (ready time.Time, list []Invocation, open bool, initErr *FunctionError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	return s.ready, append([]Invocation(nil), s.list...), s.open, s.initErr
}
