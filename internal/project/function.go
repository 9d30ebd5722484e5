package project

import "fastpath/internal/config"

// function is a Lambda function of a deployment file.
type function struct {
	name    string // logical name
	file    string // the deployment file, relative to the project
	line    int    // of its handler
	codeDir string // its code's folder, relative to the project
	module  string
	attr    string
	python  string // X.Y
	memory  float64
}

// describe copies what the deployment file says about an entry; an explicit
// configuration wins.
func (f *function) describe(e *Entry, cfg *config.Config) {
	e.Source = place(f.file, f.line)
	e.Python = f.python
	if f.memory > 0 && !cfg.Traffic.MemorySet {
		e.MemoryMB = f.memory
	}
	if !cfg.Traffic.PlatformSet {
		e.Platform = config.PlatformLambda
	}
}
