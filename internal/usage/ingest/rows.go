package ingest

import (
	"cmp"

	"fastpath/internal/evidence"
)

// otherSources are the sources that stand for all whose days are not told apart, because there
// are too many rows: one each for logs with lines of the platform or without, and with
// lines of the recorder or without, which are counted in different ways.
type otherSources [2][2]*source

// othersName is the name of one of them.
func othersName(reported, recorded bool) string {
	switch {
	case reported && recorded:
		return evidence.OtherSources + " (recorder and START lines)"
	case recorded:
		return evidence.OtherSources + " (recorder)"
	case reported:
		return evidence.OtherSources
	}
	return evidence.OtherSources + " (no START lines)"
}

// isOthers reports whether a source stands for others.
func isOthers(name string) bool {
	for _, reported := range []bool{false, true} {
		if name == othersName(reported, false) || name == othersName(reported, true) {
			return true
		}
	}
	return false
}

func (r *row) key() rowKey { return rowKey{r.source, r.function, r.day, r.entry, r.tests} }

// row returns the number of a row.
func (c *collector) row(key rowKey) uint32 {
	if key == c.latest.key && key.source != nil {
		return c.latest.id
	}
	asked := key
	id, ok := c.rowIDs[key]
	if !ok && c.folds {
		id, ok = c.folded(&key)
	}
	if !ok {
		id = uint32(len(c.rows))
		c.rows = append(c.rows, &row{source: key.source, function: key.function, day: key.day, entry: key.entry, tests: key.tests})
		c.rowIDs[key] = id
	}
	c.latest.key, c.latest.id = asked, id
	return id
}

// folded returns the row that stands for a new one where there are too many: first the one
// without function, at last that of all other sources on its day.
func (c *collector) folded(key *rowKey) (id uint32, ok bool) {
	if len(c.rows) < c.most.rows {
		return 0, false
	}
	plain := *key
	plain.function, plain.entry = function{}, cmp.Or(key.entry, c.entryOf(key.function.name))
	if id, ok = c.rowIDs[plain]; ok || len(c.rows) < c.most.days {
		if plain != *key {
			c.res.OtherFunctions++
		}
		*key = plain
		return id, ok
	}
	s := key.source
	plain.day = cmp.Or(key.day, s.first, s.date, dayNamed(c.o.Day), s.file)
	if s.others || plain.day == 0 { // nobody knows where to
		return 0, false
	}
	c.res.OtherSources++
	to := &c.others[bit(s.reported, 0)][bit(s.recorded, 0)]
	if *to == nil {
		*to = c.source(othersName(s.reported, s.recorded))
		(*to).reported, (*to).recorded = s.reported, s.recorded
	}
	(*to).cold = (*to).cold || s.cold
	if !s.told {
		s.told = true
		for _, m := range s.init.list {
			(*to).init.add(m)
		}
	}
	// Entries are few, unless the log is a strange one.
	plain.source = *to
	if id, ok = c.rowIDs[plain]; !ok && len(c.rows) >= 2*c.most.days {
		plain.entry = ""
		id, ok = c.rowIDs[plain]
	}
	*key = plain
	return id, ok
}
