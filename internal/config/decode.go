package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"fastpath/internal/diag"
	"fastpath/internal/regexps"
)

// decoder checks a table against the schema and collects every mistake.
type decoder struct {
	doc    *document
	prefix string // "tool.fastpath" or ""
	errs   []*Error
}

var (
	ruleID     = regexps.New(`^FP[0-9]{3}$`)
	moduleName = regexps.New(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)

	policies   = []string{PolicyLMMS, PolicyLifetime}
	styles     = []string{StyleStar, StyleNames}
	platforms  = []string{PlatformLambda, PlatformServer, PlatformContainer, PlatformCLI}
	starts     = []string{StartOnDemand, StartProvisioned, StartSnapStart, StartPreFork}
	severities = []string{"off", "info", "warning", "error"}
)

// noModules are names that no statement imports, or not as other files: keywords,
// and files that Python gives a meaning.
var noModules = []string{
	"False", "None", "True", "__init__", "__main__", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
	"elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
	"raise", "return", "try", "while", "with", "yield",
}

// field is one key of the schema: how its value is checked and stored.
type field struct {
	name string
	set  func(v *value)
}

// decode turns the table of a configuration into a Config.
func decode(doc *document, table *value, prefix string) (*Config, error) {
	c := Default()
	c.Path = doc.file
	d := &decoder{doc: doc, prefix: prefix}
	d.table(table, "",
		field{"entries", d.strings(&c.Entries, d.checkEntryName)},
		field{"python", d.str(&c.Python)},
		field{"policy", d.oneOf(&c.Policy, policies)},
		field{"exclude", d.strings(&c.Exclude, nil)},
		field{"import-style", d.oneOf(&c.ImportStyle, styles)},
		field{"entry", d.perEntry(c)},
		field{"thresholds", d.section("thresholds",
			field{"light-ms", d.positive(&c.Thresholds.LightMS)},
			field{"heavy-ms", d.positive(&c.Thresholds.HeavyMS)},
			field{"hot-usage", d.between(&c.Thresholds.HotUsage, 0, 100)})},
		field{"limits", d.section("limits",
			field{"imports", d.count(&c.Limits.Imports)},
			field{"total-ms", d.positive(&c.Limits.TotalMS)},
			field{"code-lines", d.count(&c.Limits.CodeLines)},
			field{"cold-start-ms", d.positive(&c.Limits.ColdStartMS)},
			field{"regression-percent", d.positive(&c.Limits.RegressionPercent)},
			field{"profile-age-days", d.count(&c.Limits.ProfileAgeDays)})},
		field{"traffic", d.section("traffic",
			field{"daily-requests", d.positive(&c.Traffic.DailyRequests)},
			field{"cold-start-rate", d.also(d.between(&c.Traffic.ColdStartRate, 0, 1), &c.Traffic.RateSet)},
			field{"memory-mb", d.also(d.positive(&c.Traffic.MemoryMB), &c.Traffic.MemorySet)},
			field{"platform", d.also(d.oneOf(&c.Traffic.Platform, platforms), &c.Traffic.PlatformSet)},
			field{"start", d.also(d.oneOf(&c.Traffic.Start, starts), &c.Traffic.StartSet)},
			field{"throttled-init", d.flag(&c.Traffic.ThrottledInit)})},
		field{"prices", d.prices(&c.Prices)},
		field{"modules", d.section("modules",
			field{"critical", d.strings(&c.Modules.Critical, d.checkModule)},
			field{"eager", d.strings(&c.Modules.Eager, d.checkModule)},
			field{"forbidden", d.strings(&c.Modules.Forbidden, d.checkModule)})},
		field{"rules", d.rules(c)},
	)
	d.together(c, table)
	if c.Traffic.Platform == PlatformCLI && !c.Traffic.RateSet {
		c.Traffic.ColdStartRate = 1
	}
	return c, d.err()
}

