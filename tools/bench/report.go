//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"fastpath/internal/term"
)

// target is a promise: a figure for each round, and the most that it may be.
type target struct {
	what   string
	values []float64
	most   float64
	unit   string
}

// targets are what is promised of fastpath, with what was measured.
func targets(r results, trees memory) []target {
	cpu := func(c cost) float64 { return c.CPU.Seconds() }
	wall := func(c cost) float64 { return c.Wall.Seconds() }
	ratio := func(a, b string, of func(cost) float64) []float64 {
		var values []float64
		for i := range r[a] {
			values = append(values, of(r[a][i])/of(r[b][i]))
		}
		return values
	}
	var rss []float64
	for _, c := range r[scan] {
		rss = append(rss, float64(c.RSS)/1e6)
	}
	return []target{
		{scan + " ÷ " + ruffCheck + ", CPU", ratio(scan, ruffCheck, cpu), 0.5, "×"},
		{scan + " ÷ " + ruffCheck + ", wall", ratio(scan, ruffCheck, wall), 0.5, "×"},
		{frontend + " ÷ " + ruffCheck + ", CPU", ratio(frontend, ruffCheck, cpu), 0.35, "×"},
		{graph + " ÷ " + ruffGraph + ", CPU", ratio(graph, ruffGraph, cpu), 0.3, "×"},
		{graph + " ÷ " + ruffGraph + ", wall", ratio(graph, ruffGraph, wall), 0.3, "×"},
		{"peak RSS of " + scan, rss, 230, " MB"},
		{"allocations per statement", []float64{float64(trees.Allocs) / float64(trees.Statements)}, 2, ""},
		{"memory of a tree with its scopes ÷ source", []float64{float64(trees.Tree) / float64(trees.Source)}, 12, "×"},
	}
}

// report prints the tables.
func report(out io.Writer, o options, p peers, tree content, r results, trees memory) error {
	terminal, err := term.For(out, os.Environ(), term.ColorAuto)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d files, %.0f MB of %d packages · %d rounds, every program once a round, shuffled · %d cores, %s/%s, %s · %s\n\n",
		tree.files, float64(tree.bytes)/1e6, tree.packages, o.rounds, runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, runtime.Version(),
		strings.Join(p.versions, ", "))

	t := &term.Table{Columns: []term.Column{
		{Title: ""}, {Title: "CPU", Right: true}, {Title: "wall", Right: true}, {Title: "peak RSS", Right: true}, {Title: "MB per CPU-s", Right: true}, {Title: ""},
	}}
	for _, name := range []string{scan, graph, frontend, ruffCheck, ruffGraph, grimp, ast} {
		costs := r[name]
		if len(costs) == 0 {
			continue
		}
		bytes, note := float64(tree.bytes), ""
		switch name {
		case grimp:
			note = "once"
		case ast:
			bytes, note = bytes/astShare, fmt.Sprintf("once, every %dth file", astShare)
		}
		cpu, wall, rss := middle(costs)
		t.Row(name, fmt.Sprintf("%.2f s", cpu), fmt.Sprintf("%.2f s", wall), fmt.Sprintf("%.0f MB", rss/1e6), fmt.Sprintf("%.1f", bytes/1e6/cpu), note)
	}
	fmt.Fprint(out, t.Render(terminal))

	t = &term.Table{Columns: []term.Column{
		{Title: ""}, {Title: "median [lowest–highest]", Right: true}, {Title: "target", Right: true}, {Title: ""},
	}}
	for _, goal := range targets(r, trees) {
		value := median(goal.values)
		measured := fmt.Sprintf("%.2f%s", value, goal.unit)
		if len(goal.values) > 1 {
			measured += fmt.Sprintf(" [%.2f–%.2f]", slices.Min(goal.values), slices.Max(goal.values))
		}
		verdict := "met"
		if value > goal.most {
			verdict = "not met"
		}
		t.Row(goal.what, measured, fmt.Sprintf("≤ %g%s", goal.most, goal.unit), verdict)
	}
	fmt.Fprintf(out, "\n%s", t.Render(terminal))
	return nil
}

// middle returns the medians of what runs took: seconds, seconds, and bytes.
func middle(costs []cost) (cpu, wall, rss float64) {
	var cpus, walls, sizes []float64
	for _, c := range costs {
		cpus, walls, sizes = append(cpus, c.CPU.Seconds()), append(walls, c.Wall.Seconds()), append(sizes, float64(c.RSS))
	}
	return median(cpus), median(walls), median(sizes)
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
