//go:build unix

package recorder

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// driver calls an application with an event as a server does. It is no file of
// the project: what it reads is nobody's use.
const driver = `
import io, os, sys
how = os.environ.get("BOUNDARY", "")
recorder = sys.modules.get("fastpath_recorder")

def wsgi(application, event):
    body = event.get("body", "").encode()
    environ = {
        "REQUEST_METHOD": event.get("method", "GET"), "SCRIPT_NAME": "", "PATH_INFO": event["path"], "QUERY_STRING": event.get("query", ""),
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "CONTENT_TYPE": event.get("type", ""),
        "CONTENT_LENGTH": str(len(body)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
    }
    status = []
    result = application(environ, lambda line, headers, exc_info=None: status.append(line))
    try:
        b"".join(result)
    finally:
        if hasattr(result, "close"): result.close()
    return status[-1][:3]

def asgi(application, event):
    import asyncio
    path, _, query = event["path"].partition("?")
    headers = [(b"host", b"localhost"), (b"content-type", event.get("type", "").encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": event.get("method", "GET"), "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "root_path": "",
        "server": ("localhost", 80), "client": ("localhost", 1),
    }
    status = []
    async def main():
        messages = [{"type": "http.request", "body": event.get("body", "").encode(), "more_body": False}]
        async def receive():
            if messages: return messages.pop()
            await asyncio.Event().wait()
        async def send(message):
            if "status" in message: status.append(message["status"])
        await application(scope, receive, send)
    asyncio.run(main())
    return str(status[0])

def around(name, application):
    return getattr(recorder, name)(application) if how == "middleware" else application
`

const djangoSettings = `
DEBUG = False
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware", "shop.middleware.Timing",
]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
LOGGING_CONFIG = None
`

// django is a site with a middleware of its own, function and class views.
var django = map[string]string{
	"shop/__init__.py": "", "shop/settings.py": djangoSettings,
	"shop/middleware.py": `
import time
class Timing:
    def __init__(self, get_response): self.get_response = get_response
    def __call__(self, request):
        begin = time.perf_counter()
        response = self.get_response(request)
        response["x-took"] = str(time.perf_counter() - begin)
        return response
`,
	"shop/views.py": `
import base64, csv, io, json
import colorsys as colours
from decimal import Decimal
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.views import View

def index(request): return JsonResponse({"n": str(Decimal(1))})
def order(request, number):
    if number > 99: raise Http404
    return HttpResponse(engines["django"].from_string("{{ n|floatformat:2 }}").render({"n": number}))
def rows(request):
    def lines():
        out = io.StringIO()
        csv.writer(out).writerow([1])
        yield out.getvalue()
    return StreamingHttpResponse(lines())
def go(request): return redirect("index")
def fails(request): return 1 / (1 if colours.ONE_THIRD > 1 else 0)
class Form(View):
    def get(self, request): return HttpResponse(base64.b64encode(b"x"))
    def post(self, request): return HttpResponse(json.dumps(sorted(request.POST)))
`,
	"shop/urls.py": `
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from shop import views
urlpatterns = [
    path("", views.index, name="index"),
    path("orders/", include([path("<int:number>/", views.order), path("rows", views.rows)])),
    re_path(r"^go/(?P<where>[a-z]+)$", lambda request, where: views.go(request)),
    path("fails", views.fails), path("form", csrf_exempt(views.Form.as_view())),
]
`,
}

var djangoEvents = []string{
	`{"path": "/"}`, `{"path": "/orders/7/"}`, `{"path": "/orders/100/"}`, `{"path": "/orders/rows"}`, `{"path": "/go/home"}`, `{"path": "/fails"}`,
	`{"path": "/form"}`, `{"path": "/form", "method": "POST", "type": "application/x-www-form-urlencoded", "body": "a=1"}`, `{"path": "/missing"}`,
}

var djangoRoutes = []string{
	"GET /", "GET /orders/<int:number>/", "GET /orders/<int:number>/", "GET /orders/rows", "GET /^go/(?P<where>[a-z]+)$", "GET /fails", "GET /form", "POST /form", "GET /missing",
}

