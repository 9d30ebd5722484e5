package project

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/testtree"
)

const emptyHandler = "def handler(event, context): ...\n"

// Every kind of deployment file gives its entries, with the import root, the
// version of Python, the memory, the platform and how processes start.
func TestDeployments(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"serverless": {
			map[string]string{
				"serverless.yml": "provider:\n  name: aws\n  runtime: python3.12\n  memorySize: 512\nfunctions:\n  a:\n    handler: src/users.handler\n    snapStart: true\n" +
					"  b:\n    handler: handler.handler\n    module: svc\n    memorySize: 2048\n    provisionedConcurrency: 3\n  node:\n    handler: x.handler\n    runtime: nodejs20.x\n",
				"src/users.py": emptyHandler, "svc/handler.py": emptyHandler,
			},
			[]string{"src.users:handler . 3.12 512 lambda snap-start serverless.yml:7", "handler:handler svc 3.12 2048 lambda provisioned-concurrency serverless.yml:10"},
		},
		"serverless list and wsgi": {
			map[string]string{
				"serverless.yml": "provider: {runtime: python3.11}\ncustom: {wsgi: {app: app.app}}\nfunctions:\n  - api: {handler: wsgi_handler.handler}\n",
				"app.py":         "app = object()\n",
			},
			[]string{"app:app . 3.11 1024 lambda  serverless.yml:4"},
		},
		"terraform": {
			map[string]string{
				"infra/main.tf": "data \"archive_file\" \"code\" {\n  type       = \"zip\"\n  source_dir = \"${path.module}/../src\"\n}\nresource \"aws_lambda_function\" \"f\" {\n" +
					"  filename    = data.archive_file.code.output_path\n  handler     = \"app.handler\"\n  runtime     = \"python3.13\"\n  memory_size = 1024\n  snap_start {\n    apply_on = \"PublishedVersions\"\n  }\n}\n" +
					"module \"g\" {\n  source      = \"terraform-aws-modules/lambda/aws\"\n  handler     = \"job.handler\"\n  runtime     = \"python3.12\"\n  source_path = \"../jobs\"\n}\n" +
					"resource \"aws_lambda_function\" \"go\" {\n  handler = \"bootstrap\"\n  runtime = \"provided.al2023\"\n}\n",
				"src/app.py": emptyHandler, "jobs/job.py": emptyHandler,
			},
			[]string{"app:handler src 3.13 1024 lambda snap-start infra/main.tf:7", "job:handler jobs 3.12 128 lambda  infra/main.tf:16"},
		},
		"cdk": {
			map[string]string{
				"cdk.out/App.template.json": `{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "index.handler", "Runtime": "python3.12", "MemorySize": 256,
"Code": {"S3Bucket": "b", "S3Key": "abc.zip"}}, "Metadata": {"aws:asset:path": "asset.abc", "aws:asset:property": "Code"}}}}`,
				"cdk.out/asset.abc/index.py": emptyHandler, "lambda/orders/index.py": emptyHandler, "lambda/other/index.py": "def handler(e, c): return 1\n",
			},
			[]string{"index:handler lambda/orders 3.12 256 lambda  cdk.out/App.template.json:1"},
		},
		"chalice": {
			map[string]string{
				".chalice/config.json": `{"version": "2.0", "stages": {"dev": {"lambda_memory_size": 512}}}`,
				"app.py":               "from chalice import Chalice\napp = Chalice(app_name='x')\n\n\n@app.route('/')\ndef index(): ...\n\n\n@app.schedule('rate(1 hour)')\ndef tick(event): ...\n",
			},
			[]string{"app:app . - 512 lambda  .chalice/config.json", "app:tick . - 512 lambda  .chalice/config.json"},
		},
		"zappa": {
			map[string]string{
				"zappa_settings.json": "{\n  \"dev\": {\"app_function\": \"web.app\", \"runtime\": \"python3.11\", \"events\": [{\"function\": \"jobs.nightly\"}]},\n  \"prod\": {\"app_function\": \"web.app\"}\n}\n",
				"web.py":              "app = object()\n", "jobs.py": "def nightly(event, context): ...\n",
			},
			[]string{"web:app . 3.11 512 lambda  zappa_settings.json:2", "jobs:nightly . 3.11 512 lambda  zappa_settings.json:2"},
		},
		"dockerfile of a function": {
			map[string]string{"Dockerfile": "FROM public.ecr.aws/lambda/python:3.12\nCOPY src/ ${LAMBDA_TASK_ROOT}\nCMD [\"app.handler\"]\n", "src/app.py": emptyHandler},
			[]string{"app:handler src 3.12 128 lambda  Dockerfile:3"},
		},
		"dockerfile with the client": {
			map[string]string{"Dockerfile": "FROM python:3.13-slim\nCOPY app.py .\nENTRYPOINT [\"/usr/local/bin/python\", \"-m\", \"awslambdaric\"]\nCMD [\"app.handler\"]\n", "app.py": emptyHandler},
			[]string{"app:handler . 3.13 128 lambda  Dockerfile:4"},
		},
		"dockerfile of a server": {
			map[string]string{"Dockerfile": "FROM python:3.12 AS build\nFROM python:3.13\nCMD exec gunicorn --preload -b :8080 'shop.web:create_app()'\n", "shop/__init__.py": "", "shop/web.py": "def create_app(): ...\n"},
			[]string{"shop.web:create_app . 3.13 512 server pre-fork Dockerfile:3"},
		},
		"procfile, celery": {
			map[string]string{
				"Procfile": "web: PORT=1 uvicorn api:app --app-dir service\nworker: celery -A proj worker -l info\nother: ./run.sh\n", "service/api.py": "app = object()\n",
				"proj/__init__.py": "from .celery import app as celery_app\n", "proj/celery.py": "app = object()\n",
			},
			[]string{"api:app service - 512 server  Procfile:1", "proj.celery:app . - 512 server pre-fork Procfile:2"},
		},
		"functions-framework": {
			map[string]string{"Procfile": "web: functions-framework --target=hello --source=fn/main.py\n", "fn/main.py": "def hello(request): ...\n"},
			[]string{"main:hello fn - 512 container  Procfile:1"},
		},
		"django": {
			map[string]string{
				"manage.py":         "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n",
				"site1/settings.py": "", "site1/__init__.py": "", "site1/wsgi.py": "application = object()\n",
			},
			[]string{"site1.wsgi:application . - 512 server  manage.py"},
		},
		"setup.cfg and setup.py": {
			map[string]string{
				"setup.cfg":       "[metadata]\nname = x\n\n[options.entry_points]\nconsole_scripts =\n    tool = pkg.cli:main\nother =\n    no = pkg.x:y\n",
				"setup.py":        "from setuptools import setup\nsetup(entry_points={\n    'console_scripts': [\n        'old = pkg.cli:main',\n    ]})\n",
				"pkg/__init__.py": "", "pkg/cli.py": "def main(): ...\n",
			},
			[]string{"console:old . - 512 cli  setup.py:4", "console:tool . - 512 cli  setup.cfg:6"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			testtree.Write(t, dir, tt.files)
			p, err := Open(dir, true)
			if err != nil {
				t.Fatal(err)
			}
			entries, problems, err := p.Discover()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				python := e.Python
				if python == "" {
					python = "-"
				}
				got = append(got, fmt.Sprintf("%s %s %s %v %s %s %s", e.Name, e.ImportRoot, python, e.MemoryMB, e.Platform, e.Start, e.Source))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s\n%v", d, problems)
			}
		})
	}
}