// err returns the mistakes in the order of the file.
func (d *decoder) err() error {
	slices.SortStableFunc(d.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	switch len(d.errs) {
	case 0:
		return nil
	case 1:
		return d.errs[0]
	}
	joined := make([]error, len(d.errs))
	for i, e := range d.errs {
		joined[i] = e
	}
	return errors.Join(joined...)
}

func (d *decoder) fail(pos int, format string, args ...any) {
	d.errs = append(d.errs, d.doc.errorAt(pos, format, args...))
}

// together checks what several keys say in common.
func (d *decoder) together(c *Config, table *value) {
	if t := c.Thresholds; t.LightMS > t.HeavyMS {
		s := table.get("thresholds")
		e := s.entry("light-ms")
		if e == nil {
			e = s.entry("heavy-ms")
		}
		d.fail(e.val.pos, "light-ms is %v and heavy-ms is %v; light-ms must not be larger", t.LightMS, t.HeavyMS)
	}
	if len(c.Entries) == 0 || table.get("entry") == nil || table.get("entry").kind != kindTable {
		return
	}
	for _, e := range table.get("entry").keys {
		if !slices.Contains(c.Entries, e.name) {
			d.fail(e.pos, "unknown entry %q%s entries: %s", e.name, didYouMean(e.name, c.Entries), strings.Join(c.Entries, ", "))
		}
	}
}

// table checks the keys of one table.
func (d *decoder) table(v *value, name string, fields ...field) {
	title := d.title(name)
	if v.kind != kindTable {
		d.fail(v.pos, "%s is %s, it must be a table", title, v.kind)
		return
	}
	for _, e := range v.keys {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.name })
		if i >= 0 {
			fields[i].set(e.val)
			continue
		}
		if name == "" && d.prefix == "" && e.name == "tool" {
			d.fail(e.pos, "unknown key \"tool\"; in %s the keys of [tool.fastpath] stand at the top: remove the \"tool.fastpath\" prefix", d.doc.file)
			continue
		}
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.name
		}
		d.fail(e.pos, "unknown key %q in %s%s allowed: %s", e.name, title, didYouMean(e.name, names), strings.Join(names, ", "))
	}
}

// title is how a message names a table.
func (d *decoder) title(name string) string {
	switch {
	case d.prefix == "" && name == "":
		return d.doc.file
	case d.prefix == "":
		return "[" + name + "]"
	case name == "":
		return "[" + d.prefix + "]"
	}
	return "[" + d.prefix + "." + name + "]"
}

func (d *decoder) section(name string, fields ...field) func(*value) {
	return func(v *value) { d.table(v, name, fields...) }
}

// also sets a flag when the key was there and right.
func (d *decoder) also(set func(*value), flag *bool) func(*value) {
	return func(v *value) {
		n := len(d.errs)
		set(v)
		*flag = len(d.errs) == n
	}
}

func (d *decoder) perEntry(c *Config) func(*value) {
	return func(v *value) {
		if v.kind != kindTable {
			d.fail(v.pos, "%s is %s, it must hold one table an entry, such as %s",
				d.title("entry"), v.kind, d.title(`entry."lambda_function:lambda_handler"`))
			return
		}
		for _, e := range v.keys {
			var own Entry
			d.table(e.val, "entry."+strconv.Quote(e.name),
				field{"file", d.moduleFile(&own.File)},
				field{"traffic", d.str(&own.Traffic)},
				field{"workflow", d.eventPath(&own.Workflow)})
			c.Entry[e.name] = own
		}
	}
}

// eventPath takes an expression that picks a value out of an event.
func (d *decoder) eventPath(dst *string) func(*value) {
	return func(v *value) {
		n := len(d.errs)
		d.str(dst)(v)
		if len(d.errs) == n && *dst != "" && !eventPath().MatchString(*dst) {
			d.fail(v.pos, "workflow is %q, it must name a value of the event, such as \"event.requestContext.http.path\" or \"event.Records[0].eventSource\"", *dst)
		}
	}
}

var eventPath = regexps.New(`^event(\.[A-Za-z_][\w-]*|\[ *("[^"]*"|'[^']*'|-?[0-9]+) *\])+$`)

