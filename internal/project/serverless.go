package project

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"fastpath/internal/config"
	"fastpath/internal/regexps"
)

// What functions get that do not say how much memory they want.
const (
	serverlessMemory = 1024
	zappaMemory      = 512
)

// reading collects what the deployment files of a project say.
type reading struct {
	root      string // absolute
	functions []function
	problems  []Problem
}

func (r *reading) problem(file string, line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{file, line, fmt.Sprintf(format, args...)})
}

// data returns a file of the project, nil when there is none of a sane size.
func (r *reading) data(file string) []byte {
	abs := filepath.Join(r.root, filepath.FromSlash(file))
	if info, err := os.Stat(abs); err != nil || !info.Mode().IsRegular() || info.Size() > maxTemplateSize {
		return nil
	}
	data, _ := os.ReadFile(abs)
	return data
}

// add locates a handler, written module.function, and keeps the function. What
// it is called is for messages.
func (r *reading) add(f function, handler string, dirs ...string) {
	found, note, err := (&resource{root: r.root}).locate(&f, handler, unique(dirs...), true)
	switch {
	case err != nil:
		r.problem(f.file, f.line, "%s: %v", f.name, err)
	case note != "":
		r.problem(f.file, f.line, "%s: %s", f.name, note)
	default:
		r.functions = append(r.functions, *found)
	}
}

// yamlRoot parses YAML or JSON; what does not parse is a problem.
func (r *reading) yamlRoot(file string, data []byte) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		r.problem(file, 0, "it does not parse: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// scalar returns a plain value, "" when it is none or left to variables.
func scalar(n *yaml.Node) string {
	n = follow(n)
	if n == nil || n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "${") {
		return ""
	}
	return n.Value
}

func megabytes(n *yaml.Node, other float64) float64 {
	mb, err := strconv.ParseFloat(scalar(n), 64)
	if err != nil || mb <= 0 || mb > 1e6 {
		return other
	}
	return mb
}

// serverless reads a serverless.yml (or .json).
func (r *reading) serverless(file string, data []byte) {
	root := r.yamlRoot(file, data)
	provider := field(root, "provider")
	runtime := scalar(field(provider, "runtime"))
	var list []pair
	functions := field(root, "functions")
	if functions != nil && functions.Kind == yaml.SequenceNode {
		for _, c := range functions.Content {
			list = append(list, pairs(c)...)
		}
	} else {
		list = pairs(functions)
	}
	for _, p := range list {
		if p.value == nil || p.value.Kind != yaml.MappingNode {
			r.problem(file, p.key.Line, "function %q stands in another file; name its entry by hand", p.key.Value)
			continue
		}
		own := runtime
		if s := scalar(field(p.value, "runtime")); s != "" {
			own = s
		}
		handler := field(p.value, "handler")
		if !strings.HasPrefix(own, "python") || handler == nil {
			continue
		}
		f := function{
			name: fmt.Sprintf("function %q", p.key.Value), file: file, line: handler.Line, python: pythonVersion(own),
			memory: megabytes(field(p.value, "memorySize"), megabytes(field(provider, "memorySize"), serverlessMemory)),
		}
		if scalar(field(p.value, "snapStart")) == "true" {
			f.start = config.StartSnapStart
		}
		if field(p.value, "provisionedConcurrency") != nil {
			f.start = config.StartProvisioned
		}
		text := scalar(handler)
		if strings.HasPrefix(text, "wsgi_handler.") { // serverless-wsgi calls the application
			text = scalar(field(root, "custom", "wsgi", "app"))
		}
		if text == "" {
			r.problem(file, handler.Line, "%s: its handler is only known when it is deployed; name the entry by hand", f.name)
			continue
		}
		dir := path.Dir(file)
		dirs := []string{dir}
		if m := scalar(field(p.value, "module")); m != "" {
			dirs = []string{path.Join(dir, m), dir}
		}
		r.add(f, text, dirs...)
	}
}

