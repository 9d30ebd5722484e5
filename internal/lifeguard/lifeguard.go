// Package lifeguard reads what Lifeguard, an analyzer for lazy imports, found
// about a project, as extra evidence of what is unsafe to move.
//
// What comes in is the JSON that "lifeguard run-tree DIR OUTPUT" writes. Its
// LAZY_ELIGIBLE has every module that may be loaded lazily, with what has to be
// loaded eagerly all the same; LOAD_IMPORTS_EAGERLY the modules whose own
// imports must run when they are loaded. What goes out are objections to single
// imports. It never calls an import safe: that is proved here, or not at all.
package lifeguard

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Report is what Lifeguard found.
type Report struct {
	Eligible map[string][]string `json:"LAZY_ELIGIBLE"`
	Eager    []string            `json:"LOAD_IMPORTS_EAGERLY"`
}

// Parse reads the JSON of Lifeguard.
func Parse(data []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("no JSON of Lifeguard: %w; write it with: lifeguard run-tree DIR FILE", err)
	}
	if r.Eligible == nil {
		return nil, errors.New("no JSON of Lifeguard: LAZY_ELIGIBLE is missing; write it with: lifeguard run-tree DIR FILE")
	}
	return &r, nil
}

// Objection says why an import in the module from should not become lazy, ""
// when Lifeguard has nothing against it. The module to is what it imports; own
// says that to is a file of the project, which Lifeguard has looked at.
func (r *Report) Objection(from, to string, own bool) string {
	switch {
	case slices.ContainsFunc(r.Eager, same(from)):
		return fmt.Sprintf("Lifeguard: the imports of %s must run when it is loaded", from)
	case own && !r.eligible(to):
		return fmt.Sprintf("Lifeguard: loading %s has effects", to)
	}
	for name, eager := range r.Eligible {
		if same(from)(name) && slices.ContainsFunc(eager, same(to)) {
			return fmt.Sprintf("Lifeguard: %s needs %s loaded eagerly", from, to)
		}
	}
	return ""
}

func (r *Report) eligible(module string) bool {
	if _, ok := r.Eligible[module]; ok {
		return true
	}
	for name := range r.Eligible {
		if same(module)(name) {
			return true
		}
	}
	return false
}

// same reports whether a name of Lifeguard means a module: it may have the
// names of the folders above the import root in front.
func same(module string) func(name string) bool {
	return func(name string) bool { return name == module || strings.HasSuffix(name, "."+module) }
}
