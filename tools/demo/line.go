package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// What the commands print with --format json, as far as the demo shows it;
// docs/schemas has the whole of it.

type profileJSON struct {
	Total struct {
		MinMS   float64 `json:"min_ms"`
		Modules int     `json:"modules"`
		N       int     `json:"n"`
	} `json:"total"`
}

type planJSON struct {
	Decisions []decisionJSON `json:"decisions"`
}

type decisionJSON struct {
	Module    string `json:"module"`
	Statement struct {
		File string `json:"file"`
		Line int    `json:"line"`
		Text string `json:"text"`
	} `json:"statement"`
	Decision   string   `json:"decision"`
	Reason     string   `json:"reason"`
	Rule       string   `json:"rule"`
	AloneMS    float64  `json:"alone_ms"`
	SavesMS    float64  `json:"saves_ms"`
	UsageShare *float64 `json:"usage_share"`
	Safety     string   `json:"safety"`
}

// moves tells whether apply moves the import: a decision for the function
// level about a statement that does not stand in one yet.
func (d decisionJSON) moves() bool { return d.Decision == "function" && d.Rule != "existing" }

type costJSON struct {
	ModuleLevelMS   float64 `json:"module_level_cost_ms"`
	FunctionLevelMS float64 `json:"function_level_cost_ms"`
	Decision        string  `json:"decision"`
	Ratio           float64 `json:"ratio"`
}

