package deploy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/project"
	"fastpath/internal/testtree"
)

// read reads a project of some files.
func read(t *testing.T, files map[string]string) *Deployment {
	t.Helper()
	dir := t.TempDir()
	testtree.Write(t, dir, files)
	d, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestOmissions: which deployments have app.py, or the file that a case names,
// and not fast_path.py beside it.
func TestOmissions(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		with  string // "app.py" unless given
		want  []string
	}{
		"single file": {
			files: map[string]string{"Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY app.py requirements.txt ./\nCMD [\"app.handler\"]\n"},
			want:  []string{"Dockerfile:3 the image of Dockerfile"},
		},
		"both files": {files: map[string]string{"Dockerfile": "FROM x\nCOPY app.py \\\n  fast_path.py ./\n"}},
		"all":        {files: map[string]string{"Dockerfile": "FROM x\nCOPY . .\n"}},
		"glob":       {files: map[string]string{"Dockerfile": "FROM x\nCOPY *.py ./\n"}},
		"json form":  {files: map[string]string{"Dockerfile": "FROM x\nCOPY [\"app.py\", \"/x/\"]\n"}, want: []string{"Dockerfile:2 the image of Dockerfile"}},
		"two copies": {files: map[string]string{"Dockerfile": "FROM x\nCOPY app.py .\nCOPY --chown=a:b fast_path.py .\n"}},
		"variable":   {files: map[string]string{"Dockerfile": "FROM x\nARG F=app.py\nCOPY $F .\n"}},
		"another program": {
			files: map[string]string{"Dockerfile": "FROM x\nCOPY other.py .\n", "other/Dockerfile": "FROM x\nCOPY . .\n"},
		},
		"excluded": {
			files: map[string]string{"Dockerfile": "FROM x\nCOPY --exclude=fast_* . .\n"},
			want:  []string{"Dockerfile:2 the image of Dockerfile"},
		},
		"stages": {
			files: map[string]string{"Dockerfile": "FROM x AS build\nCOPY . /src\nFROM y\nCOPY --from=build /src /app\nCOPY app.py .\n"},
		},
		"last stage": {
			files: map[string]string{"Dockerfile": "FROM x AS test\nCOPY . /src\nFROM y\nCOPY app.py .\n"},
			want:  []string{"Dockerfile:4 the image of Dockerfile"},
		},
		"ignored": {
			files: map[string]string{"Dockerfile": "FROM x\nCOPY . .\n", ".dockerignore": "# all\n*\n!app.py\n"},
			want:  []string{".dockerignore:2 the image of Dockerfile"},
		},
		"ignored and back": {
			files: map[string]string{"Dockerfile": "FROM x\nCOPY . .\n", ".dockerignore": "**/*.py\n!/app.py\n!fast_path.py\n"},
		},
		"own ignore file": {
			files: map[string]string{"Dockerfile": "FROM x\nCOPY . .\n", ".dockerignore": "*.py\n", "Dockerfile.dockerignore": "**/fast_path.py\n"},
			want:  []string{"Dockerfile.dockerignore:1 the image of Dockerfile"},
		},
		"folder of its own": {
			files: map[string]string{"svc/Dockerfile": "FROM x\nCOPY app.py .\n"}, with: "svc/app.py",
			want: []string{"svc/Dockerfile:2 the image of svc/Dockerfile"},
		},
		"context is the project": {
			files: map[string]string{"docker/Dockerfile": "FROM x\nCOPY svc/app.py .\n"}, with: "svc/app.py",
			want: []string{"docker/Dockerfile:2 the image of docker/Dockerfile"},
		},
		"serverless": {
			files: map[string]string{"serverless.yml": `provider: {runtime: python3.12}
package:
  patterns:
    - "!**"
    - app.py
functions:
  api:
    handler: app.handler
  other:
    handler: other.handler
`},
			want: []string{`serverless.yml:4 the package of the function "api"`},
		},
		"serverless, of the function": {
			files: map[string]string{"serverless.yml": `provider:
  runtime: python3.12
functions:
  api:
    handler: app.handler
    package:
      patterns:
        - '!./fast_*.py'
  web:
    handler: app.handler
    package:
      exclude: ["**/*.py"]
      include: [app.py, "{fast_path,x}.py"]
`},
			want: []string{`serverless.yml:8 the package of the function "api"`},
		},
		"serverless, other language": {
			files: map[string]string{"serverless.yml": "provider: {runtime: nodejs20.x}\npackage: {patterns: ['!fast_path.py']}\nfunctions: {api: {handler: app.handler}}\n"},
		},
		"terraform, one file": {
			files: map[string]string{"main.tf": "# data \"archive_file\" \"x\" {\ndata \"archive_file\" \"code\" {\n  type        = \"zip\"\n  source_file = \"${path.module}/app.py\"\n  output_path = \"out.zip\"\n}\n"},
			want:  []string{"main.tf:4 the archive code"},
		},
		"terraform, folder": {
			files: map[string]string{"infra/main.tf": "data \"archive_file\" \"code\" {\n  source_dir = \"${path.module}/../src\"\n  excludes = [\n    \"tests\",\n    \"fast_*.py\",\n  ]\n}\n"},
			with:  "src/app.py",
			want:  []string{"infra/main.tf:5 the archive code"},
		},
		"terraform, whole folder": {
			files: map[string]string{"main.tf": "data \"archive_file\" \"code\" {\n  source_dir = \"${path.module}\"\n}\n"},
		},
		"terraform, contents": {
			files: map[string]string{"main.tf": "resource \"archive_file\" \"code\" {\n  source {\n    content  = file(\"app.py\")\n    filename = \"app.py\"\n  }\n}\n"},
			want:  []string{"main.tf:3 the archive code"},
		},
		"terraform, variable": {
			files: map[string]string{"main.tf": "data \"archive_file\" \"code\" {\n  source_file = \"${var.dir}/app.py\"\n}\n"},
		},
		"setuptools": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"setuptools.build_meta\"\n[tool.setuptools]\npy-modules = [\"app\"]\n"},
			want:  []string{"pyproject.toml:4 the wheel of pyproject.toml"},
		},
		"setuptools, both": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"setuptools.build_meta\"\n[tool.setuptools]\npy-modules = [\"app\", \"fast_path\"]\n"},
		},
		"setuptools, package": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"setuptools.build_meta\"\n[tool.setuptools]\npy-modules = [\"tool\"]\n"},
			with:  "pkg/app.py",
		},
		"hatch": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"hatchling.build\"\n[tool.hatch.build.targets.wheel]\nonly-include = [\"app.py\"]\n"},
			want:  []string{"pyproject.toml:4 the wheel of pyproject.toml"},
		},
		"hatch, exclude": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"hatchling.build\"\n[tool.hatch.build]\nexclude = [\"fast_path.py\"]\n"},
			with:  "src/pkg/app.py",
			want:  []string{"pyproject.toml:4 the wheel of pyproject.toml"},
		},
		"poetry": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"poetry.core.masonry.api\"\n[tool.poetry]\npackages = [{ include = \"app.py\" }]\n"},
			want:  []string{"pyproject.toml:4 the wheel of pyproject.toml"},
		},
		"poetry, package": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"poetry.core.masonry.api\"\n[tool.poetry]\npackages = [{ include = \"pkg\", from = \"src\" }]\n"},
			with:  "src/pkg/app.py",
		},
		"flit": {
			files: map[string]string{"pyproject.toml": "[build-system]\nbuild-backend = \"flit_core.buildapi\"\n[project]\nname = \"app\"\n"},
			want:  []string{"pyproject.toml:3 the wheel of pyproject.toml"},
		},
		"no build": {files: map[string]string{"pyproject.toml": "[tool.setuptools]\npy-modules = [\"app\"]\n"}},
		"broken": {
			files: map[string]string{"serverless.yml": "\t: [", "pyproject.toml": "[", "template.yaml": "{", "main.tf": "data \"archive_file\" \"x\" {", "Dockerfile": "COPY\nFROM\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			with := c.with
			if with == "" {
				with = "app.py"
			}
			var got []string
			for _, o := range read(t, c.files).Omissions(with, strings.Replace(with, "app.py", "fast_path.py", 1)) {
				got = append(got, fmt.Sprintf("%s:%d %s", o.File, o.Line, o.What))
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestVariables(t *testing.T) {
	d := read(t, map[string]string{
		"Dockerfile":      "FROM x AS build\nENV PYTHONDONTWRITEBYTECODE=1\nFROM build\nENV PYTHONNODEBUGRANGES=\"1\" \\\n  PYTHONPATH='/a:/b c'\nENV OLD a b\nRUN python -m compileall -q /app\nCMD [\"python\", \"-X\", \"no_debug_ranges\", \"-Xdev\", \"-B\", \"app.py\"]\n",
		"docker/api":      "ENV PYTHONPATH=/no\n",
		"template.yaml":   "Globals:\n  Function:\n    Environment:\n      Variables: {A: 1}\nResources:\n  One:\n    Type: AWS::Serverless::Function\n    Properties:\n      Environment:\n        Variables:\n          B: !Ref X\n          C: !GetAtt [x, y]\n  Two:\n    Type: AWS::S3::Bucket\n    Properties: {Environment: {Variables: {D: 1}}}\n",
		"serverless.yaml": "provider:\n  runtime: python3.12\n  environment:\n    E: e\nfunctions:\n  f:\n    handler: a.b\n    environment: {F: f}\n",
		".venv/x.tf":      "",
	})
	var got []string
	for _, v := range d.Variables {
		got = append(got, fmt.Sprintf("%s:%d %s %s=%s %v", v.File, v.Line, v.Function, v.Name, v.Value, v.Compiles))
	}
	slices.Sort(got)
	want := []string{
		"Dockerfile:2  PYTHONDONTWRITEBYTECODE=1 true",
		"Dockerfile:4  PYTHONNODEBUGRANGES=1 true",
		"Dockerfile:4  PYTHONPATH=/a:/b c true",
		"Dockerfile:6  OLD=a b true",
		"serverless.yaml:4  E=e false",
		"serverless.yaml:8 f F=f false",
		"template.yaml:11 One B=X false",
		"template.yaml:4  A=1 false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	options := []Option{{Place{"Dockerfile", 8}, "no_debug_ranges"}, {Place{"Dockerfile", 8}, "dev"}, {Place{"Dockerfile", 8}, "-B"}}
	if diff := cmp.Diff(options, d.Options); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEnvironment(t *testing.T) {
	d := read(t, map[string]string{
		"template.yaml":      "Globals:\n  Function:\n    Environment:\n      Variables: {STAGE: prod, PATH: /opt/bin, LEVEL: info, KEY: !Ref Key, URL: 'https://${Host}'}\nResources:\n  One:\n    Type: AWS::Serverless::Function\n    Properties:\n      Environment: {Variables: {LEVEL: debug, NONE: , RETRIES: 3, STAGE: !Ref Stage}}\n  Two:\n    Type: AWS::Serverless::Function\n    IgnoreGlobals: [Environment]\n    Properties: {Environment: {Variables: {ONLY: two}}}\n  Three:\n    Type: AWS::Lambda::Function\n    Properties: {Environment: {Variables: {ONLY: three}}}\n",
		"api/serverless.yml": "provider: {runtime: python3.12, environment: {A: all, AWS_PROFILE: me}}\nfunctions:\n  f: {handler: src/h.run, environment: {B: '${opt:stage}', C: c}}\n  g: {handler: src/h.other, environment: {C: other}}\n",
		"tool/Dockerfile":    "FROM python\nENV MODE=fast PYTHONPATH=/app LIB=$HOME/lib\nCOPY main.py .\n",
		"tool/a.Dockerfile":  "FROM python\nENV MODE=fast COLOUR=red\nCOPY . .\n",
		"tool/b.Dockerfile":  "FROM python\nENV MODE=fast COLOUR=blue\nCOPY . .\n",
	})
	for _, c := range []struct {
		name  string
		entry project.Entry
		want  string
	}{
		{"globals", project.Entry{Function: "One", Source: "template.yaml:7"}, "LEVEL=debug RETRIES=3"},
		{"no globals", project.Entry{Function: "Two", Source: "template.yaml:10"}, "ONLY=two"},
		{"globals are SAM's", project.Entry{Function: "Three", Source: "template.yaml:14"}, "ONLY=three"},
		{"another template", project.Entry{Function: "One", Source: "other.yaml:7"}, ""},
		{"serverless", project.Entry{Kind: project.EntryHandler, File: "api/src/h.py", Attr: "run"}, "A=all C=c"},
		{"its neighbour", project.Entry{Kind: project.EntryHandler, File: "api/src/h.py", Attr: "other"}, "A=all C=other"},
		{"images that differ", project.Entry{Kind: project.EntryFile, File: "tool/main.py"}, "MODE=fast"},
		{"not in the first image", project.Entry{Kind: project.EntryFile, File: "tool/side.py"}, "MODE=fast"},
		{"not deployed", project.Entry{Kind: project.EntryFile, File: "main.py"}, ""},
	} {
		var got []string
		for _, v := range d.Environment(&c.entry) {
			got = append(got, v.Name+"="+v.Value)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestPackers(t *testing.T) {
	d := read(t, map[string]string{
		"serverless.yml": "provider: {runtime: python3.12}\npackage: {patterns: ['!**/__pycache__/**']}\n",
		"infra/main.tf":  "data \"archive_file\" \"code\" {\n  source_dir = \"../src\"\n}\n",
	})
	var got []string
	for _, p := range d.Packers {
		got = append(got, fmt.Sprintf("%s:%d %s %s %v %v", p.File, p.Line, p.Name, p.Dir, p.Packs("src/__pycache__/a.pyc"), p.Packs("b/a.py")))
	}
	want := []string{"infra/main.tf:1 Terraform's archive_file src true false", "serverless.yml:1 the serverless framework . false true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, file string
		want          bool
	}{
		{"*.py", "a.py", true},
		{"*.py", "a/b.py", false},
		{"**/*.py", "a.py", true},
		{"**/*.py", "a/b/c.py", true},
		{"a/**", "a/b/c", true},
		{"a/**", "ab/c", false},
		{"a?.py", "ab.py", true},
		{"[ab].py", "b.py", true},
		{"[!ab].py", "b.py", false},
		{"{a,b}.py", "b.py", true},
		{"a+b.py", "a+b.py", true},
		{"[", "[", true},
		{"**", "a/b", true},
	} {
		if got := glob(c.pattern, c.file); got != c.want {
			t.Errorf("glob(%q, %q) = %v", c.pattern, c.file, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("FROM x\nCOPY [\"a\"] .\nENV A=\"b c\" D", "*\n!app.py")
	f.Add("data \"archive_file\" \"x\" {\n source_file = \"a\\\"", "[a-")
	f.Fuzz(func(_ *testing.T, text, ignore string) {
		d := &Deployment{}
		d.dockerfile("", "Dockerfile", []byte(text))
		d.serverless("", "serverless.yml", []byte(text))
		d.template("", "template.yaml", []byte(text))
		d.terraform("", "main.tf", []byte(text))
		d.wheel("", "pyproject.toml", []byte(text))
		glob(ignore, "app.py")
		d.Omissions("app.py", "fast_path.py")
	})
}
