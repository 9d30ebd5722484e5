// Package config is the user's configuration: [tool.fastpath] in
// pyproject.toml, or the same keys at the top of fastpath.toml. Load reads
// and validates it (an unknown key, a wrong type or a value out of range is an
// Error with file, line, column, the allowed values and the nearest key);
// Edit changes it while keeping the user's comments, order and line endings.
package config

// Policies, import styles and platforms, as the configuration writes them.
const (
	PolicyLMMS     = "lmms"
	PolicyLifetime = "lifetime"

	// How an entry at the top of an import root imports from its fast path
	// file; entries inside a package always list the names.
	StyleStar  = "star"
	StyleNames = "names"

	PlatformLambda    = "lambda"
	PlatformServer    = "server"
	PlatformContainer = "container"
	PlatformCLI       = "cli"

	// How processes start. Those of Lambda are the values of
	// AWS_LAMBDA_INITIALIZATION_TYPE; with all but the first, no request waits
	// for init.
	StartOnDemand    = "on-demand"
	StartProvisioned = "provisioned-concurrency"
	StartSnapStart   = "snap-start"
	StartPreFork     = "pre-fork" // workers are forked from a process that has imported the application
)

// Config is a validated configuration with all defaults filled in.
type Config struct {
	Path    string   // file it was read from, relative to the project, "" for pure defaults
	Entries []string // as written
	Python  string   // as written, "" when not set
	Policy  string
	Exclude []string
	// ImportStyle is StyleStar or StyleNames.
	ImportStyle string

	Entry      map[string]Entry // [tool.fastpath.entry."NAME"]
	Thresholds Thresholds
	Limits     Limits
	Traffic    Traffic
	Prices     Prices
	Modules    Modules
	Rules      map[string]string // "FP202" → "off" | "info" | "warning" | "error"
}

// Entry is what differs for one entry.
type Entry struct {
	File     string // fast path file, relative to the project; "" for the default place
	Traffic  string // traffic weights file, relative to the project
	Workflow string // expression over the event
}

// Thresholds are those of the founding documents: light below LightMS,
// exception needed above it, heavy above HeavyMS, hot above HotUsage percent.
type Thresholds struct{ LightMS, HeavyMS, HotUsage float64 }

// Limits are the limits of the fast path file and of the cold start.
type Limits struct {
	Imports           int     // fewer than
	TotalMS           float64 // less than
	CodeLines         int     // fewer than
	ColdStartMS       float64
	RegressionPercent float64
	ProfileAgeDays    int
}

// Traffic is assumed where no usage data says otherwise.
type Traffic struct {
	DailyRequests float64
	ColdStartRate float64 // share, 0 to 1
	RateSet       bool    // ColdStartRate was configured
	MemoryMB      float64
	MemorySet     bool // MemoryMB was configured
	Platform      string
	PlatformSet   bool // Platform was configured
	Start         string
	StartSet      bool // Start was configured
	// ThrottledInit: init gets no more of a processor than requests do.
	ThrottledInit bool
}

// Prices turn time and memory into money. They change, so they carry a date.
type Prices struct {
	GBSecond float64 // of one GB of memory for one second
	Request  float64 // of one request
	ScanGB   float64 // of one GB (10^9 bytes) that a query of CloudWatch Logs Insights reads
	Currency string
	Date     string // YYYY-MM-DD
	Source   string // who says so; "configured" for the user's own
}

// Modules overrides decisions for modules and their submodules.
type Modules struct{ Critical, Eager, Forbidden []string }

// Default returns the configuration of a project that says nothing.
func Default() *Config {
	return &Config{
		Policy:      PolicyLMMS,
		ImportStyle: StyleStar,
		Entry:       map[string]Entry{},
		Thresholds:  Thresholds{LightMS: 10, HeavyMS: 100, HotUsage: 80},
		Limits: Limits{
			Imports: 20, TotalMS: 200, CodeLines: 50, ColdStartMS: 2000,
			RegressionPercent: 10, ProfileAgeDays: 31,
		},
		Traffic: Traffic{DailyRequests: 10000, ColdStartRate: 0.1, MemoryMB: 512, Platform: PlatformLambda, Start: StartOnDemand},
		// The first tier for x86 in us-east-1, as AWS published it when it began
		// to bill init.
		Prices: Prices{GBSecond: 0.0000166667, Request: 0.0000002, ScanGB: 0.005, Currency: "USD", Date: "2025-08-01", Source: "AWS list price, x86, us-east-1"},
		Rules:  map[string]string{},
	}
}
