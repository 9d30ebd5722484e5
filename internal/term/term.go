// Package term decides how text for people looks: whether it has colour, how
// wide a line may be, and how columns line up.
//
// What comes in is the stream that the text is meant for, the environment and
// the user's wish; what goes out are strings. The package prints nothing and
// keeps no state, so that commands stay testable: a stream that is no terminal
// gets plain text of a fixed width, the same on every machine.
package term

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	xterm "golang.org/x/term"
)

// PlainWidth is the width, in columns, of text that does not go to a terminal.
const PlainWidth = 120

// Modes of colour, the values of --color.
const (
	ColorAuto   = "auto"
	ColorAlways = "always"
	ColorNever  = "never"
)

// Terminal is how one stream is written to.
type Terminal struct {
	Color    bool
	Width    int  // columns
	Terminal bool // the stream is a terminal
}

// For returns the properties of the stream w. Mode is the value of --color;
// with "auto" there is colour on a terminal unless NO_COLOR is set in env (any
// value but the empty one) or TERM is "dumb". An unknown mode is an error.
func For(w io.Writer, env []string, mode string) (*Terminal, error) {
	t := &Terminal{Width: PlainWidth}
	if f, ok := w.(interface{ Fd() uintptr }); ok && xterm.IsTerminal(int(f.Fd())) {
		t.Terminal = true
		if width, _, err := xterm.GetSize(int(f.Fd())); err == nil && width > 0 {
			t.Width = width
		}
	}
	if n, err := strconv.Atoi(getenv(env, "COLUMNS")); err == nil && n > 0 && t.Terminal {
		t.Width = n
	}
	switch mode {
	case ColorAlways:
		t.Color = true
	case ColorNever:
	case ColorAuto, "":
		t.Color = t.Terminal && getenv(env, "NO_COLOR") == "" && getenv(env, "TERM") != "dumb"
	default:
		return nil, fmt.Errorf("unknown value %q for --color; allowed: auto, always, never", mode)
	}
	return t, nil
}

func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}

// The styles, by what they mean.
var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Red)
	green  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	cyan   = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
)

func (t *Terminal) style(s lipgloss.Style, text string) string {
	if t == nil || !t.Color || text == "" {
		return text
	}
	return s.Render(text)
}

// Bold sets off what the reader looks for first.
func (t *Terminal) Bold(s string) string { return t.style(bold, s) }

// Faint sets back what is there for completeness.
func (t *Terminal) Faint(s string) string { return t.style(faint, s) }

// Bad is for errors and losses.
func (t *Terminal) Bad(s string) string { return t.style(red, s) }

// Good is for savings and success.
func (t *Terminal) Good(s string) string { return t.style(green, s) }

// Warn is for warnings and exceeded limits.
func (t *Terminal) Warn(s string) string { return t.style(yellow, s) }

// Accent is for names and commands to type.
func (t *Terminal) Accent(s string) string { return t.style(cyan, s) }

// Width returns how many columns s takes, escape sequences not counted.
func Width(s string) int { return lipgloss.Width(s) }
