package graph

import (
	"cmp"
	"errors"
	"slices"
	"sync"
)

// fileReaders keeps what reading a file takes between updates.
var fileReaders = sync.Pool{New: func() any { return new(fileReader) }}

// Update returns the program with the text src for one of its files, or with
// one file more. Only that file is read; what files say about each other is
// found anew, in a few milliseconds for some hundred modules. p itself stays as
// it is. The result is that of a new Load of the same files, but for what the
// resolver knows: it does not see files that appear.
//
// The program must have been loaded lean, by name and whole: by value, one edit
// can change what runs at import in every module, so that following is as much
// work as it is for a new Load.
func (p *Program) Update(file string, src []byte) (*Program, error) {
	if !p.options.Lean || !p.options.ByName || len(p.options.Starts) > 0 {
		return nil, errors.New("only a program that was loaded lean, by name and whole can be updated")
	}
	r := fileReaders.Get().(*fileReader)
	defer fileReaders.Put(r)
	next := &Program{Root: p.Root, options: p.options, resolver: p.resolver, version: p.version, described: p.described, compiled: p.compiled}
	edited := r.parse(next, file, src, false)
	edited.annotations.once.Do(func() { edited.annotations.looks = looksAtAnnotations(src) })
	next.Modules = make([]*Module, 0, len(p.Modules)+1)
	for _, m := range p.Modules {
		if m.File != file {
			next.Modules = append(next.Modules, &Module{File: m.File, Test: isTest(m.File), Broken: m.Broken, facts: m.facts, annotations: m.annotations})
		}
	}
	at, _ := slices.BinarySearchFunc(next.Modules, file, func(m *Module, file string) int { return cmp.Compare(m.File, file) })
	next.Modules = slices.Insert(next.Modules, at, edited)
	for _, pr := range p.Problems {
		if pr.File != file {
			next.Problems = append(next.Problems, pr)
		}
	}
	next.link(true)
	return next, nil
}
