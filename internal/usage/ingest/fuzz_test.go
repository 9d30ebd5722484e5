package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fastjson"

	"fastpath/internal/evidence"
)

func FuzzIngest(f *testing.F) {
	for _, x := range formats {
		f.Add([]byte(names(x.log)))
	}
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte(`{"events":[{"message":{"message":{"message":{"message":{"message":{"message":"Module used: x"}}}}}}]}`))
	f.Add([]byte(subscriptionLog(f)))
	f.Add([]byte(insightsCSV(f)))
	for _, s := range []string{insightsAnswer, otlpJSON, tailJSON} {
		f.Add([]byte(names(s)))
	}
	f.Add(otlpProto())
	f.Add(append([]byte{0, 0, 0, byte(len(otlpProto()))}, otlpProto()...))
	f.Add([]byte(`{"fastpath":1,"proc":"aa","ts":1772359200140,"seq":2,"kind":"request","k":1,"workflow":"/a","counts":{"/a":1},"mods":["json","os.path"],"used":[0],"unseen":[1],"part":1}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{MaxLine: 4096, Limit: 50, block: 300, Day: "2026-01-01", Source: "x", Requests: EveryRequest, Fields: []string{"module=m"}}
		once := func() (*Result, string) {
			res, err := read(t, []File{{Name: "x", Reader: bytes.NewReader(data)}}, o)
			if err != nil {
				t.Fatal(err)
			}
			return res, describe(res.Days)
		}
		res, text := once()
		if _, again := once(); again != text {
			t.Fatalf("%s\nand then\n%s", text, again)
		}
		o.most = little
		if _, spilled := once(); spilled != text {
			t.Fatalf("%s\nand without memory\n%s", text, spilled)
		}
		if res.Unreadable > res.Lines || res.Requests < 0 || res.Outside > res.Logged || int64(len(res.Places)) > res.Unreadable {
			t.Fatalf("%+v", res)
		}
		lock := &evidence.Lock{Usage: res.Days}
		if _, err := lock.Bytes(); err != nil {
			t.Fatal(err)
		}
		for _, d := range res.Days {
			for _, m := range d.Modules {
				if m.Requests > d.Requests || m.Module == "" {
					t.Fatalf("%+v of %v", m, d.Requests)
				}
			}
		}
	})
}

// FuzzJSON: what encoding/json reads is read alike, and what is JSON fastjson
// decides.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"message": "a\n\u00e9\ud83d\ude00", "requestId": "x"}`, `{"a": 1e5, "a": [true, null]}`, `{"message": "a"`, `{}`, `{"x":"\ud800"}`,
		` [1, {"a": {}}, [], nAn, -inf, "\\\""] `, `{"a\u0062": "\\", "c": false}`, `{"a": 1,}`, `[1 2]`, `"x" 1`, `{"a":tru}`, `{"a":+}`, `{a:1}`, `{"a" 1}`, `[1`, `{"a":1`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got := map[string]value{}
		w := walk(b)
		for w.next() {
			key := string(unquote(w.key))
			if w.opens('{') { // as a record of the platform
				from, in := w.at, w.inner()
				w.outer(&in)
				if !w.bad {
					got[key] = b[from:in.at]
				}
			} else if v := w.value(); v != nil {
				got[key] = v
			}
		}
		tree, err := new(fastjson.Parser).ParseBytes(b)
		if w.bad != (err != nil) {
			t.Fatalf("whole: %t, fastjson: %v", !w.bad, err)
		}
		if err != nil {
			return
		}
		o := tree.GetObject()
		if w.object != (o != nil) {
			t.Fatalf("an object: %t", w.object)
		}
		if o == nil {
			return
		}
		o.Visit(func(key []byte, v *fastjson.Value) {
			x := value(b).get(string(key))
			first := tree.Get(string(key))
			if string(x.text()) != string(first.GetStringBytes()) || x.object() != (first.Type() == fastjson.TypeObject) ||
				x.number() != (first.Type() == fastjson.TypeNumber) || x.null() != (first.Type() == fastjson.TypeNull) {
				t.Fatalf("%q: %s, fastjson: %s", key, x, first)
			}
		})
		var want map[string]json.RawMessage
		if json.Unmarshal(b, &want) != nil {
			return
		}
		for key, raw := range want {
			var s string
			if json.Unmarshal(raw, &s) != nil || len(raw) == 0 || raw[0] != '"' || strings.ContainsRune(s+key, '\ufffd') {
				continue // encoding/json replaces what is no UTF-8
			}
			if x := got[key]; string(x.text()) != s {
				t.Fatalf("%q: %s, want %q", key, x, s)
			}
		}
	})
}

// FuzzSeen: what is remembered may be anything.
func FuzzSeen(f *testing.F) {
	l, err := Read(f.Context(), []File{{Name: "x", Reader: strings.NewReader(names(formats[0].log))}}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	res, err := l.Finish(func(string, string) ([]byte, error) { return nil, nil })
	if err != nil {
		f.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	for key, data := range res.Seen {
		f.Add(uint16(0), data, []byte(nil))
		if key.Source == others {
			continue
		}
		r, err := parseRemembered(data)
		if err != nil {
			f.Fatal(err)
		}
		plain, err := dec.DecodeAll(r.packed, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(r.n), r.keys, plain)
	}
	f.Fuzz(func(t *testing.T, n uint16, keys, plain []byte) {
		c := newCollector(Options{Limit: 1000})
		var u unpacker
		defer u.close()
		r := remembered{n: int(n), keys: keys, packed: enc.EncodeAll(plain, nil)}
		_ = r.eachKey(func(key uint64) bool { return !c.table.has(key) }) // an error or not: never a panic
		_ = c.decode("x", 1, r, &u)                                       // the same
		if r, err := parseRemembered(keys); err == nil {
			_ = c.decode("y", 1, r, &u)
		}
		if c.table.n > 1201 || len(c.names) > maxModules {
			t.Fatal(c.table.n, len(c.names))
		}
	})
}
