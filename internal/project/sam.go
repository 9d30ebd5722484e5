package project

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"fastpath/internal/config"
	"fastpath/internal/regexps"
)

// function is a Lambda function of a deployment file.
type function struct {
	name    string // logical name
	file    string // the deployment file, relative to the project
	line    int    // of its handler
	codeDir string // its code's folder, relative to the project
	module  string
	attr    string
	python  string // X.Y
	memory  float64
	// platform is where it runs, "" for Lambda; start how its processes do, ""
	// where the file does not say.
	platform, start string
}

// describe copies what the deployment file says about an entry; an explicit
// configuration wins.
func (f *function) describe(e *Entry, cfg *config.Config) {
	e.Source, e.Function = place(f.file, f.line), f.name
	e.Python = f.python
	if f.memory > 0 && !cfg.Traffic.MemorySet {
		e.MemoryMB = f.memory
	}
	if !cfg.Traffic.StartSet {
		e.Start = f.start
	}
	if !cfg.Traffic.PlatformSet {
		e.Platform = config.PlatformLambda
		if f.platform != "" {
			e.Platform = f.platform
		}
	}
}

// place is "file:line".
func place(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

const (
	defaultMemory   = 128     // of a function that does not say
	maxTemplateSize = 8 << 20 // CloudFormation itself stops at 1 MB
)

// readTemplates reads the Lambda functions of all templates of a project.
// Functions in other languages are left out silently, those that cannot be
// worked out are problems, and a function with two handlers is an error.
func readTemplates(root string) ([]function, []Problem, error) {
	files, err := templates(root)
	if err != nil {
		return nil, nil, err
	}
	var functions []function
	var problems []Problem
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil || len(data) > maxTemplateSize {
			continue
		}
		fs, ps, err := readTemplate(root, file, data)
		functions = append(functions, fs...)
		problems = append(problems, ps...)
		if err != nil {
			return functions, problems, err
		}
	}
	others, more, err := deployed(root)
	for _, f := range others {
		if !slices.ContainsFunc(functions, func(o function) bool { return o.codeDir == f.codeDir && o.module == f.module && o.attr == f.attr }) {
			functions = append(functions, f)
		}
	}
	return functions, append(problems, more...), err
}

var templateName = regexps.New(`(?i)(template|cloudformation|stack|^sam|[-_.]sam)[^/]*\.(ya?ml|json)$|\.template$`)

// toolFolders hold what tools have put there, templates among them.
var toolFolders = []string{".venv", ".tox", ".nox", ".serverless", ".terraform", ".mypy_cache", ".ruff_cache", ".pytest_cache"}

// templates lists the files that may be CloudFormation templates.
func templates(root string) ([]string, error) {
	named := func(name string) bool {
		switch strings.ToLower(path.Ext(name)) {
		case ".yaml", ".yml", ".json", ".template":
			return templateName().MatchString(name)
		}
		return false
	}
	files, err := Named(root, named, "*.yaml", "*.yml", "*.json", "*.template", "*.YAML", "*.YML", "*.JSON")
	return slices.DeleteFunc(files, func(file string) bool {
		return slices.ContainsFunc(strings.Split(file, "/"), func(part string) bool { return slices.Contains(toolFolders, part) })
	}), err
}

// readTemplate reads the functions of one template.
func readTemplate(root, file string, data []byte) ([]function, []Problem, error) {
	t, err := parseTemplate(file, data)
	if err != nil {
		return nil, []Problem{{File: file, Message: "the template does not parse: " + err.Error()}}, nil
	}
	if t == nil {
		return nil, nil, nil
	}
	var functions []function
	var problems []Problem
	seen := map[string]int{}
	for _, res := range pairs(field(t.root, "Resources")) {
		kind, _ := t.text(field(res.value, "Type"))
		if kind != "AWS::Serverless::Function" && kind != "AWS::Lambda::Function" {
			continue
		}
		name := res.key.Value
		if line := seen[name]; line > 0 {
			return functions, problems, t.errorAt(res.key, "function %q is defined twice, in line %d and in line %d; keep one of them", name, line, res.key.Line)
		}
		seen[name] = res.key.Line
		r := &resource{cfn: t, root: root, name: name, line: res.key.Line, serverless: kind == "AWS::Serverless::Function", node: res.value}
		f, note, err := r.function()
		if err != nil {
			return functions, problems, err
		}
		if note != "" {
			problems = append(problems, Problem{file, r.line, fmt.Sprintf("function %q: %s", name, note)})
		}
		if f != nil {
			functions = append(functions, *f)
		}
	}
	return functions, problems, nil
}

