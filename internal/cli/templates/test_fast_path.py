"""Holds the limits of {{.File}}.

Written by "fastpath init --tests", which also renews it. Each import happens in
a fresh process, and the fastest of several counts: a busy machine makes one
import slow, and never makes one fast.
"""

import json
import os
import subprocess
import sys

MODULE = "{{.Module}}"
IMPORT_ROOT = os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "{{.Root}}")
)
{{if .Layers}}LAYERS = [
{{- range .Layers}}
    os.path.join(IMPORT_ROOT, "{{.}}"),
{{- end}}
]
{{end}}LIMIT_MS = {{.LimitMS}}  # [tool.fastpath.limits] total-ms
LIMIT_IMPORTS = {{.LimitImports}}  # [tool.fastpath.limits] imports
RUNS = 5

MEASURE = """
import importlib, json, sys, time

sys.path.insert(0, sys.argv[1])
{{- if .Layers}}
sys.path[1:1] = sys.argv[3:]
{{- end}}
start = time.perf_counter()
module = importlib.import_module(sys.argv[2])
duration = (time.perf_counter() - start) * 1000
names = sorted(name for name in dir(module) if not name.startswith("_"))
sys.stderr.write("\\n" + json.dumps([duration, names]))
"""


def measure():
    """Import the file in a fresh process: milliseconds, and the names it has."""
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, IMPORT_ROOT, MODULE{{if .Layers}}, *LAYERS{{end}}],
        cwd=IMPORT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        check=False,
    )
    assert run.returncode == 0, "import %s fails:\n%s" % (MODULE, run.stderr)
    return json.loads(run.stderr.splitlines()[-1])


def test_fast_path_import_time():
    """Ensure fast_path imports are actually fast."""
    measure()  # writes the byte-code
    duration = min(measure()[0] for _ in range(RUNS))
    assert duration < LIMIT_MS, "%s too slow: %.0fms" % (MODULE, duration)


def test_fast_path_size():
    """Ensure fast_path stays small."""
    imports = measure()[1]
    assert len(imports) < LIMIT_IMPORTS, "Too many imports: %d" % len(imports)
