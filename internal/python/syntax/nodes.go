package syntax

import "slices"

// node appends a node whose children begin with first and are complete.
func (p *parser) node(k Kind, start, end int32, first NodeID) NodeID {
	n := p.slot(k, start, end, first)
	nodes := p.nodes
	for c := first; c != None; {
		d := &nodes[c]
		d.Parent, c = n, d.Next
	}
	return n
}

// slot appends a node, to which its children are not linked.
func (p *parser) slot(k Kind, start, end int32, first NodeID) NodeID {
	n := p.size
	if uint(n) >= uint(len(p.nodes)) {
		return p.rareSlot(k, start, end, first)
	}
	// Field by field: a literal would be put together on the stack, and read from
	// there before it has left the store buffer.
	d := &p.nodes[n]
	d.Start, d.End = start, end
	d.Parent, d.First, d.Next = None, first, None
	d.Kind, d.Flags = k, 0
	p.size = n + 1
	return NodeID(n)
}

// rareSlot is slot where the slab is full or the parser has failed.
func (p *parser) rareSlot(k Kind, start, end int32, first NodeID) NodeID {
	if p.failed && start > p.prevEnd { // nothing was read of it
		start, end = p.prevEnd, p.prevEnd
	}
	p.nodes = append(p.nodes[:p.size], Node{Start: start, End: end, First: first, Kind: k})
	p.size++
	if !p.failed {
		p.nodes = p.nodes[:cap(p.nodes)]
	}
	return NodeID(p.size - 1)
}

// list notes a new node that others look at without going through the tree: those
// of the kinds in checkedKinds, blockKinds and specialKinds.
func (p *parser) list(n NodeID) NodeID {
	k := p.nodes[n].Kind
	if checkedKinds[k] && !p.right(k, n) {
		p.checked = append(p.checked, n)
	}
	if blockKinds[k] {
		p.blocks = append(p.blocks, n)
	}
	if specialKinds[k] {
		p.special = append(p.special, n)
	}
	return n
}

// right reports whether check would find nothing wrong with a node.
func (p *parser) right(k Kind, n NodeID) bool {
	switch k {
	case Return:
		return p.around.function
	case Break, Continue:
		return p.around.loop
	case Lambda, ListComp, SetComp, DictComp, GeneratorExp:
		return p.version != Version{3, 12}
	case DottedName:
		d := &p.nodes[n]
		return d.Start == d.End || p.file.Src[d.Start] != '_'
	}
	return false
}

// flagAsync sets the flags of a node that may be async.
func (p *parser) flagAsync(n NodeID, flags Flags) {
	p.nodes[n].Flags = flags
	if flags != 0 {
		p.checked = append(p.checked, n)
	}
}

// drop forgets the nodes from n on.
func (p *parser) drop(n int) {
	p.size = n
	if p.failed {
		p.nodes = p.nodes[:n]
	}
	for p.named > 0 && int(p.names[p.named-1]) >= n {
		p.named--
	}
	for p.mentioned > 0 && int(p.mentions[p.mentioned-1]) >= n {
		p.mentioned--
	}
	for _, l := range [...]*[]NodeID{&p.imports, &p.checked, &p.blocks, &p.special} {
		k := len(*l)
		for k > 0 && int((*l)[k-1]) >= n {
			k--
		}
		*l = (*l)[:k]
	}
}

// pair appends a node with two children.
func (p *parser) pair(k Kind, start int32, a, b NodeID) NodeID {
	n := p.slot(k, start, p.prevEnd, a)
	d := &p.nodes[a]
	d.Next, d.Parent = b, n
	p.nodes[b].Parent = n
	return n
}

// wrap makes n the only child of a new node that ends here.
func (p *parser) wrap(k Kind, start int32, child NodeID) NodeID {
	n := p.slot(k, start, max(start, p.prevEnd), child)
	p.nodes[child].Parent = n
	return n
}

// leaf makes a node of the current token, which the caller knows.
func (p *parser) leaf(k Kind) NodeID {
	n, named, names, mentioned, mentions := p.size, p.named, p.names, p.mentioned, p.mentions
	if uint(n) >= uint(len(p.nodes)) || uint(named) >= uint(len(names)) || uint(mentioned) >= uint(len(mentions)) {
		p.grow()
		return p.leaf(k)
	}
	d := &p.nodes[n]
	d.Start, d.End = p.at, p.end
	d.Parent, d.First, d.Next = None, None, None
	d.Kind, d.Flags = k, prefixFlags[p.prefix]
	p.size = n + 1
	names[named] = NodeID(n)
	if k == Name { // no branch: nobody could foresee it
		named++
	}
	p.named = named
	mentions[mentioned] = NodeID(n)
	if k == String {
		mentioned++
	}
	p.mentioned = mentioned
	p.step()
	return NodeID(n)
}

