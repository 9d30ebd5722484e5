package resolve

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// site builds sys.path as the interpreter's start and the site module do.
type site struct {
	r     *Resolver
	path  []location
	known map[string]bool

	length int // of the path at the head of an old easy-install.pth
	insert int // where the entries of one go

	depth int // of site.addsitedir in code

	code []startup // lines that wait until all paths are known, from 3.15 on
}

// startup is code that a .pth or .start file has.
type startup struct {
	file string // name of the file, for messages
	dir  string // the site folder
	text string
}

// fill appends what an interpreter has on its path.
func (s *site) fill(i *interp.Interpreter) {
	for _, dir := range i.PythonPath {
		s.archiveOf(dir)
		s.add(dir, OriginSite)
	}
	if i.Stdlib != "" {
		version := strconv.Itoa(s.r.version.Major) + strconv.Itoa(s.r.version.Minor)
		s.add(filepath.Join(filepath.Dir(i.Stdlib), "python"+version+".zip"), OriginStdlib)
	}
	s.add(i.Stdlib, OriginStdlib)
	s.add(i.DynLoad, OriginStdlib)
	for _, dir := range i.SitePackages {
		s.add(dir, OriginSite)
		s.startFiles(dir)
	}
	for _, c := range s.code {
		s.run(c)
	}
	for _, name := range []string{"sitecustomize", "usercustomize"} {
		if spec := s.r.search(s.path, name); spec.Kind != KindMissing {
			s.hooks(startup{file: name}, spec, name)
		}
	}
}

// add appends a folder or an archive to the path unless it is there or does
// not exist.
func (s *site) add(dir string, origin Origin) {
	if dir == "" {
		return
	}
	dir = filepath.Clean(dir)
	if s.known[dir] {
		return
	}
	info, err := os.Stat(dir)
	if err != nil && origin != OriginProject && len(s.r.list(dir).entries) == 0 {
		return
	}
	if err == nil && !info.IsDir() && s.r.open(dir) != nil {
		return
	}
	s.known[dir] = true
	s.path = append(s.path, location{dir: dir, origin: origin})
}

// archiveOf opens the archive that a folder on PYTHONPATH lies in, if any.
func (s *site) archiveOf(dir string) {
	for up := filepath.Dir(dir); up != filepath.Dir(up); up = filepath.Dir(up) {
		if info, err := os.Stat(up); err == nil {
			if info.Mode().IsRegular() {
				_ = s.r.open(up) // a file that is no archive has nothing to import
			}
			return
		}
	}
}

// startFiles applies the .pth files of a site folder, and its .start files
// from 3.15 on.
func (s *site) startFiles(dir string) {
	files := slices.Clone(s.r.list(dir).start)
	slices.Sort(files)
	for _, name := range files {
		if strings.HasPrefix(name, ".") && s.r.libraryHas("site.py", `startswith(".")`) {
			continue
		}
		switch filepath.Ext(name) {
		case ".pth":
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				s.pth(dir, name, string(data))
			}
		case ".start":
			if s.r.version.Less(batched) {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				s.code = append(s.code, entryPoints(dir, name, string(data))...)
			}
		}
	}
}

// batched is the version from which on all paths are known before any code of
// .pth files runs.
var batched = syntax.Version{Major: 3, Minor: 15}

// pth applies one .pth file: paths, and lines of code, which are read as far
// as they are understood and never run.
func (s *site) pth(dir, name, text string) {
	if rest, ok := strings.CutPrefix(text, "\ufeff"); ok && s.r.libraryHas("site.py", "utf-8-sig") {
		text = rest
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	late := !s.r.version.Less(batched)
	started := late && s.r.list(dir).isFile(strings.TrimSuffix(name, ".pth")+".start")
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\n\v\f")
		if late {
			line = strings.TrimLeft(line, " \t\v\f")
		}
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "import\t"):
			c := startup{name, dir, line}
			if late {
				if !started {
					s.code = append(s.code, c)
				}
			} else if !s.run(c) {
				return // Python ignores the rest of the file
			}
		case strings.ContainsRune(line, 0):
			if !late {
				return
			}
		case filepath.IsAbs(line):
			s.add(line, OriginSite)
		default:
			s.add(filepath.Join(dir, line), OriginSite)
		}
	}
}

// entryPoints returns the code that the "module:function" lines of a .start
// file stand for.
func entryPoints(dir, name, text string) []startup {
	var code []startup
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		module, function, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok && !strings.HasPrefix(module, "#") {
			code = append(code, startup{name, dir, "import " + module + "; " + module + "." + function + "()"})
		}
	}
	return code
}
