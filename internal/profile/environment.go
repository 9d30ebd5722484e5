package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/python/interp"
)

// Environment describes this machine and the interpreter; the state of the
// byte-code is known only after a measurement.
func Environment(d *interp.Identity) evidence.Environment {
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
