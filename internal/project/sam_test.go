package project

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/config"
)

func discover(t *testing.T, files map[string]string) ([]Entry, []Problem, error) {
	t.Helper()
	return discoverIn(tree(t, files))
}

func discoverIn(dir string) ([]Entry, []Problem, error) {
	p, err := Open(dir, true)
	if err != nil {
		return nil, nil, err
	}
	return p.Discover()
}

func summary(entries []Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, fmt.Sprintf("%s %s root=%s python=%s memory=%v platform=%s from=%s", e.Name, e.File, e.ImportRoot, e.Python, e.MemoryMB, e.Platform, e.Source))
	}
	return out
}

const handler = "def handler(event, context):\n    return {}\n"

func TestDiscoverSAM(t *testing.T) {
	entries, problems, err := discover(t, map[string]string{
		"template.yaml": `AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: prod}
  Folder: {Type: String, Default: functions}
Mappings:
  Memory: {prod: {size: 2048}}
Globals:
  Function:
    Runtime: python3.12
    MemorySize: 256
    Handler: app.handler
    Environment:
      Variables: {DD_LAMBDA_HANDLER: real.entry.handler}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/orders/
      MemorySize: !FindInMap [Memory, !Ref Stage, size]
  Users:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: !Sub "${Folder}/users"
  Again:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ./functions/orders
      MemorySize: 1024
  Nested:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: src/api/users.handler
      Runtime: !Ref Unknown
  Monitored:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {Bucket: b, Key: k}
      Handler: datadog_lambda.handler.handler
  Node:
    Type: AWS::Serverless::Function
    Properties: {Handler: index.handler, Runtime: nodejs20.x, CodeUri: web}
  Own:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [MemorySize, Runtime]
    Properties:
      Handler: lambda_function.lambda_handler
      CodeUri: "."
      Runtime: python3.9
  Table:
    Type: AWS::DynamoDB::Table
  Plain:
    Type: AWS::Lambda::Function
    Properties:
      Handler: plain.handler
      Runtime: python3.11
      Code: {S3Bucket: b, S3Key: k}
`,
		"functions/orders/app.py":      handler,
		"functions/users/app.py":       handler,
		"src/api/users.py":             handler,
		"real/entry.py":                handler,
		"lambda_function.py":           handlerSource,
		"plain.py":                     handler,
		".aws-sam/build/template.yaml": "Resources:\n  Orders: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler, Runtime: python3.12, CodeUri: Orders}}\n",
		".aws-sam/build/Orders/app.py": handler,
	})
	if err != nil || len(problems) != 0 {
		t.Fatalf("%v %v", err, problems)
	}
	want := []string{
		"functions/orders/app:handler functions/orders/app.py root=functions/orders python=3.12 memory=2048 platform=lambda from=template.yaml:12",
		"functions/users/app:handler functions/users/app.py root=functions/users python=3.12 memory=256 platform=lambda from=template.yaml:12",
		"src.api.users:handler src/api/users.py root=. python= memory=256 platform=lambda from=template.yaml:34",
		"real.entry:handler real/entry.py root=. python=3.12 memory=256 platform=lambda from=template.yaml:40",
		"lambda_function:lambda_handler lambda_function.py root=. python=3.9 memory=128 platform=lambda from=template.yaml:48",
		"plain:handler plain.py root=. python=3.11 memory=128 platform=lambda from=template.yaml:56",
	}
	if got := summary(entries); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiscoverTwelveFunctions(t *testing.T) {
	files := map[string]string{}
	template := "Globals: {Function: {Runtime: python3.13, CodeUri: src}}\nResources:\n"
	for i := range 12 {
		template += fmt.Sprintf("  F%02d:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: handlers.f%02d.handler}\n", i, i)
		files[fmt.Sprintf("src/handlers/f%02d.py", i)] = handler
	}
	files["infra/template.yml"] = strings.Replace(template, "CodeUri: src", "CodeUri: ../src", 1)
	entries, problems, err := discover(t, files)
	if err != nil || len(problems) != 0 || len(entries) != 12 {
		t.Fatalf("%v %v %v", summary(entries), problems, err)
	}
	if e := entries[3]; e.Name != "handlers.f03:handler" || e.ImportRoot != "src" || e.FastPath != "src/handlers/fast_path.py" {
		t.Errorf("%+v", e)
	}
}

func TestDiscoveredNamesResolve(t *testing.T) {
	dir := tree(t, map[string]string{
		"sam/template.json": `{"Resources": {
	"A": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "hello.handler", "Runtime": "python3.12", "CodeUri": "a/"}},
	"B": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.handler", "Runtime": "python3.12", "CodeUri": "b", "MemorySize": 300}},
	"C": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.handler", "Runtime": "python3.12", "CodeUri": "c"}}}}`,
		"sam/a/hello.py": handler, "sam/b/app.py": handler, "sam/c/app.py": handler,
	})
	entries, problems, err := discoverIn(dir)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name)
	}
	if want := []string{"hello:handler", "sam/b/app:handler", "sam/c/app:handler"}; !slices.Equal(list, want) {
		t.Fatalf("names %v, want %v", list, want)
	}
	change, err := config.Edit(dir, list, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := change.Write(); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir, false)
	if err != nil || !slices.Equal(p.Entries, entries) {
		t.Errorf("opened %v\n%v\n%v", err, summary(p.Entries), summary(entries))
	}
}

func TestDiscoverImages(t *testing.T) {
	entries, problems, err := discover(t, map[string]string{
		"template.yaml": `Resources:
  Image:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image, MemorySize: 512}
    Metadata: {DockerContext: ./image, Dockerfile: Dockerfile.prod}
  Override:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      ImageConfig:
        Command: [other.handler]
    Metadata: {DockerContext: image, Dockerfile: Dockerfile.prod}
  NoCommand:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image}
    Metadata: {DockerContext: image, Dockerfile: Dockerfile.none}
  Gone:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image, ImageUri: "123.dkr.ecr/x"}
`,
		"image/Dockerfile.prod": "FROM python:3.9 AS build\nCMD [\"wrong.handler\"]\n\nFROM public.ecr.aws/lambda/python:3.13\nCOPY src/ ${LAMBDA_TASK_ROOT}/\n# the handler\nCMD [ \\\n  \"app.handler\" ]\n",
		"image/Dockerfile.none": "FROM public.ecr.aws/lambda/python:3.13\nENTRYPOINT [\"python\", \"-m\", \"awslambdaric\"]\n",
		"image/src/app.py":      handler,
		"image/src/other.py":    handler,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"app:handler image/src/app.py root=image/src python=3.13 memory=512 platform=lambda from=image/Dockerfile.prod:7",
		"other:handler image/src/other.py root=image/src python=3.13 memory=128 platform=lambda from=template.yaml:11",
	}
	if got := summary(entries); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(problems) != 2 || !strings.Contains(problems[0].Message, `has no CMD`) || !strings.Contains(problems[1].Message, `"Dockerfile" cannot be read`) {
		t.Errorf("problems %v", problems)
	}
}

func TestDiscoverProblems(t *testing.T) {
	template := func(props string) map[string]string {
		return map[string]string{
			"template.yaml": "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.12\n" + props,
			"app.py":        handler, "pkg/users.py": handler,
		}
	}
	for props, want := range map[string]string{
		"      CodeUri: .\n      Handler: ap.handler\n":                  `template.yaml:7: function "F": its handler "ap.handler": there is no module "ap" below "."; did you mean "app"?`,
		"      CodeUri: .\n      Handler: app.handlr\n":                  `template.yaml:7: function "F": its handler "app.handlr": "app.py" has no top-level name "handlr"; did you mean "handler"?`,
		"      CodeUri: .\n      Handler: pkg.user.handler\n":            `there is no module "pkg.user" below "."; did you mean "users"?`,
		"      Handler: index.handler\n      InlineCode: |\n        x\n": `template.yaml:2: function "F": its code is inline in the template`,
		"      CodeUri: .\n      Handler: !ImportValue x\n":              `its Handler is only known when it is deployed`,
		"      CodeUri: .\n      Handler: run.sh\n":                      `its Handler "run.sh" is a shell script`,
		"      CodeUri: .\n      Handler: app\n":                         `its handler "app" is not written module.function`,
		"      CodeUri: x.zip\n      Handler: app.handler\n":             `its code "x.zip" is an archive`,
		"      CodeUri: ../x\n      Handler: app.handler\n":              `its code "../x" lies outside the project`,
		"      CodeUri: .\n":                                             `it has no Handler`,
		"      Handler: newrelic_lambda_wrapper.handler\n":               `NEW_RELIC_LAMBDA_HANDLER`,
		"   bad: [\n": `the template does not parse`,
	} {
		entries, problems, err := discover(t, template(props))
		if err != nil || len(problems) != 1 {
			t.Errorf("%s: %v %v %v", props, summary(entries), problems, err)
			continue
		}
		p := problems[0]
		if got := fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message); !strings.Contains(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", props, got, want)
		}
	}
}

