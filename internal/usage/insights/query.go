// Package insights asks CloudWatch Logs Insights which modules the requests of
// a Lambda function used: the queries for each way in which that is logged,
// and what runs them through the API.
//
// What comes in are a log group, a window and credentials; what goes out are
// days of usage, or the raw lines of the recorder for usage/ingest to read.
// The API cuts an answer at 10,000 rows without saying so, throttles, and runs
// queries in its own time: a window whose answer reaches the limit is split,
// what is throttled is repeated, and each answer that cannot change any more
// is kept, so that an interrupted pull goes on where it was.
package insights

import (
	"fmt"
	"strings"
	"time"
)

// Style is how a program logs which modules it uses.
type Style string

// The styles.
const (
	StyleLines    Style = "lines"    // "Module used: NAME" in Lambda's text logs
	StyleJSON     Style = "json"     // the same as the message of Lambda's JSON log format
	StyleRecorder Style = "recorder" // the recorder's own lines
)

// Styles returns all styles.
func Styles() []Style { return []Style{StyleLines, StyleJSON, StyleRecorder} }

// limit is the number of rows at which Insights cuts an answer.
const limit = 10000

// name is a module's name, as a regular expression of Insights.
const name = `(?<module>[A-Za-z_][A-Za-z0-9_.]*)`

// lines returns the commands of a style's query. Those with stats answer one
// row a module, and one without a module, which counts all requests; the
// answer of the recorder's is its lines. Memory sizes are bytes there, 10^6 a
// megabyte, except in JSON.
func (s Style) lines() []string {
	switch s {
	case StyleJSON:
		return []string{
			`filter type = "platform.report" or message like /Module used: /`,
			`parse message /Module used: ` + name + `/`,
			`fields coalesce(record.requestId, requestId) as request`,
			`stats count(*) as lines, count_distinct(request) as requests, count(record.metrics.initDurationMs) as cold_starts, ` +
				`pct(record.metrics.initDurationMs, 50) as init_ms, max(record.metrics.memorySizeMB) as memory_mb by module`,
			`sort requests desc`,
			fmt.Sprintf(`limit %d`, limit),
		}
	case StyleRecorder:
		return []string{
			`fields @timestamp, @message, @logStream, @log`,
			`filter @message like /"fastpath":1/ or @type = "REPORT" or type = "platform.report"`,
			`sort @timestamp asc`,
			fmt.Sprintf(`limit %d`, limit),
		}
	default:
		return []string{
			`filter @type = "REPORT" or @message like /Module used: /`,
			`parse @message /Module used: ` + name + `/`,
			`stats count(*) as lines, count_distinct(@requestId) as requests, count(@initDuration) as cold_starts, ` +
				`pct(@initDuration, 50) as init_ms, max(@memorySize / 1000 / 1000) as memory_mb by module`,
			`sort requests desc`,
			fmt.Sprintf(`limit %d`, limit),
		}
	}
}

// Query returns the query of a style as the console takes it.
func (s Style) Query() string { return strings.Join(s.lines(), "\n| ") }

// before returns the query for lines written before a time. The API counts in
// seconds and includes the last one, so that neighbouring windows would share
// an instant.
func (s Style) before(end time.Time) string {
	return fmt.Sprintf("filter toMillis(@timestamp) < %d\n| %s", end.UnixMilli(), s.Query())
}

// raw reports whether the answer is lines of the log.
func (s Style) raw() bool { return s == StyleRecorder }
