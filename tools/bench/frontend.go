//go:build linux

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/source"
	"fastpath/internal/python/syntax"
)

// version is the language that the front end is measured with.
var version = syntax.Version{Major: 3, Minor: 14}

// sampleEvery is the part of the files whose trees are kept: every 10th.
const sampleEvery = 10

// pythonFiles lists the sources below a folder, sorted.
func pythonFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, ".py") {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// runFrontend is the child whose cost is that of reading, parsing and analysing
// every file, on all cores.
func runFrontend(dir string) error {
	files, err := pythonFiles(dir)
	if err != nil {
		return err
	}
	var next atomic.Int64
	errs := make([]error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for worker := range errs {
		wg.Go(func() {
			var parser syntax.Parser
			var analyzer scope.Analyzer
			var src []byte
			for {
				i := int(next.Add(1)) - 1
				if i >= len(files) {
					return
				}
				var err error
				if src, err = source.Read(files[i], src); err != nil {
					errs[worker] = err
					return
				}
				analyzer.Analyze(parser.Parse(src, version), version)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// memory is what a child found out about the memory of the front end, on a sample.
type memory struct {
	Source     int64 // bytes
	Statements int64
	Allocs     int64 // by a parser and an analyzer that are used again for each file
	Tree       int64 // live bytes of trees and scopes, without the sources
}

// runMemory is the child that measures memory, apart from the one whose time counts.
func runMemory(dir string) error {
	files, err := pythonFiles(dir)
	if err != nil {
		return err
	}
	var m memory
	var sources [][]byte
	for i := 0; i < len(files); i += sampleEvery {
		src, err := os.ReadFile(files[i])
		if err != nil {
			return err
		}
		sources = append(sources, src)
		m.Source += int64(len(src))
	}

	var parser syntax.Parser
	var analyzer scope.Analyzer
	before := stats()
	for _, src := range sources {
		analyzer.Analyze(parser.Parse(src, version), version)
	}
	after := stats()
	m.Allocs = int64(after.Mallocs - before.Mallocs)

	type result struct {
		file *syntax.File
		info *scope.Info
	}
	kept := make([]result, len(sources))
	before = stats()
	for i, src := range sources {
		f := syntax.Parse(src, version)
		kept[i] = result{f, scope.Analyze(f, version)}
	}
	after = stats()
	m.Tree = int64(after.HeapAlloc) - int64(before.HeapAlloc)
	for _, k := range kept {
		for n := range k.file.Nodes {
			if k.file.Nodes[n].Kind.IsStatement() {
				m.Statements++
			}
		}
	}
	runtime.KeepAlive(sources)
	runtime.KeepAlive(kept)
	return printJSON(os.Stdout, m)
}

// stats collects garbage and returns what is left.
func stats() runtime.MemStats {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return s
}
