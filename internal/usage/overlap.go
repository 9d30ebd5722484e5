package usage

import (
	"cmp"
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// groupPrefix begins the source of a log group whose name does not begin with a
// slash, as Lambda's do.
const groupPrefix = "log group "

// GroupSource is the source of the rows that CloudWatch counted for a log group.
func GroupSource(group string) string {
	if strings.HasPrefix(group, "/") {
		return group
	}
	return groupPrefix + group
}

// isGroup tells what GroupSource returns from log streams and files.
func isGroup(source string) bool {
	return strings.HasPrefix(source, "/") || strings.HasPrefix(source, groupPrefix)
}

// Overlap is a day of which an entry's log group was asked and logs were read. Both
// tell about the same requests: those count that are more.
type Overlap struct {
	Day          string
	Groups, Logs []string // sources, sorted
	LogsCount    bool     // rather than the log groups
	rows         []*evidence.UsageDay
}

// Overlaps returns the days, in order, that two ways of learning the same brought
// into rows. That rows of no entry are of the only one that others name that day is
// taken for granted, and with onlyEntry that all rows are of one.
func Overlaps(days []*evidence.UsageDay, onlyEntry bool) []Overlap {
	byDay := map[string][]*evidence.UsageDay{}
	asked := map[string]bool{}
	for _, d := range days {
		if (d.Kind == evidence.UsageLog || d.Kind == evidence.UsageRecorder) && d.Source != RecordSource {
			byDay[d.Day] = append(byDay[d.Day], d)
			asked[d.Day] = asked[d.Day] || isGroup(d.Source)
		}
	}
	var list []Overlap
	for day, rows := range byDay {
		if !asked[day] {
			continue
		}
		only, several := "", false
		for _, d := range rows {
			several = several || only != "" && d.Entry != "" && d.Entry != only
			only = cmp.Or(only, d.Entry)
		}
		byEntry := map[string][]*evidence.UsageDay{}
		for _, d := range rows {
			entry := d.Entry
			switch {
			case onlyEntry:
				entry = ""
			case entry == "" && !several:
				entry = only
			}
			byEntry[entry] = append(byEntry[entry], d)
		}
		for _, rows := range byEntry {
			o := Overlap{Day: day}
			groups, logs := 0.0, 0.0
			for _, d := range rows {
				if isGroup(d.Source) {
					o.Groups = append(o.Groups, d.Source)
					groups += d.Requests
				} else {
					o.Logs = append(o.Logs, d.Source)
					logs += d.Requests
				}
			}
			if len(o.Groups) == 0 || len(o.Logs) == 0 {
				continue
			}
			o.LogsCount = logs >= groups // where equal, logs also know workflows
			for _, d := range rows {
				if isGroup(d.Source) == o.LogsCount {
					o.rows = append(o.rows, d)
				}
			}
			slices.Sort(o.Groups)
			slices.Sort(o.Logs)
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b Overlap) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Groups[0], b.Groups[0]), cmp.Compare(a.Logs[0], b.Logs[0]))
	})
	return list
}
