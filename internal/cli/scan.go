package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/check"
	"fastpath/internal/config"
	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
	"fastpath/internal/term"
)

// scanOptions are the flags of scan.
type scanOptions struct {
	paths  []string
	target string
}

func (a *app) scanCommand() *cobra.Command {
	var opt scanOptions
	cmd := &cobra.Command{
		Use:   "scan [PATH…]",
		Short: "every import statement: where it runs, what it binds and resolves to, whether it is used at import",
		Long: `Scan lists every import statement of the project, or of the files and folders
named by PATH: where it stands and when it runs, the names that it binds, what they
resolve to, and whether a name is used while its module is being imported (then
moving the import into a function would break the module, or save nothing).

A folder stands for every .py file below it, except in .git, __pycache__,
node_modules and virtual environments. Nothing is executed, and no interpreter is
needed: without one, installed packages are reported as missing.

It exits with 1 when a file does not parse; its imports are listed as far as they
can be read.`,
		Example: `  fastpath scan
  fastpath scan src/interfaces --format json
  fastpath scan --target 3.9`,
		RunE: func(_ *cobra.Command, args []string) error {
			opt.paths = args
			return a.runScan(opt)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.format, "format", "text", "text or json")
	f.StringVar(&opt.target, "target", "", "language version `X.Y` (default: that of the interpreter, else the lowest of requires-python, else the newest)")
	return cmd
}

// scanImport is one import statement.
type scanImport struct {
	File      string     `json:"file"`
	Line      int        `json:"line"`
	Column    int        `json:"column"`
	EndLine   int        `json:"end_line"`
	EndColumn int        `json:"end_column"`
	Kind      string     `json:"kind"` // "import" or "from"
	Level     int        `json:"level"`
	Module    string     `json:"module,omitempty"` // of a from-import, without the dots
	Lazy      bool       `json:"lazy"`
	Names     []scanName `json:"names"`
	Scope     string     `json:"scope"`
	Qualname  string     `json:"qualname"`
	Runs      string     `json:"runs"`
	Context   []string   `json:"context"`
}

// scanName is one name that the statement binds.
type scanName struct {
	Name         string       `json:"name"`
	AsName       string       `json:"asname,omitempty"`
	Binds        string       `json:"binds"`
	UsedAtImport bool         `json:"used_at_import"`
	Uses         int          `json:"uses"`
	Resolved     scanResolved `json:"resolved"`

	why  string // of UsedAtImport, and
	line int    // the line, 0 when it is in another file
}

type scanResolved struct {
	Module string       `json:"module"`
	Kind   resolve.Kind `json:"kind"`
	Path   string       `json:"path,omitempty"`
	// Runtime is the code that may find a missing module at run time.
	Runtime string `json:"runtime,omitempty"`
}

// scanMemory returns a soft limit for the memory of a scan, in bytes, at which the
// collector begins to work: what is in use comes close to it in the end, so that
// it would have worked for nothing before. A file takes about 5 KB once its tree
// is gone. The pages of the program itself, and what the collector is late with,
// come on top.
func scanMemory(files int) int64 { return 34<<20 + int64(files)*6000 }

func (a *app) runScan(opt scanOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for scan; allowed: text, json", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	version, err := targetVersion(opt.target)
	if err != nil {
		return err
	}
	p, err := a.scanProject(opt)
	if err != nil {
		return err
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	if os.Getenv("GOGC") == "" { // nothing is collected below the limit
		defer func(usual int) { debug.SetGCPercent(usual) }(debug.SetGCPercent(-1))
	}
	prog, files, err := a.scanProgram(p, opt.paths, version)
	if err != nil {
		return err
	}
	findings := brokenFiles(prog, files)
	out := a.newScanPrinter(t, p.Root)
	out.files(prog, slices.DeleteFunc(slices.Clone(prog.Modules), func(m *graph.Module) bool { return !files[m.File] }))
	if err := out.end(findings, len(files)); err != nil {
		return err
	}
	if len(findings) > 0 {
		return errFindings
	}
	return nil
}

// scanPrinter prints what scan finds, file by file: all imports of a large tree
// are never in memory together.
type scanPrinter interface {
	files(prog *graph.Program, modules []*graph.Module)
	end(findings []diag.Diagnostic, files int) error
}

func (a *app) newScanPrinter(t *term.Terminal, root string) scanPrinter {
	if a.format == "json" {
		return newScanJSON(a.Stdout, a.envelopeFor("scan", root))
	}
	return &scanText{w: bufio.NewWriter(a.Stdout), term: t, quiet: a.quiet}
}

// brokenFiles returns the findings about files that do not parse or cannot be
// read.
func brokenFiles(prog *graph.Program, files map[string]bool) []diag.Diagnostic {
	var findings []diag.Diagnostic
	for _, m := range prog.Modules {
		if d := check.Broken(m); d != nil && files[m.File] {
			findings = append(findings, *d)
		}
	}
	for _, pr := range prog.Problems {
		if files[pr.File] && !pr.Gone {
			findings = append(findings, diag.Diagnostic{
				Rule: "FP901", Severity: diag.Error, Span: diag.Span{File: pr.File, Line: 1, Column: 1, EndLine: 1, EndColumn: 1},
				Message: "cannot be read: " + pr.Message, Help: []string{"make it readable, or leave it out"},
			})
		}
	}
	diag.Sort(findings)
	return findings
}

// targetVersion reads --target; the zero version stands for none.
func targetVersion(text string) (syntax.Version, error) {
	var v syntax.Version
	if text == "" {
		return v, nil
	}
	var rest string
	n, _ := fmt.Sscanf(text, "%d.%d%s", &v.Major, &v.Minor, &rest)
	if n != 2 || v.Less(syntax.Version{Major: 3, Minor: 8}) || syntax.Latest.Less(v) {
		return v, usageErrorf("--target %q is not a version that can be read; allowed: 3.8 to %d.%d", text, syntax.Latest.Major, syntax.Latest.Minor)
	}
	return v, nil
}

// scanProject opens the project. A scan of given paths needs nothing of the
// configuration, so that a mistake in it is only worth a warning then.
func (a *app) scanProject(opt scanOptions) (*project.Project, error) {
	p, err := a.openProject()
	if err == nil || len(opt.paths) == 0 || a.project != "" {
		return p, err
	}
	var coded *exitError
	if !errors.As(err, &coded) {
		return nil, err
	}
	a.step("warning: the configuration is left out of account: %v", err)
	return &project.Project{Root: project.FindRoot(a.Dir), Config: config.Default()}, nil
}

// scanProgram loads the project and the files that paths name; files are those
// to be reported.
func (a *app) scanProgram(p *project.Project, paths []string, version syntax.Version) (*graph.Program, map[string]bool, error) {
	roots := p.ImportRoots()
	var list, extra []string
	if len(paths) == 0 {
		sources, err := p.Sources()
		if err != nil {
			return nil, nil, err
		}
		list = sources
	} else {
		abs := make([]string, len(paths))
		for k, arg := range paths {
			abs[k] = a.path(arg)
			info, err := os.Stat(abs[k])
			if err != nil {
				return nil, nil, usageErrorf("%q does not exist; name a file or a folder", arg)
			}
			if r := a.inRoot(p.Root, abs[k]); info.IsDir() && !slices.Contains(roots, r) {
				roots = append(roots, r)
			}
		}
		var err error
		if list, err = project.Listing(p.Root, abs); err != nil {
			return nil, nil, err
		}
		// Other files of the project may use the names of these.
		if p.Config.Path != "" {
			if extra, err = p.Sources(); err != nil {
				return nil, nil, err
			}
		}
	}
	files := make(map[string]bool, len(list))
	for _, f := range list {
		files[f] = true
	}
	i, err := a.interpreter(p)
	if err != nil {
		if a.python != "" {
			return nil, nil, err
		}
		i = nil
		if a.verbose {
			a.step("note: no interpreter found, installed packages are not resolved")
		}
	}
	if version == (syntax.Version{}) {
		if version = requiredVersion(p); i != nil {
			version = i.Version
		}
	}
	folders := make([]string, len(roots))
	for k, r := range roots {
		folders[k] = filepath.FromSlash(r)
		if !filepath.IsAbs(folders[k]) {
			folders[k] = filepath.Join(p.Root, folders[k])
		}
	}
	debug.SetMemoryLimit(scanMemory(len(list) + len(extra)))
	prog, err := graph.Load(a.ctx, graph.LoadOptions{
		Root: p.Root, Files: append(list, extra...), ImportRoots: roots, Version: version, Resolver: resolve.New(folders, i), Lean: true,
		Unexplained: a.format == "json",
	})
	return prog, files, err
}

// inRoot returns a path relative to the root when it is inside, "." for the
// root itself.
func (a *app) inRoot(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}

// scanLister lists the import statements of one file after the other. It keeps
// its memory.
type scanLister struct {
	reader  *graph.ImportReader
	imports []scanImport
	names   []scanName
}

// list returns the import statements of a file in source order, until it is
// called again.
func (l *scanLister) list(prog *graph.Program, m *graph.Module) []scanImport {
	if l.reader == nil {
		l.reader = prog.ImportReader()
	}
	l.imports, l.names = l.imports[:0], l.names[:0]
	last, first := syntax.None, 0
	for imp := range l.reader.Each(m) {
		if imp.Stmt != last {
			last, first = imp.Stmt, len(l.names)
			s := scanImport{
				File: m.File, Line: imp.Line, Column: imp.Column, EndLine: imp.EndLine, EndColumn: imp.EndColumn,
				Kind: "import", Level: imp.Level, Scope: imp.Scope, Qualname: imp.Qualname, Runs: imp.Runs, Context: imp.Context,
			}
			if imp.IsFrom {
				s.Kind, s.Module = "from", imp.Module[imp.Level:]
			}
			l.imports = append(l.imports, s)
		}
		l.names = append(l.names, scanName{
			Name: imp.Name, AsName: imp.AsName, Binds: imp.Binds, UsedAtImport: imp.UsedAtImport, Uses: imp.Uses, why: imp.UsedAtWhy, line: imp.UsedAtLine,
			Resolved: scanResolved{Module: imp.Target, Kind: imp.Kind, Path: imp.Path, Runtime: imp.Runtime},
		})
		s := &l.imports[len(l.imports)-1]
		s.Lazy = s.Lazy || imp.Lazy
		s.Names = l.names[first:]
	}
	return l.imports
}