// resource is one function of a template.
type resource struct {
	*cfn
	root       string // absolute project directory
	name       string
	line       int // of what a note is about
	serverless bool
	node       *yaml.Node
	props      *yaml.Node
	// sources finds the folders that hold a module, for templates that name a
	// copy; nil where the template names the folder.
	sources func(module string) []string
}

// prop returns a property, from the resource or from the template's Globals.
func (r *resource) prop(name string) (*yaml.Node, error) {
	v, err := r.only(r.props, name, fmt.Sprintf("function %q", r.name))
	if v != nil || err != nil || !r.serverless || r.ignoresGlobal(name) {
		return v, err
	}
	return r.only(field(r.cfn.root, "Globals", "Function"), name, "Globals.Function")
}

// ignoresGlobal reports whether IgnoreGlobals switches a global property off.
func (r *resource) ignoresGlobal(name string) bool {
	n := field(r.node, "IgnoreGlobals")
	if n == nil {
		return false
	}
	if n.Kind == yaml.ScalarNode {
		return n.Value == "*" || n.Value == name
	}
	return slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Value == name })
}

// function works out the function. A nil function with an empty note is none
// of ours.
func (r *resource) function() (*function, string, error) {
	var err error
	if r.props, err = r.only(r.node, "Properties", fmt.Sprintf("function %q", r.name)); err != nil {
		return nil, "", err
	}
	handlerNode, err := r.prop("Handler")
	if err != nil {
		return nil, "", err
	}
	command, err := r.only(field(r.props, "ImageConfig"), "Command", fmt.Sprintf("function %q", r.name))
	if err != nil {
		return nil, "", err
	}
	if own := field(r.props, "Handler"); own != nil && command != nil {
		return nil, "", r.errorAt(command, "function %q has two handlers: Handler %s in line %d and ImageConfig.Command in line %d; keep the one that its PackageType uses",
			r.name, brief(own), own.Line, command.Line)
	}
	f := &function{name: r.name, file: r.file, memory: r.memory()}
	if kind, _ := r.text(field(r.props, "PackageType")); kind == "Image" {
		return r.image(f, command)
	}
	runtime, known, err := r.runtime()
	if err != nil || known && !strings.HasPrefix(runtime, "python") {
		return nil, "", err
	}
	f.python = pythonVersion(runtime)
	if r.inline() {
		return nil, "its code is inline in the template; move it to a file to manage its imports", nil
	}
	if handlerNode == nil {
		return nil, "it has no Handler", nil
	}
	r.line, f.line = handlerNode.Line, handlerNode.Line
	handler, ok := r.text(handlerNode)
	if !ok {
		return nil, "its Handler is only known when it is deployed; name the entry by hand", nil
	}
	handler, note := r.redirected(handler)
	if note != "" {
		return nil, note, nil
	}
	if strings.HasSuffix(handler, ".sh") {
		return nil, fmt.Sprintf("its Handler %q is a shell script; name what it starts by hand", handler), nil
	}
	dirs, note := r.codeDirs()
	if r.sources != nil {
		module, _, _ := cutLast(handler)
		dirs, note = r.sources(strings.ReplaceAll(module, "/", ".")), ""
		if len(dirs) == 0 {
			return nil, fmt.Sprintf("its handler %q: no file of the project is what was copied into the asset", handler), nil
		}
	}
	if note != "" {
		return nil, note, nil
	}
	f.start = r.start()
	return r.locate(f, handler, dirs, known)
}

// cutLast cuts a handler around its last dot.
func cutLast(handler string) (module, attr string, ok bool) {
	i := strings.LastIndexByte(handler, '.')
	if i < 0 {
		return handler, "", false
	}
	return handler[:i], handler[i+1:], true
}

// start is how the function's processes start, "" where the template does not
// say. Of CloudFormation's own versions and aliases nothing is read.
func (r *resource) start() string {
	if n, err := r.prop("ProvisionedConcurrencyConfig"); err == nil && n != nil {
		return config.StartProvisioned
	}
	if n, err := r.prop("SnapStart"); err == nil {
		if on, _ := r.text(field(n, "ApplyOn")); on == "PublishedVersions" {
			return config.StartSnapStart
		}
	}
	return ""
}

// runtime returns the function's runtime and whether it is known.
func (r *resource) runtime() (string, bool, error) {
	n, err := r.prop("Runtime")
	if err != nil || n == nil {
		return "", false, err
	}
	s, ok := r.text(n)
	return s, ok, nil
}

var versionInText = regexps.New(`python:?(3\.[0-9]+)`)

