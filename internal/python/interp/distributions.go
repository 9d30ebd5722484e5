package interp

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Distribution is an installed distribution.
type Distribution struct {
	Name    string // normalised: "google-cloud-storage"
	Version string
}

// Index maps modules to the distribution that installed them. Keys are
// top-level modules, or dotted names where several distributions share a
// namespace package ("google.cloud.storage").
type Index map[string]Distribution

// Of returns the distribution that a module belongs to.
func (x Index) Of(module string) (Distribution, bool) {
	for {
		if d, ok := x[module]; ok {
			return d, true
		}
		i := strings.LastIndexByte(module, '.')
		if i < 0 {
			return Distribution{}, false
		}
		module = module[:i]
	}
}

// Distributions reads what is installed in site-packages folders, the earlier
// ones first, from the metadata that installers leave: *.dist-info, and
// *.egg-info of older ones. Folders that cannot be read are left out.
func Distributions(site []string) Index {
	infos := metadata(site)
	type found struct {
		Distribution
		modules []string
	}
	results := make([]found, len(infos))
	var next sync.Mutex
	n := 0
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 8) {
		wg.Go(func() {
			for {
				next.Lock()
				i := n
				n++
				next.Unlock()
				if i >= len(infos) {
					return
				}
				results[i].Distribution = readMetadata(infos[i])
				results[i].modules = installedModules(infos[i])
			}
		})
	}
	wg.Wait()
	index := Index{}
	for _, r := range results {
		for _, m := range r.modules {
			if _, ok := index[m]; !ok && r.Name != "" {
				index[m] = r.Distribution
			}
		}
	}
	return index
}

// Installed is Distributions without the modules, which takes a small part of
// the time: each name once, as the first folder has it. It is never nil.
func Installed(site []string) []Distribution {
	out := []Distribution{}
	seen := map[string]bool{}
	for _, info := range metadata(site) {
		if d := readMetadata(info); d.Name != "" && !seen[d.Name] {
			seen[d.Name] = true
			out = append(out, d)
		}
	}
	return out
}

// metadata lists the *.dist-info and *.egg-info of site-packages folders.
func metadata(site []string) []string {
	var infos []string
	for _, dir := range site {
		list, _ := os.ReadDir(dir)
		for _, d := range list {
			if ext := filepath.Ext(d.Name()); ext == ".dist-info" || ext == ".egg-info" {
				infos = append(infos, filepath.Join(dir, d.Name()))
			}
		}
	}
	return infos
}

// NormalizeName writes a distribution's name as PEP 503 does: lower case, with
// one hyphen for every run of hyphens, dots and underscores.
func NormalizeName(name string) string {
	var b strings.Builder
	pending := false
	for _, r := range strings.ToLower(name) {
		if r == '-' || r == '_' || r == '.' {
			pending = b.Len() > 0
			continue
		}
		if pending {
			b.WriteByte('-')
			pending = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// readMetadata returns name and version, from METADATA or PKG-INFO, else from
// the name of the folder.
func readMetadata(info string) Distribution {
	base := strings.TrimSuffix(filepath.Base(info), filepath.Ext(info))
	name, version, _ := strings.Cut(base, "-")
	if before, _, ok := strings.Cut(version, "-py"); ok {
		version = before
	}
	for _, file := range []string{filepath.Join(info, "METADATA"), filepath.Join(info, "PKG-INFO"), info} {
		f, err := os.Open(file)
		if err != nil {
			continue
		}
		if n, v := readHeaders(f); n != "" {
			name = n
			if v != "" {
				version = v
			}
		}
		f.Close()
		break
	}
	return Distribution{NormalizeName(name), version}
}

// readHeaders reads Name and Version of an e-mail style header.
func readHeaders(r io.Reader) (name, version string) {
	s := bufio.NewScanner(io.LimitReader(r, 1<<16))
	s.Buffer(nil, 1<<16)
	for s.Scan() && (name == "" || version == "") {
		line := s.Text()
		if strings.TrimSpace(line) == "" {
			break
		}
		key, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(key) {
		case "name":
			name = strings.TrimSpace(value)
		case "version":
			version = strings.TrimSpace(value)
		}
	}
	return name, version
}

// installedModules returns the modules that a distribution installed, as the
// keys of an Index.
func installedModules(info string) []string {
	if data, err := os.ReadFile(filepath.Join(info, "RECORD")); err == nil {
		if modules := fromRecord(data); len(modules) > 0 {
			return modules
		}
	}
	var modules []string
	if data, err := os.ReadFile(filepath.Join(info, "top_level.txt")); err == nil {
		modules = strings.Fields(string(data))
	}
	if len(modules) == 0 {
		if data, err := os.ReadFile(filepath.Join(info, "installed-files.txt")); err == nil {
			for line := range strings.Lines(string(data)) {
				modules = addModule(modules, strings.TrimPrefix(strings.TrimSpace(filepath.ToSlash(line)), "../"))
			}
		}
	}
	return reduce(modules)
}

// fromRecord reads the modules from the list of installed files.
func fromRecord(data []byte) []string {
	var modules []string
	if !bytes.ContainsRune(data, '"') { // as nearly always
		for line := range strings.Lines(string(data)) {
			file, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ",")
			modules = addModule(modules, strings.ReplaceAll(file, `\`, "/"))
		}
		return reduce(modules)
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	r.ReuseRecord = true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || len(row) == 0 {
			continue
		}
		modules = addModule(modules, strings.ReplaceAll(row[0], `\`, "/"))
	}
	return reduce(modules)
}

// addModule adds the module that an installed file makes importable. A regular
// package is named by its __init__, other files by themselves.
func addModule(modules []string, file string) []string {
	if strings.HasPrefix(file, "../") || strings.HasPrefix(file, "/") {
		return modules
	}
	dir, base := path.Split(file)
	name, _, _ := strings.Cut(base, ".")
	switch path.Ext(base) {
	case ".py", ".so", ".pyd":
	default:
		return modules
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if strings.ContainsAny(part, "-.") || part == "__pycache__" {
			return modules
		}
	}
	module := strings.ReplaceAll(dir, "/", ".") + name
	if strings.HasPrefix(name, "__editable__") {
		return modules
	}
	if name == "__init__" {
		module = strings.TrimSuffix(strings.ReplaceAll(dir, "/", "."), ".")
	}
	return append(modules, module)
}

// reduce drops the modules that another one covers: what lies in a regular
// package is found by the package's name.
func reduce(modules []string) []string {
	slices.SortFunc(modules, func(a, b string) int {
		if c := strings.Count(a, ".") - strings.Count(b, "."); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	kept := map[string]bool{}
	var out []string
next:
	for _, m := range modules {
		if m == "" || kept[m] {
			continue
		}
		for i := range m {
			if m[i] == '.' && kept[m[:i]] {
				continue next
			}
		}
		kept[m] = true
		out = append(out, m)
	}
	return out
}
