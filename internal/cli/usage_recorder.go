package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/atomicfile"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/recorder"
)

// usageRecorderOptions are the flags of usage recorder.
type usageRecorderOptions struct {
	output, layer, style string
	every                int
}

func (a *app) usageRecorderCommand() *cobra.Command {
	opt := usageRecorderOptions{style: "json", every: recorder.DefaultEvery}
	cmd := &cobra.Command{
		Use:   "recorder [ENTRY…] [--layer DIR]",
		Short: "write the recorder: Python to vendor, or a Lambda layer",
		Long: `Recorder writes two files: fastpath_recorder.py, which records in production which
modules requests use and which are loaded when, and fastpath_table.py, made from the
sources, which says what to watch. Import the first before everything else, or put
--layer's folder on a Lambda function, which needs no change of code.

One request in --every is watched; the others cost nothing to speak of. What is
written are module names, counts, milliseconds and the label of the request, as
JSON lines on stderr (docs/recorder.md); "fastpath usage ingest" reads them.
Write the files anew when the sources change: a file that is not the one in the
table is not watched. Nothing of yours is executed.`,
		Example: `  fastpath usage recorder
  fastpath usage recorder --layer build/fastpath-layer
  fastpath usage recorder --output src --every 1000`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runUsageRecorder(args, opt) },
	}
	f := cmd.Flags()
	f.StringVar(&opt.output, "output", "", "write both files into `DIR` (default: the import root of the entries)")
	f.StringVar(&opt.layer, "layer", "", "write a Lambda layer into `DIR` instead, with byte-code")
	f.IntVar(&opt.every, "every", opt.every, "watch one request in `N`")
	f.StringVar(&opt.style, "style", opt.style, "`STYLE` of the lines: json, or lines (\"Module used: NAME\" through logging, for every request)")
	return cmd
}

func (a *app) runUsageRecorder(args []string, opt usageRecorderOptions) error {
	switch {
	case opt.every < 1 || opt.every > 1_000_000:
		return usageErrorf("--every %d is out of range; allowed: 1 to 1000000", opt.every)
	case opt.style != "json" && opt.style != "lines":
		return usageErrorf("unknown style %q; allowed: json, lines", opt.style)
	case opt.layer != "" && opt.output != "":
		return usageErrorf("--layer and --output exclude each other; the layer has both files in it")
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return err
	}
	table, python, err := a.recorderTable(p, entries)
	if err != nil {
		return err
	}
	table.Every, table.Style = opt.every, opt.style
	if opt.layer != "" {
		return a.writeLayer(p, entries, table, python, opt.layer)
	}
	return a.writeRecorder(p, entries, table, opt.output)
}

// recorderTable makes the table of the entries' project from its sources.
func (a *app) recorderTable(p *project.Project, entries []project.Entry) (*recorder.Table, *interp.Interpreter, error) {
	s, err := a.openSources(p)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range s.notes {
		a.step("note: %s", note)
	}
	var programs []*graph.Program
	for _, e := range entries {
		prog, err := a.program(p, s, e)
		if err != nil {
			return nil, nil, err
		}
		if !slices.Contains(programs, prog) {
			programs = append(programs, prog)
		}
	}
	table, err := recorder.NewTable(programs)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		handler := e.Name
		if e.Kind == project.EntryHandler {
			handler = e.Module + "." + e.Attr
		}
		table.Entries = append(table.Entries, recorder.TableEntry{Handler: handler, Entry: e.Name, Workflow: p.Config.Entry[e.Name].Workflow})
	}
	slices.SortFunc(table.Entries, func(a, b recorder.TableEntry) int { return strings.Compare(a.Handler, b.Handler) })
	return table, s.interpreter, nil
}

