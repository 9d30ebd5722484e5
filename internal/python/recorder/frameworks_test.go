//go:build unix

package recorder

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// frameworks are packages of an environment of tools/fetch-environments, taken
// for a project, and a handler that runs them.
var frameworks = []struct {
	name, environment string
	packages          []string
	handler           string
	events            []string
}{
	{
		"flask", "shop", []string{"flask"}, `
from flask import Flask, jsonify, redirect, request, render_template_string, session, url_for, abort
app = Flask("shop")
app.secret_key = "x"
@app.route("/json")
def js(): return jsonify(a=1)
@app.route("/go")
def go(): return redirect(url_for("js"))
@app.route("/page/<int:n>")
def page(n):
    session["n"] = n
    return render_template_string("{{ n }}", n=n)
@app.route("/form", methods=["POST"])
def form(): return request.form["a"] + str(request.files)
@app.route("/no")
def no(): abort(404)
client = app.test_client()
def handler(event, context):
    client.open(**event)
`, []string{`{"path": "/json"}`, `{"path": "/go"}`, `{"path": "/page/3"}`, `{"path": "/form", "method": "POST", "data": {"a": "b"}}`, `{"path": "/no"}`, `{"path": "/missing"}`},
	},
	{
		"fastapi", "api", []string{"fastapi", "starlette"}, `
from fastapi import FastAPI, HTTPException, Depends, Form
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient
app = FastAPI()
@app.get("/json")
async def js(): return {"a": 1}
@app.get("/item/{n}")
def item(n: int, q: str = Depends(lambda: "x")): return {"n": n, "q": q}
@app.get("/page", response_class=HTMLResponse)
async def page(): return "<p>"
@app.get("/no")
async def no(): raise HTTPException(404)
@app.post("/body")
async def body(b: dict): return b
client = TestClient(app)
def handler(event, context):
    client.request(**event)
`, []string{`{"method": "GET", "url": "/json"}`, `{"method": "GET", "url": "/item/3"}`, `{"method": "GET", "url": "/item/x"}`, `{"method": "GET", "url": "/page"}`, `{"method": "GET", "url": "/no"}`, `{"method": "POST", "url": "/body", "json": {"a": 1}}`},
	},
	{
		"click", "api", []string{"click"}, `
import click
from click.testing import CliRunner
@click.group()
def cli(): pass
@cli.command()
@click.option("--n", type=int, default=1)
def show(n): click.echo(click.style(str(n), fg="red"))
@cli.command()
@click.argument("file", type=click.File())
def read(file): click.echo(file.read())
def handler(event, context):
    CliRunner().invoke(cli, event)
`, []string{`["show"]`, `["show", "--n", "x"]`, `["--help"]`, `["read", "/dev/null"]`, `["nothing"]`},
	},
}

// TestFrameworks compares with exhaustive tracing over real packages, every
// file of which is taken for one of the project: the same from 3.12 on, never
// less before.
func TestFrameworks(t *testing.T) {
	t.Parallel()
	for _, fw := range frameworks {
		t.Run(fw.name, func(t *testing.T) {
			t.Parallel()
			site, p := environment(t, fw.environment)
			files := map[string]string{"app.py": fw.handler}
			addPackages(t, site, fw.packages, files)
			o := handlerProject(t, p.Path, files)
			cache := "PYTHONPYCACHEPREFIX=" + t.TempDir() // the environment stays as it is
			o.Env = append(o.Env, cache)
			for _, e := range fw.events {
				o.Events = append(o.Events, []byte(e))
			}
			exhaustive, err := Invoke(t.Context(), o)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			r := record(t, p, files)
			var events []any
			for _, e := range fw.events {
				var v any
				if err := json.Unmarshal([]byte(e), &v); err != nil {
					t.Fatal(err)
				}
				events = append(events, v)
			}
			list, err := json.Marshal(events)
			if err != nil {
				t.Fatal(err)
			}
			// A process an event, as there.
			for k := range fw.events {
				lines, rest := r.run(t, `
import sys, json
import fastpath_recorder
import app
event = json.loads(sys.stdin.read() or `+"'''"+string(list)+"'''"+`)[`+string(rune('0'+k))+`]
with fastpath_recorder.request("r"): app.handler(event, None)
`, "FASTPATH_EVERY=1", cache)
				var found []string
				for _, l := range requests(lines) {
					found = append(found, l.Names(l.Used)...)
				}
				if len(found) == 0 {
					t.Fatalf("event %d: nothing\n%s", k, rest)
				}
				if exhaustive.Requests[k].Error != "" {
					t.Errorf("event %d: %s", k, exhaustive.Requests[k].Error)
				}
				compareUses(t, fmt.Sprintf("event %d", k), p, found, exhaustive.Requests[k].Used)
			}
		})
	}
}

// minorOf reads the minor version from "…/lib/python3.12/site-packages".
func minorOf(t *testing.T, site string) int {
	t.Helper()
	n := 0
	for _, c := range strings.TrimPrefix(filepath.Base(filepath.Dir(site)), "python3.") {
		n = n*10 + int(c-'0')
	}
	return n
}