const shopFlask = `
import base64, csv, io
from decimal import Decimal
from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template_string, request, url_for
app = Flask("shop")
more = Blueprint("more", __name__, url_prefix="/more")
@app.route("/")
def index(): return jsonify(a=str(Decimal(1)))
@app.route("/page/<int:n>")
def page(n):
    if n > 99: abort(404)
    return render_template_string("{{ n }}", n=n)
@app.route("/form", methods=["POST"])
def form(): return base64.b64encode(request.form["a"].encode())
@more.route("/rows/<name>")
def rows(name):
    def lines():
        out = io.StringIO()
        csv.writer(out).writerow([name])
        yield out.getvalue()
    return Response(lines())
@more.route("/go")
def go(): return redirect(url_for("index"))
@app.route("/fails")
def fails(): return 1 / int(Decimal(0))
app.register_blueprint(more)
`

const shopFastAPI = `
import base64, colorsys
from decimal import Decimal
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, StreamingResponse
app = FastAPI()
more = APIRouter(prefix="/more")
def paging(limit: int = 10): return Decimal(limit)
@app.get("/")
async def index(): return {"a": str(Decimal(1))}
@app.get("/items/{n}")
def item(n: int, limit: Decimal = Depends(paging)):
    if n > 99: raise HTTPException(404)
    return {"n": n, "limit": int(limit)}
@more.post("/body")
async def body(b: dict): return {"text": base64.b64encode(str(b).encode()).decode()}
@more.get("/rows/{name}", response_class=HTMLResponse)
async def rows(name: str):
    async def lines():
        yield str(colorsys.ONE_THIRD)
    return StreamingResponse(lines())
app.include_router(more)
`

const shopCelery = `
import base64, json
import colorsys as colours
from decimal import Decimal
from celery import Celery, chain
app = Celery("shop", broker="memory://", backend="cache+memory://")
app.conf.task_store_eager_result = True
@app.task
def total(a, b): return str(Decimal(a) + b)
@app.task(name="mail.send", bind=True, max_retries=2)
def send(self, text):
    if self.request.retries == 0: raise self.retry(exc=ValueError(text), countdown=0)
    return base64.b64encode(text.encode()).decode()
@app.task
def fails(): return json.loads("{")
@app.task
def outer(): return total.apply((1, colours.ONE_THIRD > 1)).get(disable_sync_subtasks=False)
`

// boundaries are applications behind the recorder's boundaries, with the labels
// that their requests must have.
var boundaries = []struct {
	name, environment string
	packages          []string // taken for the project's own
	files             map[string]string
	driver            string
	events            []string
	middleware        []string // labels with the application wrapped
	automatic         []string // labels found by "usage record"
}{
	{
		"django", "web",
		[]string{"django"},
		django, `
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django.core.wsgi
application = around("wsgi", django.core.wsgi.get_wsgi_application())
def handler(event, context): return wsgi(application, event)
`, djangoEvents,
		[]string{"GET /", "GET /orders/*/", "GET /orders/*/", "GET /orders/rows", "GET /go/home", "GET /fails", "GET /form", "POST /form", "GET /missing"},
		djangoRoutes,
	},
	{
		"django, asynchronous", "web", nil, django, `
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django.core.asgi
application = around("asgi", django.core.asgi.get_asgi_application())
def handler(event, context): return asgi(application, event)
`, djangoEvents,
		[]string{"GET /", "GET /orders/*/", "GET /orders/*/", "GET /orders/rows", "GET /go/home", "GET /fails", "GET /form", "POST /form", "GET /missing"},
		djangoRoutes,
	},
	{
		"flask", "shop",
		[]string{"flask", "werkzeug"},
		map[string]string{"shop.py": shopFlask},
		`
import shop
application = around("wsgi", shop.app)
def handler(event, context): return wsgi(application, event)
`,
		[]string{
			`{"path": "/"}`, `{"path": "/page/3"}`, `{"path": "/page/100"}`, `{"path": "/more/rows/x"}`, `{"path": "/more/go"}`, `{"path": "/fails"}`,
			`{"path": "/form", "method": "POST", "type": "application/x-www-form-urlencoded", "body": "a=1"}`, `{"path": "/missing"}`,
		},
		[]string{"GET /", "GET /page/*", "GET /page/*", "GET /more/rows/x", "GET /more/go", "GET /fails", "POST /form", "GET /missing"},
		[]string{"GET /", "GET /page/<int:n>", "GET /page/<int:n>", "GET /more/rows/<name>", "GET /more/go", "GET /fails", "POST /form", "GET /missing"},
	},
	{
		"fastapi", "api",
		[]string{"fastapi", "starlette"},
		map[string]string{"shop.py": shopFastAPI},
		`
import shop
application = around("asgi", shop.app)
def handler(event, context): return asgi(application, event)
`,
		[]string{
			`{"path": "/"}`, `{"path": "/items/3?limit=2"}`, `{"path": "/items/100"}`, `{"path": "/items/x"}`, `{"path": "/more/rows/x"}`,
			`{"path": "/more/body", "method": "POST", "type": "application/json", "body": "{\"a\": 1}"}`, `{"path": "/missing"}`,
		},
		[]string{"GET /", "GET /items/{n}", "GET /items/{n}", "GET /items/{n}", "GET /more/rows/{name}", "POST /more/body", "GET /missing"},
		[]string{"GET /", "GET /items/{n}", "GET /items/{n}", "GET /items/{n}", "GET /more/rows/{name}", "POST /more/body", "GET /missing"},
	},
	{
		"celery", "web", nil,
		map[string]string{"shop.py": shopCelery},
		`
import shop
if how == "middleware": recorder.celery()
def handler(event, context):
    result = shop.app.tasks[event["task"]].apply(event["args"])
    return result.state
`,
		[]string{`{"task": "shop.total", "args": [1, 2]}`, `{"task": "mail.send", "args": ["x"]}`, `{"task": "shop.fails", "args": []}`, `{"task": "shop.outer", "args": []}`},
		[]string{"shop.total", "mail.send", "shop.fails", "shop.outer"},
		[]string{"shop.total", "mail.send", "shop.fails", "shop.outer"},
	},
}