// writeRecorder writes both files for vendoring and says how to use them.
func (a *app) writeRecorder(p *project.Project, entries []project.Entry, table *recorder.Table, output string) error {
	dir := p.Root
	if output != "" {
		dir = a.path(output)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return usageErrorf("--output %q is no folder; name the one that the program imports from", output)
		}
	} else if root := entries[0].ImportRoot; !slices.ContainsFunc(entries, func(e project.Entry) bool { return e.ImportRoot != root }) {
		dir = filepath.Join(p.Root, filepath.FromSlash(root))
	}
	for _, f := range []struct{ name, text string }{{recorder.RecorderFile, recorder.Source}, {recorder.TableFile, string(table.Python())}} {
		path := filepath.Join(dir, f.name)
		if err := atomicfile.Write(path, []byte(f.text)); err != nil {
			return err
		}
		fmt.Fprintf(a.Stdout, "wrote %s\n", a.shown(path))
	}
	a.recorderSummary(table)
	fmt.Fprint(a.Stdout, `
import it before everything else, and say where a request begins and ends:

  from fastpath_recorder import lambda_handler     # @lambda_handler
  from fastpath_recorder import wsgi, asgi         # app = wsgi(app)
  from fastpath_recorder import celery, command    # celery(), command()
  from fastpath_recorder import request            # with request("name"):

next: fastpath usage ingest LOGS
`)
	return nil
}

func (a *app) recorderSummary(table *recorder.Table) {
	fmt.Fprintf(a.Stdout, "%d %s watched for %d %s, one request in %d\n", table.Files(), plural(table.Files(), "file"),
		table.Modules(), plural(table.Modules(), "imported module"), table.Every)
}

// writeLayer writes the folder of a Lambda layer and the lines that attach it.
func (a *app) writeLayer(p *project.Project, entries []project.Entry, table *recorder.Table, python *interp.Interpreter, layer string) error {
	var pythons []string
	add := func(path string) {
		if path != "" && !slices.Contains(pythons, path) {
			pythons = append(pythons, path)
		}
	}
	for _, e := range entries { // the deployed version first
		if e.Python != "" && (python == nil || fmt.Sprintf("%d.%d", python.Version.Major, python.Version.Minor) != e.Python) {
			if i, err := interp.Find(interp.FindOptions{ProjectRoot: p.Root, Explicit: e.Python, Env: a.Env, Dir: a.Dir}); err == nil {
				add(i.Path)
			}
		}
	}
	if python != nil {
		add(python.Path)
	}
	dir := a.path(layer)
	l, err := recorder.WriteLayer(a.ctx, dir, table, pythons)
	if err != nil {
		return err
	}
	bytecode := "no byte-code: no interpreter; name the deployed one with --python, it saves several ms of every cold start"
	if len(l.Bytecode) > 0 {
		bytecode = "byte-code for " + strings.Join(l.Bytecode, ", ")
	}
	fmt.Fprintf(a.Stdout, "wrote the layer %s (%d KiB, %s)\n", a.shown(dir), (l.Bytes+1023)>>10, bytecode)
	a.recorderSummary(table)
	folder := filepath.ToSlash(a.shown(dir))
	if !filepath.IsAbs(folder) && !strings.HasPrefix(folder, ".") {
		folder = "./" + folder
	}
	fmt.Fprintf(a.Stdout, attachLayer, folder, recorder.WrapperName)
	return nil
}

// attachLayer are the lines that attach the layer %[1]s with the wrapper %[2]s.
const attachLayer = `
SAM, template.yaml:
  Resources:
    FastpathLayer:
      Type: AWS::Serverless::LayerVersion
      Properties:
        ContentUri: %[1]s
    YourFunction:
      Properties:
        Layers: [!Ref FastpathLayer]
        Environment:
          Variables:
            AWS_LAMBDA_EXEC_WRAPPER: /opt/%[2]s

CDK, Python:
  fn.add_layers(_lambda.LayerVersion(self, "Fastpath", code=_lambda.Code.from_asset("%[1]s")))
  fn.add_environment("AWS_LAMBDA_EXEC_WRAPPER", "/opt/%[2]s")

Terraform:
  data "archive_file" "fastpath" {
    type        = "zip"
    source_dir  = "%[1]s"
    output_path = "fastpath-layer.zip"
  }
  resource "aws_lambda_layer_version" "fastpath" {
    layer_name       = "fastpath"
    filename         = data.archive_file.fastpath.output_path
    source_code_hash = data.archive_file.fastpath.output_base64sha256
  }
  # in aws_lambda_function: layers = [aws_lambda_layer_version.fastpath.arn]
  # environment { variables = { AWS_LAMBDA_EXEC_WRAPPER = "/opt/%[2]s" } }

Dockerfile, AWS's base image:
  COPY %[1]s /opt/
  ENV AWS_LAMBDA_EXEC_WRAPPER=/opt/%[2]s

Where another layer has the wrapper (tracing), name it in FASTPATH_NEXT_WRAPPER.

next: fastpath usage ingest LOGS
`
