package fastfile

import (
	"sort"
	"strings"
)

// Merge returns the newly computed content with what people wrote into the
// old file: notes, remarks, approvals, lines of history, text behind the
// figures, other code, and the order of the lines. An import that is no longer
// listed leaves a line of history, dated with the new profile's day. With a
// nil old, new is returned with its imports in tier order.
func Merge(old *Content, new Content) Content {
	c := new
	c.Imports = append([]Import(nil), new.Imports...)
	if old == nil {
		sortTiers(c.Imports, nil)
		return c
	}
	c.NewLine, c.BOM = old.NewLine, old.BOM
	c.Doc.Extra = old.Doc.Extra
	c.Prologue, c.Other = old.Prologue, old.Other
	for s := range old.Remarks {
		c.Remarks[s] = append([]string(nil), old.Remarks[s]...)
	}
	taken := map[int]bool{} // old imports whose people's text has a new home
	order := map[string]int{}
	for i := range c.Imports {
		imp := &c.Imports[i]
		for j := range old.Imports {
			if !taken[j] && sharesName(imp, &old.Imports[j]) {
				taken[j] = true
				carry(imp, &old.Imports[j])
			}
		}
	}
	for j := range old.Imports {
		for _, n := range old.Imports[j].Names {
			order[n.Binds()] = j
		}
		if !taken[j] {
			leave(&c, &old.Imports[j], new.Doc.Profile.Date)
		}
	}
	sortTiers(c.Imports, order)
	return c
}

// sortTiers puts light imports first; within a tier known names keep the
// order of the old file and new ones follow in the order given.
func sortTiers(imports []Import, order map[string]int) {
	rank := func(i *Import) int {
		for _, n := range i.Names {
			if at, ok := order[n.Binds()]; ok {
				return at
			}
		}
		return int(^uint(0) >> 1)
	}
	sort.SliceStable(imports, func(i, j int) bool {
		if imports[i].Tier != imports[j].Tier {
			return imports[i].Tier < imports[j].Tier
		}
		return rank(&imports[i]) < rank(&imports[j])
	})
}

// sharesName reports whether two imports bind a name in common.
func sharesName(a, b *Import) bool {
	for _, n := range a.Names {
		for _, m := range b.Names {
			if n.Binds() == m.Binds() {
				return true
			}
		}
	}
	return false
}

// carry hands what people wrote at an old import over to the new one.
func carry(imp, old *Import) {
	imp.Notes = append(append([]string(nil), old.Notes...), imp.Notes...)
	imp.After = append(append([]string(nil), old.After...), imp.After...)
	imp.Comments = append(append([]string(nil), old.Comments...), imp.Comments...)
	if !old.Measured && imp.Measured && old.Extra != "" {
		imp.Extra += "  # " + old.Extra // figures now stand before it
	} else {
		imp.Extra += old.Extra
	}
	if old.ours() {
		return
	}
	switch { // the reason is a person's
	case imp.Reason == "":
		imp.Reason = old.Reason
	case imp.Reason != old.Reason:
		imp.Extra = " (" + old.Reason + ")" + imp.Extra
	}
}

// leave records that an import is gone: what stood above it stays as prose in
// the section of its tier, code that followed it moves to the import before.
func leave(c *Content, old *Import, date string) {
	s := SectionTier1
	if old.Tier == Exception {
		s = SectionTier2
	}
	var group []string
	for _, n := range old.Notes {
		if n != " " {
			group = append(group, n)
		}
	}
	if date != "" {
		var names []string
		for _, n := range old.Names {
			names = append(names, n.Name)
		}
		line := date + ": " + strings.Join(names, ", ") + " removed"
		if old.UsageKnown {
			line += ", " + FormatUsage(old.Usage)
		}
		group = append(group, line)
	}
	if len(group) > 0 {
		to := &c.Remarks[s]
		if n := len(*to); n > 0 && !IsHistory((*to)[n-1]) {
			*to = append(*to, "")
		}
		*to = append(*to, group...)
	}
	if len(old.After) > 0 {
		c.Prologue = append(append([]string(nil), c.Prologue...), old.After...)
	}
}