func (d *decoder) rules(c *Config) func(*value) {
	return func(v *value) {
		if v.kind != kindTable {
			d.fail(v.pos, "%s is %s, it must be a table", d.title("rules"), v.kind)
			return
		}
		for _, e := range v.keys {
			if !ruleID().MatchString(e.name) {
				d.fail(e.pos, "%q is no rule; rules are written FP and three digits, such as FP202", e.name)
				continue
			}
			if !slices.Contains(diag.IDs, e.name) {
				d.fail(e.pos, "unknown rule %q%s allowed: %s", e.name, didYouMean(e.name, diag.IDs), strings.Join(diag.IDs, ", "))
				continue
			}
			var severity string
			d.oneOf(&severity, severities)(e.val)
			if severity != "" {
				c.Rules[e.name] = severity
			}
		}
	}
}

// is checks the type of a value.
func (d *decoder) is(v *value, kind valueKind) bool {
	if v.kind != kind {
		d.fail(v.pos, "found %s, expected %s", found(v), kind)
		return false
	}
	return true
}

// found describes a value that is not what was expected.
func found(v *value) string {
	switch v.kind {
	case kindString:
		return fmt.Sprintf("the string %q", v.text)
	case kindInteger, kindFloat, kindBool, kindDate:
		return v.text
	}
	return v.kind.String()
}

func (d *decoder) str(to *string) func(*value) {
	return func(v *value) {
		if !d.is(v, kindString) {
			return
		}
		if strings.TrimSpace(v.text) == "" {
			d.fail(v.pos, "the string is empty; give a value or remove the key")
			return
		}
		*to = v.text
	}
}

// prices reads a table of prices. Whoever sets a price says since when it holds.
func (d *decoder) prices(to *Prices) func(*value) {
	return func(v *value) {
		d.table(v, "prices",
			field{"gb-second", d.positive(&to.GBSecond)},
			field{"request", d.positive(&to.Request)},
			field{"scan-gb", d.positive(&to.ScanGB)},
			field{"currency", d.str(&to.Currency)},
			field{"date", d.day(&to.Date)})
		if v.kind == kindTable && v.get("date") == nil && len(v.keys) > 0 {
			d.fail(v.keys[0].pos, "%s has no date; say on which day the prices held, such as date = 2026-11-28", d.title("prices"))
		}
		to.Source = "configured"
	}
}

// day reads a date, as TOML has it or as a string.
func (d *decoder) day(to *string) func(*value) {
	return func(v *value) {
		_, err := time.Parse(time.DateOnly, v.text)
		if err != nil || v.kind != kindDate && v.kind != kindString {
			d.fail(v.pos, "found %s, expected a day such as 2026-11-28", found(v))
			return
		}
		*to = v.text
	}
}

