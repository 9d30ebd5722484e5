package resolve

import (
	"bytes"
	"os"
	"path/filepath"

	"fastpath/internal/python/interp"
)

// maxBinary bounds what is read of an interpreter.
const maxBinary = 256 << 20

// linkedModules returns the extension modules that are compiled into an
// interpreter, by the names of the functions that create them, which an
// executable or its libpython exports. It is empty where they are hidden.
func linkedModules(i *interp.Interpreter) map[string]bool {
	files, _ := filepath.Glob(filepath.Join(i.Base, "lib", "libpython3.*"))
	if real, err := filepath.EvalSymlinks(i.Path); err == nil {
		files = append(files, real)
	}
	modules := map[string]bool{}
	seen := map[string]bool{}
	for _, file := range files {
		real, err := filepath.EvalSymlinks(file)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		if info, err := os.Stat(real); err != nil || !info.Mode().IsRegular() || info.Size() > maxBinary {
			continue
		}
		if data, err := os.ReadFile(real); err == nil {
			collect(modules, data)
		}
	}
	return modules
}

// collect adds NAME for every symbol PyInit_NAME of a binary.
func collect(modules map[string]bool, data []byte) {
	mark := []byte("PyInit_")
	for {
		i := bytes.Index(data, mark)
		if i < 0 {
			return
		}
		data = data[i+len(mark):]
		if end := bytes.IndexByte(data, 0); end > 0 && end < 64 {
			modules[string(data[:end])] = true
		}
	}
}
