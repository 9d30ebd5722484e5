package graph

import (
	"bytes"
	"strings"

	"fastpath/internal/python/syntax"
)

// literal is a string of module-level code that may name a module, or something
// in one.
type literal struct {
	text text
	line int32
}

// maxDotted bounds the literals that may be dotted names.
const maxDotted = 130

// dottedLiteral returns the name in a literal like "a.b", ".b" or "a.b:c", and
// what is behind its last dot or colon; nil for other literals.
func dottedLiteral(source []byte) (name, last []byte) {
	if len(source) < 4 || len(source) > maxDotted || source[0] != '"' && source[0] != '\'' {
		return nil, nil
	}
	name = source[1 : len(source)-1]
	at := -1
	for k, b := range name {
		switch {
		case b == '.' || b == ':':
			at = k
		case !inIdentifier(b) || b <= '9' && at == k-1: // no part begins with a digit
			return nil, nil
		}
	}
	if at < 0 || at == len(name)-1 {
		return nil, nil
	}
	return name, name[at+1:]
}

// stringsOf keeps the strings among the nodes of module-level code, if one of
// them is a dotted name or somebody may ask the module for names that it does
// not bind: such code loads by name what is in other modules.
func (r *factReader) stringsOf(nodes []syntax.NodeID) {
	if !r.dotted && !r.scopes.Binds(0, "__getattr__") {
		return
	}
	for _, n := range nodes {
		name, _ := dottedLiteral(r.source(n))
		if name == nil {
			name = r.nameLiteral(n)
		}
		if len(name) > 0 {
			r.facts.strings = append(r.facts.strings, literal{r.keep(name), r.lineOf(n)})
		}
	}
}

// words lists the first parts of all strings in the file that are names, or
// names with dots between them.
func (r *factReader) words() {
	if !r.literals {
		return
	}
	r.seen.reset()
	for k := range r.file.Nodes {
		if r.file.Nodes[k].Kind != syntax.String {
			continue
		}
		text := bytes.TrimLeft(r.source(syntax.NodeID(k)), "rRbBuUfFtT")
		if len(text) < 3 || len(text) > 2*maxDotted {
			continue
		}
		text = bytes.Trim(text, `"'`)
		at := 0
		for at < len(text) && inIdentifier(text[at]) {
			at++
		}
		if at == 0 || at < len(text) && text[at] != '.' && text[at] != ':' {
			continue
		}
		if s := symbolIn(text[:at]); r.seen.add(s, 0) {
			r.extra.words = append(r.extra.words, s.word())
		}
	}
}

// spelling is what a string of a module says.
type spelling struct {
	module *Module // that it names, nil for none
	of     *Module // or that which has the name
	name   string
}

// spells finds out what a string in the code of m names.
func (p *Program) spells(m *Module, s string) spelling {
	name, item, colon := strings.Cut(s, ":")
	if strings.HasPrefix(name, ".") {
		level := levelOf(name)
		absolute, ok := m.absolute(level, name[level:])
		if !ok {
			return spelling{}
		}
		name = absolute
	}
	if colon {
		if of := p.find(m, name); of != nil {
			return spelling{of: of, name: item}
		}
		return spelling{}
	}
	if strings.Contains(s, ".") { // most strings have none
		if of := p.find(m, name); of != nil {
			return spelling{module: of}
		}
	}
	if m.IsPackage && m.facts.name(moduleGetattr)&nameBound != 0 { // "sub.module", as lazy packages write it
		if of := p.find(m, m.Name+"."+name); of != nil {
			return spelling{module: of}
		}
	}
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		if of := p.find(m, name[:at]); of != nil {
			return spelling{of: of, name: name[at+1:]}
		}
	}
	return spelling{}
}

var moduleGetattr = symbolOf("__getattr__")

// spelledName is a name that a module binds and a string names.
type spelledName struct {
	of   *Module
	name symbol
	line int32
}

// spelled calls yield for every name that other modules bind and that the strings
// of a module say: by one string, or by one that names the module and another one
// that names what is in it.
func (p *Program) spelled(m *Module, yield func(of *Module, name symbol, line int32)) {
	f := m.facts
	if len(f.strings) == 0 {
		return
	}
	seen := map[*Module]bool{m: true}
	var names []symbol // what all strings say
	var known symbolMap
	for _, l := range f.strings {
		s := p.spells(m, f.of(l.text))
		switch {
		case s.of != nil && s.of != m:
			if name := symbolOf(s.name); s.of.facts.name(name)&nameBound != 0 {
				yield(s.of, name, l.line)
			}
		case s.module != nil && !seen[s.module]:
			seen[s.module] = true
			if names == nil {
				known.reserve(len(f.strings))
				for _, n := range f.strings {
					if s := symbolOf(f.of(n.text)); known.add(s, 0) {
						names = append(names, s)
					}
				}
			}
			of := s.module.facts
			if len(names) < len(of.bound) {
				for _, name := range names {
					if of.name(name)&nameBound != 0 {
						yield(s.module, name, l.line)
					}
				}
				continue
			}
			for k, name := range of.bound { // a table may have thousands of strings
				if _, ok := known.get(name); ok && of.flags[k]&nameBound != 0 {
					yield(s.module, name, l.line)
				}
			}
		}
	}
}
