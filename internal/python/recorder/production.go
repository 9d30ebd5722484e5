package recorder

import (
	_ "embed"
	"os"
	"path/filepath"
)

// The files that a program imports to be recorded.
const (
	RecorderFile = "fastpath_recorder.py"
	TableFile    = "fastpath_table.py"
)

// Source is the production recorder, the content of RecorderFile.
//
//go:embed fastpath_recorder.py
var Source string

//go:embed sitecustomize.py
var siteSource string

// DefaultEvery is the sampling rate that tables name unless told otherwise.
const DefaultEvery = 100

// TableVersion is the version of the table's form; the recorder reads no other.
const TableVersion = 2

// LineFormat is the version of the recorder's lines.
const LineFormat = 1

// WriteInjection writes into dir what starts the recorder in every Python
// process that has dir at the head of its PYTHONPATH, without a change of the program.
func WriteInjection(dir string, table *Table) error {
	for name, text := range map[string]string{
		"sitecustomize.py": siteSource, RecorderFile: Source, TableFile: string(table.Python()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