// environment returns the packages and the interpreter of an environment of
// tools/fetch-environments.
func environment(t *testing.T, name string) (site string, p oracle.Python) {
	t.Helper()
	environments := os.Getenv("FASTPATH_ENVIRONMENTS")
	if environments == "" {
		environments = filepath.Join("..", "..", "..", ".corpus", "environments")
	}
	environments, err := filepath.Abs(environments)
	if err != nil {
		t.Fatal(err)
	}
	sites, _ := filepath.Glob(filepath.Join(environments, name, "lib", "python3.*", "site-packages"))
	if len(sites) == 0 {
		if oracle.Required() {
			t.Fatal("the environment is not there; run tools/fetch-environments")
		}
		t.Skip("the environment is not there; tools/fetch-environments makes it")
	}
	return sites[0], oracle.Python{Path: filepath.Join(environments, name, "bin", "python"), Minor: minorOf(t, sites[0])}
}

// addPackages takes packages of an environment for files of the project.
func addPackages(t *testing.T, site string, packages []string, files map[string]string) {
	t.Helper()
	for _, pkg := range packages {
		err := fs.WalkDir(os.DirFS(site), pkg, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join(site, name))
			files[name] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// compareUses holds that what the recorder found is what exhaustive tracing
// found: the same from 3.12 on, never less before.
func compareUses(t *testing.T, what string, p oracle.Python, found, used []string) {
	t.Helper()
	got, want := withParents(strings.Join(found, " ")), withParents(strings.Join(used, " "))
	for _, m := range want {
		if !slices.Contains(got, m) {
			t.Errorf("%s: %s is used, and was not found", what, m)
		}
	}
	for _, m := range got {
		if !slices.Contains(want, m) && p.Minor >= 12 {
			t.Errorf("%s: %s was found, and is not used", what, m)
		}
	}
}

// TestBoundaries runs applications behind each boundary: every request has its
// label, and the uses that exhaustive tracing finds.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	for _, b := range boundaries {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			site, own := environment(t, b.environment)
			pythons := []oracle.Python{own}
			if all := oracle.Pythons(t); own.Minor < 12 { // nothing in it needs its extension modules
				pythons = append(pythons, all[len(all)-1])
			}
			for _, p := range pythons {
				t.Run(p.Name(), func(t *testing.T) {
					t.Parallel()
					files := map[string]string{"lib/driver.py": driver + b.driver}
					maps.Copy(files, b.files)
					addPackages(t, site, b.packages, files)
					o := handlerProject(t, p.Path, files)
					env := []string{"PYTHONPATH=" + site, "PYTHONWARNINGS=ignore", "PYTHONPYCACHEPREFIX=" + t.TempDir()} // the environment stays as it is
					o.Env = append(o.Env, env...)
					o.Module = "lib.driver"
					for _, e := range b.events {
						o.Events = append(o.Events, []byte(e))
					}
					exhaustive, err := Invoke(t.Context(), o)
					if err != nil {
						t.Fatalf("%+v", err)
					}
					r := record(t, p, files)
					r.env = append(append(r.env, env...), "FASTPATH_EVERY=1")
					for how, labels := range map[string][]string{"middleware": b.middleware, "automatic": b.automatic} {
						if how == "automatic" && p.Minor != own.Minor {
							continue // the same hooks, and a process an event
						}
						for k, e := range b.events {
							if exhaustive.Requests[k].Error != "" {
								t.Fatalf("%s: %s\n%s", e, exhaustive.Requests[k].Error, exhaustive.Requests[k].Traceback)
							}
							lines, rest := r.run(t, boundaryScript, "BOUNDARY="+how, "EVENT="+e)
							var found []string
							watched := map[int]bool{} // a task that is tried again is a request again
							for _, l := range requests(lines) {
								watched[l.K] = true
								if l.Workflow != labels[k] {
									t.Errorf("%s: %s: label %q, want %q", how, e, l.Workflow, labels[k])
								}
								if l.Counts[labels[k]] != 1 && l.Part <= 1 {
									t.Errorf("%s: %s: counts %v", how, e, l.Counts)
								}
								found = append(found, l.Names(l.Used)...)
							}
							if len(found) == 0 || total(lines) != len(watched) || len(watched) > 1 != strings.Contains(e, "mail.send") {
								t.Fatalf("%s: %s: %d requests, %d watched, used %q\n%s", how, e, total(lines), len(watched), found, rest)
							}
							if off := slices.ContainsFunc(lines, func(l *Line) bool { return l.Kind == KindOff }); off || lines[0].Stale > 0 || lines[0].Note != "" {
								t.Errorf("%s: %s: %+v", how, e, lines)
							}
							compareUses(t, how+": "+e, p, found, exhaustive.Requests[k].Used)
						}
					}
				})
			}
		})
	}
}

