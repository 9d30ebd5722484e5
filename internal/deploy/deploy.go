// Package deploy reads what deployment files say about the place where a
// program will run: environment variables, layers, how its files are packed, and which
// files are left out. It knows Dockerfiles with .dockerignore, AWS SAM and
// CloudFormation templates, serverless.yml, Terraform's archive_file, and the
// wheels of pyproject.toml.
//
// What comes in is the project's folder, what goes out are facts with the line
// that states them. Files that cannot be read or parsed say nothing: their
// own tools report that. Nothing is executed, and what a file leaves to
// variables is taken for right.
package deploy

import (
	"os"
	"path"
	"path/filepath"
	"strings"

	"fastpath/internal/project"
	"fastpath/internal/regexps"
)

// Deployment is what the deployment files of a project say.
type Deployment struct {
	Variables []Variable
	Options   []Option
	Packers   []Packer
	rules     []rule
	programs  []program
}

// Place is a line of a deployment file.
type Place struct {
	File string // relative to the project, with slashes
	Line int    // 1-based
}

// Variable is an environment variable that is set where the program will run.
type Variable struct {
	Place
	Name, Value string
	Function    string // whose it is, "" for all of the file
	// Compiles: the same image compiles byte-code when it is built.
	Compiles bool
	// Computed: the value is known only when it is deployed, as by "!Ref".
	Computed bool
}

// Option is an interpreter option of a command that starts: the name of a "-X
// NAME", or "-B".
type Option struct {
	Place
	Name string
}

// Packer is a tool that packs a folder and sets the dates of all files in it
// to a constant.
type Packer struct {
	Place
	Name  string                       // "the serverless framework"
	Dir   string                       // relative to the project
	packs func(file string) (yes bool) // a file below Dir, relative to the project
}

// Packs reports whether the packer takes a file, relative to the project.
func (p *Packer) Packs(file string) bool {
	return within(p.Dir, file) && (p.packs == nil || p.packs(file))
}

// Omission says where a deployment that has one file leaves out another.
type Omission struct {
	Place
	What string // "the image copies lambda_function.py"
}

// rule decides for one deployment whether it has a file, relative to the
// project; place is the line that leaves it out.
type rule struct {
	what string // "the image of %s"
	has  func(file string) (yes bool, place Place)
	// only: the deployment concerns these files alone; nil is any.
	only func(file string) bool
}

// Omissions returns the deployments that have the file with and not the file
// wanted, which it imports; both are relative to the project.
func (d *Deployment) Omissions(with, wanted string) []Omission {
	var out []Omission
	for _, r := range d.rules {
		if r.only != nil && !r.only(with) {
			continue
		}
		if has, _ := r.has(with); !has {
			continue
		}
		if has, at := r.has(wanted); !has {
			out = append(out, Omission{at, r.what})
		}
	}
	return out
}

const maxSize = 8 << 20 // bytes of a file that is read

var (
	dockerfileName = regexps.New(`^(Dockerfile|Containerfile)(\..+)?$|\.[Dd]ockerfile$`)
	templateName   = regexps.New(`(?i)(template|cloudformation|stack|^sam|[-_.]sam)[^/]*\.(ya?ml|json)$|\.template$`)
	serverlessName = regexps.New(`^serverless(\..+)?\.ya?ml$`)

	// patterns name at least these files, as git does; the sources are among
	// them because every project has some.
	patterns = []string{"*ockerfile*", "*Containerfile*", "*.yml", "*.yaml", "*.json", "*.template", "*.tf", "*pyproject.toml", "*.py"}
)

// reader returns what reads a file of this name, nil for all other files.
func (d *Deployment) reader(name string) func(root, file string, data []byte) {
	switch {
	case strings.HasSuffix(name, ".dockerignore"):
	case dockerfileName().MatchString(name):
		return d.dockerfile
	case serverlessName().MatchString(name):
		return d.serverless
	case templateName().MatchString(name):
		return d.template
	case strings.HasSuffix(name, ".tf"):
		return d.terraform
	case name == "pyproject.toml":
		return d.wheel
	}
	return nil
}

// Read reads the deployment files of the project at root, an absolute folder.
func Read(root string) (*Deployment, error) {
	d := &Deployment{}
	files, err := project.Named(root, func(name string) bool { return d.reader(name) != nil }, patterns...)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		abs := filepath.Join(root, filepath.FromSlash(file))
		if info, err := os.Stat(abs); err != nil || info.Size() > maxSize {
			continue
		}
		if data, err := os.ReadFile(abs); err == nil {
			d.reader(path.Base(file))(root, file, data)
		}
	}
	return d, nil
}

// within reports whether file lies in dir or below; both have slashes.
func within(dir, file string) bool {
	dir = path.Clean(dir)
	return dir == "." || file == dir || strings.HasPrefix(file, dir+"/")
}

// below makes file relative to dir; ok is false when it lies elsewhere.
func below(dir, file string) (string, bool) {
	if dir = path.Clean(dir); dir == "." {
		return file, !strings.HasPrefix(file, "../")
	}
	return strings.CutPrefix(file, dir+"/")
}

// lineOf returns the line of a byte offset.
func lineOf(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }
