package insights

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// A Request says what to pull.
type Request struct {
	Group    *Group
	Style    Style     // how the program logs
	From, To time.Time // From is taken as the start of its day, UTC
	Cache    Cache     // keeps answers; nil keeps none
	// Day is told of each day that is complete, one call at a time.
	Day func(Day)
}

// Cache keeps answers that cannot change any more, by log group (its
// ARN), query and window, seconds since 1970.
type Cache interface {
	Answer(ctx context.Context, group, query string, from, to int64) (data []byte, ok bool, err error)
	KeepAnswer(ctx context.Context, group, query string, from, to int64, data []byte) error
}

// Row is one row of an answer: values by field.
type Row map[string]string

// Day is what Insights answered for one day.
type Day struct {
	Date    string  // YYYY-MM-DD
	Rows    []Row   // of all its windows
	Bytes   float64 // scanned now
	Queries int     // run now
	Kept    int     // answers that were kept from an earlier pull
}

const (
	// parallel is how many queries run at a time, of the 30 to 100 that an
	// account has for everybody.
	parallel = 4
	// settled is when lines no longer arrive late: answers about what is
	// older are kept.
	settled = 2 * time.Hour
)

// window is a stretch of time, whole seconds; the end is not part of it.
type window struct{ from, to time.Time }

// Days runs the style's query for each day of the request and returns the
// answers in order. After an error what is complete is in the cache.
func (c *Client) Days(ctx context.Context, r Request) ([]Day, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	windows := days(r.From, r.To)
	out := make([]Day, len(windows))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i, w := range windows {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			day := Day{Date: w.from.Format(time.DateOnly)}
			if err := c.window(ctx, r, w, &day); err != nil {
				stop(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			out[i] = day
			if r.Day != nil {
				r.Day(day)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// days returns a window for each day, UTC.
func days(from, to time.Time) []window {
	var list []window
	from, to = from.UTC().Truncate(24*time.Hour), to.UTC().Truncate(time.Second)
	for d := from; d.Before(to); d = d.AddDate(0, 0, 1) {
		end := d.AddDate(0, 0, 1)
		if end.After(to) {
			end = to
		}
		list = append(list, window{d, end})
	}
	return list
}

// answer is what is kept of one window. Rows is nil where its answer reached
// the limit: then its parts have answers of their own.
type answer struct {
	Rows  []Row `json:"rows"`
	Parts int   `json:"parts,omitempty"`
}

// window adds the rows of a window to a day, and splits it as often as its
// answer is cut.
func (c *Client) window(ctx context.Context, r Request, w window, day *Day) error {
	a, err := c.cached(ctx, r, w, day)
	if err != nil {
		return err
	}
	if a.Parts == 0 {
		day.Rows = append(day.Rows, a.Rows...)
		return nil
	}
	for _, part := range w.split(a.Parts) {
		if err := c.window(ctx, r, part, day); err != nil {
			return err
		}
	}
	return nil
}

// split cuts a window into n parts of about the same length.
func (w window) split(n int) []window {
	length := w.to.Sub(w.from)
	var list []window
	for at, i := w.from, 1; i <= n; i++ {
		to := w.from.Add((length * time.Duration(i) / time.Duration(n)).Truncate(time.Second))
		if i == n {
			to = w.to
		}
		if to.After(at) {
			list = append(list, window{at, to})
		}
		at = to
	}
	return list
}

// cached returns the kept answer of a window, or asks for one.
func (c *Client) cached(ctx context.Context, r Request, w window, day *Day) (a answer, err error) {
	query, key := r.Style.before(w.to), r.Group.ARN
	if r.Cache != nil {
		data, ok, err := r.Cache.Answer(ctx, key, query, w.from.Unix(), w.to.Unix())
		if err != nil {
			return a, err
		}
		if ok && json.Unmarshal(data, &a) == nil { // else it is asked for again
			day.Kept++
			return a, nil
		}
	}
	if a, err = c.ask(ctx, r, query, w, day); err != nil || r.Cache == nil || r.To.Sub(w.to) < settled {
		return a, err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return a, err
	}
	return a, r.Cache.KeepAnswer(ctx, key, query, w.from.Unix(), w.to.Unix(), data)
}

// ask runs the query of a window.
func (c *Client) ask(ctx context.Context, r Request, query string, w window, day *Day) (answer, error) {
	res, err := c.run(ctx, r.Group.Name, query, w)
	if err != nil {
		return answer{}, err
	}
	day.Queries++
	matched := 0.0
	if s := res.Statistics; s != nil {
		day.Bytes += s.BytesScanned
		matched = s.RecordsMatched
	}
	timedOut := res.Status == types.QueryStatusTimeout
	if len(res.Results) < limit && !timedOut {
		a := answer{Rows: make([]Row, 0, len(res.Results))}
		for _, fields := range res.Results {
			row := Row{}
			for _, f := range fields {
				row[aws.ToString(f.Field)] = aws.ToString(f.Value)
			}
			a.Rows = append(a.Rows, row)
		}
		return a, nil
	}
	seconds := int(w.to.Sub(w.from) / time.Second)
	if seconds < 2 {
		return answer{}, fmt.Errorf("%q has %d lines or more in the second of %s, more than CloudWatch Logs Insights shows; export the logs and use fastpath usage ingest",
			r.Group.Name, limit, w.from.Format(time.RFC3339))
	}
	parts := 2
	if r.Style.raw() && !timedOut { // one row a line: it is known how many there are
		parts = max(parts, int(matched/(0.8*limit))+1)
	}
	return answer{Parts: min(parts, seconds)}, nil
}

// run starts a query and waits for its end: complete, or out of time.
func (c *Client) run(ctx context.Context, group, query string, w window) (*cloudwatchlogs.GetQueryResultsOutput, error) {
	started, err := c.api.StartQuery(ctx, &cloudwatchlogs.StartQueryInput{
		LogGroupNames: []string{group}, QueryString: &query, Limit: aws.Int32(limit),
		StartTime: aws.Int64(w.from.Unix()), EndTime: aws.Int64(w.to.Unix()),
	})
	if err != nil {
		return nil, c.explain(group, "logs:StartQuery", err)
	}
	for wait := c.poll / 4; ; wait = min(2*wait, c.poll) {
		select {
		case <-ctx.Done():
			c.stop(ctx, started.QueryId)
			return nil, ctx.Err()
		case <-time.After(wait):
		}
		res, err := c.api.GetQueryResults(ctx, &cloudwatchlogs.GetQueryResultsInput{QueryId: started.QueryId})
		if err != nil {
			c.stop(ctx, started.QueryId)
			return nil, c.explain(group, "logs:GetQueryResults", err)
		}
		switch res.Status {
		case types.QueryStatusComplete, types.QueryStatusTimeout:
			return res, nil
		case types.QueryStatusFailed, types.QueryStatusCancelled:
			return nil, fmt.Errorf("the query of %q for %s ended as %q; run the command again: it goes on where it was", group, w.from.Format(time.RFC3339), res.Status)
		case types.QueryStatusScheduled, types.QueryStatusRunning, types.QueryStatusUnknown: // rows that come now are not all
		}
	}
}

// stop ends a query that nobody waits for any more: it would take one of the
// account's places.
func (c *Client) stop(ctx context.Context, id *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = c.api.StopQuery(ctx, &cloudwatchlogs.StopQueryInput{QueryId: id}) // it may have ended
}

// number reads a figure of an answer, which may be written with an exponent; 0
// when there is none.
func (r Row) number(field string) float64 {
	v, err := strconv.ParseFloat(r[field], 64)
	if err != nil || v < 0 {
		return 0
	}
	return v
}
