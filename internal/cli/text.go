package cli

// plural returns the form of a word that goes with n; many is one with an
// "s" unless it is given.
func plural(n int, one string, many ...string) string {
	switch {
	case n == 1:
		return one
	case len(many) > 0:
		return many[0]
	}
	return one + "s"
}
