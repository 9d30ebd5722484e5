package usage

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"fastpath/internal/config"
	"fastpath/internal/testtree"
)

func eventFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	testtree.Write(t, dir, files)
	return dir
}

func TestLoadEvents(t *testing.T) {
	dir := eventFolder(t, map[string]string{
		"traffic.toml": "requests = 1000\n[weights]\nb = 3\na = 1\nzero = 0\n",
		"plain.toml":   "[weights]\na = 2.5\n",
		"a.json":       "\ufeff{\"x\": 1}", "b.json": "[]\n", "zero.json": "null", "extra.json": "{}",
	})
	at := func(name string) string { return filepath.Join(dir, name) }

	tr, err := LoadEvents(nil, at("traffic.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Events) != 3 || tr.Requests != 1000 || !tr.Weighted || tr.Events[0].Name != "b" || tr.Events[0].File != at("b.json") || tr.Events[0].Weight != 750 ||
		string(tr.Events[1].JSON) != `{"x": 1}` || tr.Events[1].Weight != 250 || tr.Events[2].Weight != 0 {
		t.Errorf("%+v", tr)
	}

	// Given events take their share of the whole, not all of it.
	if tr, err = LoadEvents([]string{at("extra.json"), at("a.json")}, at("traffic.toml")); err != nil {
		t.Fatal(err)
	}
	if tr.Requests != 250 || len(tr.Events) != 2 || tr.Events[1].Name != "extra" || strings.Join(tr.Unweighted, " ") != "extra" || strings.Join(tr.Left, " ") != "b zero" {
		t.Errorf("%+v", tr)
	}

	// Without requests a day the weights are the requests; without a traffic file each event is one.
	if tr, err = LoadEvents(nil, at("plain.toml")); err != nil || tr.Requests != 2.5 {
		t.Errorf("%+v %v", tr, err)
	}
	if tr, err = LoadEvents([]string{at("b.json"), at("a.json")}, ""); err != nil || tr.Requests != 2 || tr.Events[0].Name != "b" || tr.Weighted {
		t.Errorf("%+v %v", tr, err)
	}
}

func TestLoadEventsErrors(t *testing.T) {
	dir := eventFolder(t, map[string]string{
		"traffic.toml": "[weights]\norders = 1\ngone = 1\n", "near.toml": "[weights]\norder = 1\n", "bad.toml": "[weight]\n",
		"orders.json": "{}", "other/orders.json": "{}",
		"comma.json": "{\n  \"a\": 1,\n}\n", "cut.json": "{\"é\": [1,", "empty.json": "", "two.json": "{}\n{}", "latin.json": "{\"a\": \"\xe9\"}",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		files   []string
		traffic string
		want    string
	}{
		{nil, at("traffic.toml"), at("traffic.toml") + `:3:1: the event "gone" has no file: ` + at("gone.json") + " does not exist"},
		{nil, at("near.toml"), `does not exist, did you mean "orders"?`},
		{nil, at("none.toml"), at("none.toml") + ": the traffic file does not exist"},
		{[]string{at("none.json")}, "", at("none.json") + ": the event file does not exist"},
		{[]string{dir}, "", dir + ": the event file cannot be read: "},
		{[]string{at("orders.json"), at("other/orders.json")}, "", `two events are named "orders": ` + at("orders.json")},
		{[]string{at("orders.json"), at("other/orders.json")}, at("traffic.toml"), `two events are named "orders"`},
		{[]string{at("comma.json")}, "", at("comma.json") + ":3:1: the event is not JSON: invalid character '}' looking for beginning of object key string"},
		{[]string{at("cut.json")}, "", at("cut.json") + ":1:10: the event is not JSON: it ends too early"},
		{[]string{at("empty.json")}, "", at("empty.json") + ":1:1: the event is not JSON: it ends too early"},
		{[]string{at("two.json")}, "", at("two.json") + ":2:1: the event is not JSON: invalid character '{' after top-level value"},
		{[]string{at("latin.json")}, "", at("latin.json") + ":1:8: the event is not UTF-8"},
	} {
		_, err := LoadEvents(c.files, c.traffic)
		var mistake *EventError
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %s: %v, want %s", c.files, c.traffic, err, c.want)
		}
	}
	var mistake *config.Error
	if _, err := LoadEvents(nil, at("bad.toml")); !errors.As(err, &mistake) {
		t.Error(err)
	}
}

func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{"{}", "{\n \"a\": [1,\n", "\ufeff1", "\"\xe9\"", "{} {}", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, err := checkJSON("e.json", data)
		if err == nil {
			if !json.Valid(out) || !utf8.Valid(out) {
				t.Fatalf("%q was taken", data)
			}
			return
		}
		var mistake *EventError
		if !errors.As(err, &mistake) || mistake.Line < 1 || mistake.Column < 1 || mistake.Line > 1+bytes.Count(data, []byte("\n")) {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
