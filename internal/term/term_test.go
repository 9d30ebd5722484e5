package term

import (
	"bytes"
	"strings"
	"testing"
)

func TestFor(t *testing.T) {
	for _, c := range []struct {
		mode string
		env  []string
		want bool
	}{
		{"auto", nil, false},
		{"", nil, false},
		{"never", nil, false},
		{"always", nil, true},
		{"always", []string{"NO_COLOR=1"}, true}, // the flag is nearer than the environment
	} {
		term, err := For(&bytes.Buffer{}, c.env, c.mode)
		if err != nil {
			t.Fatal(err)
		}
		if term.Color != c.want || term.Width != PlainWidth || term.Terminal {
			t.Errorf("%q %v: %+v", c.mode, c.env, term)
		}
	}
	if _, err := For(&bytes.Buffer{}, nil, "blue"); err == nil || !strings.Contains(err.Error(), `unknown value "blue" for --color; allowed: auto, always, never`) {
		t.Error(err)
	}
}

func TestStyles(t *testing.T) {
	plain, colour := &Terminal{}, &Terminal{Color: true}
	for name, f := range map[string]func(*Terminal, string) string{
		"bold": (*Terminal).Bold, "faint": (*Terminal).Faint, "bad": (*Terminal).Bad,
		"good": (*Terminal).Good, "warn": (*Terminal).Warn, "accent": (*Terminal).Accent,
	} {
		if got := f(plain, "x"); got != "x" {
			t.Errorf("%s without colour: %q", name, got)
		}
		if got := f(nil, "x"); got != "x" {
			t.Errorf("%s without a terminal: %q", name, got)
		}
		got := f(colour, "x")
		if !strings.Contains(got, "\x1b[") || Width(got) != 1 {
			t.Errorf("%s: %q", name, got)
		}
		if f(colour, "") != "" {
			t.Errorf("%s styles nothing", name)
		}
	}
}

func TestTable(t *testing.T) {
	tab := &Table{Columns: []Column{{Title: "import"}, {Title: "alone", Right: true}, {Title: "why"}}}
	tab.Row("json", "2.1ms", "under 10 ms")
	tab.Row("заказы", "182ms", "over 80%: exception, and a long text that does not fit")
	tab.Row("x")
	want := " import  alone  why\n" +
		" json    2.1ms  under 10 ms\n" +
		" заказы  182ms  over 80%: exception, and a\n" +
		"                long text that does not fit\n" +
		" x\n"
	if got := tab.Render(&Terminal{Width: 44}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if tab.Len() != 3 {
		t.Error(tab.Len())
	}
	coloured := &Table{Columns: tab.Columns}
	c := &Terminal{Color: true, Width: 80}
	coloured.Row(c.Bold("json"), c.Good("2.1ms"), "")
	lines := strings.Split(coloured.Render(c), "\n")
	if Width(lines[1]) != len(" json    2.1ms") {
		t.Errorf("%q", lines[1])
	}
}
