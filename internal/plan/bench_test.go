package plan

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"fastpath/internal/evidence"
)

// BenchmarkBuild plans a program of 500 modules with 6,000 imports over
// libraries of 2,500 modules.
func BenchmarkBuild(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	f := newFixture(b, map[string]string{})
	f.world = world{self: map[string]float64{}, imports: map[string][]string{}}
	for i := range 2500 {
		name := fmt.Sprintf("l%d", i)
		f.world.self[name] = rnd.Float64()
		for range 4 {
			f.world.imports[name] = append(f.world.imports[name], fmt.Sprintf("l%d", rnd.IntN(2500)))
		}
	}
	for i := range 500 {
		name := fmt.Sprintf("m%d", i)
		if i == 0 {
			name = "app"
		}
		var head, body strings.Builder
		for range 12 {
			module := fmt.Sprintf("l%d", rnd.IntN(2500))
			if rnd.IntN(3) == 0 {
				module = fmt.Sprintf("m%d", min(499, i+1+rnd.IntN(60)))
			}
			fmt.Fprintf(&head, "import %s\n", module)
			fmt.Fprintf(&body, "def f_%s():\n    return %s\n\n\n", module, module)
		}
		f.files[name+".py"] = head.String() + "\n\n" + body.String()
	}
	shares := map[string]float64{}
	for l := range f.world.self {
		shares[l] = float64(rnd.IntN(101))
	}
	f.used(shares)
	p := f.program()
	e := f.profile(p)
	in := f.input(p, e)
	edges := 0
	for _, d := range e.Edges {
		if d.Phase == evidence.PhaseInit {
			edges++
		}
	}
	for b.Loop() {
		plan := Build(in)
		b.ReportMetric(float64(len(plan.Items)), "imports")
		b.ReportMetric(float64(plan.Totals.Moves), "moves")
		b.ReportMetric(float64(edges), "edges")
	}
}
