package cli

import (
	"fmt"

	"fastpath/internal/config"
	"fastpath/internal/term"
)

// lambdaSizes are the memory sizes, in MB, that --sizes shows beside the
// configured one: from the smallest that Lambda offers to the largest.
var lambdaSizes = []float64{128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 6144, 8192, 10240}

const (
	// fullCPU is the memory, in MB, at which Lambda gives a whole CPU.
	fullCPU = 1769
	// sizesTolerance is how far throttled runs were from the estimate.
	sizesTolerance = 0.4
	// waitedShare is from what share of the import on its waiting counts; less
	// is what files and a busy machine take.
	waitedShare = 0.1
)

// profileSizes estimates init at several memory sizes.
type profileSizes struct {
	CPUMS     float64       `json:"cpu_ms"`
	WaitedMS  float64       `json:"waited_ms,omitempty"`
	Tolerance float64       `json:"tolerance"`
	Prices    sizesPrices   `json:"prices"`
	Rows      []profileSize `json:"rows"`

	platform string
	fromLock bool
}

type sizesPrices struct {
	GBSecond float64 `json:"gb_second"`
	Request  float64 `json:"request"`
	Currency string  `json:"currency"`
	Date     string  `json:"date"`
	Source   string  `json:"source"`
}

type profileSize struct {
	MemoryMB   float64 `json:"memory_mb"`
	CPUShare   float64 `json:"cpu_share"`
	InitMS     float64 `json:"init_ms"`
	InitCost   float64 `json:"init_cost_per_million"`
	Configured bool    `json:"configured,omitempty"`
}

// newProfileSizes computes T = CPU ms × max(1, 1769 / MB), and what a million
// such inits cost: T in seconds × GB × the price of a GB-second. CPU ms is the
// import of the entry and of the runtime client before it, fastest run, without
// what it waited for, which takes as long at any size.
func newProfileSizes(c *config.Config, m profiled) *profileSizes {
	s := &profileSizes{
		CPUMS: round3(m.TotalMinMS + m.StartupMS), Tolerance: sizesTolerance,
		Prices: sizesPrices{c.Prices.GBSecond, c.Prices.Request, c.Prices.Currency, c.Prices.Date, c.Prices.Source}, platform: m.entry.Platform,
		fromLock: m.measured == nil,
	}
	if m.measured != nil && m.measured.WaitedMS >= waitedShare*m.TotalMinMS {
		s.WaitedMS = round3(min(m.measured.WaitedMS, m.TotalMinMS))
		s.CPUMS = round3(s.CPUMS - s.WaitedMS)
	}
	add := func(mb float64, configured bool) {
		t := s.WaitedMS + s.CPUMS*max(1, fullCPU/mb)
		s.Rows = append(s.Rows, profileSize{
			MemoryMB: mb, CPUShare: round3(mb / fullCPU), InitMS: round3(t),
			InitCost: round3(t / 1000 * mb / 1024 * c.Prices.GBSecond * 1e6), Configured: configured,
		})
	}
	own := m.entry.MemoryMB
	for i, mb := range lambdaSizes {
		if own > 0 && own < mb && (i == 0 || own > lambdaSizes[i-1]) {
			add(own, true)
		}
		add(mb, own == mb)
	}
	return s
}

// printSizes shows the estimate to people.
func (a *app) printSizes(t *term.Terminal, s *profileSizes) {
	table := &term.Table{Columns: []term.Column{
		{Title: "memory", Right: true},
		{Title: "CPUs", Right: true},
		{Title: "init", Right: true},
		{Title: "a million cold starts", Right: true},
		{Title: ""},
	}}
	for _, r := range s.Rows {
		note := ""
		if r.Configured {
			note = t.Accent("configured")
		}
		table.Row(fmt.Sprintf("%.0fMB", r.MemoryMB), fmt.Sprintf("%.2f", r.CPUShare), msText(r.InitMS), fmt.Sprintf("%s %.2f", s.Prices.Currency, r.InitCost), note)
	}
	w := a.Stdout
	fmt.Fprint(w, table.Render(t))
	waited := ""
	if s.WaitedMS > 0 {
		waited = " + " + msText(s.WaitedMS) + " of waiting"
	}
	fmt.Fprintf(w, "\nestimated: init = %s of CPU × max(1, %d / MB)%s, within about %.0f%% of what throttled runs took; where the platform does not\n"+
		"throttle init, as AWS says of on-demand functions, it takes what it takes at %d MB\n", msText(s.CPUMS), fullCPU, waited, s.Tolerance*100, fullCPU)
	if s.fromLock {
		fmt.Fprintln(w, "what imports wait for, say the network, counts as work here; a new profile tells it apart")
	}
	fmt.Fprintf(w, "prices: %s %s a GB-second (%s, %s);\n"+
		"AWS bills init since August 2025; the million requests themselves cost %s %.2f\n",
		s.Prices.Currency, decimal(s.Prices.GBSecond), s.Prices.Source, s.Prices.Date, s.Prices.Currency, s.Prices.Request*1e6)
	if s.Prices.Source == config.Default().Prices.Source {
		fmt.Fprintln(w, "yours: [tool.fastpath.prices] gb-second, request, currency and the date on which they held")
	}
	if s.platform != config.PlatformLambda {
		fmt.Fprintf(w, "this entry runs on a %s: its memory decides nothing there; the table is what Lambda would do\n", s.platform)
	}
	fmt.Fprintln(w)
}
