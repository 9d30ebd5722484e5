package insightstest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	before     = regexp.MustCompile(`toMillis\(@timestamp\) < (\d+)`)
	moduleUsed = regexp.MustCompile(`Module used: ([A-Za-z_][A-Za-z0-9_.]*)`)
	requestID  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	initTime   = regexp.MustCompile(`\tInit Duration: ([\d.]+) ms`)
	memorySize = regexp.MustCompile(`\tMemory Size: (\d+) MB`)
)

// sum is what stats adds up for one module, "" for the reports.
type sum struct {
	lines  int
	ids    map[string]bool
	inits  []float64
	memory float64
}

// line is an event as the service sees it: with the fields that it discovers.
type line struct {
	report, used   bool
	module, id     string
	initMS, memory float64
	hasInit        bool
}

// textLine reads a line of Lambda's text format.
func textLine(message string) (l line) {
	l.report = strings.HasPrefix(message, "REPORT RequestId: ")
	l.id = requestID.FindString(message)
	if m := moduleUsed.FindStringSubmatch(message); m != nil {
		l.used, l.module = true, m[1]
	}
	if m := initTime.FindStringSubmatch(message); m != nil && l.report {
		l.initMS, _ = strconv.ParseFloat(m[1], 64)
		l.hasInit = true
	}
	if m := memorySize.FindStringSubmatch(message); m != nil && l.report {
		l.memory, _ = strconv.ParseFloat(m[1], 64)
	}
	return l
}

// jsonLine reads a line of Lambda's JSON format.
func jsonLine(message string) (l line) {
	var doc struct {
		Type, Message, RequestID string
		Record                   struct {
			RequestID string
			Metrics   struct{ InitDurationMS, MemorySizeMB *float64 }
		}
	}
	if json.Unmarshal([]byte(message), &doc) != nil {
		return l
	}
	l.report = doc.Type == "platform.report"
	l.id = cmp.Or(doc.Record.RequestID, doc.RequestID)
	if m := moduleUsed.FindStringSubmatch(doc.Message); m != nil {
		l.used, l.module = true, m[1]
	}
	if v := doc.Record.Metrics.InitDurationMS; v != nil {
		l.initMS, l.hasInit = *v, true
	}
	if v := doc.Record.Metrics.MemorySizeMB; v != nil {
		l.memory = *v
	}
	return l
}

// evaluate answers a query: its rows, how many lines it matched, and how many
// bytes there are in its window.
func (s *Server) evaluate(q *query) (rows []map[string]string, matched int, scanned float64) {
	end := int64(1 << 62)
	if m := before.FindStringSubmatch(q.Text); m != nil {
		end, _ = strconv.ParseInt(m[1], 10, 64)
	}
	read, raw := textLine, strings.Contains(q.Text, `"fastpath":1`)
	if strings.Contains(q.Text, "record.metrics") {
		read = jsonLine
	}
	sums := map[string]*sum{}
	for _, e := range s.Groups[q.Group].Events {
		if e.At.Unix() < q.From || e.At.UnixMilli() > q.To*1000 {
			continue
		}
		scanned += float64(len(e.Message))
		l := read(e.Message)
		recording := raw && strings.Contains(e.Message, `"fastpath":1`)
		if e.At.UnixMilli() >= end || !l.report && !l.used && !recording || raw && l.used && !recording {
			continue
		}
		matched++
		if raw {
			rows = append(rows, map[string]string{
				"@timestamp": e.At.UTC().Format("2006-01-02 15:04:05.000"), "@message": e.Message, "@logStream": e.Stream, "@log": "111122223333:" + q.Group, "@ptr": strconv.Itoa(matched),
			})
			continue
		}
		t := sums[l.module]
		if t == nil {
			t = &sum{ids: map[string]bool{}}
			sums[l.module] = t
		}
		t.lines++
		if l.id != "" {
			t.ids[l.id] = true
		}
		if l.hasInit {
			t.inits = append(t.inits, l.initMS)
		}
		t.memory = max(t.memory, l.memory)
	}
	if raw {
		slices.SortStableFunc(rows, func(a, b map[string]string) int { return cmp.Compare(a["@timestamp"], b["@timestamp"]) })
		return rows, matched, scanned
	}
	for module, t := range sums {
		row := map[string]string{"lines": strconv.Itoa(t.lines), "requests": strconv.Itoa(len(t.ids)), "cold_starts": strconv.Itoa(len(t.inits))}
		if module != "" {
			row["module"] = module
		}
		if len(t.inits) > 0 {
			slices.Sort(t.inits)
			row["init_ms"] = fmt.Sprint(t.inits[(len(t.inits)-1)/2])
		}
		if t.memory > 0 {
			row["memory_mb"] = strconv.FormatFloat(t.memory, 'E', -1, 64) // as the service likes to
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b map[string]string) int {
		na, _ := strconv.Atoi(a["requests"])
		nb, _ := strconv.Atoi(b["requests"])
		return cmp.Or(cmp.Compare(nb, na), cmp.Compare(a["module"], b["module"]))
	})
	return rows, matched, scanned
}

// Request returns the lines that a request of a function in Lambda's text
// format writes: START, one for each module, END, and REPORT.
func Request(stream string, at time.Time, id string, initMS float64, modules ...string) []Event {
	list := []Event{{stream, at, "START RequestId: " + id + " Version: $LATEST\n"}}
	for i, m := range modules {
		when := at.Add(time.Duration(i+1) * time.Millisecond)
		list = append(list, Event{stream, when, fmt.Sprintf("[INFO]\t%s\t%s\tModule used: %s\n", when.UTC().Format("2006-01-02T15:04:05.000Z"), id, m)})
	}
	end := at.Add(20 * time.Millisecond)
	report := fmt.Sprintf("REPORT RequestId: %s\tDuration: 12.40 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\tMax Memory Used: 91 MB\t", id)
	if initMS > 0 {
		report += fmt.Sprintf("Init Duration: %.2f ms\t", initMS)
	}
	return append(list, Event{stream, end, "END RequestId: " + id + "\n"}, Event{stream, end, report + "\n"})
}

// JSONRequest is Request in Lambda's JSON format.
func JSONRequest(stream string, at time.Time, id string, initMS float64, modules ...string) []Event {
	stamp := at.UTC().Format("2006-01-02T15:04:05.000Z")
	list := []Event{{stream, at, fmt.Sprintf(`{"time":%q,"type":"platform.start","record":{"requestId":%q,"version":"$LATEST"}}`, stamp, id)}}
	for _, m := range modules {
		list = append(list, Event{stream, at, fmt.Sprintf(`{"timestamp": %q, "level": "INFO", "message": "Module used: %s", "logger": "root", "requestId": %q}`, stamp, m, id)})
	}
	init := ""
	if initMS > 0 {
		init = fmt.Sprintf(`,"initDurationMs":%g`, initMS)
	}
	return append(list, Event{stream, at.Add(20 * time.Millisecond), fmt.Sprintf(
		`{"time":%q,"type":"platform.report","record":{"requestId":%q,"metrics":{"durationMs":11.48,"billedDurationMs":12,"memorySizeMB":512,"maxMemoryUsedMB":67%s},"status":"success"}}`,
		stamp, id, init)})
}
