// Package flame writes a tree of timed frames in the forms that people and
// other tools read: a tree and an icicle for the terminal, and the files of
// speedscope, of flame graph tools and of "python -X importtime".
//
// What comes in is a Profile, what goes out is text on a writer. The package
// knows nothing of imports but that a frame is a module. Times are milliseconds
// inside and whole microseconds in files; they are rounded so that the parts
// add up to the rounded total.
package flame

import (
	"math"
	"slices"
)

// Profile is one tree, or several beside each other.
type Profile struct {
	Name  string // of the entry
	Roots []*Frame
}

// Frame is a module, or something else that takes time at start, with what
// it loads.
type Frame struct {
	Name   string
	Module bool   // false: no module, such as collections
	File   string // of project modules, relative to the project; "" elsewhere
	Place  string // where the project's statement that loads it stands, "app.py:3"; "" elsewhere

	SelfMS  float64 // without children
	AloneMS float64 // by itself, with all that it reaches
	SavesMS float64 // what goes with the statement that loads it
	Claims  bool    // AloneMS and SavesMS are known

	Also     []string // who else asks for it
	Missing  bool     // was looked for in vain
	Children []*Frame // in load order
}

// TotalMS returns the time of the frame and of everything below it.
func (f *Frame) TotalMS() float64 {
	total := f.SelfMS
	for _, c := range f.Children {
		total += c.TotalMS()
	}
	return total
}

// TotalMS returns the time of all frames.
func (p *Profile) TotalMS() float64 {
	total := 0.0
	for _, f := range p.Roots {
		total += f.TotalMS()
	}
	return total
}

// Count returns the number of frames below and including f.
func (f *Frame) Count() int {
	n := 1
	for _, c := range f.Children {
		n += c.Count()
	}
	return n
}

// walk calls enter before the children of a frame and leave after them, with
// the frames around it, outermost first.
func (p *Profile) walk(enter, leave func(stack []*Frame)) {
	var stack []*Frame
	var visit func(*Frame)
	visit = func(f *Frame) {
		stack = append(stack, f)
		if enter != nil {
			enter(stack)
		}
		for _, c := range f.Children {
			visit(c)
		}
		if leave != nil {
			leave(stack)
		}
		stack = stack[:len(stack)-1]
	}
	for _, f := range p.Roots {
		visit(f)
	}
}

// clock turns milliseconds into whole microseconds that add up: each answer is
// the difference of two rounded sums.
type clock struct{ ms float64 }

// advance returns the microseconds that the clock moves by.
func (c *clock) advance(ms float64) int64 {
	before := c.now()
	c.ms += ms
	return c.now() - before
}

// now returns the microseconds since the start.
func (c *clock) now() int64 { return int64(math.Round(c.ms * 1000)) }

// heaviest returns the children, the dearest first; equal ones keep their order.
func heaviest(list []*Frame) []*Frame {
	list = slices.Clone(list)
	total := make(map[*Frame]float64, len(list))
	for _, f := range list {
		total[f] = f.TotalMS()
	}
	slices.SortStableFunc(list, func(a, b *Frame) int {
		switch {
		case total[a] > total[b]:
			return -1
		case total[a] < total[b]:
			return 1
		}
		return 0
	})
	return list
}
