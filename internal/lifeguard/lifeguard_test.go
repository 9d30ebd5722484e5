package lifeguard

import "testing"

const output = `{
  "LOAD_IMPORTS_EAGERLY": ["uses_exec"],
  "LAZY_ELIGIBLE": {"app": ["project.codecs", "yaml"], "gateway": [], "project.safe": []},
  "IMPLICIT_IMPORTS": {},
  "IMPORT_CYCLES": []
}`

func TestObjection(t *testing.T) {
	r, err := Parse([]byte(output))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		own      bool
		want     string
	}{
		{"app", "gateway", true, ""},
		{"app", "safe", true, ""},
		{"app", "pandas", false, ""}, // not looked at
		{"app", "main", true, "Lifeguard: loading main has effects"},
		{"app", "yaml", false, "Lifeguard: app needs yaml loaded eagerly"},
		{"gateway", "yaml", false, ""},
		{"uses_exec", "gateway", true, "Lifeguard: the imports of uses_exec must run when it is loaded"},
	} {
		if got := r.Objection(c.from, c.to, c.own); got != c.want {
			t.Errorf("%s imports %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"LAZY_ELIGIBLE": ["a"]}`, `{"LOAD_IMPORTS_EAGERLY": []}`} {
		if r, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(output))
	f.Add([]byte(`{"LAZY_ELIGIBLE": {"": null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := Parse(data); err == nil {
			r.Objection("a", "b", true)
		} else if r != nil {
			t.Error("a report with an error")
		}
	})
}
