package usage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"fastpath/internal/config"
)

// Traffic is a set of sample events and how often they come.
type Traffic struct {
	Requests float64 // what the events stand for, all together
	Daily    float64 // requests a day that the traffic file says there are, 0 when it does not
	Weighted bool    // there was a traffic file; else every event counts 1
	Events   []Event // in the order of the traffic file, then in that of the files
	// Unweighted names the events that were given but have no weight in the
	// traffic file; Left names those of the traffic file that were not given.
	Unweighted, Left []string
}

// Event is one sample event.
type Event struct {
	Name   string  // the file's name without its extension: the workflow
	File   string  // as given, or beside the traffic file
	JSON   []byte  // valid JSON, UTF-8 without byte order mark
	Weight float64 // requests that it stands for
}

// An EventError is a mistake in an event file or in the choice of events.
type EventError struct {
	File         string // as given, "" when it is about several
	Line, Column int    // 1-based, column in characters; 0 for the whole file
	Message      string
}

// Error returns "file:line:column: message".
func (e *EventError) Error() string {
	switch {
	case e.File == "":
		return e.Message
	case e.Line == 0:
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// LoadEvents reads sample events and their weights. Without files it reads
// those that the traffic file names, which lie beside it; without a traffic
// file ("") every event stands for one request. Weights are scaled to the
// traffic file's requests a day. Mistakes are *EventError and *config.Error
// values, and leave nothing half done.
func LoadEvents(files []string, trafficFile string) (*Traffic, error) {
	t := &Traffic{Weighted: trafficFile != ""}
	given := map[string]string{}
	for _, f := range files {
		name := eventName(f)
		if other, ok := given[name]; ok {
			return nil, &EventError{Message: fmt.Sprintf("two events are named %q: %s and %s; the name is the workflow, so rename one of the files", name, other, f)}
		}
		given[name] = f
	}
	if !t.Weighted {
		for _, f := range files {
			t.Events = append(t.Events, Event{Name: eventName(f), File: f, Weight: 1})
		}
		return t, t.read()
	}
	w, err := config.LoadWeights(trafficFile, trafficFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &EventError{File: trafficFile, Message: "the traffic file does not exist"}
	}
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, e := range w.Weights {
		sum += e.Weight
	}
	t.Daily = w.Requests
	scale := 1.0
	if w.Requests > 0 {
		scale = w.Requests / sum
	}
	for _, e := range w.Weights {
		file, ok := given[e.Event]
		if !ok && len(files) > 0 {
			t.Left = append(t.Left, e.Event)
			continue
		}
		if !ok {
			file = filepath.Join(filepath.Dir(trafficFile), e.Event+".json")
			if _, err := os.Stat(file); err != nil {
				return nil, &EventError{trafficFile, e.Line, 1, fmt.Sprintf("the event %q has no file: %s does not exist%s", e.Event, file, nearestEvent(file))}
			}
		}
		t.Events = append(t.Events, Event{Name: e.Event, File: file, Weight: e.Weight * scale})
	}
	for _, f := range files {
		name := eventName(f)
		if !slices.ContainsFunc(t.Events, func(e Event) bool { return e.Name == name }) {
			t.Events = append(t.Events, Event{Name: name, File: f})
			t.Unweighted = append(t.Unweighted, name)
		}
	}
	return t, t.read()
}

// eventName is the workflow that an event file stands for.
func eventName(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// nearestEvent proposes an event file of the same folder.
func nearestEvent(file string) string {
	list, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.json"))
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = eventName(f)
	}
	if n := config.Nearest(eventName(file), names); n != "" {
		return fmt.Sprintf(", did you mean %q?", n)
	}
	return ""
}

// read fills in the events' JSON and the total.
func (t *Traffic) read() error {
	for i := range t.Events {
		e := &t.Events[i]
		data, err := os.ReadFile(e.File)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &EventError{File: e.File, Message: "the event file does not exist"}
		case err != nil:
			return &EventError{File: e.File, Message: fmt.Sprintf("the event file cannot be read: %v", errors.Unwrap(err))}
		}
		if e.JSON, err = checkJSON(e.File, data); err != nil {
			return err
		}
		t.Requests += e.Weight
	}
	return nil
}

// checkJSON returns data without its byte order mark when it is one JSON
// value, else an *EventError with the place.
func checkJSON(file string, data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var value json.RawMessage
	err := json.Unmarshal(data, &value)
	at, message := int64(len(data)), ""
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		at, message = max(syntax.Offset-1, 0), "the event is not JSON: "+syntax.Error()
		if syntax.Error() == "unexpected end of JSON input" {
			at, message = int64(len(data)), "the event is not JSON: it ends too early"
		}
	case err != nil:
		message = "the event is not JSON: " + err.Error()
	case !utf8.Valid(data):
		at = 0
		for r, n := utf8.DecodeRune(data); r != utf8.RuneError || n != 1; r, n = utf8.DecodeRune(data[at:]) {
			at += int64(n)
		}
		message = "the event is not UTF-8"
	default:
		return data, nil
	}
	before := data[:min(at, int64(len(data)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return nil, &EventError{file, 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[start:]), message}
}
