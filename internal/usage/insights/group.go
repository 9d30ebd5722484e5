package insights

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Group is a log group.
type Group struct {
	Name, ARN     string
	StoredBytes   float64
	Created       time.Time
	RetentionDays int // 0: lines are kept for ever
}

// Group finds a log group by its name.
func (c *Client) Group(ctx context.Context, name string) (*Group, error) {
	var others []string
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(c.api, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, c.explain(name, "logs:DescribeLogGroups", err)
		}
		for _, g := range page.LogGroups {
			if aws.ToString(g.LogGroupName) == name {
				return &Group{
					Name: name, ARN: aws.ToString(g.Arn), StoredBytes: float64(aws.ToInt64(g.StoredBytes)),
					Created: time.UnixMilli(aws.ToInt64(g.CreationTime)).UTC(), RetentionDays: int(aws.ToInt32(g.RetentionInDays)),
				}, nil
			}
			others = append(others, fmt.Sprintf("%q", aws.ToString(g.LogGroupName)))
		}
	}
	hint := "\"aws logs describe-log-groups\" lists them, --region and --profile choose others"
	if len(others) > 0 {
		hint = "names that begin with it: " + strings.Join(others[:min(len(others), 5)], ", ")
	}
	return nil, fmt.Errorf("there is no log group %q in %s; %s", name, c.region, hint)
}

// Scan estimates how many bytes a query from one time to another reads: the
// share of the stored ones that the time is of what the group covers, as if
// lines came evenly.
func (g *Group) Scan(from, to, now time.Time) float64 {
	first := g.Created
	if kept := now.AddDate(0, 0, -g.RetentionDays); g.RetentionDays > 0 && kept.After(first) {
		first = kept
	}
	if from.Before(first) {
		from = first
	}
	covers := now.Sub(first)
	if covers <= 0 || !to.After(from) {
		return 0
	}
	return g.StoredBytes * min(1, float64(to.Sub(from))/float64(covers))
}

// Queries returns how many queries a pull begins with: one a day.
func Queries(from, to time.Time) int { return len(days(from, to)) }