// cdk reads the templates of cdk.out. The code there is a copy: the entry is
// the file of the project that it was made of.
func (r *reading) cdk(file string, data []byte) error {
	t, err := parseTemplate(file, data)
	if err != nil || t == nil {
		return nil //nolint:nilerr // the CDK wrote it: what does not parse is half written
	}
	for _, res := range pairs(field(t.root, "Resources")) {
		if kind, _ := t.text(field(res.value, "Type")); kind != "AWS::Lambda::Function" {
			continue
		}
		asset, _ := t.text(field(res.value, "Metadata", "aws:asset:path"))
		x := &resource{cfn: t, root: r.root, name: res.key.Value, line: res.key.Line, node: res.value}
		x.sources = func(module string) []string { return r.copied(path.Join(path.Dir(file), asset), module) }
		f, note, err := x.function()
		if err != nil {
			return err
		}
		if note != "" {
			r.problem(file, x.line, "function %q: %s", x.name, note)
		}
		if f != nil {
			r.functions = append(r.functions, *f)
		}
	}
	return nil
}

// copied returns the folders of the project that hold a module with the bytes
// that an asset has, or, without the asset, those that hold it at all.
func (r *reading) copied(asset, module string) []string {
	rel := strings.ReplaceAll(module, ".", "/") + ".py"
	want := r.data(path.Join(asset, rel))
	files, err := Named(r.root, func(name string) bool { return name == path.Base(rel) }, "*"+path.Base(rel))
	if err != nil {
		return nil
	}
	var dirs []string
	for _, f := range files {
		dir, ok := strings.CutSuffix("/"+f, "/"+rel)
		if ok && (want == nil || string(want) == string(r.data(f))) {
			dirs = append(dirs, path.Clean("./"+dir))
		}
	}
	return dirs
}

var decorated = regexps.New(`(?m)^@app\.(lambda_function|schedule|on_[a-z0-9_]+|authorizer)\b[^\n]*\n(?:@[^\n]*\n)*(?:async )?def (\w+)`)

// chalice reads .chalice/config.json: the API is app.app, and every function
// with a decorator of its own kind is one of its own.
func (r *reading) chalice(file string, data []byte) {
	root := r.yamlRoot(file, data)
	dir := path.Dir(path.Dir(file))
	f := function{file: file, memory: defaultMemory}
	stages := []*yaml.Node{root}
	for _, p := range pairs(field(root, "stages")) {
		stages = append(stages, p.value)
	}
	for _, s := range stages {
		f.memory = megabytes(field(s, "lambda_memory_size"), f.memory)
	}
	src := r.data(path.Join(dir, "app.py"))
	if src == nil {
		r.problem(file, 0, "there is no app.py beside the folder .chalice")
		return
	}
	if strings.Contains(string(src), "@app.route") || !decorated().Match(src) {
		f.name = "the API"
		r.add(f, "app.app", dir)
	}
	for _, m := range decorated().FindAllSubmatch(src, -1) {
		f.name = fmt.Sprintf("function %q", m[2])
		r.add(f, "app."+string(m[2]), dir)
	}
}

// zappa reads zappa_settings.json (or .yml).
func (r *reading) zappa(file string, data []byte) {
	dir := path.Dir(file)
	seen := map[string]bool{}
	for _, stage := range pairs(r.yamlRoot(file, data)) {
		f := function{name: fmt.Sprintf("stage %q", stage.key.Value), file: file, line: stage.key.Line, memory: zappaMemory}
		f.memory = megabytes(field(stage.value, "memory_size"), f.memory)
		f.python = pythonVersion(scalar(field(stage.value, "runtime")))
		add := func(n *yaml.Node, handler string) {
			if handler != "" && !seen[handler] {
				seen[handler] = true
				f.line = n.Line
				r.add(f, handler, dir)
			}
		}
		if n := field(stage.value, "app_function"); n != nil {
			add(n, scalar(n))
		} else if n := field(stage.value, "django_settings"); n != nil {
			if pkg, _, ok := strings.Cut(scalar(n), ".settings"); ok {
				add(n, pkg+".wsgi.application")
			}
		}
		if n := field(stage.value, "lambda_handler"); n != nil {
			add(n, scalar(n))
		}
		if events := field(stage.value, "events"); events != nil && events.Kind == yaml.SequenceNode {
			for _, e := range events.Content {
				if n := field(e, "function"); n != nil {
					add(n, scalar(n))
				}
			}
		}
	}
}

