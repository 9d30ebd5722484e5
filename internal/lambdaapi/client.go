package lambdaapi

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"fastpath/internal/python/launch"
)

//go:embed client.py
var clientSource string

//go:embed watched.py
var watchedSource string

// Client says which client the process uses.
type Client string

// The clients.
const (
	Official Client = "awslambdaric" // AWS's own, installed in the function's environment
	Own      Client = "fastpath"     // the one of this package, of the same behaviour
)

// find asks for what AWS's client needs beside its Python files: it is of no
// use where its extension was not built.
const find = `import sys, importlib.util as u
try:
    ok = all(u.find_spec(n) for n in ("awslambdaric", "runtime_client"))
except Exception:
    ok = False
sys.stdout.write("yes" if ok else "no")`

// FindClient returns the client that the function's environment has. A handler
// that is an attribute of a class is beyond AWS's own.
func (f *Function) FindClient(ctx context.Context) (Client, error) {
	if strings.Contains(f.Attr, ".") {
		return Own, nil
	}
	r, err := launch.Run(ctx, launch.Options{
		Python: f.Python, Args: []string{"-c", find}, Dir: f.Dir, Env: f.variables(""), Timeout: f.Timeout, NoResult: true,
	})
	if err != nil {
		return "", err
	}
	switch string(r.Stdout) {
	case "yes":
		return Official, nil
	case "no":
		return Own, nil
	}
	return "", fmt.Errorf("%q does not start: exit code %d%s", f.Python, r.ExitCode, lastLine(r.Stderr))
}

func lastLine(out []byte) string {
	text := strings.TrimSpace(string(out))
	if text == "" {
		return ""
	}
	return ": " + text[strings.LastIndexByte(text, '\n')+1:]
}

// handler is the handler as Lambda's configuration names it.
func (f *Function) handler() string { return f.Module + "." + f.Attr }

// args returns the arguments that start the client. A watched process is one
// of our scripts in both cases.
func (f *Function) args(client Client, watch bool) []string {
	parts := []string{launch.ContextSource, launch.TracebackSource, launch.PreloadSource(), clientSource}
	begin := "_watched = None\n"
	if watch {
		parts = append(parts, launch.ChannelSource, launch.WatchSource, watchedSource)
		begin = "_watched = _Watched(Channel())\n"
	}
	switch {
	case client == Official && !watch:
		return []string{"-m", "awslambdaric", f.handler()}
	case client == Official:
		return launch.Script(strings.Join(parts, "\n")+"\n"+begin+"_official(sys.argv[1], _watched)\n", f.handler())
	}
	return launch.Script(strings.Join(parts, "\n")+"\n"+begin+"preload()\n_main(sys.argv[1], sys.argv[2], sys.argv[3], _watched)\n", f.Root, f.Module, f.Attr)
}
