package graph

import (
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// bodies lists what the module-level code and the body of each function
// mention and define, see followNames. The body of a function within is its
// own.
func (r *factReader) bodies() {
	f := r.file
	for k := range r.functions {
		d := &r.functions[k]
		if k > 0 && !d.isFunction {
			continue // what a lambda mentions belongs to the code around
		}
		d.mentions.from, d.made.from = int32(len(r.mentions)), int32(len(r.made))
		r.seen.reset()
		node := r.scopes.Scopes[d.scope].Node
		for c := range f.Children(node) {
			if k == 0 || f.Kind(c) == syntax.Block {
				r.body(c)
			}
		}
		for _, a := range r.aliases { // "from m import f as g"
			if r.seen.has(a.as) {
				r.mention(a.item)
			}
		}
		d.mentions.to, d.made.to = int32(len(r.mentions)), int32(len(r.made))
	}
}

func (r *factReader) mention(s symbol) {
	if r.seen.add(s) {
		r.mentions = append(r.mentions, s)
	}
}

// body lists what is below n.
func (r *factReader) body(n syntax.NodeID) {
	f := r.file
	d := f.Node(n)
	switch d.Kind {
	case syntax.Name:
		if d.Flags&(syntax.FlagStore|syntax.FlagDel) == 0 {
			r.mention(symbolIn(f.Src[d.Start:d.End]))
		}
		return
	case syntax.Attribute:
		if id := f.Child(n, syntax.Ident); id != syntax.None {
			r.mention(symbolIn(r.source(id)))
		}
		r.body(d.First)
		return
	case syntax.String:
		if d.End-d.Start < maxNameLiteral {
			if name := r.nameLiteral(n); len(name) > 0 { // getattr(x, "name")
				r.mention(symbolIn(name))
			}
		}
	case syntax.Ident, syntax.Number, syntax.Constant:
		return
	case syntax.ClassDef:
		if s, ok := r.scopes.Opens(n); ok {
			r.made = append(r.made, made{class: r.at[s]})
		}
	case syntax.FunctionDef:
		r.decorated(n)
		for c := d.First; c != syntax.None; c = f.Next(c) {
			if f.Kind(c) != syntax.Block {
				r.body(c)
			}
		}
		return
	case syntax.If, syntax.IfExp:
		for c := d.First; c != syntax.None; c = f.Next(c) {
			if w, _ := r.scopes.Branch(n, c); w == scope.AtImport {
				r.body(c)
			}
		}
		return
	}
	for c := d.First; c != syntax.None; c = f.Next(c) {
		r.body(c)
	}
}

// decorated notes the decorators of a function: one of the program may call
// what it gets.
func (r *factReader) decorated(n syntax.NodeID) {
	s, ok := r.scopes.Opens(n)
	if !ok {
		return
	}
	k := r.at[s]
	p := r.functions[k].decorators
	for _, d := range r.refs[p.from:p.to] {
		if d.last != 0 {
			r.made = append(r.made, made{function: k, decorator: d.last})
		}
	}
}

// maxNameLiteral bounds the literals that may be names.
const maxNameLiteral = 66

// nameLiteral returns the name in a string literal that consists of one.
func (r *factReader) nameLiteral(n syntax.NodeID) []byte {
	text := r.source(n)
	if len(text) < 3 {
		return nil
	}
	if q := text[0]; q == '"' || q == '\'' {
		return identifier(text[1 : len(text)-1])
	}
	if s, ok := scope.StringValue(r.file, n); ok {
		return identifier([]byte(s))
	}
	return nil
}

// identifier returns text when it may be an identifier.
func identifier(text []byte) []byte {
	for k, b := range text {
		if b != '_' && b < 0x80 && (b|0x20 < 'a' || b|0x20 > 'z') && (k == 0 || b < '0' || b > '9') {
			return nil
		}
	}
	return text
}

// symbolSet is a set of symbols that is emptied in no time.
type symbolSet struct {
	slots []symbolSlot
	turn  uint32
	n     int
}

type symbolSlot struct {
	symbol symbol
	turn   uint32
}

func (s *symbolSet) reset() {
	if s.slots == nil {
		s.slots = make([]symbolSlot, 1<<10)
	}
	s.turn++
	s.n = 0
}

// slot returns the slot of a symbol, or the free one where it belongs.
func (s *symbolSet) slot(x symbol) *symbolSlot {
	for k := uint64(x); ; k++ {
		if e := &s.slots[k&uint64(len(s.slots)-1)]; e.turn != s.turn || e.symbol == x {
			return e
		}
	}
}

func (s *symbolSet) has(x symbol) bool { return s.slot(x).turn == s.turn }

// add reports whether the symbol is new.
func (s *symbolSet) add(x symbol) bool {
	e := s.slot(x)
	if e.turn == s.turn {
		return false
	}
	*e = symbolSlot{x, s.turn}
	if s.n++; 2*s.n > len(s.slots) {
		old := s.slots
		s.slots = make([]symbolSlot, 2*len(old))
		for _, o := range old {
			if o.turn == s.turn {
				*s.slot(o.symbol) = o
			}
		}
	}
	return true
}
