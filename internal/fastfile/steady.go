package fastfile

import (
	"slices"

	"fastpath/internal/evidence"
)

// steady keeps the figures of the old file that did not really move, by the
// rule that the evidence has for its rows: profiling again must not change a
// file whose decisions stayed.
func steady(old, c *Content) {
	if old == nil {
		return
	}
	same := len(old.Imports) == len(c.Imports)
	for i := range c.Imports {
		imp := &c.Imports[i]
		was := sameImport(old, imp)
		if was == nil {
			same = false
			continue
		}
		if imp.Measured && was.Measured && !evidence.Moved(was.MS, imp.MS) {
			imp.MS = was.MS
		} else {
			same = false // the total is that of these lines
		}
		switch {
		case was.AddsAfter == imp.AddsAfter:
			if !evidence.Moved(was.AddsMS, imp.AddsMS) {
				imp.AddsMS = was.AddsMS
			}
		case was.AddsAfter == "" && !evidence.Moved(imp.MS, imp.AddsMS):
			// The line became only a little cheaper by its neighbours.
			imp.AddsAfter, imp.AddsMS = "", 0
		}
	}
	for i := range c.Kept {
		k := &c.Kept[i]
		for _, was := range old.Kept {
			if was.Module == k.Module && was.Measured && k.Measured && !evidence.Moved(was.MS, k.MS) {
				k.MS = was.MS
			}
		}
	}
	if same && old.Doc.Total && c.Doc.Total && !evidence.Moved(old.Doc.TotalMS, c.Doc.TotalMS) {
		c.Doc.TotalMS = old.Doc.TotalMS
	}
}

// sameImport returns the import of a file that is written like imp and stands
// in the same tier, or nil.
func sameImport(c *Content, imp *Import) *Import {
	for i := range c.Imports {
		if w := &c.Imports[i]; w.Tier == imp.Tier && w.From == imp.From && slices.EqualFunc(w.Names, imp.Names, func(a, b ImportName) bool {
			return a.Name == b.Name && a.AsName == b.AsName
		}) {
			return w
		}
	}
	return nil
}
