package recorder

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// WrapperName is the file in a layer that AWS_LAMBDA_EXEC_WRAPPER names, below /opt.
const WrapperName = "fastpath-wrapper"

//go:embed fastpath-wrapper.sh
var wrapperSource string

// LayerLimit is how large a layer may be, in bytes: its download is part of
// every cold start.
const LayerLimit = 100 << 10

// Layer is what WriteLayer wrote.
type Layer struct {
	Bytes    int64
	Bytecode []string // versions whose byte-code is in it: "3.13"
}

// WriteLayer writes the folder of a Lambda layer: the wrapper, the recorder and
// the table, with byte-code of the first interpreter and of the others as far
// as LayerLimit allows. A folder with anything else in it is left alone.
func WriteLayer(ctx context.Context, dir string, table *Table, pythons []string) (*Layer, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if e.Name() != WrapperName && e.Name() != "python" {
			return nil, fmt.Errorf("%q is no layer of ours: it holds %q; name a new or empty folder", dir, e.Name())
		}
	}
	folder := filepath.Join(dir, "python")
	if err := os.RemoveAll(filepath.Join(folder, "__pycache__")); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	l := &Layer{}
	for name, text := range map[string]string{
		WrapperName: wrapperSource, "python/" + RecorderFile: layerSource(), "python/" + TableFile: string(table.Python()),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		mode := fs.FileMode(0o644)
		if name == WrapperName {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			return nil, err
		}
		if err := os.Chmod(path, mode); err != nil {
			return nil, err
		}
		l.Bytes += int64(len(text))
	}
	for _, python := range pythons {
		if err := l.compile(ctx, folder, python); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// apart delimits what Lambda has no use for.
const apart = "# Not in a Lambda layer, up to the next such line.\n"

// layerSource is the recorder without other boundaries than Lambda's, without
// comments and the text at its head, and indented by one blank: half the size.
func layerSource() string {
	var w strings.Builder
	source := Source
	if head, rest, ok := strings.Cut(source, "\n\"\"\"\n"); ok && strings.HasPrefix(head, `"""`) {
		source = rest
	}
	for k, part := range strings.Split(source, apart) {
		if k%2 == 1 {
			continue
		}
		for line := range strings.Lines(part) {
			text := strings.TrimLeft(line, " ")
			if text != "\n" && !strings.HasPrefix(text, "#") {
				w.WriteString(strings.Repeat(" ", (len(line)-len(text))/4) + text)
			}
		}
	}
	return w.String()
}

// compileScript compiles the recorder and the table, to be used without a look
// at the source: packing changes its time.
const compileScript = `
import py_compile, sys, os
from importlib.util import cache_from_source
folder, mode = sys.argv[1], py_compile.PycInvalidationMode.UNCHECKED_HASH
for name in ("fastpath_recorder.py", "fastpath_table.py"):
    py_compile.compile(os.path.join(folder, name), dfile="/opt/python/" + name, doraise=True, invalidation_mode=mode, optimize=2,
        cfile=cache_from_source(os.path.join(folder, name), optimization=""))
    print(cache_from_source(os.path.join(folder, name), optimization=""))
print("%d.%d" % sys.version_info[:2])
`

// compile adds the byte-code of one interpreter, if it fits.
func (l *Layer) compile(ctx context.Context, folder, python string) error {
	cmd := exec.CommandContext(ctx, python, "-I", "-S", "-X", "no_debug_ranges", "-c", compileScript, folder)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%q could not compile the recorder: %w: %s", python, err, lastLines(stderr.Bytes(), 3))
	}
	files := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(out), "\r", "")), "\n")
	if len(files) < 3 {
		return fmt.Errorf("%q could not compile the recorder: it answered %q", python, out)
	}
	version, files := files[len(files)-1], files[:len(files)-1]
	size := int64(0)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			return err
		}
		size += info.Size()
	}
	if l.Bytes+size > LayerLimit && len(l.Bytecode) > 0 {
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
		return nil
	}
	l.Bytes += size
	l.Bytecode = append(l.Bytecode, version)
	return nil
}