type figureJSON struct {
	Min    float64  `json:"min"`
	Median float64  `json:"median"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	N      int      `json:"n"`
}

type changeJSON struct {
	DiffMS  float64  `json:"diff_ms"`
	LowMS   *float64 `json:"diff_low_ms"`
	HighMS  *float64 `json:"diff_high_ms"`
	Share   float64  `json:"diff_share"`
	N       int      `json:"n"`
	Verdict string   `json:"verdict"`
}

type armJSON struct {
	Name           string     `json:"name"`
	InitMS         figureJSON `json:"init_ms"`
	FirstRequestMS figureJSON `json:"first_request_ms"`
	ColdStartMS    figureJSON `json:"cold_start_ms"`
	RSSKiB         figureJSON `json:"rss_kib"`
	Modules        figureJSON `json:"modules"`
}

type benchJSON struct {
	Interpreter string    `json:"interpreter"`
	Runs        int       `json:"runs"`
	Arms        []armJSON `json:"arms"`
	Events      []struct {
		Name            string      `json:"name"`
		Share           float64     `json:"share"`
		Arms            []armJSON   `json:"arms"`
		Change          *changeJSON `json:"change"`
		Equal           bool        `json:"equal"`
		ModulesReturned []string    `json:"modules_returned"`
		Error           string      `json:"error"`
	} `json:"events"`
	Comparison struct {
		Init        changeJSON `json:"init"`
		ColdStart   changeJSON `json:"cold_start"`
		ModulesGone []string   `json:"modules_gone"`
		Equal       bool       `json:"equal"`
	} `json:"comparison"`
}

// formulaRow is one of the founding documents' examples.
type formulaRow struct {
	Module    string
	MS, Usage float64
	Cost      costJSON
}

// Result is everything that the line found out; the table shows it and the
// end-to-end test judges it.
type Result struct {
	Profile            profileJSON
	Before, After      planJSON // the plan before and after apply
	TestsBefore, Tests int
	Events             int
	DocumentsTests     int
	Bench              benchJSON
	Formula            []formulaRow
	FastPath           string // the generated file
	AnswersEqual       bool
	Regression         string // what check says when a hot file imports boto3
}

// Line runs the whole job on the scratch copy: measure, learn usage, decide,
// move, prove, hold. Runs is the number of pairs that bench measures.
func Line(ctx context.Context, w *Workspace, runs int) (*Result, error) {
	r := &Result{FastPath: filepath.Join(w.App, "fast_path.py")}
	var err error
	var answers []byte

	w.step("the application as it is: its tests, and every event in a fresh process")
	if r.TestsBefore, err = w.Pytest(ctx, w.App); err != nil {
		return nil, err
	}
	if answers, r.Events, err = w.Events(ctx, w.App); err != nil {
		return nil, err
	}
	fmt.Fprintf(w.Log, "%d tests passed, %d events answered\n", r.TestsBefore, r.Events)

	w.step("find the entry, the interpreter and the sources")
	if _, _, err = w.Fastpath(ctx, true, "init"); err != nil {
		return nil, err
	}
	if err = w.setLight(); err != nil {
		return nil, err
	}

	w.step("measure every import in fresh interpreters")
	if err = w.JSON(ctx, &r.Profile, "profile"); err != nil {
		return nil, err
	}
	fmt.Fprintf(w.Log, "%.0f ms for %d modules (min of %d)\n", r.Profile.Total.MinMS, r.Profile.Total.Modules, r.Profile.Total.N)

	w.step("learn what requests use, weighted by events/traffic.toml")
	if _, _, err = w.Fastpath(ctx, false, "usage", "invoke"); err != nil {
		return nil, err
	}

	w.step("decide")
	if _, _, err = w.Fastpath(ctx, true, "plan"); err != nil {
		return nil, err
	}
	if err = w.JSON(ctx, &r.Before, "plan"); err != nil {
		return nil, err
	}

	w.step("show the edits, then make them")
	for _, args := range [][]string{{"apply", "--diff"}, {"apply"}} {
		if _, _, err = w.Fastpath(ctx, true, args...); err != nil {
			return nil, err
		}
	}
	if err = w.appliesOnce(ctx, r.FastPath); err != nil {
		return nil, err
	}

	w.step("hold it: the check that runs in CI, and what it says when somebody imports boto3 in a hot file")
	if err = w.checkIsClean(ctx); err != nil {
		return nil, err
	}
	if r.Regression, err = w.regress(ctx); err != nil {
		return nil, err
	}
	if err = w.checkIsClean(ctx); err != nil {
		return nil, err
	}

	w.step("prove it: the application's tests and events again, and the documents' own tests on fast_path.py")
	if r.Tests, err = w.Pytest(ctx, w.App); err != nil {
		return nil, err
	}
	again, _, err := w.Events(ctx, w.App)
	if err != nil {
		return nil, err
	}
	r.AnswersEqual = bytes.Equal(answers, again)
	if !r.AnswersEqual || r.Tests != r.TestsBefore {
		return nil, fmt.Errorf("the application behaves differently after apply: %d tests passed, before %d; answers equal: %t", r.Tests, r.TestsBefore, r.AnswersEqual)
	}
	if r.DocumentsTests, err = w.DocumentsTests(ctx); err != nil {
		return nil, err
	}
	fmt.Fprintf(w.Log, "%d tests passed, %d events answered as before, %d of the documents' tests passed\n", r.Tests, r.Events, r.DocumentsTests)

	w.step("measure and decide again: nothing may move")
	if err = w.JSON(ctx, new(profileJSON), "profile"); err != nil {
		return nil, err
	}
	if err = w.JSON(ctx, &r.After, "plan"); err != nil {
		return nil, err
	}
	if diff := changedDecisions(r.Before, r.After, w.light()); len(diff) > 0 {
		return nil, fmt.Errorf("decisions changed after apply:\n  %s", strings.Join(diff, "\n  "))
	}
	fmt.Fprintf(w.Log, "%d decisions, nothing moves and nothing goes back\n", len(r.After.Decisions))

	w.step("compare cold starts with the copy that nobody touched")
	if err = w.JSON(ctx, &r.Bench, "bench", "--against", w.Before, "--runs", strconv.Itoa(runs)); err != nil {
		return nil, err
	}

	w.step("the founding documents' formula, for their own three examples")
	for _, row := range []formulaRow{{Module: "boto3", MS: 350, Usage: 90}, {Module: "pandas", MS: 1200, Usage: 5}, {Module: "requests", MS: 180, Usage: 40}} {
		if err = w.JSON(ctx, &row.Cost, "cost", "--import-ms", fmt.Sprint(row.MS), "--usage", fmt.Sprint(row.Usage), "--requests", "10000"); err != nil {
			return nil, err
		}
		r.Formula = append(r.Formula, row)
	}
	_, err = os.Stat(r.FastPath)
	return r, err
}

// appliesOnce runs apply again, which must not find anything to do.
func (w *Workspace) appliesOnce(ctx context.Context, fastPath string) error {
	applied, err := os.ReadFile(fastPath)
	if err != nil {
		return err
	}
	out, _, err := w.Fastpath(ctx, true, "apply")
	if err != nil {
		return err
	}
	again, err := os.ReadFile(fastPath)
	if err == nil && (!bytes.Equal(applied, again) || !bytes.Contains(out, []byte("nothing to do"))) {
		err = fmt.Errorf("apply finds something to do right after apply:\n%s", out)
	}
	return err
}

// checkIsClean runs check, which must not find anything.
func (w *Workspace) checkIsClean(ctx context.Context) error {
	_, code, err := w.Fastpath(ctx, true, "check")
	if err == nil && code != 0 {
		err = fmt.Errorf("check has findings right after apply")
	}
	return err
}

// regress adds a heavy import to a module that every request needs, returns
// what check says about it, and takes it out again.
func (w *Workspace) regress(ctx context.Context) (findings string, err error) {
	file := filepath.Join(w.App, "state_core.py")
	good, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	bad := bytes.Replace(good, []byte("import cache_core\n"), []byte("import boto3\nimport cache_core\n"), 1)
	bad = append(bad, "\n\ndef save(bucket: str, body: bytes) -> None:\n    \"\"\"Keeps the states for good.\"\"\"\n"+
		"    boto3.client(\"s3\").put_object(Bucket=bucket, Key=\"states\", Body=body)\n"...)
	if err := os.WriteFile(file, bad, 0o644); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(file, good, 0o644)) }()
	fmt.Fprintln(w.Log, "(state_core.py imports boto3 now, for a function that no request needs)")
	out, code, err := w.Fastpath(ctx, true, "check")
	if err == nil && code != 1 {
		err = fmt.Errorf("check does not mind that state_core.py imports boto3: exit %d", code)
	}
	return string(out), err
}

// step says what comes next.
func (w *Workspace) step(format string, args ...any) {
	w.steps++
	fmt.Fprintf(w.Log, "\n%d. %s\n", w.steps, fmt.Sprintf(format, args...))
}

// stillLoaded returns the decisions of before about files that have some in
// after, too: files that are no longer loaded at start have none.
func stillLoaded(before, after planJSON) planJSON {
	loaded := map[string]bool{}
	for _, d := range after.Decisions {
		loaded[d.Statement.File] = true
	}
	return planJSON{Decisions: slices.DeleteFunc(slices.Clone(before.Decisions), func(d decisionJSON) bool { return !loaded[d.Statement.File] })}
}

// changedDecisions lists the imports whose decision differs between two plans,
// as far as their files are still loaded. Apply moves statements, so that
// imports are told apart by module, not by place. Two measurements of what is
// about as heavy as the limit of what is light, lightMS, may fall on either
// side of it: apply changes who loads a shared module first, and some of them
// cost another time then.
func changedDecisions(before, after planJSON, lightMS float64) []string {
	before = stillLoaded(before, after)
	b, a := decisionsByModule(before), decisionsByModule(after)
	var changed []string
	for _, module := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[module]; !ok {
			changed = append(changed, fmt.Sprintf("%s: %s before, not listed after", module, b[module]))
		} else if a[module] != b[module] && !crossed(module, lightMS, before, after) {
			changed = append(changed, fmt.Sprintf("%s: %s before, %s after", module, b[module], a[module]))
		}
	}
	return changed
}

// crossed reports whether the times of a module are on either side of lightMS,
// and either close to it or of no consequence for where the import stands.
func crossed(module string, lightMS float64, plans ...planJSON) bool {
	const near = 1.25
	var light, heavier, far, moves bool
	for _, p := range plans {
		for _, d := range p.Decisions {
			if d.Module != module {
				continue
			}
			light, heavier = light || d.AloneMS < lightMS, heavier || d.AloneMS >= lightMS
			far = far || d.AloneMS*near < lightMS || d.AloneMS > lightMS*near
			moves = moves || d.moves()
		}
	}
	return light && heavier && !(far && moves)
}

// decisionsByModule joins the distinct decisions about each module.
func decisionsByModule(p planJSON) map[string]string {
	sets := map[string]map[string]bool{}
	for _, d := range p.Decisions {
		if sets[d.Module] == nil {
			sets[d.Module] = map[string]bool{}
		}
		sets[d.Module][d.Decision] = true
	}
	joined := map[string]string{}
	for module, set := range sets {
		joined[module] = strings.Join(slices.Sorted(maps.Keys(set)), ", ")
	}
	return joined
}