var (
	terraformBlock = regexps.New(`(?m)^\s*(resource|data|module)\s+"([^"]+)"(?:\s+"([^"]+)")?\s*\{`)
	terraformKey   = regexps.New(`(?m)^\s*([a-z_]+)\s*=\s*(.+?)\s*$`)
	archiveOf      = regexps.New(`data\.archive_file\.(\w+)\.`)
)

// terraform reads the functions of one .tf file. Archives are those of the
// same file.
func (r *reading) terraform(file string, data []byte) {
	text := string(data)
	type block struct {
		kind, name string
		line       int
		keys       map[string]string
		lines      map[string]int
	}
	var blocks []block
	for _, m := range terraformBlock().FindAllStringSubmatchIndex(text, -1) {
		depth, end := 0, m[1]-1
		for ; end < len(text); end++ {
			if text[end] == '{' {
				depth++
			} else if text[end] == '}' {
				if depth--; depth == 0 {
					break
				}
			}
		}
		b := block{kind: text[m[4]:m[5]], line: 1 + strings.Count(text[:m[0]], "\n"), keys: map[string]string{}, lines: map[string]int{}}
		if m[6] >= 0 {
			b.name = text[m[6]:m[7]]
		}
		if text[m[2]:m[3]] == "module" {
			b.kind, b.name = "module", b.kind
		}
		body := text[m[1]:min(end, len(text))]
		for _, k := range terraformKey().FindAllStringSubmatchIndex(body, -1) {
			key := body[k[2]:k[3]]
			if _, ok := b.keys[key]; !ok {
				b.keys[key] = strings.Trim(body[k[4]:k[5]], `"`)
				b.lines[key] = 1 + strings.Count(text[:m[1]+k[2]], "\n")
			}
		}
		blocks = append(blocks, b)
	}
	dir := path.Dir(file)
	local := func(s string) string {
		return path.Join(dir, strings.TrimPrefix(strings.NewReplacer("${path.module}", ".", "${path.root}", ".").Replace(s), "/"))
	}
	for _, b := range blocks {
		isModule := b.kind == "module" && strings.Contains(b.keys["source"], "lambda")
		if b.kind != "aws_lambda_function" && !isModule || !strings.HasPrefix(b.keys["runtime"], "python") || b.keys["handler"] == "" {
			continue
		}
		f := function{name: fmt.Sprintf("function %q", b.name), file: file, line: b.lines["handler"], python: pythonVersion(b.keys["runtime"]), memory: defaultMemory}
		if mb, err := strconv.ParseFloat(b.keys["memory_size"], 64); err == nil && mb > 0 {
			f.memory = mb
		}
		if b.keys["apply_on"] == "PublishedVersions" || b.keys["snap_start"] == "true" {
			f.start = config.StartSnapStart
		}
		if n, err := strconv.Atoi(b.keys["provisioned_concurrent_executions"]); err == nil && n > 0 {
			f.start = config.StartProvisioned
		}
		dirs := []string{dir, ".", path.Join(dir, "src"), "src"}
		if s := b.keys["source_path"]; s != "" && !strings.HasPrefix(s, "[") {
			dirs = []string{local(s)}
		}
		if m := archiveOf().FindStringSubmatch(b.keys["filename"]); m != nil {
			for _, a := range blocks {
				if a.kind != "archive_file" || a.name != m[1] {
					continue
				}
				if s := a.keys["source_dir"]; s != "" {
					dirs = []string{local(s)}
				} else if s := a.keys["source_file"]; s != "" {
					dirs = []string{path.Dir(local(s))}
				}
			}
		}
		for i, d := range dirs {
			if d == ".." || strings.HasPrefix(d, "../") {
				dirs[i] = "."
			}
		}
		r.add(f, b.keys["handler"], dirs...)
	}
}
