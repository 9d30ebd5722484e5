package scope

// Bindings calls yield for each name that the module binds, see Binds, with its
// uses, see Uses, in no particular order (range over func).
func (i *Info) Bindings() func(yield func(name string, uses []Use) bool) {
	return func(yield func(string, []Use) bool) {
		for k := 1; k < len(i.symbols); k++ {
			if s := &i.symbols[k]; s.scope == 0 && s.flags&(defBound|defByGlobal) != 0 && !yield(i.names.of(s.name), i.usesIn(s.name)) {
				return
			}
		}
	}
}
