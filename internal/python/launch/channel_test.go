//go:build unix

package launch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func framed(secret string, pieces ...string) string {
	var b strings.Builder
	for _, p := range pieces {
		fmt.Fprintf(&b, "\x1e%s %d %d\n%s", secret, len(p), checksum([]byte(p)), p)
	}
	return b.String()
}

func TestUnframe(t *testing.T) {
	one, two := "one\x1es 3 0\n", strings.Repeat("two\x00", 10000)
	whole := framed("s", one, "", two)
	for _, foreign := range [][]string{{"", ""}, {"before", "after\n"}, {"\x1e", "\x1es"}, {framed("other", "piece"), "\x1eother 3 4\n"}} {
		data, rest, err := unframe([]byte(foreign[0]+whole+foreign[1]), "s")
		if string(data) != one+two || string(rest) != foreign[0]+foreign[1] || err != nil {
			t.Errorf("%q: %d bytes, foreign %q, %v", foreign, len(data), rest, err)
		}
	}
	first := len(framed("s", one))
	for at := 1; at < 60; at++ { // a byte too much, too few, or another
		for _, damaged := range []string{whole[:first+at] + "x" + whole[first+at:], whole[:first+at] + whole[first+at+1:], whole[:first+at] + "\x01" + whole[first+at+1:]} {
			data, _, err := unframe([]byte(damaged), "s")
			if err == nil && string(data) != one && string(data) != one+two || !strings.HasPrefix(one+two, string(data)) {
				t.Fatalf("byte %d: %d bytes, %v", at, len(data), err)
			}
		}
	}
	for n := first; n < len(whole); n += 997 {
		if data, _, err := unframe([]byte(whole[:n]), "s"); string(data) != one || err == nil && n > first+2 && n != first+len(framed("s", "")) {
			t.Errorf("cut at %d: %d bytes, %v", n, len(data), err)
		}
	}
}

// FuzzUnframe: all that comes out was sent, whatever lies around it.
func FuzzUnframe(f *testing.F) {
	f.Add("before", "piece", "after")
	f.Add("\x1es 5 ", "", "\x1es 99999999999999999999 1\n")
	f.Fuzz(func(t *testing.T, before, piece, after string) {
		if strings.Contains(before, "\x1es ") {
			unframe([]byte(before+framed("s", piece)+after), "s")
			return
		}
		data, _, err := unframe([]byte(before+framed("s", piece)+after), "s")
		if strings.Contains(after, "\x1es ") || strings.Contains(before+piece, "\x1es") {
			return
		}
		if string(data) != piece || err != nil {
			t.Errorf("%q %v", data, err)
		}
	})
}

// TestChannel: what a script sends arrives, whatever else is written.
func TestChannel(t *testing.T) {
	const script = `
fds = [int(n) for n in os.listdir('/proc/self/fd')] if os.path.isdir('/proc/self/fd') else range(256)
def noise():
    for fd in fds:
        try:
            if fd > 2: os.write(fd, b"noise\\n")
        except OSError:
            pass
noise(); send(b"one "); noise(); send(bytes(range(256)) * 1000); send(b""); noise()
`
	res := run(t, strings.ReplaceAll(script, `\\`, `\`), nil)
	want := []byte("one ")
	for range 1000 {
		for i := range 256 {
			want = append(want, byte(i))
		}
	}
	if !slices.Equal(res.Data, want) || res.Disturbed != nil || !strings.HasPrefix(string(res.Foreign), "noise\n") {
		t.Errorf("%d bytes, foreign %q, %v, %s", len(res.Data), res.Foreign, res.Disturbed, res.Stderr)
	}
	res = run(t, "send(b'one')\nos.closerange(3, 65536)\ntry: send(b'two')\nexcept OSError: print('lost')", nil)
	if string(res.Data) != "one" || string(res.Stdout) != "lost\n" {
		t.Errorf("%q %q %s", res.Data, res.Stdout, res.Stderr)
	}
}
