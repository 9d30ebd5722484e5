package scope

// Bindings calls yield for each name that the module binds, see Binds, with its
// uses, see Uses, in no particular order (range over func). The text of a name is
// not to be changed, and only valid until the Analyzer that made i is used again.
func (i *Info) Bindings() func(yield func(name []byte, uses []Use) bool) {
	return func(yield func([]byte, []Use) bool) {
		for k := 1; k < len(i.symbols); k++ {
			if s := &i.symbols[k]; s.scope == 0 && s.flags&(defBound|defByGlobal) != 0 && !yield(i.names.view(s.name), i.usesIn(s.name)) {
				return
			}
		}
	}
}
