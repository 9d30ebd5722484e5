package deploy

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/project"
)

// stage is one stage of a Dockerfile, with what it takes from others.
type stage struct {
	variables []Variable
	options   []Option
	copies    []dockerCopy
	compiles  bool // a RUN compiles byte-code
}

// dockerCopy is one COPY or ADD from the build context.
type dockerCopy struct {
	line    int
	sources []string
	exclude []string
}

// dockerfile reads one Dockerfile; the last stage is the one that runs.
func (d *Deployment) dockerfile(root, file string, data []byte) {
	stages := map[string]*stage{}
	current, name := &stage{}, ""
	for _, in := range project.Instructions(string(data)) {
		words := strings.Fields(in.Text)
		var flags []string
		for len(words) > 0 && strings.HasPrefix(words[0], "--") {
			flags = append(flags, words[0])
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		at := Place{file, in.Line}
		switch in.Verb {
		case "FROM":
			if name != "" {
				stages[name] = current
			}
			current, name = &stage{}, ""
			if base := stages[strings.ToLower(words[0])]; base != nil {
				*current = stage{slices.Clone(base.variables), nil, slices.Clone(base.copies), base.compiles}
			}
			if len(words) == 3 && strings.EqualFold(words[1], "as") {
				name = strings.ToLower(words[2])
			}
		case "ENV":
			for _, v := range assignments(in.Text) {
				current.set(Variable{Place: at, Name: v[0], Value: v[1], Computed: strings.Contains(v[1], "$")})
			}
		case "RUN":
			current.compiles = current.compiles || strings.Contains(in.Text, "compileall")
			if strings.Contains(in.Text, "--compile-bytecode") {
				current.compiles = true
			}
		case "CMD", "ENTRYPOINT":
			list := project.ExecForm(in.Text)
			for i, w := range list {
				option := ""
				if w == "-X" && i+1 < len(list) {
					option = list[i+1]
				} else if rest, ok := strings.CutPrefix(w, "-X"); ok {
					option = rest
				} else if w == "-B" {
					option = w
				}
				if option != "" {
					current.options = append(current.options, Option{at, option})
				}
			}
		case "COPY", "ADD":
			if strings.HasPrefix(words[0], "[") {
				words = project.ExecForm(strings.Join(words, " "))
			}
			c := dockerCopy{line: in.Line}
			from := ""
			for _, f := range flags {
				if v, ok := strings.CutPrefix(f, "--from="); ok {
					from = strings.ToLower(v)
				}
				if v, ok := strings.CutPrefix(f, "--exclude="); ok {
					c.exclude = append(c.exclude, v)
				}
			}
			if from != "" {
				if other := stages[from]; other != nil { // what it may have
					current.copies = append(current.copies, other.copies...)
					current.compiles = current.compiles || other.compiles
				}
				continue
			}
			if len(words) > 1 {
				c.sources = words[:len(words)-1]
				current.copies = append(current.copies, c)
			}
		}
	}
	for _, v := range current.variables {
		v.Compiles = current.compiles
		d.Variables = append(d.Variables, v)
	}
	d.Options = append(d.Options, current.options...)
	if len(current.copies) == 0 {
		return
	}
	// The context is the Dockerfile's folder or the project: the one where the
	// handler's file is copied counts.
	dirs := []string{path.Dir(file)}
	if dirs[0] != "." {
		dirs = append(dirs, ".")
	}
	var has []func(string) (bool, Place)
	for i, dir := range dirs {
		ignore := readIgnore(root, dir, file)
		has = append(has, func(f string) (bool, Place) {
			rel, ok := below(dir, f)
			if !ok {
				return false, Place{file, current.copies[0].line}
			}
			copied, line := current.copiesFile(rel)
			if !copied {
				return false, Place{file, line}
			}
			if line := ignore.excludes(rel); line > 0 {
				return false, Place{ignore.file, line}
			}
			return true, Place{}
		})
		d.rules = append(d.rules, rule{what: "the image of " + file, has: has[i], only: func(f string) bool {
			if i == 0 {
				return true
			}
			first, _ := has[0](f)
			return !first
		}})
	}
	// "COPY . ." would take everything from the project: variables are those of
	// the entries in the Dockerfile's own folder.
	d.programs = append(d.programs, program{file: file, shared: true, is: func(e *project.Entry) bool {
		yes, _ := has[0](e.File)
		return yes
	}})
}

// set adds a variable or replaces the one of this name.
func (s *stage) set(v Variable) {
	s.variables = slices.DeleteFunc(s.variables, func(o Variable) bool { return o.Name == v.Name })
	s.variables = append(s.variables, v)
}

// copiesFile reports whether a COPY takes a file of the context, else the line
// of the last one that takes single files.
func (s *stage) copiesFile(rel string) (bool, int) {
	line := s.copies[len(s.copies)-1].line
	for _, c := range s.copies {
		for _, source := range c.sources {
			clean := path.Clean(strings.TrimPrefix(source, "/"))
			if strings.Contains(source, "$") || strings.Contains(source, "://") || strings.HasPrefix(source, "<<") {
				continue // known only when it is built
			}
			if strings.HasSuffix(clean, ".py") {
				line = c.line
			}
			if !(within(clean, rel) || globAbove(clean, rel)) {
				continue
			}
			if !slices.ContainsFunc(c.exclude, func(p string) bool { return globAbove(p, rel) }) {
				return true, 0
			}
			line = c.line
		}
	}
	return false, line
}

// assignments reads the text of an ENV: "A=1 B='x y'", or the old "A 1".
func assignments(text string) [][2]string {
	name, rest, ok := strings.Cut(text, " ")
	if !strings.Contains(name, "=") {
		if !ok {
			return nil
		}
		return [][2]string{{name, unquote(strings.TrimSpace(rest))}}
	}
	var out [][2]string
	for _, word := range shellWords(text) {
		if name, value, ok := strings.Cut(word, "="); ok {
			out = append(out, [2]string{name, unquote(value)})
		}
	}
	return out
}

// shellWords splits at blanks outside of quotes.
func shellWords(text string) []string {
	var out []string
	var b strings.Builder
	quote := rune(0)
	for _, r := range text {
		switch {
		case quote == 0 && (r == ' ' || r == '\t'):
			if b.Len() > 0 {
				out = append(out, b.String())
				b.Reset()
			}
			continue
		case r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		}
		b.WriteRune(r)
	}
	if b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// ignoreFile is a .dockerignore.
type ignoreFile struct {
	file     string // relative to the project
	patterns []ignorePattern
}

type ignorePattern struct {
	text   string
	negate bool
	line   int
}

// readIgnore reads what the build of a Dockerfile ignores in its context: the
// file beside it that carries its name, else the context's.
func readIgnore(root, dir, dockerfile string) *ignoreFile {
	ig := &ignoreFile{}
	for _, name := range []string{dockerfile + ".dockerignore", path.Join(dir, ".dockerignore")} {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			continue
		}
		ig.file = name
		number := 0
		for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
			number++
			if strings.HasPrefix(line, "#") {
				continue
			}
			text := strings.TrimSpace(line)
			text, negate := strings.CutPrefix(text, "!")
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			ig.patterns = append(ig.patterns, ignorePattern{strings.TrimPrefix(path.Clean(text), "/"), negate, number})
		}
		break
	}
	return ig
}

// excludes returns the line that excludes a file of the context, 0 for none:
// the last pattern that matches it or a folder around it decides.
func (ig *ignoreFile) excludes(rel string) int {
	line := 0
	for _, p := range ig.patterns {
		if !globAbove(p.text, rel) {
			continue
		}
		line = p.line
		if p.negate {
			line = 0
		}
	}
	return line
}