// inner makes a leaf of the current token, as the only child of a new node.
func (p *parser) inner(outer, k Kind) NodeID {
	n, named, names, mentioned, mentions := p.size, p.named, p.names, p.mentioned, p.mentions
	if uint(n)+1 >= uint(len(p.nodes)) || uint(named) >= uint(len(names)) || uint(mentioned) >= uint(len(mentions)) {
		start := p.start()
		return p.wrap(outer, start, p.leaf(k))
	}
	both := p.nodes[n:][:2]
	start, end := p.at, p.end
	d := &both[0]
	d.Start, d.End = start, end
	d.Parent, d.First, d.Next = NodeID(n+1), None, None
	d.Kind, d.Flags = k, prefixFlags[p.prefix]
	d = &both[1]
	d.Start, d.End = start, end
	d.Parent, d.First, d.Next = None, NodeID(n), None
	d.Kind, d.Flags = outer, 0
	p.size = n + 2
	names[named] = NodeID(n)
	if k == Name {
		named++
	}
	p.named = named
	mentions[mentioned] = NodeID(n)
	if k == String {
		mentioned++
	}
	p.mentioned = mentioned
	p.step()
	return NodeID(n + 1)
}

// dotted reads "name.name", of which the current token is the first, at once: that is
// how most attributes begin. Where it cannot, it reads only the first name.
func (p *parser) dotted() NodeID {
	i, n, named, names, mentioned, mentions := p.i, p.size, p.named, p.names, p.mentioned, p.mentions
	if uint(i)+2 >= uint(len(p.tokens)) || p.tokens[i+1].kind != tName ||
		uint(n)+2 >= uint(len(p.nodes)) || uint(named) >= uint(len(names)) || uint(mentioned) >= uint(len(mentions)) {
		return p.leaf(Name)
	}
	ahead, three := p.tokens[i+1:][:2], p.nodes[n:][:3]
	start, end := p.at, ahead[0].end
	d := &three[0]
	d.Start, d.End = start, p.end
	d.Parent, d.First, d.Next = NodeID(n+2), None, NodeID(n+1)
	d.Kind, d.Flags = Name, 0
	d = &three[1]
	d.Start, d.End = ahead[0].start, end
	d.Parent, d.First, d.Next = NodeID(n+2), None, None
	d.Kind, d.Flags = Ident, 0
	d = &three[2]
	d.Start, d.End = start, end
	d.Parent, d.First, d.Next = None, NodeID(n), None
	d.Kind, d.Flags = Attribute, 0
	p.size = n + 3
	names[named], mentions[mentioned] = NodeID(n), NodeID(n+2)
	p.named, p.mentioned = named+1, mentioned+1
	p.chain++
	t := &ahead[1]
	p.i = i + 3
	p.prevEnd = end
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	return NodeID(n + 2)
}

// attribute reads ".name" behind the expression n.
func (p *parser) attribute(start int32, n NodeID) NodeID {
	p.chain++
	i, id := p.i, p.size
	if p.tokens[i].kind != tName || uint(id)+1 >= uint(len(p.nodes)) {
		p.step()
		n = p.pair(Attribute, start, n, p.ident())
		p.mention(n)
		return n
	}
	// Both tokens and both nodes at once: there are many attributes.
	two := p.tokens[i:][:2]
	end := two[0].end
	d := &p.nodes[n]
	d.Next, d.Parent = NodeID(id), NodeID(id+1)
	both := p.nodes[id:][:2]
	d = &both[0]
	d.Start, d.End = two[0].start, end
	d.Parent, d.First, d.Next = NodeID(id+1), None, None
	d.Kind, d.Flags = Ident, 0
	d = &both[1]
	d.Start, d.End = start, end
	d.Parent, d.First, d.Next = None, n, None
	d.Kind, d.Flags = Attribute, 0
	p.size = id + 2
	t := &two[1]
	p.i = i + 2
	p.prevEnd = end
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	p.mention(NodeID(id + 1))
	return NodeID(id + 1)
}

// siblings appends a node with the children of a list: none, or any number.
func (p *parser) siblings(k Kind, start, end int32, l list) NodeID {
	if l.first != l.last {
		return p.node(k, start, end, l.first)
	}
	n := p.slot(k, start, end, l.first)
	if l.first != None {
		p.nodes[l.first].Parent = n
	}
	return n
}

// grow makes room for more nodes, names and mentions.
func (p *parser) grow() {
	p.nodes = slices.Grow(p.nodes[:p.size], 2)
	p.names = slices.Grow(p.names[:p.named], 1)
	p.mentions = slices.Grow(p.mentions[:p.mentioned], 1)
	p.nodes, p.names, p.mentions = p.nodes[:cap(p.nodes)], p.names[:cap(p.names)], p.mentions[:cap(p.mentions)]
}

// mention appends a node to mentions.
func (p *parser) mention(n NodeID) {
	m := p.mentioned
	if uint(m) >= uint(len(p.mentions)) {
		p.grow()
	}
	p.mentions[m] = n
	p.mentioned = m + 1
}

// invalid makes an empty node that stands for what is missing.
func (p *parser) invalid() NodeID {
	at := p.prevEnd
	return p.node(KindInvalid, at, at, None)
}

// add appends n to a list of siblings.
func (p *parser) add(l *list, n NodeID) {
	p.nodes[l.last].Next = n // of Nodes[0] for the first one: a branch would cost more
	first := l.first
	if first == None {
		first = n
	}
	l.first, l.last = first, n
}
