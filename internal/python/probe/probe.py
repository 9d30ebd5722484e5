# Imports one entry and reports what that took. Runs unchanged on 3.8 to 3.15.
#
# Arguments: mode ("time" or "graph"), kind, target, attribute, label of the
# module that runs as __main__, folder for sys.path, time limit in seconds.
# Standard input: the modules of the deferred pass, one a line. The function
# preload() is put in front of this file.
#
# "time" wraps importlib._bootstrap._find_and_load alone and reports self times;
# "graph" wraps __import__ and import_module as well and reports who asked for
# what. Results are lines of tab-separated fields, written when the entry is
# imported and again after the deferred pass, so that what happens later cannot
# spoil what is known.
import sys

_before = set(sys.modules)
import builtins
import gc
import os
import time
from _thread import get_ident

import _frozen_importlib as _bootstrap


def _escape(text):
    return str(text).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class _Output:
    # The result descriptor, moved out of the way of user code. Before each
    # write its identity is checked: a descriptor that user code closed may be
    # a file of its own by now.
    def __init__(self):
        self.write, self.fstat, self.exit, self.getpid = os.write, os.fstat, os._exit, os.getpid
        self.pid = os.getpid()
        fd = int(os.environ.pop("FASTPATH_RESULT_FD"))
        try:
            top = os.sysconf("SC_OPEN_MAX")
            high = os.dup2(fd, (min(top, 4096) if top > 64 else 4096) - 2, False)
            os.close(fd)
            fd = high
        except (AttributeError, OSError, ValueError):
            pass
        self.fd = fd
        self.identity = self.fstat(fd)[:3]

    def send(self, lines):
        if self.getpid() != self.pid:  # user code forked, and this is the child
            self.exit(0)
        data = "".join([line + "\n" for line in lines]).encode("utf-8", "backslashreplace")
        try:
            if self.fstat(self.fd)[:3] != self.identity:
                self.exit(97)
            while data:
                data = data[self.write(self.fd, data) :]
        except OSError:
            self.exit(97)


def _record(*fields):
    return "\t".join([_escape(f) for f in fields])


def _peak():
    # Linux keeps the peak of a replaced program in ru_maxrss, not in VmHWM.
    try:
        fd = os.open("/proc/self/status", os.O_RDONLY)
        try:
            text = _read(fd)
        finally:
            os.close(fd)
        return int(text.partition(b"VmHWM:")[2].split(None, 1)[0])
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


class _Timing:
    # The timing pass: self time per name that was searched for, collections
    # excluded.
    def __init__(self):
        self.clock = clock = time.perf_counter_ns
        self.times = times = []
        self.stack = main = [["__main__", 0]]
        self.stacks = stacks = {get_ident(): main}
        self.gc = spent = [0, 0, 0]  # total, number, start
        original = _bootstrap._find_and_load

        def _find_and_load(name, *args, **kwargs):
            ident = get_ident()
            stack = stacks.get(ident)
            if stack is None:
                stack = stacks[ident] = [[main[-1][0], 0]]
            node = [name, 0]
            stack.append(node)
            start = clock()
            try:
                return original(name, *args, **kwargs)
            finally:
                total = clock() - start
                stack.pop()
                stack[-1][1] += total
                times.append(name)
                times.append(total - node[1])

        def collected(phase, info):
            if phase == "start":
                spent[2] = clock()
                return
            pause = clock() - spent[2]
            spent[0] += pause
            spent[1] += 1
            stack = stacks.get(get_ident())
            if stack is not None:
                stack[-1][1] += pause

        _bootstrap._find_and_load = _find_and_load
        gc.callbacks.append(collected)

    def main(self, label, run):
        # Runs the body of __main__ as a node of its own.
        node = [label, 0]
        self.stack.append(node)
        start = self.clock()
        try:
            run()
        finally:
            total = self.clock() - start
            del self.stack[1:]
            self.times += [label, total - node[1]]

    def entry(self, target, run):
        run()

    def deferred(self, index, target, run):
        run()

    def collections(self):
        return self.gc[:2]

    def take(self):
        # Returns the records since the last call.
        count = len(self.times) // 2 * 2
        times = self.times[:count]
        del self.times[:count]
        selfs = {}
        for i in range(0, count, 2):
            selfs[times[i]] = selfs.get(times[i], 0) + times[i + 1]
        return [_record("m", name, ns) for name, ns in selfs.items()]


