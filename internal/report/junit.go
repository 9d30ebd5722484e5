package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"fastpath/internal/diag"
)

// JUnit prints findings as the XML of JUnit, which build servers show as test
// results: an error or a warning is a test that failed, a remark one that
// passed and had something to say.
type JUnit struct {
	Name string // of the suite, "fastpath check"
}

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// Print writes one suite with a test for each finding, or one that passed
// where there is none.
func (j *JUnit) Print(w io.Writer, ds []diag.Diagnostic) error {
	s := junitSuite{Name: j.Name, Cases: []junitCase{}}
	for i := range ds {
		d := &ds[i]
		c := junitCase{Name: fmt.Sprintf("[%s] %s", d.Rule, place(d.Span)), Class: d.Span.File, File: d.Span.File, Line: d.Span.Line}
		text := strings.Join(explained(d), "\n")
		if d.Severity >= diag.Warning {
			s.Failures++
			c.Failure = &junitFailure{Message: d.Message, Type: d.Severity.String(), Text: text}
		} else {
			c.Output = text
		}
		s.Cases = append(s.Cases, c)
	}
	if len(ds) == 0 {
		s.Cases = append(s.Cases, junitCase{Name: "no findings", Class: j.Name})
	}
	s.Tests = len(s.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Name: j.Name, Tests: s.Tests, Failures: s.Failures, Suite: s}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
