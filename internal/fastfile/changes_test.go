package fastfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStatementsAndApprovals(t *testing.T) {
	c := Parse([]byte(`"""
Fast Path: Minimum imports for cold start optimization.

approved: Di, 2026-10-01
"""

# approved: Ann Lee, 2026-10-02
import os.path, json as js  # 0.8ms
from os import (  # 0.1ms (approved: Bo, 2026-10-03)
    path,
    sep as sep,
)

# approved: Cy, 2026-10-04

__all__ = ["js", "os", "path", "sep"]
`))
	if d := cmp.Diff([]string{"from os import path", "from os import sep", "import json as js", "import os.path"}, c.Statements()); d != "" {
		t.Error(d)
	}
	var by []string
	for _, a := range c.Approvals() {
		by = append(by, a.By)
	}
	if d := cmp.Diff([]string{"Ann Lee", "Bo", "Cy", "Di"}, by); d != "" {
		t.Error(d)
	}
}
