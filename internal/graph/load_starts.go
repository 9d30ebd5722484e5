package graph

import (
	"context"
	"path"
	"slices"

	"fastpath/internal/python/scope"
)

// reached says what is done with a file when only that is read which the starts
// can import.
type reached uint8

const (
	notReached reached = iota
	mentioned          // an import that never runs names the module: it is read
	imported           // a start, or what may be loaded with it: its imports count, too
)

// startLoader finds the files that starts can import, in waves: each wave is
// what the one before names.
type startLoader struct {
	options LoadOptions
	reached []reached          // by file
	byName  map[string][]int32 // every name under which a file can be imported
	folders map[string]bool    // those with an __init__.py
	next    []int32            // the files of the next wave
}

// newStartLoader returns a loader that has the starts before it.
func newStartLoader(o LoadOptions, starts []string) *startLoader {
	l := &startLoader{options: o, reached: make([]reached, len(o.Files)), byName: make(map[string][]int32, len(o.Files)), folders: packageFolders(o.Files)}
	for k, file := range o.Files {
		for _, c := range candidates(file, o.ImportRoots, l.folders) {
			l.byName[c.name] = append(l.byName[c.name], int32(k))
		}
	}
	for _, file := range starts {
		for _, c := range candidates(file, o.ImportRoots, l.folders) {
			l.name(c.name, imported)
		}
	}
	return l
}

// waves reads the files that are reached from some level on; read puts the module
// of a file into modules, unless it is there.
func (l *startLoader) waves(ctx context.Context, modules []*Module, from reached, read func(worker, k int)) {
	for len(l.next) > 0 && ctx.Err() == nil {
		wave := slices.DeleteFunc(l.next, func(k int32) bool { return l.reached[k] < from })
		l.next = nil
		slices.Sort(wave)
		wave = slices.Compact(wave)
		onWorkers(len(wave), func(worker, at int) { read(worker, int(wave[at])) })
		for _, k := range wave {
			if modules[k] != nil && l.reached[k] == imported {
				l.follow(modules[k])
			}
		}
	}
}

// readReached reads the files that the starts can import. The others become
// modules of which nothing but the name is known. A file that cannot be read
// has no module.
func readReached(ctx context.Context, o LoadOptions, modules []*Module, read func(worker, k int)) {
	l := newStartLoader(o, o.Starts)
	l.waves(ctx, modules, mentioned, read)
	empty := &facts{text: "\x00", functions: []definition{{}}, allKnown: true}
	for k, file := range o.Files {
		if l.reached[k] == notReached {
			modules[k] = &Module{File: file, Test: isTest(file), annotations: &annotations{}, facts: empty}
		}
	}
}

// packageFolders returns the folders with an __init__.py.
func packageFolders(files []string) map[string]bool {
	folders := map[string]bool{}
	for _, f := range files {
		if path.Base(f) == "__init__.py" {
			folders[path.Dir(f)] = true
		}
	}
	return folders
}

// follow reaches what the imports of a module name, with the packages around
// and with what has the name of an item. Which of its names the module will get
// is not known yet, so that a relative import counts for each of them.
func (l *startLoader) follow(m *Module) {
	f := m.facts
	var own []candidate
	for k := range f.bindings {
		b := &f.bindings[k]
		s := &f.statements[b.statement]
		by := imported
		if s.base == scope.TypeChecking || s.base == scope.Never {
			by = mentioned
		}
		if !s.from {
			l.name(f.of(b.name), by)
			continue
		}
		item := ""
		if b.symbol != starSymbol {
			item = "." + f.of(b.name)
		}
		written := f.of(s.module)
		level := levelOf(written)
		if level == 0 {
			l.name(written+item, by)
			continue
		}
		if own == nil {
			own = candidates(m.File, l.options.ImportRoots, l.folders)
		}
		for _, c := range own {
			at := Module{Name: c.name, IsPackage: path.Base(m.File) == "__init__.py"}
			if base, ok := at.absolute(level, written[level:]); ok {
				l.name(base+item, by)
			}
		}
	}
}

// name reaches a module, and the packages around it.
func (l *startLoader) name(name string, by reached) {
	for ; name != ""; name = parentName(name) {
		for _, k := range l.byName[name] {
			if l.reached[k] < by {
				l.reached[k] = by
				l.next = append(l.next, k)
			}
		}
	}
}
