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

// compileScript compiles the recorder, to be used without a look at the source:
// packing changes its time. What the first watched request needs is apart, so that
// no other start pays for it. What this version needs only in an emergency, or
// never, becomes empty lines; the recorder takes it from the source then. From
// 3.11 on, the table of lines has an entry an instruction; one for eight code units
// says the same in half the space. The names of functions with those of their classes, which
// only tracebacks show, take 4 KiB.
//
//go:embed compile.py
var compileScript string

// compile adds the byte-code of one interpreter, if it fits.
func (l *Layer) compile(ctx context.Context, folder, python string) error {
	cmd := exec.CommandContext(ctx, python, "-I", "-S", "-X", "no_debug_ranges", "-c", compileScript, folder)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%q could not compile the recorder: %w: %s", python, err, lastLines(stderr.Bytes(), 3))
	}
	file, version, ok := strings.Cut(strings.TrimSpace(strings.ReplaceAll(string(out), "\r", "")), "\n")
	if !ok {
		return fmt.Errorf("%q could not compile the recorder: it answered %q", python, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if l.Bytes+info.Size() > LayerLimit && len(l.Bytecode) > 0 {
		return os.Remove(file)
	}
	l.Bytes += info.Size()
	l.Bytecode = append(l.Bytecode, version)
	return nil
}
