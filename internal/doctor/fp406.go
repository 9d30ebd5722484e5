package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fastpath/internal/deploy"
	"fastpath/internal/diag"
)

const (
	// pathShare is what a folder before site-packages adds to the import time,
	// as a share: each is searched for every installed module.
	pathShare = 0.01
	// pathLong is how many such folders are worth a remark, pathTooLong a warning.
	pathLong, pathTooLong = 3, 8
)

var fp406 = &rule{
	Rule: diag.Rule{
		ID: "FP406", Severity: diag.Warning, Since: "0.1.0", Language: "sh",
		Title: "a long search path in front of site-packages",
		Text: `Every folder of PYTHONPATH is searched before the installed packages, for each of their modules. A folder costs about 1% of all import
time, whether it holds anything or not, and also when it does not exist.

Install what lies there, or put the folders behind site-packages in a .pth file with plain paths. Three folders are a remark, eight a
warning.`,
		Before: `export PYTHONPATH=/app:/app/src:/app/lib:/app/vendor:/app/plugins:/opt/a:/opt/b:/opt/c`,
		After:  `pip install /app /app/plugins`,
	},
	check: func(p *pass) {
		_, total := p.total()
		for _, s := range p.settings("PYTHONPATH") {
			separator := string(os.PathListSeparator)
			if !s.shell {
				separator = ":" // it runs on Linux
			}
			var dirs, missing []string
			for _, dir := range strings.Split(s.Value, separator) {
				if dir = strings.TrimSpace(dir); dir == "" {
					continue
				}
				dirs = append(dirs, dir)
				if _, err := os.Stat(filepath.Join(p.Root, dir)); err != nil && s.shell {
					if _, err := os.Stat(dir); err != nil {
						missing = append(missing, dir)
					}
				}
			}
			if len(dirs) < pathLong {
				continue
			}
			d := diag.Diagnostic{Span: s.span, CostMS: total * pathShare * float64(len(dirs)), Help: []string{"install what lies in these folders, and remove them from PYTHONPATH"}}
			if len(dirs) < pathTooLong {
				d.Severity = diag.Info
			}
			d.Message = fmt.Sprintf("PYTHONPATH %s puts %s in front of site-packages%s", s.where, counted(len(dirs), "folder"), about(d.CostMS, "a start"))
			if d.CostMS > 0 {
				d.Notes = append(d.Notes, "estimated: about 1% of the measured import time for each")
			}
			if len(missing) > 0 {
				d.Notes = append(d.Notes, "these do not exist: "+some(missing, 4))
			}
			p.report(d)
		}
	},
}

// rangesShare is what missing column ranges cost, as a share of import time:
// the byte-code has them, and unmarshalling drops them one by one.
const rangesShare = 0.06

var fp407 = &rule{
	Rule: diag.Rule{
		ID: "FP407", Severity: diag.Warning, Since: "0.1.0", Language: "sh",
		Title: "no_debug_ranges makes imports slower",
		Text: `PYTHONNODEBUGRANGES and -X no_debug_ranges (3.11 and later) drop the columns of tracebacks to save memory. Byte-code that has them must
then be rebuilt while it is read, which adds about 6% to imports.

Remove the setting. Where the memory matters more, compile under it as well, so that the byte-code comes without columns.`,
		Before: `ENV PYTHONNODEBUGRANGES=1`,
		After:  `# nothing: columns of tracebacks cost nothing at run time`,
	},
	check: func(p *pass) {
		if p.Interpreter != nil && p.Interpreter.Version.Major == 3 && p.Interpreter.Version.Minor < 11 {
			return
		}
		_, total := p.total()
		report := func(span diag.Span, what string) {
			d := diag.Diagnostic{Span: span, CostMS: total * rangesShare, Help: []string{"remove it"}}
			d.Message = what + ": byte-code is rebuilt without columns while it is read" + about(d.CostMS, "a start")
			if d.CostMS > 0 {
				d.Notes = []string{"estimated: about 6% of the measured import time"}
			}
			p.report(d)
		}
		for _, s := range p.settings("PYTHONNODEBUGRANGES") {
			report(s.span, "PYTHONNODEBUGRANGES is set "+s.where)
		}
		for _, o := range p.Deployment.Options {
			if o.Name == "no_debug_ranges" {
				report(p.deployed(o.Place), "the command has -X no_debug_ranges")
			}
		}
	},
}

// deployed is a line of a deployment file.
func (in *Input) deployed(at deploy.Place) diag.Span {
	return in.place(filepath.Join(in.Root, filepath.FromSlash(at.File)), at.Line)
}
