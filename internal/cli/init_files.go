package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"fastpath/internal/atomicfile"
	"fastpath/internal/deploy"
	"fastpath/internal/project"
	"fastpath/internal/regexps"
)

// The files that init writes for others to run.
var (
	//go:embed templates/test_fast_path.py
	testsText string
	//go:embed templates/fastpath-review.yml
	workflowText string

	testsTemplate    = template.Must(template.New("tests").Parse(testsText))
	workflowTemplate = template.Must(template.New("workflow").Parse(workflowText))
)

// initFile is a file that init writes beside the configuration.
type initFile struct {
	File    string `json:"file"` // relative to the project
	Created bool   `json:"created"`
	Changed bool   `json:"changed"`
	// mark is what the first lines of the file hold when init wrote it.
	mark    string
	content []byte
}

// testFiles are the documents' tests, one file a fast path file.
func testFiles(p *project.Project) []initFile {
	folder := "tests"
	if !isFolder(filepath.Join(p.Root, folder)) && isFolder(filepath.Join(p.Root, "test")) {
		folder = "test"
	}
	var files []string
	for _, e := range p.Entries {
		if !slices.Contains(files, e.FastPath) {
			files = append(files, e.FastPath)
		}
	}
	d, err := deploy.Read(p.Root)
	if err != nil {
		d = &deploy.Deployment{}
	}
	var out []initFile
	for _, file := range files {
		e := p.Entries[slices.IndexFunc(p.Entries, func(e project.Entry) bool { return e.FastPath == file })]
		name := "test_fast_path.py"
		if len(files) > 1 { // pytest tells test files apart by their names
			name = "test_fast_path_" + identifier(strings.TrimSuffix(strings.TrimSuffix(file, ".py"), "/fast_path")) + ".py"
		}
		root, err := filepath.Rel(filepath.FromSlash(folder), filepath.FromSlash(e.ImportRoot))
		if err != nil {
			root = ".."
		}
		rel := strings.TrimSuffix(file, ".py")
		if e.ImportRoot != "." {
			rel = strings.TrimPrefix(rel, path.Clean(e.ImportRoot)+"/")
		}
		var layers []string // on Lambda they are there, too
		for _, l := range d.Layers(&e) {
			if dir, err := filepath.Rel(filepath.FromSlash(e.ImportRoot), filepath.FromSlash(l.Dir)); err == nil && isFolder(filepath.Join(p.Root, filepath.FromSlash(l.Dir))) {
				layers = append(layers, filepath.ToSlash(dir))
			}
		}
		var b bytes.Buffer
		limits := p.Config.Limits
		err = testsTemplate.Execute(&b, map[string]any{
			"File": file, "Module": strings.ReplaceAll(rel, "/", "."), "Root": filepath.ToSlash(root), "Layers": layers,
			"LimitMS": decimal(limits.TotalMS), "LimitImports": limits.Imports,
		})
		if err != nil {
			panic(err) // the template is our own
		}
		out = append(out, initFile{File: path.Join(folder, name), mark: "fastpath init --tests", content: b.Bytes()})
	}
	return out
}

var notInName = regexps.New(`[^A-Za-z0-9_]+`)

// identifier makes a part of a module's name of a path.
func identifier(text string) string {
	return strings.Trim(notInName().ReplaceAllString(text, "_"), "_")
}

// workflowFile is the scheduled workflow of the monthly review; it belongs to
// the root of the repository.
func workflowFile(p *project.Project) (initFile, error) {
	top, folder := p.Root, "."
	for dir := p.Root; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			top = dir
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	rel, err := filepath.Rel(top, p.Root)
	if err != nil {
		return initFile{}, err
	}
	name := "fastpath-review.yml"
	if folder = filepath.ToSlash(rel); folder != "." {
		name = "fastpath-review-" + strings.ReplaceAll(identifier(folder), "_", "-") + ".yml"
	}
	up, err := filepath.Rel(p.Root, filepath.Join(top, ".github", "workflows", name))
	if err != nil {
		return initFile{}, err
	}
	var b bytes.Buffer
	if err := workflowTemplate.Execute(&b, map[string]any{"Folder": folder}); err != nil {
		return initFile{}, err
	}
	return initFile{File: filepath.ToSlash(up), mark: "fastpath init --github", content: b.Bytes()}, nil
}

// prepare looks at what is there: a file that somebody else wrote is not
// touched.
func (f *initFile) prepare(root string) error {
	old, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.File)))
	switch {
	case os.IsNotExist(err):
		f.Created, f.Changed = true, true
		return nil
	case err != nil:
		return err
	}
	if head, _, _ := strings.Cut(string(old), "\n\n\n"); !strings.Contains(head, f.mark) {
		return fmt.Errorf("%s is there and was not written by %q; nothing was changed, rename it first", f.File, f.mark)
	}
	f.Changed = !bytes.Equal(old, f.content)
	return nil
}

// write puts the file on disk.
func (f *initFile) write(root string) error {
	name := filepath.Join(root, filepath.FromSlash(f.File))
	if !f.Changed {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(name, f.content)
}
