"""Imports modules with traps behind imports, and notes which names are loaded.

Standard input holds a request (JSON):

  path     folders to put first on sys.path
  groups   lists of modules; each list is imported in a process of its own
  files    one for all groups, or one a group: file -> what to do in it:
           traps   line -> names that the import there binds, to be replaced
           loads   "line:column:line:column" of a Name or Attribute -> number
  cache    folder for compiled files, which several groups share
  jobs     processes at a time
  seconds  limit of a group; alarm: limit of a module

Standard output gets, for each group: the traps that fired (place, operation,
frames), the numbers of the loads that ran, the modules that could be imported,
and the files whose code ran to the end.
"""

import ast
import builtins
import hashlib
import importlib
import importlib.machinery
import io
import json
import marshal
import os
import signal
import sys
import time
import traceback
import warnings

request = json.load(sys.stdin)
files = {}
fired = []
loaded = set()
finished = []


class TrapError(Exception):
    pass


class TimeUp(BaseException):
    pass


def fire(self, what):
    where = object.__getattribute__(self, "where")
    frames = [f"{f.filename}:{f.lineno} in {f.name}" for f in traceback.extract_stack()[:-2] if "importlib" not in f.filename and f.filename != __file__]
    fired.append([where, what, frames[-4:]])
    raise TrapError(where)


class Trap:
    """Reports whatever is done to it, but for what the import system does to
    every object of sys.modules."""

    def __init__(self, where):
        object.__setattr__(self, "where", where)

    def __getattribute__(self, name):
        if name == "__class__":
            return Trap
        if name in ("__path__", "__file__", "__spec__", "__loader__", "__warningregistry__"):
            raise AttributeError(name)
        fire(self, name)


def method(name):
    def operation(self, *args, **keywords):
        fire(self, name)

    return operation


for name in (
    "call mro_entries iter next getitem setitem delitem contains or ror and rand add radd sub mul mod rmod eq ne lt gt le ge bool len hash enter "
    "exit instancecheck subclasscheck await aiter aenter setattr delattr int float index str repr format truediv matmul invert neg"
).split():
    setattr(Trap, f"__{name}__", method(f"__{name}__"))


def load(number, value):
    loaded.add(number)
    return value


builtins.__fastpath_trap__ = Trap
builtins.__fastpath_load__ = load


class Instrument(ast.NodeTransformer):
    def __init__(self, file, task, tree):
        self.file, self.traps, self.loads = file, task.get("traps", {}), task.get("loads", {})
        self.functions = 0
        self.future = any(isinstance(s, ast.ImportFrom) and s.module == "__future__" and any(a.name == "annotations" for a in s.names) for s in tree.body)

    def visit_function(self, node):
        # What belongs to the definition itself is no part of the function, but
        # no import statement stands there.
        self.functions += 1
        self.generic_visit(node)
        self.functions -= 1
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_function

    def generic_visit(self, node):
        if self.future:  # annotations become text
            kept = {field: getattr(node, field) for field in ("annotation", "returns") if getattr(node, field, None) is not None}
            for field in kept:
                setattr(node, field, None)
            super().generic_visit(node)
            for field, value in kept.items():
                setattr(node, field, value)
            return node
        return super().generic_visit(node)

    def visit_import(self, node):
        names = () if self.functions else self.traps.get(str(node.lineno), ())
        out = [node]
        for name in names:
            call = ast.Call(ast.Name("__fastpath_trap__", ast.Load()), [ast.Constant(f"{self.file}:{node.lineno} {name}")], [])
            out.append(ast.copy_location(ast.Assign([ast.Name(name, ast.Store())], call), node))
        return [ast.fix_missing_locations(n) for n in out]

    visit_Import = visit_ImportFrom = visit_import

    def visit_load(self, node):
        number = None
        if isinstance(node.ctx, ast.Load):
            number = self.loads.get(f"{node.lineno}:{node.col_offset}:{node.end_lineno}:{node.end_col_offset}")
        self.generic_visit(node)
        if number is None:
            return node
        call = ast.Call(ast.Name("__fastpath_load__", ast.Load()), [ast.Constant(number), node], [])
        return ast.fix_missing_locations(ast.copy_location(call, node))

    visit_Name = visit_Attribute = visit_load

    def visit_match_case(self, node):  # patterns hold no calls
        if node.guard is not None:
            node.guard = self.visit(node.guard)
        body = []
        for statement in node.body:
            new = self.visit(statement)
            body.extend(new if isinstance(new, list) else [new])
        node.body = body
        return node


class Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        path = self.get_filename(fullname)
        task = files.get(path)
        if not task:
            return super().get_code(fullname)
        cache = request.get("cache") and os.path.join(request["cache"], hashlib.sha1(path.encode()).hexdigest())
        if cache and os.path.exists(cache):
            with open(cache, "rb") as f:
                return marshal.load(f)
        tree = ast.parse(self.get_data(path))
        code = compile(Instrument(path, task, tree).visit(tree), path, "exec", dont_inherit=True)
        if cache:
            with open(f"{cache}.{os.getpid()}", "wb") as f:
                marshal.dump(code, f)
            os.replace(f.name, cache)
        return code

    def exec_module(self, module):
        super().exec_module(module)
        finished.append(module.__spec__.origin)


def interrupt(signum, frame):
    raise TimeUp


def run(modules, out):
    """Imports modules and writes the report."""
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    os.dup2(0, 2)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, interrupt)
    hook = importlib.machinery.FileFinder.path_hook(
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES), (Loader, [".py"])
    )
    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    sys.path[:0] = request["path"]
    imported = []
    for name in modules:
        signal.alarm(request["alarm"])
        try:
            importlib.import_module(name)
            imported.append(name)
        except BaseException:
            pass
        finally:
            signal.alarm(0)
    with open(out, "w") as f:
        json.dump({"fired": fired, "loaded": sorted(loaded), "imported": imported, "finished": finished}, f)


def main():
    queue = list(enumerate(request["groups"]))
    running = {}
    while queue or running:
        while queue and len(running) < request["jobs"]:
            number, modules = queue.pop(0)
            pid = os.fork()
            if pid == 0:
                try:
                    files.update(request["files"][min(number, len(request["files"]) - 1)])
                    run(modules, f"report{number}")
                finally:
                    os._exit(0)
            running[pid] = time.monotonic() + request["seconds"]
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid:
            running.pop(pid, None)
            continue
        for pid, end in running.items():
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    reports = []
    for number in range(len(request["groups"])):
        try:
            with open(f"report{number}") as f:
                reports.append(json.load(f))
        except (OSError, ValueError):
            reports.append(None)
    json.dump(reports, sys.stdout)


main()
