package ingest

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/valyala/fastjson"
)

// insightsRow reads a row of the answer of CloudWatch Logs Insights: an array
// of fields, each an object with its name and its value.
func (p *parser) insightsRow(v *fastjson.Value, l line, depth int) {
	list, err := v.Array()
	if err != nil {
		return
	}
	var row cells
	for _, cell := range list {
		row.set(string(cell.GetStringBytes("field")), cell.GetStringBytes("value"))
	}
	p.row(&row, l, depth)
}

// cells are the columns that we look for in a row of Insights or of a CSV file.
type cells struct {
	message, time, stream, request, log []byte
}

func (c *cells) set(name string, value []byte) {
	switch name {
	case "@message", "message":
		c.message = value
	case "@timestamp", "timestamp":
		c.time = value
	case "@logStream", "logStreamName":
		c.stream = value
	case "@requestId":
		c.request = value
	case "@log":
		c.log = value
	}
}

// row reads a row: an event with what CloudWatch knows about it.
func (p *parser) row(c *cells, l line, depth int) {
	if at, n := leadingTime(c.time); n > 0 {
		l.at = at
	}
	if len(c.stream) > 0 && len(c.stream) <= 512 {
		l.stream = p.name(c.stream)
	}
	if i := bytes.LastIndexByte(c.log, '/'); i >= 0 { // account:/aws/lambda/name
		p.runs(&l, c.log[i+1:], nil)
	}
	if plausibleID(c.request) {
		l.id, l.idKnown = hashID(c.request), true
	}
	p.message(c.message, l, depth)
}

// csvColumns returns the columns of a CSV file that CloudWatch wrote, nil when
// its first line is no such header.
func csvColumns(head []byte) []string {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	columns, err := csv.NewReader(bytes.NewReader(first)).Read()
	if err != nil || len(columns) < 2 {
		return nil
	}
	if slices.Contains(columns, "@message") || slices.Contains(columns, "message") && slices.Contains(columns, "timestamp") {
		return columns
	}
	return nil
}

// csv reads a CSV file whose header names columns.
func (r *reader) csv(in io.Reader, columns []string) error {
	c := csv.NewReader(in)
	c.FieldsPerRecord = -1
	c.LazyQuotes = true
	c.ReuseRecord = true
	for i := 0; ; i++ {
		row, err := c.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &broken):
			r.p.lines++
			r.p.unreadable(int64(broken.StartLine), c.InputOffset(), "broken CSV: "+broken.Err.Error())
			continue
		case err != nil:
			return err
		case i == 0:
			continue
		}
		var found cells
		for j, value := range row {
			if j < len(columns) {
				found.set(strings.TrimSpace(columns[j]), []byte(value))
			}
		}
		r.p.lines++
		r.p.row(&found, unknown, 1)
		if err := r.flush(false); err != nil {
			return err
		}
	}
}
