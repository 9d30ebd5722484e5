package recorder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Line is one line of the production recorder; docs/recorder.md says what the
// keys mean.
type Line struct {
	Format     int            `json:"fastpath"`
	Kind       string         `json:"kind"`
	Proc       string         `json:"proc"`
	Seq        int            `json:"seq"`
	TS         int64          `json:"ts"` // ms since 1970
	Entry      string         `json:"entry"`
	Function   string         `json:"function"`
	Tests      bool           `json:"tests"`
	Every      int            `json:"every"`
	Counts     map[string]int `json:"counts"`
	Mods       []string       `json:"mods"`
	Part       int            `json:"part"`
	Parts      int            `json:"parts"`
	K          int            `json:"k"`
	Request    string         `json:"request"`
	Workflow   string         `json:"workflow"`
	Error      bool           `json:"error"`
	Used       []int          `json:"used"`
	Library    []int          `json:"library"`
	Unseen     []int          `json:"unseen"`
	Loads      [][2]float64   `json:"loads"`
	Init       [][2]float64   `json:"init"`
	InitLoaded int            `json:"init_loaded"`
	InitMS     float64        `json:"init_ms"`
	How        string         `json:"how"`
	Note       string         `json:"note"`
	Stale      int            `json:"stale"`
	Reason     string         `json:"reason"`
}

// Kinds of lines.
const (
	KindProcess = "process"
	KindRequest = "request"
	KindLoad    = "load"
	KindEnd     = "end"
	KindOff     = "off"
)

// ParseLine reads a line; ok is false for a line of somebody else. The error is
// about a line of the recorder that is damaged or of another format.
func ParseLine(text []byte) (l *Line, ok bool, err error) {
	if !bytes.HasPrefix(text, []byte(`{"fastpath":`)) {
		return nil, false, nil
	}
	l = &Line{}
	if err := json.Unmarshal(text, l); err != nil {
		return nil, false, fmt.Errorf("a line of the recorder that cannot be read: %w", err)
	}
	if l.Format != LineFormat {
		return nil, false, fmt.Errorf("a line of the recorder in format %d; this version reads format %d", l.Format, LineFormat)
	}
	for _, places := range [][]int{l.Used, l.Library, l.Unseen} {
		for _, p := range places {
			if p < 0 || p >= len(l.Mods) {
				return nil, false, fmt.Errorf("a line of the recorder that names module %d of %d", p, len(l.Mods))
			}
		}
	}
	return l, true, nil
}

// Names are the modules that a list of places means, sorted.
func (l *Line) Names(places []int) []string {
	out := make([]string, 0, len(places))
	for _, p := range places {
		out = append(out, l.Mods[p])
	}
	slices.Sort(out)
	return out
}
