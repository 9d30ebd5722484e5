package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/python/interp"
)

// Environment describes this machine and the interpreter; the state of the
// byte-code is known only after a measurement.
func Environment(d *interp.Details) evidence.Environment {
	name := map[string]string{"cpython": "CPython", "pypy": "PyPy"}[d.Implementation]
	if name == "" {
		name = d.Implementation
	}
	return evidence.Environment{Implementation: name, Version: d.Version, Platform: d.Platform, Machine: machine()}
}

// machine returns a hash that tells machines apart: of the machine's id, else
// of its name where there is no such file, and of the processor.
func machine() string {
	h := sha256.New()
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil && runtime.GOOS != "linux" {
		name, err := os.Hostname()
		if err == nil {
			id = []byte(name)
		}
	}
	h.Write([]byte("fastpath\x00"))
	h.Write(id)
	h.Write([]byte("\x00" + processor()))
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// processor names the processor, as far as a file tells it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

// bytecode says whether every module with a source had byte-code that the
// timing runs could use, and warns when not.
func (m *measurement) bytecode() string {
	missing := 0
	for _, n := range m.graph.Nodes {
		if n.Cached != "" && !valid(n.File, n.Cached) {
			missing++
		}
	}
	if missing == 0 {
		return evidence.BytecodeCached
	}
	why := "their folders are not writable"
	for _, kv := range m.Env {
		if v, ok := strings.CutPrefix(kv, "PYTHONDONTWRITEBYTECODE="); ok && v != "" {
			why = "PYTHONDONTWRITEBYTECODE is set"
		}
	}
	m.warn("%s compiled in every run because %s; with byte-code they take a fraction of what is shown", counted(missing, "module was", "modules were"), why)
	return evidence.BytecodeMissing
}

// valid reports whether Python would use a byte-code file: its header has the
// date and size of the source, or a hash. (PEP 552)
func valid(source, cached string) bool {
	f, err := os.Open(filepath.FromSlash(cached))
	if err != nil {
		return false
	}
	defer f.Close()
	var head [16]byte
	if n, err := f.Read(head[:]); n < len(head) || err != nil {
		return false
	}
	if binary.LittleEndian.Uint32(head[4:])&1 != 0 {
		return true
	}
	info, err := os.Stat(source)
	if err != nil {
		return true // byte-code without source
	}
	return binary.LittleEndian.Uint32(head[8:]) == uint32(info.ModTime().Unix()) && binary.LittleEndian.Uint32(head[12:]) == uint32(info.Size())
}
