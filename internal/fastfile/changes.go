package fastfile

import "slices"

// Approvals returns all approvals in the file: those of its imports and those
// in its remarks and its docstring.
func (c *Content) Approvals() []Approval {
	var out []Approval
	for i := range c.Imports {
		out = append(out, c.Imports[i].Approvals()...)
	}
	for _, lines := range c.Remarks {
		out = append(out, approvalsIn(lines)...)
	}
	return append(out, approvalsIn(c.Doc.Extra)...)
}

func approvalsIn(lines []string) []Approval {
	return (&Import{Notes: lines}).Approvals()
}

// Statements returns the imports of the file, one statement a name, sorted:
// what is left when figures, order and comments are taken away.
func (c *Content) Statements() []string {
	var out []string
	for i := range c.Imports {
		for _, n := range c.Imports[i].Names {
			text := "import " + n.Name
			if from := c.Imports[i].From; from != "" {
				text = "from " + from + " import " + n.Name
			}
			if n.AsName != "" && n.AsName != n.Name {
				text += " as " + n.AsName
			}
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