// pythonVersion returns the X.Y of "python3.12" or "…/lambda/python:3.12".
func pythonVersion(s string) string {
	if m := versionInText().FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

func (r *resource) memory() float64 {
	n, err := r.prop("MemorySize")
	if err != nil || n == nil {
		return defaultMemory
	}
	s, ok := r.text(n)
	mb, perr := strconv.ParseFloat(s, 64)
	if !ok || perr != nil || mb <= 0 || mb > 1e6 {
		return 0
	}
	return mb
}

// inline reports whether the code stands in the template itself.
func (r *resource) inline() bool {
	return field(r.props, "InlineCode") != nil || field(r.props, "Code", "ZipFile") != nil
}

// redirections maps the handlers of monitoring wrappers to the variable that
// holds the true one.
var redirections = map[string]string{
	"datadog_lambda.handler.handler":                      "DD_LAMBDA_HANDLER",
	"newrelic_lambda_wrapper.handler":                     "NEW_RELIC_LAMBDA_HANDLER",
	"lumigo_tracer._handler._handler":                     "LUMIGO_ORIGINAL_HANDLER",
	"lumigo_tracer.auto_instrument_handler._handler":      "LUMIGO_ORIGINAL_HANDLER",
	"sentry_sdk.integrations.init_serverless_sdk.handler": "SENTRY_INITIAL_HANDLER",
	"epsagon.handler.handler":                             "EPSAGON_HANDLER",
}

// redirected returns the handler that a monitoring wrapper would call.
func (r *resource) redirected(handler string) (string, string) {
	variable, ok := redirections[handler]
	if !ok {
		return handler, ""
	}
	v := field(r.props, "Environment", "Variables", variable)
	if v == nil && !r.ignoresGlobal("Environment") {
		v = field(r.cfn.root, "Globals", "Function", "Environment", "Variables", variable)
	}
	if s, ok := r.text(v); ok {
		return s, ""
	}
	return "", fmt.Sprintf("its Handler %q calls the function that %s names, which the template does not set; name the entry by hand", handler, variable)
}

// codeDirs returns the folders, relative to the project, where the function's
// code may be: the one that the template names, else likely ones.
func (r *resource) codeDirs() ([]string, string) {
	key := "Code"
	if r.serverless {
		key = "CodeUri"
	}
	base := path.Dir(r.file)
	n, _ := r.prop(key)
	uri, ok := r.text(n)
	if n != nil && (!ok || strings.HasPrefix(uri, "s3://")) || n == nil && !r.serverless {
		return unique(base, ".", path.Join(base, "src"), "src"), "" // uploaded by other means
	}
	if strings.HasSuffix(uri, ".zip") || strings.HasSuffix(uri, ".jar") {
		return nil, fmt.Sprintf("its code %q is an archive; name the entry by hand", uri)
	}
	dir := path.Join(base, strings.ReplaceAll(uri, `\`, "/"))
	if path.IsAbs(uri) || dir == ".." || strings.HasPrefix(dir, "../") {
		return nil, fmt.Sprintf("its code %q lies outside the project", uri)
	}
	return []string{dir}, ""
}

func unique(items ...string) []string {
	var out []string
	for _, s := range items {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// locate finds the module and the function that a handler names. With
// mustBePython, a missing file is a problem; without it, the function may be
// in another language and is left out.
func (r *resource) locate(f *function, handler string, dirs []string, mustBePython bool) (*function, string, error) {
	i := strings.LastIndexByte(handler, '.')
	if i <= 0 || i == len(handler)-1 {
		return nil, fmt.Sprintf("its handler %q is not written module.function", handler), nil
	}
	f.module, f.attr = strings.ReplaceAll(handler[:i], "/", "."), handler[i+1:]
	f.module = strings.TrimLeft(f.module, ".")
	if config.CheckEntry(f.module+":"+f.attr) != "" {
		return nil, fmt.Sprintf("its handler %q is not written module.function", handler), nil
	}
	l := &layout{root: r.root}
	for _, dir := range dirs {
		file := l.module(dir, f.module)
		if file == "" {
			continue
		}
		f.codeDir = dir
		src, err := os.ReadFile(l.abs(file))
		if err != nil {
			return nil, "", err
		}
		names := topLevel(src)
		if _, ok := names.lines[f.attr]; !ok && !names.open && !mayBind(src, f.attr) {
			return nil, fmt.Sprintf("its handler %q: %q has no top-level name %q%s", handler, file, f.attr, choose(f.attr, names.functions)), nil
		}
		return f, "", nil
	}
	if !mustBePython {
		return nil, "", nil
	}
	res := &resolver{layout: l}
	parent := path.Dir(strings.ReplaceAll(f.module, ".", "/"))
	last := f.module[strings.LastIndexByte(f.module, '.')+1:]
	return nil, fmt.Sprintf("its handler %q: there is no module %q below %q%s", handler, f.module, dirs[0],
		choose(last, res.siblings(path.Join(dirs[0], parent), false))), nil
}
