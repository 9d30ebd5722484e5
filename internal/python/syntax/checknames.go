package syntax

import "encoding/binary"

// keywords checks that no keyword argument is repeated.
func (c *checker) keywords(args NodeID) {
	f := c.f
	var few [8]NodeID
	names := few[:0]
	for a := f.Nodes[args].First; a != None; a = f.Nodes[a].Next {
		if name := f.Nodes[a].First; f.Nodes[name].Kind == Ident {
			names = append(names, name)
		}
	}
	c.repeated(names, "keyword argument repeated: %s")
}

// duplicates checks the names of parameters.
func (c *checker) duplicates(params NodeID, message string) {
	f := c.f
	var few [8]NodeID
	names := few[:0]
	for p := f.Nodes[params].First; p != None; p = f.Nodes[p].Next {
		names = append(names, f.Nodes[p].First)
	}
	c.repeated(names, message)
}

// repeated reports the nodes whose names were among those before.
func (c *checker) repeated(names []NodeID, message string) {
	f := c.f
	if len(names) > 16 {
		seen := make(map[string]bool, len(names))
		for _, n := range names {
			name := f.NameText(n)
			if seen[name] {
				c.error(n, message, name)
			}
			seen[name] = true
		}
		return
	}
	if len(names) < 2 {
		return
	}
	var keys [16]uint64
	for i, n := range names {
		keys[i] = f.nameKey(&f.Nodes[n])
		for j, key := range keys[:i] {
			if (key == keys[i] || key == 0 || keys[i] == 0) && f.sameName(n, names[j]) {
				c.error(n, message, f.NameText(n))
				break
			}
		}
	}
}

// mayRepeat reports whether two siblings, Param or Arg, may have the same name as
// their first child; check then compares them.
func (p *parser) mayRepeat(n NodeID) bool {
	seen := uint64(0)
	for n != None {
		d := &p.nodes[n]
		if name := &p.nodes[d.First]; name.Kind == Ident {
			key := p.file.nameKey(name)
			bit := uint64(1) << (key * 0x9e3779b97f4a7c15 >> 58)
			if key == 0 || seen&bit != 0 {
				return true
			}
			seen |= bit
		}
		n = d.Next
	}
	return false
}

// nameKey returns a number that is the same for equal names, and 0 for names
// that are not all ASCII.
func (f *File) nameKey(d *Node) uint64 {
	src, start, end := f.Src, int(d.Start), int(d.End)
	size := end - start
	var key, all uint64 // all: the bits that some byte has, or one shortly before
	if start < 8 || len(src)-start < 8 || size == 0 {
		text := string(src[start:end])
		key = packed(text[:min(size, 8)])
		for i := range len(text) {
			all |= uint64(text[i])
		}
	} else {
		key = binary.LittleEndian.Uint64(src[start:]) & (1<<(8*min(size, 8)) - 1)
		all = key | binary.LittleEndian.Uint64(src[end-8:])
		for i := 8; i+8 < size; i += 8 {
			all |= binary.LittleEndian.Uint64(src[start+i:])
		}
	}
	if all&highBits != 0 {
		return 0
	}
	return key + uint64(size)<<56 | 1<<63
}

// sameName reports whether two identifiers are equal.
func (f *File) sameName(n, m NodeID) bool {
	a, b := f.Nodes[n], f.Nodes[m]
	x, y := f.Src[a.Start:a.End], f.Src[b.Start:b.End]
	if string(x) == string(y) {
		return true
	}
	ascii := func(s []byte) bool {
		for _, c := range s {
			if c >= 0x80 {
				return false
			}
		}
		return true
	}
	return !(ascii(x) && ascii(y)) && f.NameText(n) == f.NameText(m)
}