func TestTwoHandlers(t *testing.T) {
	for props, want := range map[string]string{
		"      Handler: a.handler\n      CodeUri: .\n      Handler: b.handler\n":                          `template.yaml:7:7: function "F" has Handler twice: "a.handler" in line 5 and "b.handler" in line 7; keep one of them`,
		"      Handler: a.handler\n      PackageType: Image\n      ImageConfig: {Command: [b.handler]}\n": `function "F" has two handlers: Handler "a.handler" in line 5 and ImageConfig.Command in line 7`,
		"      Handler: a.handler\n  F:\n    Type: AWS::Serverless::Function\n":                           `function "F" is defined twice, in line 2 and in line 6`,
	} {
		_, _, err := discover(t, map[string]string{
			"template.yaml": "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n" + props,
			"a.py":          handler, "b.py": handler,
		})
		var ce *config.Error
		if !errors.As(err, &ce) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", props, err, want)
		}
	}
}

func TestDiscoverPyproject(t *testing.T) {
	entries, problems, err := discover(t, map[string]string{
		"pyproject.toml":         "[project]\nname = \"x\"\n\n[project.scripts]\norders = \"orders.cli:main\"\nbroken = \"orders.clu:main\"\n",
		"src/orders/__init__.py": "", "src/orders/cli.py": "def main(): ...\n", "src/orders/__main__.py": "",
		"tests/__main__.py": "", "tests/__init__.py": "", "main.py": "def main(): ...\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"console:orders src/orders/cli.py root=src python= memory=512 platform=cli from=pyproject.toml:5",
		"-m orders src/orders/__main__.py root=src python= memory=512 platform=cli from=src/orders/__main__.py",
	}
	if got := summary(entries); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(problems) != 1 || problems[0].Line != 6 || !strings.Contains(problems[0].Message, `there is no module "orders.clu" below ".", "src"; did you mean "cli"?`) {
		t.Errorf("problems %+v", problems)
	}
}

func TestDiscoverByName(t *testing.T) {
	entries, problems, err := discover(t, map[string]string{
		"lambda_function.py": "import x\n\n" + handlerSource,
		"svc/handler.py":     "async def handler(event, context=None): ...\n",
		"web/__init__.py":    "",
		"web/main.py":        "def main(): ...\n",
		"tool/main.py":       "def main(): ...\n\nif __name__ == \"__main__\":\n    main()\n",
		"one/app.py":         "def handler(event): ...\n",
		"tests/app.py":       handler,
		"a/b/c/d/index.py":   handler,
		"venv/pyvenv.cfg":    "", "venv/x/app.py": handler,
	})
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	want := []string{
		"lambda_function:lambda_handler lambda_function.py root=. python= memory=512 platform=lambda from=lambda_function.py:6",
		"svc/handler:handler svc/handler.py root=svc python= memory=512 platform=lambda from=svc/handler.py:1",
		"tool/main.py tool/main.py root=tool python= memory=512 platform=cli from=tool/main.py:1",
		"web.main:main web/main.py root=. python= memory=512 platform=lambda from=web/main.py:1",
	}
	if got := summary(entries); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte("Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: !Sub ['${a}.b', {a: !Ref X}]\n      Runtime: python3.12\n      CodeUri: .\n"))
	f.Add([]byte("Globals: {Function: &g {Handler: a.b}}\nResources: {F: {Type: AWS::Lambda::Function, <<: *g, Properties: *g}}\n"))
	f.Add([]byte("Resources: &r\n  F: {Type: 'AWS::Lambda::Function', Properties: {PackageType: Image, ImageConfig: {Command: [a.b]}}}\n  G: *r\n"))
	root := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, err := readTemplate(root, "template.yaml", append([]byte("#AWS::Lambda::Function\n"), data...))
		var ce *config.Error
		if err != nil && !errors.As(err, &ce) {
			t.Fatal(err)
		}
		parseDockerfile(data)
		topLevel(data)
	})
}
