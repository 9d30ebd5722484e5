package bench

import (
	"testing"
)

// FuzzCompareAnswers: an answer differs neither from itself nor from itself
// written otherwise, and what differs is found from both sides.
func FuzzCompareAnswers(f *testing.F) {
	f.Add([]byte(`{"a": [1, {"b": "{\"c\": 2}"}]}`), []byte(`{"a": []}`), false)
	f.Add([]byte("a\nb"), []byte("a\nc\n"), true)
	f.Add([]byte("\xff at 0x1"), []byte(""), false)
	f.Fuzz(func(t *testing.T, x, y []byte, text bool) {
		a, b := &answers{}, &answers{}
		a.add(x)
		b.add(y)
		if d, varies := compareAnswers(a, a, text); d != nil || varies != nil {
			t.Errorf("%q differs from itself: %+v %q", x, d, varies)
		}
		there, _ := compareAnswers(a, b, text)
		back, _ := compareAnswers(b, a, text)
		if (there == nil) != (back == nil) || there != nil && (there.Path != back.Path || there.Before != back.After) {
			t.Errorf("%q and %q: %+v, the other way %+v", x, y, there, back)
		}
		if v, ok := decode(x); ok && !text {
			flat := map[string]string{}
			walk(flat, "", v)
			if len(flat) == 0 {
				t.Errorf("%q has no value", x)
			}
		}
	})
}
