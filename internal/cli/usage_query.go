package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"fastpath/internal/config"
	"fastpath/internal/usage/insights"
)

func (a *app) usageQueryCommand() *cobra.Command {
	var style string
	cmd := &cobra.Command{
		Use:   "query",
		Short: "print the CloudWatch Logs Insights query",
		Long: `Query prints what counts, in CloudWatch Logs Insights, the requests that used each
module: for the console, or for a look at what "usage pull" runs. There is one query
for each way in which a function can log it:

  lines     Module used: NAME, in Lambda's text logs
  json      the same as the message of Lambda's JSON log format
  recorder  the recorder's lines, which "usage ingest" counts: save the results as JSON

The row without a module counts all requests. Nothing is asked and nothing is executed.`,
		Example: `  fastpath usage query
  fastpath usage query --style json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runUsageQuery(style) },
	}
	f := cmd.Flags()
	f.StringVar(&style, "style", "", "how the function logs: lines, json or recorder (default: the queries of all)")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// usageQueries is the JSON of usage query, fastpath.usage-query/1.
type usageQueries struct {
	envelope
	Queries []usageQuery `json:"queries"`
}

type usageQuery struct {
	Style insights.Style `json:"style"`
	Query string         `json:"query"`
}

// styleTitles say what each style is.
var styleTitles = map[insights.Style]string{
	insights.StyleLines:    `"Module used: NAME" in Lambda's text logs`,
	insights.StyleJSON:     `"Module used: NAME" in Lambda's JSON logs`,
	insights.StyleRecorder: `the recorder's lines`,
}

func (a *app) runUsageQuery(style string) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for usage query; allowed: text, json", a.format)
	}
	styles := insights.Styles()
	if style != "" {
		s, err := styleNamed(style)
		if err != nil {
			return err
		}
		styles = []insights.Style{s}
	}
	out := usageQueries{envelope: envelope{Schema: "fastpath.usage-query/1", Version: Version}, Queries: []usageQuery{}}
	for _, s := range styles {
		out.Queries = append(out.Queries, usageQuery{s, s.Query()})
	}
	if a.format == "json" {
		return a.printJSON(out)
	}
	for i, q := range out.Queries {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		if len(out.Queries) > 1 { // # opens a comment there too
			fmt.Fprintf(a.Stdout, "# %s: %s\n", q.Style, styleTitles[q.Style])
		}
		fmt.Fprintln(a.Stdout, q.Query)
	}
	return nil
}

// styleNamed returns the style of a flag.
func styleNamed(text string) (insights.Style, error) {
	var names []string
	for _, s := range insights.Styles() {
		if string(s) == text {
			return s, nil
		}
		names = append(names, string(s))
	}
	if n := config.Nearest(text, names); n != "" {
		return "", usageErrorf("unknown style %q, did you mean %q? allowed: lines, json, recorder", text, n)
	}
	return "", usageErrorf("unknown style %q; allowed: lines, json, recorder", text)
}