// moduleFile reads the path of a Python file of the project, one that an import
// statement can name.
func (d *decoder) moduleFile(to *string) func(*value) {
	return func(v *value) {
		var file string
		d.str(&file)(v)
		if file == "" {
			return
		}
		clean := path.Clean(strings.ReplaceAll(file, `\`, "/"))
		module, isPython := strings.CutSuffix(path.Base(clean), ".py")
		switch {
		case path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") || strings.Contains(clean, ":"):
			d.fail(v.pos, "%q lies outside of the project; expected a path relative to it, such as \"fast_path.py\"", file)
		case !isPython || strings.Contains(module, ".") || !moduleName().MatchString(module) || slices.Contains(noModules, module):
			d.fail(v.pos, "%q cannot be imported; expected a Python file, such as \"fast_path.py\"", file)
		default:
			*to = file
		}
	}
}

func (d *decoder) flag(to *bool) func(*value) {
	return func(v *value) {
		if d.is(v, kindBool) {
			*to = v.text == "true"
		}
	}
}

func (d *decoder) oneOf(to *string, allowed []string) func(*value) {
	return func(v *value) {
		list := strings.Join(allowed, ", ")
		if v.kind != kindString {
			d.fail(v.pos, "found %s, expected one of: %s", found(v), list)
			return
		}
		if !slices.Contains(allowed, v.text) {
			d.fail(v.pos, "unknown value %q%s allowed: %s", v.text, didYouMean(v.text, allowed), list)
			return
		}
		*to = v.text
	}
}

func (d *decoder) strings(to *[]string, check func(string) string) func(*value) {
	return func(v *value) {
		if v.kind != kindArray {
			d.fail(v.pos, "found %s, expected an array of strings", found(v))
			return
		}
		list := make([]string, 0, len(v.items))
		for _, item := range v.items {
			if !d.is(item, kindString) {
				continue
			}
			if strings.TrimSpace(item.text) == "" {
				d.fail(item.pos, "the string is empty; give a value or remove it")
				continue
			}
			if check != nil {
				if msg := check(item.text); msg != "" {
					d.fail(item.pos, "%s", msg)
					continue
				}
			}
			if slices.Contains(list, item.text) {
				d.fail(item.pos, "%q is listed twice", item.text)
				continue
			}
			list = append(list, item.text)
		}
		*to = list
	}
}

func (d *decoder) checkModule(name string) string {
	if moduleName().MatchString(name) {
		return ""
	}
	return fmt.Sprintf("%q is no module name; write it as in an import statement, such as \"boto3\" or \"google.cloud.storage\"", name)
}

func (d *decoder) checkEntryName(name string) string {
	return CheckEntry(name)
}

// CheckEntry returns what is wrong with the written form of an entry, or "".
func CheckEntry(name string) string {
	const forms = `"module:function", "console:NAME", "-m package" or "path/app.py"`
	bad := func(why string) string {
		return fmt.Sprintf("%q is no entry: %s; allowed: %s", name, why, forms)
	}
	module, attr, colon := strings.Cut(name, ":")
	switch {
	case strings.HasPrefix(name, "-m"):
		pkg := strings.TrimPrefix(name, "-m ")
		if !moduleName().MatchString(pkg) {
			return bad("after -m stands one blank and a module name")
		}
	case module == "console":
		if attr == "" || strings.ContainsAny(attr, " \t\r\n") {
			return bad("after console: stands the name of a script of [project.scripts]")
		}
	case colon:
		root := ""
		if i := strings.LastIndexByte(module, '/'); i >= 0 {
			root, module = module[:i], module[i+1:]
		}
		if root == "" && strings.HasSuffix(module, ".py") || !moduleName().MatchString(strings.TrimSuffix(module, ".py")) {
			return bad(fmt.Sprintf("%q is no module name", module))
		}
		if !moduleName().MatchString(attr) {
			return bad(fmt.Sprintf("%q is no function name", attr))
		}
	case strings.HasSuffix(name, ".py"):
	case moduleName().MatchString(name) && strings.Contains(name, "."):
		i := strings.LastIndexByte(name, '.')
		return fmt.Sprintf("%q is no entry: did you mean %q?", name, name[:i]+":"+name[i+1:])
	default:
		return bad("it names no function")
	}
	return ""
}

// number returns the value of an integer or a float.
func (d *decoder) number(v *value, expected string) (float64, bool) {
	if v.kind != kindInteger && v.kind != kindFloat || math.IsNaN(v.num) || math.IsInf(v.num, 0) {
		d.fail(v.pos, "found %s, expected %s", found(v), expected)
		return 0, false
	}
	return v.num, true
}

func (d *decoder) positive(to *float64) func(*value) {
	return func(v *value) {
		n, ok := d.number(v, "a number above 0")
		if ok && n <= 0 {
			d.fail(v.pos, "%s is out of range; allowed: a number above 0", v.text)
		} else if ok {
			*to = n
		}
	}
}

func (d *decoder) between(to *float64, low, high float64) func(*value) {
	return func(v *value) {
		allowed := fmt.Sprintf("a number from %v to %v", low, high)
		n, ok := d.number(v, allowed)
		if ok && (n < low || n > high) {
			d.fail(v.pos, "%s is out of range; allowed: %s", v.text, allowed)
		} else if ok {
			*to = n
		}
	}
}

func (d *decoder) count(to *int) func(*value) {
	return func(v *value) {
		const allowed = "a whole number from 1 to 1000000"
		switch {
		case v.kind != kindInteger:
			d.fail(v.pos, "found %s, expected %s", found(v), allowed)
		case v.num < 1 || v.num > 1e6:
			d.fail(v.pos, "%s is out of range; allowed: %s", v.text, allowed)
		default:
			*to = int(v.num)
		}
	}
}