class _Graph:
    # The graph pass. A node of a stack is [executing module, statement], the
    # statement an index into self.statements while one runs, else -1. Only
    # the outermost statement of a module counts: what runs on its behalf
    # (functions of other modules, module __getattr__) belongs to it.
    WIDTH = 9  # parent, executing, code, f_lasti, __name__, __package__, name, fromlist, level

    def __init__(self, startup):
        modules = sys.modules
        self.stack = main = [["__main__", -1]]
        self.stacks = stacks = {get_ident(): main}
        self.statements = statements = []
        self.loads = loads = []  # statement, executing, name
        self.known = known = set(startup)
        self.loaded = loaded = {}
        self.order = order = []  # names that were searched for
        self.aliases = aliases = []
        self.reported = set(startup)
        self.label = None
        width = self.WIDTH
        find_and_load, imp, gcd = _bootstrap._find_and_load, builtins.__import__, _bootstrap._gcd_import
        getframe = sys._getframe

        def current():
            ident = get_ident()
            stack = stacks.get(ident)
            if stack is None:
                stack = stacks[ident] = [[main[-1][0], -1]]
            return stack

        def notice(top):
            # Names that code put into sys.modules by itself since the last
            # look. The module that has just ended was moved to the end.
            try:
                for name in reversed(modules):
                    if name in known:
                        if name == top[0]:
                            continue
                        break
                    known.add(name)
                    aliases.append(name)
                    loads.extend((top[1], top[0], name))
            except RuntimeError:  # another thread imports; the next look finds it
                pass

        def _find_and_load(name, *args, **kwargs):
            stack = current()
            top = stack[-1]
            notice(top)
            if not top[0].startswith(name + "."):
                loads.extend((top[1], top[0], name))
            if name not in known:
                known.add(name)
            order.append(name)
            node = [name, -1]
            stack.append(node)
            try:
                module = loaded[name] = find_and_load(name, *args, **kwargs)
                return module
            finally:
                notice(node)
                stack.pop()

        def __import__(name, globals=None, locals=None, fromlist=(), level=0):
            top = current()[-1]
            g = globals if type(globals) is dict else {}
            if top[1] >= 0:
                statements.extend((top[1], top[0], None, 0, g.get("__name__"), g.get("__package__"), name, fromlist, level))
                return imp(name, globals, locals, fromlist, level)
            notice(top)
            frame = getframe(1)
            top[1] = len(statements) // width
            statements.extend((-1, top[0], frame.f_code, frame.f_lasti, g.get("__name__"), g.get("__package__"), name, fromlist, level))
            del frame
            try:
                return imp(name, globals, locals, fromlist, level)
            finally:
                top[1] = -1

        def _gcd_import(name, package=None, level=0):
            top = current()[-1]
            if top[1] >= 0:
                statements.extend((top[1], top[0], None, 0, package, package, name, None, level))
                return gcd(name, package, level)
            if top[0].startswith(name + "."):  # the parent of what is being loaded
                return gcd(name, package, level)
            top[1] = len(statements) // width
            statements.extend((-1, top[0], None, 0, package, package, name, None, level))
            try:
                return gcd(name, package, level)
            finally:
                top[1] = -1

        _bootstrap._find_and_load = _find_and_load
        _bootstrap._gcd_import = _gcd_import
        builtins.__import__ = __import__

    def main(self, label, run):
        self.label = label
        self.order.append(label)
        self.statements += [-1, "__main__", None, 0, "@entry", None, label, None, 0]
        self.stack.append([label, -1])
        try:
            run()
        finally:
            del self.stack[1:]
            self.loaded[label] = sys.modules.get("__main__")

    def entry(self, target, run):
        self.statement("@entry", 0, target, run)

    def deferred(self, index, target, run):
        self.statement("@deferred", index, target, run)

    def statement(self, how, index, target, run):
        # Runs one import on behalf of the probe itself.
        self.statements += [-1, "__main__", None, index, how, None, target, None, 0]
        top = self.stack[0]
        top[1] = len(self.statements) // self.WIDTH - 1
        try:
            run()
        finally:
            del self.stack[1:]
            top[1] = -1

    def collections(self):
        return 0, 0

    def take(self):
        lines = []
        statements, width = self.statements, self.WIDTH
        count = len(statements) // width
        kinds = _Kinds(self)
        keys, targets, order = [], {}, []
        for i in range(count):
            parent, executing, code, lasti, name, package, written, fromlist, level = statements[i * width : (i + 1) * width]
            if level:
                base = _absolute(written, name, package, level)
                written = "." * level + written
            else:
                base = written
            items = []
            for item in fromlist or ():
                if type(item) is str:
                    sub = base + "." + item
                    items.append((item, sub if kinds.is_module(base, item, sub) else ""))
            if parent >= 0:
                keys.append(keys[parent])
                found = targets[keys[parent]]
                found[base] = None
                for _, sub in items:
                    if sub:
                        found[sub] = None
                continue
            if name in ("@entry", "@deferred"):
                key = ("__main__", name[1:], lasti, written, base, ())
            else:
                direct = code is not None and (name == executing or (name == "__main__" and executing == self.label))
                if direct:
                    key = (executing, "direct", _line(code, lasti), written, base, tuple(items))
                else:
                    key = (executing, "call", 0, base, base, tuple(items))
            keys.append(key)
            if key not in targets:
                targets[key] = {}
                order.append(key)
        loads = list(self.loads)
        for i in range(0, len(loads) // 3 * 3, 3):
            statement, executing, name = loads[i : i + 3]
            key = keys[statement] if 0 <= statement < count else (executing, "call", 0, name, name, ())
            if key not in targets:
                targets[key] = {}
                order.append(key)
            targets[key][name] = None
        del self.statements[: count * width], self.loads[: len(loads)]
        for key in order:
            executing, how, line, written, base, items = key
            lines.append(
                _record(
                    "e", executing, how, line, written, base,
                    ",".join([item + "=" + sub for item, sub in items]),
                    ",".join(targets[key]),
                )
            )
        aliases = set(self.aliases)
        for name in self.order + self.aliases:
            if name not in self.reported:
                self.reported.add(name)
                lines.append(_record("n", name, *kinds.of(name, name in aliases and name not in self.loaded)))
        return lines


class _Kinds:
    # What the loaded modules are. Modules may be objects of any class here,
    # whose attributes run user code, so that only their dictionaries are read.
    def __init__(self, graph):
        self.graph = graph
        self.searched = set(graph.order)

    @staticmethod
    def namespace(module):
        try:
            d = object.__getattribute__(module, "__dict__")
        except BaseException:
            return {}
        return d if isinstance(d, dict) else {}

    def is_module(self, base, item, sub):
        # Whether "from base import item" asks for the module sub.
        module = sys.modules.get(sub)
        if module is None:
            return sub in self.searched and sub not in self.graph.loaded
        value = self.namespace(sys.modules.get(base)).get(item, module)
        return value is module or isinstance(value, type(sys))

    def of(self, name, alias):
        # Returns kind, file, byte-code file.
        module = self.graph.loaded.get(name)
        if module is None:
            module = sys.modules.get(name)
        if alias:
            return "alias", "", ""
        if module is None:
            return "missing", "", ""
        d = self.namespace(module)
        if name == self.graph.label:
            return "source", d.get("__file__", ""), ""
        spec = d.get("__spec__")
        origin = getattr(spec, "origin", None)
        where = getattr(spec, "submodule_search_locations", None)
        if spec is None or origin == "built-in" or origin == "frozen":
            kind = {"built-in": "builtin", "frozen": "frozen"}.get(origin, "source")
            return kind, "", ""
        if not isinstance(origin, str) or origin == "namespace":
            return ("namespace" if where is not None else "source"), "", ""
        cached = getattr(spec, "cached", None)
        if not isinstance(cached, str) or not origin.endswith(".py"):
            cached = ""
        if where is not None:
            return "package", origin, cached
        if origin.endswith((".so", ".pyd", ".dylib", ".dll")):
            return "extension", origin, ""
        return "source", origin, cached


def _absolute(name, module, package, level):
    if not package:
        package = module or ""
        if not hasattr(sys.modules.get(package), "__path__"):
            package = package.rpartition(".")[0]
    for _ in range(level - 1):
        package = package.rpartition(".")[0]
    return package + "." + name if name else package


def _line(code, lasti):
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            if start <= lasti < end:
                return line or 0
        return 0
    line, address, table = code.co_firstlineno, 0, code.co_lnotab
    for i in range(0, len(table), 2):
        address += table[i]
        if address > lasti:
            break
        line += table[i + 1] - (256 if table[i + 1] >= 128 else 0)
    return line


def _run_file(path):
    with open(path, "rb") as f:
        source = f.read()
    _run_main(compile(source, path, "exec", dont_inherit=True), {"__file__": path, "__spec__": None, "__package__": None})


def _run_module(name):
    from importlib.util import find_spec  # runpy has loaded it

    spec = find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        name += ".__main__"
        spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("No module named %r" % name, name=name)
    sys.argv[0] = spec.origin
    _run_main(
        spec.loader.get_code(name),
        {"__file__": spec.origin, "__spec__": spec, "__package__": spec.parent, "__loader__": spec.loader, "__cached__": spec.cached},
    )


def _run_main(code, names):
    module = sys.modules["__main__"] = type(sys)("__main__")
    module.__dict__["__builtins__"] = builtins
    module.__dict__.update(names)
    exec(code, module.__dict__)


def _frames(frame):
    # The stack from the innermost frame outwards.
    lines = []
    while frame is not None and len(lines) < 200:
        code = frame.f_code
        lines.append(_record("f", code.co_filename, frame.f_lineno, code.co_name))
        frame = frame.f_back
    return lines


def _failure(exc):
    if isinstance(exc, SystemExit):
        lines = [_record("exit", exc.code if exc.code is not None else 0)]
    else:
        missing = getattr(exc, "name", None) if isinstance(exc, ModuleNotFoundError) else None
        lines = [_record("raised", type(exc).__name__, missing or "")]
    return lines + [_record("t", traceback_text(exc))]


def _missing_attribute(target, attr):
    # The dotted attribute of the handler's module, or what there is instead.
    value = sys.modules.get(target)
    for part in attr.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            names = [n for n, v in vars(value).items() if callable(v) and n[:1] != "_"] if isinstance(value, type(sys)) else []
            return [_record("noattr", part, *names)]
    return []


def _watch(out, limit):
    # Reports where the process is when it hangs, crashes or leaves by os._exit.
    try:
        import faulthandler

        faulthandler.enable(out.fd)
        faulthandler.dump_traceback_later(limit, exit=True, file=out.fd)
    except (ImportError, OSError, ValueError, RuntimeError):
        pass
    leave, getframe = os._exit, sys._getframe

    def _exit(status):
        if out.getpid() == out.pid:
            out.send([_record("os._exit", status)] + _frames(getframe(1)))
        leave(status)

    os._exit = _exit


def _read(fd):
    chunks = []
    try:
        while True:
            chunks.append(os.read(fd, 1 << 16))
            if not chunks[-1]:
                break
    except OSError:
        pass
    return b"".join(chunks)


def _probe():
    mode, kind, target, attr, label, folder, limit = sys.argv[1:8]
    out = _Output()
    deferred = _read(0).decode("utf-8", "surrogateescape").split()
    if mode == "graph":
        _watch(out, float(limit))
    for name in set(sys.modules) - _before:  # the probe's own, which the entry must pay for
        del sys.modules[name]
    if sys.path and sys.path[0] == "":
        sys.path[0] = folder
    else:
        sys.path.insert(0, folder)
    clock, imp = time.perf_counter_ns, builtins.__import__
    sys.argv[:] = [target if kind == "file" else label]
    startup_ns = 0
    if kind == "module":
        import runpy  # as "python -m" does
    elif kind == "lambda":
        startup_ns = clock()
        preload()
        startup_ns = clock() - startup_ns
    startup = sorted(sys.modules)

    recorder = _Timing() if mode == "time" else _Graph(startup)
    exc = None
    start = clock()
    try:
        if kind == "file":
            recorder.main(label, lambda: _run_file(target))
        elif kind == "module":
            recorder.main(label, lambda: _run_module(target))
        else:
            recorder.entry(target, lambda: imp(target))
    except SystemExit as e:
        if kind not in ("file", "module"):  # a command ends like this
            exc = e
    except BaseException as e:
        exc = e
    total = clock() - start

    lines = recorder.take()
    if exc is not None:
        out.send(_failure(exc))
        out.exit(0)
    if attr and mode == "graph":
        lines += _missing_attribute(target, attr)
    lines += [_record("peak", _peak()), _record("startup", startup_ns, *startup), _record("total", total, *recorder.collections())]
    lines.append("end")
    out.send(lines)
    for index, name in enumerate(deferred):
        out.send([_record("begin", index)])
        try:
            recorder.deferred(index, name, lambda: imp(name))
        except BaseException:
            pass
        out.send(recorder.take() + [_record("done", index)])
    out.exit(0)


_probe()
