package syntax

// crowd is a statement and the number of blocks that the compiler has open in
// it.
type crowd struct {
	node  NodeID
	count int
}

// blocks counts the blocks that the compiler has open in n, as CPython counts
// them: it has room for about 20.
func (c *checker) blocks(n NodeID) {
	f := c.f
	inHandler := 2
	if c.older(9) {
		inHandler = 1
	}
	count := 0
	switch f.Kind(n) {
	case For, While:
		count = 1
	case Try:
		count = min(1, c.count(n, Handler)) + c.count(n, Finally)
	case With:
		count = c.count(n, WithItem)
	case Handler:
		count = inHandler
	}
	for child, p := n, f.Parent(n); ; child, p = p, f.Parent(p) {
		k := f.Kind(child)
		switch f.Kind(p) {
		case FunctionDef, ClassDef, Module:
			if count > 20 {
				c.crowded = append(c.crowded, crowd{n, count})
			}
			return
		case For, While:
			if k == Block {
				count++
			}
		case With:
			count += c.count(p, WithItem)
		case Handler:
			count += inHandler
		case Try:
			if k == Finally || f.Child(p, Finally) != None {
				count++
			}
			if k == Block && f.Child(p, Handler) != None {
				count++
			}
		}
	}
}

// count returns the number of children of a kind.
func (c *checker) count(n NodeID, k Kind) int {
	count := 0
	for ch := range c.f.Children(n) {
		if c.f.Kind(ch) == k {
			count++
		}
	}
	return count
}