// What is wrong is said with its place, and nothing stops.
func TestDeploymentProblems(t *testing.T) {
	dir := t.TempDir()
	testtree.Write(t, dir, map[string]string{
		"serverless.yml":          "provider: {runtime: python3.12}\nfunctions:\n  a: {handler: \"${self:custom.h}\"}\n  b: {handler: missing.handler}\n  c: ${file(more.yml)}\n",
		"zappa_settings.json":     "{\"dev\": ",
		".chalice/config.json":    "{}",
		"Procfile":                "web: gunicorn\n: \nx: celery -A\n",
		"Dockerfile":              "CMD\nENTRYPOINT [\n",
		"main.tf":                 "resource \"aws_lambda_function\" \"f\" {\n",
		"cdk.out/a.template.json": "{",
	})
	p, err := Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	entries, problems, err := p.Discover()
	if err != nil || len(entries) > 0 {
		t.Fatalf("%v, %v", entries, err)
	}
	var got []string
	for _, pr := range problems {
		got = append(got, fmt.Sprintf("%s:%d: %s", pr.File, pr.Line, pr.Message))
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{
		`serverless.yml:3: function "a": its handler is only known when it is deployed; name the entry by hand`,
		`serverless.yml:4: function "b": its handler "missing.handler": there is no module "missing" below "."`,
		`serverless.yml:5: function "c" stands in another file; name its entry by hand`,
		"zappa_settings.json:0: it does not parse: ",
		".chalice/config.json:0: there is no app.py beside the folder .chalice",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no problem %q in\n%s", want, text)
		}
	}
}
