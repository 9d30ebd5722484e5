package scope

// Bindings calls yield for each name that the module binds, see Binds, in no
// particular order (range over func).
func (i *Info) Bindings() func(yield func(name string) bool) {
	return func(yield func(string) bool) {
		for k := 1; k < len(i.symbols); k++ {
			if s := &i.symbols[k]; s.scope == 0 && s.flags&(defBound|defByGlobal) != 0 && !yield(i.names.of(s.name)) {
				return
			}
		}
	}
}
