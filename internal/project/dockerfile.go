package project

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// dockerfile is what the last stage of a Dockerfile says about a function.
type dockerfile struct {
	from        string
	command     []string // CMD in its JSON form, or split at blanks
	commandLine int
	entrypoint  []string
	sources     []string // what COPY and ADD take from the context
}

// parseDockerfile reads a Dockerfile as far as we need it.
func parseDockerfile(data []byte) dockerfile {
	var d dockerfile
	stages := map[string]dockerfile{}
	name := ""
	for _, in := range Instructions(string(data)) {
		words := strings.Fields(in.Text)
		switch in.Verb {
		case "FROM":
			if name != "" {
				stages[name] = d
			}
			for len(words) > 0 && strings.HasPrefix(words[0], "--") {
				words = words[1:]
			}
			if len(words) == 0 {
				continue
			}
			d, name = dockerfile{from: words[0]}, ""
			if base, ok := stages[strings.ToLower(words[0])]; ok {
				d = base
			}
			if len(words) == 3 && strings.EqualFold(words[1], "as") {
				name = strings.ToLower(words[2])
			}
		case "CMD":
			d.command, d.commandLine = ExecForm(in.Text), in.Line
		case "ENTRYPOINT":
			d.entrypoint = ExecForm(in.Text)
			d.command, d.commandLine = nil, 0
		case "COPY", "ADD":
			fromStage := false
			for len(words) > 0 && strings.HasPrefix(words[0], "--") {
				fromStage = fromStage || strings.HasPrefix(words[0], "--from=")
				words = words[1:]
			}
			if list := ExecForm(in.Text); strings.HasPrefix(in.Text, "[") {
				words = list
			}
			if !fromStage && len(words) > 1 {
				d.sources = append(d.sources, words[:len(words)-1]...)
			}
		}
	}
	return d
}

// image works out a function that is deployed as a container image.
func (r *resource) image(f *function, command *yaml.Node) (*function, string, error) {
	base := path.Dir(r.file)
	context := "."
	if s, ok := r.text(field(r.node, "Metadata", "DockerContext")); ok {
		context = s
	}
	context = path.Join(base, strings.ReplaceAll(context, `\`, "/"))
	name := "Dockerfile"
	if s, ok := r.text(field(r.node, "Metadata", "Dockerfile")); ok {
		name = s
	}
	file := path.Join(context, strings.ReplaceAll(name, `\`, "/"))
	if strings.HasPrefix(file, "../") {
		return nil, fmt.Sprintf("its Dockerfile %q lies outside the project", file), nil
	}
	data, err := os.ReadFile(filepath.Join(r.root, filepath.FromSlash(file)))
	if err != nil {
		return nil, fmt.Sprintf("it is a container image whose Dockerfile %q cannot be read; name the entry by hand", file), nil
	}
	d := parseDockerfile(data)
	python := strings.Contains(strings.ToLower(d.from), "python")
	f.python = pythonVersion(strings.ToLower(d.from))
	handler := ""
	if command != nil && command.Kind == yaml.SequenceNode && len(command.Content) == 1 {
		f.line = command.Line
		handler, _ = r.text(command.Content[0])
	} else if command == nil && len(d.command) == 1 {
		f.file, f.line = file, d.commandLine
		handler = d.command[0]
	}
	if f.line > 0 && f.file == r.file {
		r.line = f.line
	}
	if handler == "" {
		if !python {
			return nil, "", nil
		}
		return nil, fmt.Sprintf("it is a container image and %q has no CMD [\"module.function\"]; name the entry by hand", file), nil
	}
	dirs := []string{context}
	for _, s := range d.sources {
		dir := path.Join(context, s)
		if !isDir(filepath.Join(r.root, filepath.FromSlash(dir))) {
			dir = path.Dir(dir)
		}
		if !strings.HasPrefix(dir, "../") && dir != ".." {
			dirs = append(dirs, dir)
		}
	}
	return r.locate(f, handler, unique(dirs...), python)
}
