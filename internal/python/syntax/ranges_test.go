package syntax

import (
	"slices"
	"testing"
)

// TestExactRanges: every piece of text that an edit may keep or remove is the
// range of a node or comment, or lies exactly between two.
func TestExactRanges(t *testing.T) {
	for _, c := range []struct {
		name, src  string
		statements []string // of the module
		between    []string // what lies between them, and behind the last one
		aliases    []string
		comments   []string
	}{
		{
			"semicolons", "import a;import b ; x = 1;\nfrom c import d;  # e\n",
			[]string{"import a", "import b", "x = 1", "from c import d"},
			[]string{";", " ; ", ";\n", ";  # e\n"},
			[]string{"a", "b", "d"},
			[]string{"# e"},
		},
		{
			"parentheses", "from m import (a, b as c,  # noqa: F401\n    d,\n)  # type: ignore\nfrom . import(e)\n",
			[]string{"from m import (a, b as c,  # noqa: F401\n    d,\n)", "from . import(e)"},
			[]string{"  # type: ignore\n", "\n"},
			[]string{"a", "b as c", "d", "e"},
			[]string{"# noqa: F401", "# type: ignore"},
		},
		{
			"joined lines", "import \\\n  a.b \\\n  as c, d # noqa\r\nfrom.x import y\r\n",
			[]string{"import \\\n  a.b \\\n  as c, d", "from.x import y"},
			[]string{" # noqa\r\n", "\r\n"},
			[]string{"a.b \\\n  as c", "d", "y"},
			[]string{"# noqa"},
		},
		{
			"comments", "#!/bin/python\nx = f(  # type: int\n  1)  #noqa:E501 # type:ignore\t \nif x: import g # noqa;h\n# end",
			[]string{"x = f(  # type: int\n  1)", "if x: import g"},
			[]string{"  #noqa:E501 # type:ignore\t \n", " # noqa;h\n# end"},
			[]string{"g"},
			[]string{"#!/bin/python", "# type: int", "#noqa:E501 # type:ignore\t ", "# noqa;h", "# end"},
		},
		{
			"beyond ASCII", "\ufeffimport ä ; s = 'é;#'  # ü: noqa\nimport ö as 名\n",
			[]string{"import ä", "s = 'é;#'", "import ö as 名"},
			[]string{" ; ", "  # ü: noqa\n", "\n"},
			[]string{"ä", "ö as 名"},
			[]string{"# ü: noqa"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := Parse([]byte(c.src), Latest)
			for _, e := range f.Errors {
				t.Error(e.Message)
			}
			var statements, between, aliases, comments []string
			end := int32(-1)
			for n := range f.Children(Root) {
				d := f.Node(n)
				if end >= 0 {
					between = append(between, string(f.Src[end:d.Start]))
				}
				statements, end = append(statements, f.Text(n)), d.End
			}
			between = append(between, string(f.Src[end:]))
			for n := range f.Nodes {
				if f.Kind(NodeID(n)) == Alias {
					aliases = append(aliases, f.Text(NodeID(n)))
				}
			}
			for _, x := range f.Comments {
				comments = append(comments, string(f.Src[x.Start:x.End]))
			}
			for _, list := range []struct {
				of        string
				got, want []string
			}{{"statements", statements, c.statements}, {"between", between, c.between}, {"aliases", aliases, c.aliases}, {"comments", comments, c.comments}} {
				if !slices.Equal(list.got, list.want) {
					t.Errorf("%s:\n got %q\nwant %q", list.of, list.got, list.want)
				}
			}
		})
	}
}

// TestParenthesisedExpressions: the node of an expression in parentheses of its
// own is what they hold, and says so; those of a tuple or call are part of it.
func TestParenthesisedExpressions(t *testing.T) {
	src := "x = (a.b)\ny = ((c))\nz = (d, e)\nw = f((g)) # (h)\n"
	f := Parse([]byte(src), Latest)
	var got []string
	for n := range f.Nodes {
		switch k := f.Kind(NodeID(n)); {
		case f.Node(NodeID(n)).Flags&FlagParens != 0 && k != Tuple:
			got = append(got, f.Text(NodeID(n)))
		case k == Tuple || k == Call:
			got = append(got, f.Text(NodeID(n)))
		}
	}
	slices.Sort(got)
	if want := []string{"(d, e)", "a.b", "c", "f((g))", "g"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
