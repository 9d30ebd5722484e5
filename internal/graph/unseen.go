package graph

import (
	"bytes"
	"io"
	"os"
	"strings"

	"fastpath/internal/python/resolve"
)

// findUnseen finds the modules that code which no scan sees may use.
func (p *Program) findUnseen() {
	p.unseen = map[int32]whyKind{}
	if p.resolver == nil {
		return
	}
	p.hooked()
	p.namedByExtensions()
}

// hooked finds the modules that import hooks may offer under other names: a
// package with vendored libraries offers them as "pkg.extern.lib" and keeps them
// in "pkg._vendor.lib". Where "pkg.extern.lib" is missing, each "lib" below pkg
// or at the top may be meant, with its submodules.
func (p *Program) hooked() {
	offers := map[string][]offer{} // by the first name of rest
	add := func(name string) {
		known := parentName(name)
		for known != "" && p.Module(known) == nil {
			known = parentName(known)
		}
		o := offer{rest: strings.TrimPrefix(name[len(known):], ".") + "."}
		if known != "" {
			top, _, _ := strings.Cut(known, ".")
			o.within = top + "."
		}
		first, _, _ := strings.Cut(o.rest, ".")
		offers[first] = append(offers[first], o)
	}
	for _, o := range p.survey.bases {
		switch {
		case o.name == "" || o.name[0] == '.':
		case p.outside(o.name).runtime != "":
			add(o.name)
		case strings.HasPrefix(o.name, "distutils") && p.Module("setuptools._distutils") != nil: // which hides that of the standard library
			add("_" + o.name)
		}
	}
	for _, u := range p.survey.unbound {
		if name := p.placed(p.Modules[u.in], int(u.binding)); name != "" {
			add(name)
		}
	}
	if len(offers) == 0 {
		return
	}
	for _, m := range p.Modules {
		for from := 0; from < len(m.Name) && !m.Test; {
			first, _, _ := strings.Cut(m.Name[from:], ".")
			for _, o := range offers[first] {
				if (from == 0 || strings.HasPrefix(m.Name, o.within)) && strings.HasPrefix(m.Name[from:]+".", o.rest) {
					p.unseen[m.index] = whyHooked
				}
			}
			from += len(first) + 1
		}
	}
}

// offer is a missing module: what a package offers, "" for any, and under what
// name; both end in a dot.
type offer struct{ within, rest string }

// placed returns the name of the module that a binding of survey.unbound stands for,
// if code may put it there at run time; else "".
func (p *Program) placed(m *Module, k int) string {
	base, name := p.Modules[m.found[k].base].Name, m.facts.of(m.facts.bindings[k].name)
	if p.resolver.Item(base, name).Runtime == "" {
		return ""
	}
	return base + "." + name
}

// namedByExtensions finds the modules of which extension modules of the program
// hold the names: compiled code imports them and calls what is in them. Only
// extensions that the program imports count, and of others' those alone that
// may know it: "_ctypes" calls ctypes, and "numpy.linalg.x" numpy. One that
// packs its texts, as Cython does since 3.2, may hold any name of its own package.
func (p *Program) namedByExtensions() {
	packed := map[string]bool{} // top-level packages
	for _, t := range p.survey.targets {
		top, _, dotted := strings.Cut(t.name, ".")
		if dotted && !p.owns(top) {
			continue
		}
		if d := p.outside(t.name); d.kind == resolve.KindExtension {
			texts := p.textsIn(d.path)
			if texts.packed && dotted {
				packed[top] = true
			}
			for _, named := range texts.names {
				if o := p.find(t.in, named); o != nil && !o.Test {
					p.unseen[o.index] = whyCompiled
				}
			}
		}
	}
	for _, m := range p.Modules {
		if top, _, _ := strings.Cut(m.Name, "."); packed[top] && !m.Test && p.unseen[m.index] == 0 {
			p.unseen[m.index] = whyCompiled
		}
	}
}

// binaryTexts are what a binary file says of the modules that it knows.
type binaryTexts struct {
	names  []string // dotted ones
	packed bool     // there are more, in a form that nobody reads here
}

// textsIn returns the texts of a binary file. It is read once.
func (p *Program) textsIn(file string) binaryTexts {
	if t, ok := p.compiled.Load(file); ok {
		return t.(binaryTexts)
	}
	var t binaryTexts
	if f, err := os.Open(p.abs(file)); err == nil {
		t = readTexts(f)
		f.Close()
	}
	p.compiled.Store(file, t)
	return t
}

// unpacking is the end of what code that unpacks texts says when it cannot:
// "LZSS string data decompression failed".
const unpacking = "tring data decompression failed"

// textsBuffer is how much of a binary is looked at at once, in bytes.
const textsBuffer = 1 << 16

// readTexts returns the texts "a.b" in a binary that a zero byte ends, and
// their tails: linkers let one text be the end of another. It goes from dot to
// dot, because most of a binary is no text.
func readTexts(r io.Reader) binaryTexts {
	var t binaryTexts
	seen := map[string]bool{}
	data := make([]byte, 0, textsBuffer)
	from := 0 // in data: where the texts begin that were not looked at
	for {
		n, err := io.ReadAtLeast(r, data[len(data):cap(data)], 1)
		if n == 0 || err != nil {
			return t
		}
		data = data[:len(data)+n]
		t.packed = t.packed || bytes.Contains(data, []byte(unpacking))
		to := len(data) // the last text may go on
		for to > from && inText(data[to-1]) {
			to--
		}
		for at := from; ; {
			dot := bytes.IndexByte(data[at:to], '.')
			if dot < 0 {
				break
			}
			start, end := at+dot, at+dot
			for start > at && inText(data[start-1]) {
				start--
			}
			for inText(data[end]) { // at to at the latest, none is
				end++
			}
			if at = end; data[end] != 0 || end-start > maxDotted {
				continue
			}
			for name := string(data[start:end]); strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
				if !seen[name] {
					seen[name] = true
					t.names = append(t.names, name)
				}
			}
		}
		// What is kept is too long for a name, if it is cut.
		next := max(to, len(data)-maxDotted-1)
		keep := max(0, min(next, len(data)-len(unpacking)+1))
		from = next - keep
		data = data[:copy(data, data[keep:])]
	}
}

// inText reports whether a byte may be in a dotted name.
func inText(b byte) bool {
	return b|0x20 >= 'a' && b|0x20 <= 'z' || b == '_' || b >= '0' && b <= '9' || b == '.'
}
