package check

import (
	"fmt"
	"path"

	"fastpath/internal/diag"
)

var fp405 = &rule{
	Rule: diag.Rule{
		ID: "FP405", Severity: diag.Error, Since: "0.1.0", Language: "sh",
		Title: "the deployment would not contain the fast path file",
		Text: `A deployment that names its files one by one has the handler and not the fast path file, which the handler imports: the first start
after the deployment fails with ModuleNotFoundError. The rule reads COPY in Dockerfiles with .dockerignore, package.patterns in
serverless.yml, archive_file in Terraform, and what pyproject.toml lets a wheel have. It speaks only where the deployment has the handler.

Add the file, or copy the folder.`,
		Before: `# Dockerfile
COPY lambda_function.py ${LAMBDA_TASK_ROOT}`,
		After: `# Dockerfile
COPY lambda_function.py fast_path.py ${LAMBDA_TASK_ROOT}`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || p.Deployment == nil {
			return
		}
		for _, o := range p.Deployment.Omissions(p.entry.File, p.entry.Entry.FastPath) {
			p.report(diag.Diagnostic{
				Span:    diag.Span{File: o.File, Line: o.Line, Column: 1, EndLine: o.Line, EndColumn: 1},
				Message: fmt.Sprintf("%s has %s and not %s, which it imports", o.What, path.Base(p.entry.File), p.entry.Entry.FastPath),
				Help:    []string{"add " + p.entry.Entry.FastPath},
			}, "")
		}
	},
}
