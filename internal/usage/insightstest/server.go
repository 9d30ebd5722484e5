// Package insightstest is a CloudWatch Logs on loopback that speaks the real
// protocol, AWS JSON 1.1: StartQuery, GetQueryResults, StopQuery and
// DescribeLogGroups, with the service's limit of rows, its throttling, and
// queries that take their time. Only tests import it.
//
// It does not read Insights' language in general: it knows the queries of
// package insights by their commands, and answers from events in memory.
package insightstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Event is a line of a log.
type Event struct {
	Stream  string
	At      time.Time
	Message string
}

// Group is a log group.
type Group struct {
	Events        []Event
	StoredBytes   int64
	Created       time.Time
	RetentionDays int
}

// Server is the service. Set its fields before it is used.
type Server struct {
	URL    string
	Groups map[string]*Group
	Limit  int // rows of an answer; 0 is 10,000
	Polls  int // how often a query is Scheduled or Running before it is Complete
	// Concurrent is how many queries may run at a time; 0 is 30.
	Concurrent int
	// Fail may answer the n-th call of an action, from 1, with an error; ""
	// lets it pass.
	Fail func(action string, n int) (code, message string)

	mu      sync.Mutex
	http    *httptest.Server
	calls   map[string]int
	queries map[string]*query
	log     []Query
}

// Query is a query that was started.
type Query struct {
	Group    string
	From, To int64 // seconds, both part of it
	Text     string
	Stopped  bool
}

type query struct {
	Query
	polls int
	done  bool
}

// New starts a server, which Close ends.
func New() *Server {
	s := &Server{Groups: map[string]*Group{}, calls: map[string]int{}, queries: map[string]*query{}}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close stops the server.
func (s *Server) Close() { s.http.Close() }

// Calls returns how often an action was called.
func (s *Server) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

// Started returns the queries that were started, in order.
func (s *Server) Started() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Query
	for i := range s.log {
		list = append(list, s.queries[strconv.Itoa(i+1)].Query)
	}
	return list
}

// apiError is an error as the service writes it.
type apiError struct{ Code, Message string }

// signature is what a signed request carries.
var signature = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[a-z0-9-]+/logs/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$`)

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "Logs_20140328.")
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var in map[string]any
	err := json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[action]++
	var out any
	var fault *apiError
	switch {
	case !ok || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || err != nil:
		fault = &apiError{"SerializationException", fmt.Sprintf("%s %v %v", r.Method, r.Header, err)}
	case !signature.MatchString(r.Header.Get("Authorization")):
		fault = &apiError{"IncompleteSignatureException", r.Header.Get("Authorization")}
	default:
		if s.Fail != nil {
			if code, message := s.Fail(action, s.calls[action]); code != "" {
				fault = &apiError{code, message}
				break
			}
		}
		out, fault = s.call(action, in)
	}
	if fault != nil {
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"__type": fault.Code, "message": fault.Message}
	}
	_ = json.NewEncoder(w).Encode(out) // the client may be gone
}

func (s *Server) call(action string, in map[string]any) (any, *apiError) {
	switch action {
	case "DescribeLogGroups":
		return s.describe(in)
	case "StartQuery":
		return s.start(in)
	case "GetQueryResults":
		return s.results(in)
	case "StopQuery":
		q := s.queries[fmt.Sprint(in["queryId"])]
		if q == nil || q.done {
			return nil, &apiError{"InvalidParameterException", "the query is not running"}
		}
		q.done, q.Stopped = true, true
		return map[string]bool{"success": true}, nil
	}
	return nil, &apiError{"UnknownOperationException", action}
}

func (s *Server) describe(in map[string]any) (any, *apiError) {
	prefix, _ := in["logGroupNamePrefix"].(string)
	var names []string
	for name := range s.Groups {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	const page = 2
	after, _ := in["nextToken"].(string)
	out := map[string]any{}
	list := []map[string]any{}
	for _, name := range names {
		if after != "" && name <= after {
			continue
		}
		if len(list) == page {
			out["nextToken"] = list[page-1]["logGroupName"]
			break
		}
		g := s.Groups[name]
		row := map[string]any{
			"logGroupName": name, "arn": "arn:aws:logs:eu-west-1:111122223333:log-group:" + name + ":*", "storedBytes": g.StoredBytes, "creationTime": g.Created.UnixMilli(),
		}
		if g.RetentionDays > 0 {
			row["retentionInDays"] = g.RetentionDays
		}
		list = append(list, row)
	}
	out["logGroups"] = list
	return out, nil
}

func (s *Server) start(in map[string]any) (any, *apiError) {
	groups, _ := in["logGroupNames"].([]any)
	from, ok1 := in["startTime"].(float64)
	to, ok2 := in["endTime"].(float64)
	text, _ := in["queryString"].(string)
	rows, _ := in["limit"].(float64)
	if len(groups) != 1 || !ok1 || !ok2 || from > to || text == "" || rows < 0 || rows > 10000 {
		return nil, &apiError{"InvalidParameterException", fmt.Sprint(in)}
	}
	name := fmt.Sprint(groups[0])
	if s.Groups[name] == nil {
		return nil, &apiError{"ResourceNotFoundException", "Log group '" + name + "' does not exist"}
	}
	running := 0
	for _, q := range s.queries {
		if !q.done {
			running++
		}
	}
	most := s.Concurrent
	if most == 0 {
		most = 30
	}
	if running >= most {
		return nil, &apiError{"LimitExceededException", "too many queries run"}
	}
	q := &query{Query: Query{Group: name, From: int64(from), To: int64(to), Text: text}}
	s.log = append(s.log, q.Query)
	id := strconv.Itoa(len(s.log))
	s.queries[id] = q
	return map[string]string{"queryId": id}, nil
}

func (s *Server) results(in map[string]any) (any, *apiError) {
	q := s.queries[fmt.Sprint(in["queryId"])]
	if q == nil {
		return nil, &apiError{"ResourceNotFoundException", "no such query"}
	}
	rows, matched, scanned := s.evaluate(q)
	status := "Complete"
	most := s.Limit
	if most == 0 {
		most = 10000
	}
	rows = rows[:min(len(rows), most)]
	switch q.polls++; {
	case q.polls == 1 && s.Polls > 0:
		status, rows = "Scheduled", nil
	case q.polls <= s.Polls:
		status, rows = "Running", rows[:len(rows)/2]
	default:
		q.done = true
	}
	answer := make([][]map[string]string, 0, len(rows))
	for _, r := range rows {
		var cells []map[string]string
		for _, f := range slices.Sorted(func(yield func(string) bool) {
			for k := range r {
				if !yield(k) {
					return
				}
			}
		}) {
			cells = append(cells, map[string]string{"field": f, "value": r[f]})
		}
		answer = append(answer, cells)
	}
	return map[string]any{
		"results": answer, "status": status,
		"statistics": map[string]float64{"recordsMatched": float64(matched), "recordsScanned": float64(matched), "bytesScanned": scanned},
	}, nil
}
