//go:build unix

package launch

import (
	"os"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/oracle"
)

// TestProgram: parts share their names, and the code of one process serves the
// next one; that of another Python is not used.
func TestProgram(t *testing.T) {
	const send = "channel = Channel()\ndef send(*what): channel.send(repr(what).encode() + (COMPILED[1] if COMPILED else b''))\n"
	var other []byte
	for _, python := range oracle.Every(t) {
		start := func(p *Program) *Result {
			t.Helper()
			res, err := Run(t.Context(), Options{
				Python: python.Path, Args: ProgramArguments(), Dir: t.TempDir(), Env: Environment(os.Environ(), EnvOptions{}), Timeout: time.Minute,
				Stdin: append(p.Input("a", "", "b\nc"), "in\nput"...),
			})
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		answer := func(p *Program, want string) []byte {
			t.Helper()
			res := start(p)
			code, ok := strings.CutPrefix(string(res.Data), want)
			if !ok {
				t.Errorf("%s: %.200q, want %q; %s", python.Path, res.Data, want, res.Stderr)
			}
			return []byte(code)
		}
		source := &Program{
			Parts: []string{"import sys\n" + ChannelSource, send, "send('source', sys.argv, ARGUMENTS, INPUT(), sys.stdin.read())\n"},
			Later: []string{"import sys\n" + ChannelSource, send, "send('code', sys.argv, ARGUMENTS, INPUT(), sys.stdin.read())\n"},
		}
		const rest = `, ['-c'], ['a', '', 'b\nc'], b'in\nput', '')`
		code := answer(source, "('source'"+rest)
		if len(code) == 0 {
			t.Fatalf("%s: no code", python.Path)
		}
		source.Later = nil
		for _, c := range []struct {
			code []byte
			want string
		}{{code, "code"}, {nil, "source"}, {other, "source"}} {
			source.Code = c.code
			answer(source, "('"+c.want+"'"+rest)
		}
		other = code
	}
}