const boundaryScript = `
import fastpath_recorder, json, os
if os.environ["BOUNDARY"] == "automatic": fastpath_recorder.automatic()
from lib import driver
print(driver.handler(json.loads(os.environ["EVENT"]), None))
`

// TestCeleryWorker lets real workers work, in their own thread, in threads and in
// forked processes.
func TestCeleryWorker(t *testing.T) {
	t.Parallel()
	site, own := environment(t, "web")
	wants := map[string]struct {
		n    int
		used string
	}{"shop.total": {6, "decimal"}, "shop.fails": {1, "json"}, "shop.outer": {1, "colorsys decimal"}}
	for _, p := range append(slices.DeleteFunc(oracle.Pythons(t), func(p oracle.Python) bool { return p.Minor != 13 }), own) {
		for _, pool := range []string{"solo", "threads", "prefork"} {
			t.Run(p.Name()+" "+pool, func(t *testing.T) {
				t.Parallel()
				r := record(t, p, map[string]string{"shop.py": strings.Replace(shopCelery, "cache+memory://", "file://results", 1), "results/.keep": ""})
				lines, rest := r.run(t, `
import fastpath_recorder
import os, shop
shop.app.conf.result_backend = "file://" + os.path.abspath("results")
fastpath_recorder.celery()
from celery.contrib.testing.worker import start_worker
with start_worker(shop.app, pool="`+pool+`", concurrency=2, perform_ping_check=False, loglevel="critical"):
    results = [shop.total.delay(i, 1) for i in range(6)] + [shop.fails.delay(), shop.outer.delay()]
    for r in results: r.get(timeout=60, propagate=False)
`, "PYTHONPATH="+site, "PYTHONWARNINGS=ignore", "PYTHONPYCACHEPREFIX="+t.TempDir(), "FASTPATH_EVERY=1")
				counts, watched := map[string]int{}, 0
				for _, l := range lines {
					for label, n := range l.Counts {
						counts[label] += n
					}
				}
				for _, l := range requests(lines) {
					watched++
					want := strings.Fields(wants[l.Workflow].used)
					for _, m := range want {
						if !slices.Contains(l.Names(l.Used), m) {
							t.Errorf("%s: used %q, want %q", l.Workflow, used(l), want)
						}
					}
					if p.Minor >= 12 && len(l.Used) != len(want) {
						t.Errorf("%s: used %q, want %q", l.Workflow, used(l), want)
					}
					if l.Error != (l.Workflow == "shop.fails") {
						t.Errorf("%s: error %v", l.Workflow, l.Error)
					}
				}
				for label, want := range wants {
					if counts[label] != want.n {
						t.Errorf("%s: %d, want %d", label, counts[label], want.n)
					}
				}
				if len(counts) != len(wants) || watched == 0 {
					t.Errorf("counts %v, %d watched\n%s", counts, watched, rest)
				}
			})
		}
	}
}
