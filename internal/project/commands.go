package project

import (
	"path"
	"slices"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/regexps"
)

// server is what a command line starts, in a folder of the project.
type server struct {
	module, attr string
	dir          string
	platform     string
	start        string
}

// procfile reads a Procfile: one command a line.
func (r *reading) procfile(file string, data []byte) {
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		name, command, ok := strings.Cut(line, ":")
		if ok && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			r.command("process \""+strings.TrimSpace(name)+"\"", file, number, splitCommand(command), path.Dir(file), "")
		}
	}
}

// dockerfileEntries reads what the image of a Dockerfile starts. One that a
// template names is read there, too, and found to be the same.
func (r *reading) dockerfileEntries(file string, data []byte) {
	d := parseDockerfile(data)
	from := strings.ToLower(d.from)
	dir := path.Dir(file)
	dirs := []string{dir}
	for _, s := range d.sources {
		s = path.Join(dir, strings.ReplaceAll(s, "${LAMBDA_TASK_ROOT}", "."))
		if !isDir((&layout{root: r.root}).abs(s)) {
			s = path.Dir(s)
		}
		if s != ".." && !strings.HasPrefix(s, "../") {
			dirs = append(dirs, s)
		}
	}
	client := strings.Contains(from, "lambda/python") && len(d.entrypoint) == 0 || slices.Contains(d.entrypoint, "awslambdaric")
	if client && len(d.command) == 1 {
		r.add(function{name: "the image", file: file, line: d.commandLine, python: pythonVersion(from), memory: defaultMemory}, d.command[0], dirs...)
		return
	}
	words := append(slices.Clone(d.entrypoint), d.command...)
	if len(words) == 3 && (words[0] == "sh" || words[0] == "/bin/sh" || words[0] == "bash") && strings.HasPrefix(words[1], "-") {
		words = splitCommand(words[2])
	} else {
		words = splitCommand(strings.Join(words, " ")) // the shell form keeps its quotes
	}
	r.command("the image", file, d.commandLine, words, dir, pythonVersion(from))
}

// command adds what a command line starts, if that is an application that we
// know how to find. What is none of ours is left out.
func (r *reading) command(name, file string, line int, words []string, dir, python string) {
	s, ok := r.server(words)
	if !ok {
		return
	}
	f := function{name: name, file: file, line: line, python: python, platform: s.platform, start: s.start}
	dirs := []string{path.Join(dir, s.dir), dir, path.Join(dir, "src")}
	for _, d := range dirs {
		if (&layout{root: r.root}).module(d, s.module) != "" {
			r.add(f, s.module+"."+s.attr, d)
			return
		}
	}
}

// option returns the value of one of the options of a command line.
func option(words []string, names ...string) string {
	for i, w := range words {
		for _, n := range names {
			if v, ok := strings.CutPrefix(w, n+"="); ok {
				return v
			}
			if w == n && i+1 < len(words) {
				return words[i+1]
			}
		}
	}
	return ""
}

var applicationName = regexps.New(`^[A-Za-z_][\w.]*:[A-Za-z_]\w*(?:\(.*\))?$`)

// server reads a command line: environment, exec and "python -m" before it are
// taken off.
func (r *reading) server(words []string) (server, bool) {
	for len(words) > 0 {
		base := path.Base(words[0])
		switch {
		case base == "exec", base == "env", strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-"):
			words = words[1:]
			continue
		case strings.HasPrefix(base, "python") && len(words) > 2 && words[1] == "-m":
			words = words[2:]
			continue
		case (base == "poetry" || base == "uv" || base == "pipenv") && len(words) > 1 && words[1] == "run":
			words = words[2:]
			continue
		}
		break
	}
	if len(words) == 0 {
		return server{}, false
	}
	s := server{platform: config.PlatformServer}
	switch rest := words[1:]; path.Base(words[0]) {
	case "gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "granian":
		for _, w := range rest {
			if !applicationName().MatchString(w) {
				continue
			}
			s.module, s.attr, _ = strings.Cut(w, ":")
			s.attr, _, _ = strings.Cut(s.attr, "(") // a factory
		}
		s.dir = option(rest, "--chdir", "--pythonpath", "--app-dir")
		if slices.Contains(rest, "--preload") {
			s.start = config.StartPreFork
		}
		return s, s.module != ""
	case "celery":
		app := option(rest, "-A", "--app")
		if app == "" {
			return s, false
		}
		s.module, s.attr = r.celeryApp(app)
		s.start = config.StartPreFork // workers are forked
		return s, s.module != ""
	case "functions-framework":
		s.platform, s.attr, s.module = config.PlatformContainer, option(rest, "--target"), "main"
		if source := option(rest, "--source"); source != "" {
			s.dir, s.module = path.Dir(source), strings.TrimSuffix(path.Base(source), ".py")
		}
		return s, s.attr != ""
	}
	return s, false
}

// celeryApp finds the application that "celery -A NAME" does: the name itself,
// or app or celery in the module, or in its module celery.
func (r *reading) celeryApp(name string) (module, attr string) {
	if module, attr, ok := strings.Cut(name, ":"); ok {
		return module, attr
	}
	l := &layout{root: r.root}
	for _, module := range []string{name, name + ".celery"} {
		for _, root := range []string{".", "src"} {
			file := l.module(root, module)
			if file == "" {
				continue
			}
			names := topLevel(r.data(file))
			for _, attr := range []string{"app", "celery"} {
				if line, ok := names.lines[attr]; ok && line > 0 && (module != name || !strings.Contains(lineText(r.data(file), line), "import")) {
					return module, attr
				}
			}
		}
	}
	return "", ""
}

// lineText returns a line of a file, 1-based.
func lineText(src []byte, line int) string {
	lines := strings.Split(string(src), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return lines[line-1]
}

// django finds the applications of projects with a manage.py.
func (r *reading) django(file string, data []byte) {
	m := djangoSettings().FindSubmatch(data)
	if m == nil {
		return
	}
	pkg, _, _ := strings.Cut(string(m[1]), ".settings")
	dir := path.Dir(file)
	for _, kind := range []string{"wsgi", "asgi"} {
		if (&layout{root: r.root}).module(dir, pkg+"."+kind) != "" {
			r.add(function{name: "the Django project", file: file, platform: config.PlatformServer}, pkg+"."+kind+".application", dir)
			return
		}
	}
}

var djangoSettings = regexps.New(`DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)["']`)

// splitCommand splits a command line at blanks outside of quotes.
func splitCommand(text string) []string {
	var words []string
	var b strings.Builder
	quote, in := byte(0), false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			if in {
				words = append(words, b.String())
				b.Reset()
				in = false
			}
		default:
			b.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, b.String())
	}
	return words
}
