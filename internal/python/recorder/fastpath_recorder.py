"""Records which modules requests use, and which are loaded when.

Import it before everything else; that starts it. Written by "fastpath usage
recorder" together with fastpath_table.py, which says in which lines of the
project's functions a name is read that an import bound. What it writes, and how
to tell it where a request begins and ends, is in fastpath's docs/recorder.md.

Only what the interpreter has built in is imported, so that it costs nothing to
speak of at start. Any failure in here turns the recorder off and lets the
program go on. (For pytest: PYTEST_DONT_REWRITE.)
"""

import os
import sys
import time
from _thread import allocate_lock, get_ident

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external

__all__ = ["lambda_handler", "request"]

_FORMAT = 1  # of the lines
_TABLE = 2  # of fastpath_table.py
_LIMIT = 4095  # bytes of a line, its line feed excluded
_LABELS = 20  # workflows that one line counts apart
_LONG = 100  # bytes of a label
_Module = type(sys)
_names = _Module.__dict__["__dict__"].__get__


class _NoContext:
    # Until the first request, whose context variable is _current from then on.
    def get(self):
        return None


_current = _NoContext()
_APART = b""  # code that a layer's byte-code has apart


class _Request:
    # Values that few requests have are the class's: most requests are not watched.
    open = True
    alone = True  # no other request has run beside it
    error = False
    lines = None  # watched: {(code, line): None}, as traced ones come over and over again
    places = None  # [(code, offset)] where a line does not say enough
    names = None  # modules that proxies saw
    library = None
    unsure = None  # as lines and places, of threads that are nobody's while other requests run
    loose = frozenset()  # the same as names, by proxies
    unseen = False
    late = False

    def __init__(self, k, label, rid):
        self.k = k
        self.label = label
        self.rid = rid


class _Table:
    # What is in fastpath_table.py; its writer says in which form. What requests
    # that are watched need is read for the first of them.
    def __init__(self, text):
        head, entries, names, self.modules, self.uses, self.files = text.split(b"\n", 5)
        version, every, self.style = head.decode().split()
        if int(version) != _TABLE:
            raise ValueError
        self.every = int(every)
        entries = [_plain(field) for field in entries.decode().split("\t")]
        self.entries = dict(zip(entries[::3], zip(entries[1::3], entries[2::3])))
        self.names = dict.fromkeys(names.decode().split())  # of the modules whose files are in it

    def listed(self, module):
        # The files of a module: (path, size, text).
        if type(self.files) is bytes:
            self.files = dict([line.split("\t", 1) for line in self.files.decode().split("\n") if line])
        fields = self.files.get(module, "").split("\t")
        return [(path, int(size), text) for path, size, text in zip(fields[::3], fields[1::3], fields[2::3])]


class _Recorder:
    # Without a table: what is loaded when. Uses are for its subclasses.
    def __init__(self):
        environ = os.environ
        self.started = time.perf_counter()
        self.lock = allocate_lock()
        self.on = True
        self.watch = None  # the request that is being watched
        self.inflight = 0
        self.fresh()
        self.loads = []  # (module, self ms, request) since the last line
        self.stacks = {}  # thread -> ms of what the modules it is loading have loaded
        self.hooks = {}  # module -> what to do once it is loaded
        self.init_ms = None
        self.fd = None
        self.output = environ.get("FASTPATH_OUTPUT") or ""
        self.tests = environ.get("FASTPATH_TESTS") == "1"
        self.table = None
        self.entries = {}
        self.entry = environ.get("FASTPATH_ENTRY") or ""
        self.workflow = environ.get("FASTPATH_WORKFLOW") or ""
        self.function = self.note = ""
        self.every = 1
        self.late = False  # some modules were loaded before us
        self.stale = 0
        self.captured = []  # (module, code, path) not looked at yet
        self.known = set()  # modules whose code was captured
        self.files = {}  # path -> _File or None
        self.codes = {}  # id(code) -> (code, _File)
        self.meanings = None
        self.how = "loads"
        self.load_original = None
        self.code_originals = []
        self.process = None  # the process as a request, until a request comes

    def fresh(self):
        # For a process that has just begun.
        self.proc = os.urandom(8).hex()
        self.seq = 0
        self.k = 0
        self.counts = {}
        self.told = False  # the process line is written
        self.settled = False

    # Starting.

    def start(self):
        environ = os.environ
        self.watch_loads()
        try:
            table = self.table = _Table(_table_text())
        except (ImportError, SyntaxError):
            self.note = "there is no fastpath_table.py"
            table = None
        except (AttributeError, IndexError, ValueError):
            self.note = "the table is of another version; write both files anew"
            table = None
        every = environ.get("FASTPATH_EVERY") or (table.every if table else 100)
        self.every = max(1, int(every))
        self.style = environ.get("FASTPATH_STYLE") or (table.style if table else "json")
        if self.style == "lines":
            self.every = 1
        self.phase = int.from_bytes(os.urandom(4), "little") % self.every
        if table is not None:
            self.entries = table.entries
            if len(self.entries) == 1:
                for entry, workflow in self.entries.values():
                    self.entry = self.entry or entry
                    self.workflow = self.workflow or workflow
            self.files_of = table.names
            self.how = "proxies"
            if hasattr(sys, "monitoring"):
                self.monitor(sys.monitoring)
        function = environ.get("AWS_LAMBDA_FUNCTION_NAME")
        if function:
            self.function = function + ":" + environ.get("AWS_LAMBDA_FUNCTION_VERSION", "")
        import atexit

        atexit.register(self.finish)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.forked)

    def forked(self):
        self.lock = allocate_lock()
        self.fresh()
        self.inflight = 0
        self.stop(self.watch)
        self.phase = int.from_bytes(os.urandom(4), "little") % self.every
        if self.process is not None:
            self.process.open = False
            self.process = None

    def off(self, exc):
        # After a failure of our own.
        if not self.on:
            return
        self.on = False
        try:
            self.disarm()
            if self.load_original is not None:
                _bootstrap._find_and_load = self.load_original
            for loader, original in self.code_originals:
                loader.get_code = original
            place = exc.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = " in line %d" % place.tb_lineno if place is not None else ""
            self.write([self.head("off") + ',"reason":' + _text(type(exc).__name__ + where) + "}"])
        except BaseException:
            pass

    # What is loaded when.

    def watch_loads(self):
        original = self.load_original = _bootstrap._find_and_load
        modules, stacks, clock, loads, hooks = sys.modules, self.stacks, time.perf_counter, self.loads, self.hooks

        def _find_and_load(name, *args):
            if name in modules:
                return original(name, *args)
            thread = get_ident()
            stack = stacks.get(thread)
            if stack is None:
                stack = stacks[thread] = []
            stack.append(0.0)
            begin = clock()
            try:
                return original(name, *args)
            finally:
                took = clock() - begin
                inner = stack.pop()
                if stack:
                    stack[-1] += took
                else:
                    stacks.pop(thread, None)
                if name in modules:
                    loads.append((name, (took - inner) * 1000, _current.get()))
                    if name in hooks:
                        _hook(hooks.pop(name, None), modules[name])

        _place(_find_and_load, "<frozen importlib._bootstrap>")
        _bootstrap._find_and_load = _find_and_load

    def monitor(self, monitoring):
        for tool in (3, 4):
            try:
                monitoring.use_tool_id(tool, "fastpath")
                break
            except ValueError:
                pass
        else:
            self.note = "the monitoring tool ids 3 and 4 are taken"
            return
        self.monitoring, self.tool, self.how = monitoring, tool, "monitoring"
        for loader in (_external.SourceLoader, _external.SourcelessFileLoader):
            self.capture(loader)

    def capture(self, loader):
        original = loader.get_code
        captured, files, recorder = self.captured, self.files_of, self

        def get_code(self, fullname):
            code = original(self, fullname)
            if fullname in files and code is not None:
                captured.append((fullname, code, getattr(self, "path", None)))
                if recorder.watch is not None:
                    try:
                        recorder.prepare()
                    except Exception as exc:
                        recorder.off(exc)
            return code

        _place(get_code, "<frozen importlib._bootstrap_external>")
        loader.get_code = get_code
        self.code_originals.append((loader, original))

    # Requests.

    def begin(self, label, rid=""):
        # Returns what end() takes, or None where no request begins.
        if not self.on:
            return None
        outer = _current.get()
        if outer is not None and outer.open and outer is not self.process:
            if label and not outer.label:
                outer.label = label
            return None
        try:
            if not self.settled:
                self.settle()
            with self.lock:
                k = self.k = self.k + 1
                self.inflight += 1
                r = _Request(k, label, rid)
                w = self.watch
                if w is not None:
                    w.alone = False
                elif (k + self.phase) % self.every == 0 and self.how != "loads":
                    if type(self) is _Recorder:
                        self.__class__ = _watching(self.how)
                    r.alone = self.inflight == 1
                    r.lines, r.places, r.names, r.library, r.unsure = {}, [], set(), set(), {}
                    self.watch = r
            _current.set(r)
            if r.lines is not None:
                self.watch_request(r)
            return r
        except Exception as exc:
            self.off(exc)
            return None

    def ready(self):
        self.init_ms = (time.perf_counter() - self.started) * 1000

    def settle(self):
        # Before the first request, and the first after a process that was one itself.
        global _current
        if self.process is not None:
            self.cancel()
        if self.init_ms is None:
            self.ready()
        from _contextvars import ContextVar

        with self.lock:
            if type(_current) is _NoContext:
                _current = ContextVar("fastpath_request", default=None)
        self.settled = True

    def stop(self, r):
        if r is not None and self.watch is r:
            self.watch = None
            self.disarm()

    def disarm(self):
        self.watch = None

    def end(self, r, error=False):
        if r is None or not r.open:
            return
        r.open = False
        try:
            if error:
                r.error = True
            if self.watch is r:
                self.stop(r)
            with self.lock:
                self.inflight -= 1
                if not self.on:
                    return
                label, counts = r.label, self.counts
                if label not in counts:
                    label = _short(label)
                    if label not in counts and len(counts) >= _LABELS:
                        label = "*"
                counts[label] = counts.get(label, 0) + 1
                loads = self.take(r) if self.loads else ()
                if r.lines is None and not loads and self.told:
                    return
                if self.style == "lines":
                    self.told = True
                    counts.clear()
                    names = self.used(r) if r.lines is not None else ()
                else:
                    self.report(r, loads)
                    return
            self.log(names)
        except Exception as exc:
            self.off(exc)

    def cancel(self):
        # The process is no request: it has requests.
        r, self.process = self.process, None
        r.open = False
        self.stop(r)
        _current.set(None)
        with self.lock:
            self.inflight -= 1
            self.k -= 1

    def take(self, r):
        # The modules that were loaded for a request, or for none that is open.
        all_loads = self.loads[:]
        mine, others = [], []
        for load in all_loads:
            owner = load[2]
            (mine if owner is r or owner is None or not owner.open else others).append(load)
        self.loads[: len(all_loads)] = others
        return mine

    # Writing.

    def report(self, r, loads):
        if not self.told:
            self.told = True
            early = [load for load in loads if load[2] is not r]
            loads = [load for load in loads if load[2] is r]
            self.tell_process(early)
        if r.lines is None and not loads:
            return
        head = ',"k":%d' % r.k
        if r.rid:
            head += ',"request":' + _text(_short(str(r.rid)))
        head += ',"workflow":' + _text(_short(r.label))
        if r.error:
            head += ',"error":true'
        items = []
        if r.lines is not None:
            used = self.used(r)
            items = [("used", name, None) for name in sorted(used)]
            items += [("library", name, None) for name in sorted(r.library - used)]
            items += [("unseen", name, None) for name in sorted(self.unseen(r, used))]
        items += self.listed("loads", loads)
        lists = ("used",) if r.lines is not None else ()
        self.lines("request" if r.lines is not None else "load", head, items, lists)

    def tell_process(self, loads):
        head = ',"python":"%d.%d.%d","how":"%s"' % (sys.version_info[:3] + (self.how,))
        head += ',"init_ms":%.1f,"init_loaded":%d' % (self.init_ms or 0, len(loads))
        if self.stale:
            head += ',"stale":%d' % self.stale
        if self.note:
            head += ',"note":' + _text(self.note)
        self.lines("process", head, self.listed("init", loads), ("init",), False)

    def listed(self, key, loads):
        named = set(self.table.modules.decode().split()) if self.table is not None and loads else ()
        return [(key, name, ms) for name, ms, _ in loads if name in named or ms >= 1]

    def head(self, kind):
        self.seq += 1
        head = '{"fastpath":%d,"kind":"%s","proc":"%s","seq":%d,"ts":%d' % (_FORMAT, kind, self.proc, self.seq, time.time() * 1000)
        if self.entry:
            head += ',"entry":' + _text(self.entry)
        if self.function:
            head += ',"function":' + _text(self.function)
        if self.tests:
            head += ',"tests":true'
        return head + ',"every":%d' % self.every

    def lines(self, kind, head, items, lists, counted=True):
        # Writes one line, or several where one would be too long.
        counts = ""
        if counted:
            counts = ",".join([_text(label) + ":%d" % n for label, n in self.counts.items()])
            self.counts.clear()
        counts = ',"counts":{' + counts + "}"
        room = _LIMIT - len(self.head(kind)) - len(head) - len(counts) - 120
        self.seq -= 1
        parts = [[]]
        left = room
        for item in items:
            size = len(_text(item[1])) + 22
            if size > left and parts[-1]:
                parts.append([])
                left = room + len(counts)
            parts[-1].append(item)
            left -= size
        out = []
        for number, part in enumerate(parts):
            line = self.head(kind) + head
            if number == 0:
                line += counts
            if len(parts) > 1:
                line += ',"part":%d,"parts":%d' % (number + 1, len(parts))
            out.append(line + _dictionary(part, lists) + "}")
        self.write(out)

    def write(self, lines):
        if self.fd is None:
            self.fd = 2
            if self.output:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0)
                self.fd = os.open(self.output, flags, 0o666)
        for line in lines:
            data = (line + "\n").encode("ascii")
            while data:
                data = data[os.write(self.fd, data) :]

    def log(self, names):
        if not names:
            return
        logging = __import__("logging")
        logger = logging.getLogger("fastpath")
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        for name in sorted(names):
            logger.info("Module used: %s", name)

    def finish(self):
        # At the end of the process.
        if not self.on:
            return
        try:
            if self.process is not None:
                r, self.process = self.process, None
                self.end(r)
            with self.lock:
                if self.style == "lines":
                    return
                loads = [load for load in self.loads]
                self.loads[:] = []
                if not self.told:
                    self.told = True
                    if self.init_ms is None:
                        self.ready()
                    self.tell_process(loads)
                    loads = []
                if self.counts:
                    self.lines("end", "", [], ())
        except Exception as exc:
            self.off(exc)


class _Watching(_Recorder):
    # What requests that are watched use. From here to the next function of the
    # same name, a layer's byte-code has all apart, as most cold starts watch none.

    def file(self, name, path):
        # The table's file for a loaded one.
        try:
            size = os.stat(path).st_size
        except (OSError, TypeError, ValueError):
            size = None
        source = isinstance(path, str) and not path.endswith((".pyc", ".pyo"))
        listed = self.table.listed(name)
        for _, expected, text in listed:
            if size == expected or not source or (size is None and len(listed) == 1):
                return _File(name, text)
        self.stale += 1
        return None

    def name_late(self, name, module):
        path = getattr(module, "__file__", None)
        file = self.file(name, path)
        if file is None or not isinstance(path, str):
            return False
        self.files[path] = file.read()
        return True

    def name_main(self):
        # A script is __main__, whatever the table calls it.
        main = sys.modules.get("__main__")
        path = getattr(main, "__file__", None)
        spec = getattr(main, "__spec__", None)
        if not isinstance(path, str):
            return False
        self.known.add("__main__")
        if spec is not None:
            known = spec.name in self.known or spec.name not in self.files_of
            return False if known else self.name_late(spec.name, main)
        plain = path.replace("\\", "/")
        for name in self.files_of:
            for file, size, text in self.table.listed(name):
                base = file.rpartition("/")[2]
                if plain.rpartition("/")[2] == base and _size(path) == size:
                    self.files[path] = self.files[os.path.abspath(path)] = _File(name, text).read()
                    return True
        return False

    # What the places mean.

    def all_meanings(self):
        if self.meanings is None:
            self.meanings = [_meaning(text) for text in self.table.uses.decode().split(";")] if self.table.uses else []
        return self.meanings

    def used(self, r):
        return self.names(r.lines, r.places) | r.names

    def unseen(self, r, used):
        # The modules of which the request does not say whether it used them.
        if r.unseen:
            return {name for name in self.table.modules.decode().split() if name in sys.modules} - used
        unsure = list(r.unsure)  # threads may go on
        lines = [(key, line) for key, line, offset in unsure if offset < 0]
        places = [(key, offset) for key, line, offset in unsure if offset >= 0]
        return (self.names(lines, places) | r.loose) - used

    def names(self, lines, places):
        numbers = set()
        for key, line in set(lines):
            file = self.codes[key][1]
            if file is not None:
                numbers.update(file.lines.get(line, ()))
                if self.how != "monitoring":
                    for uses in file.columns.get(line, {}).values():
                        numbers.update(uses)
        positions = {}
        for key, offset in set(places):
            code, file = self.codes[key]
            if key not in positions:
                positions[key] = list(code.co_positions())
            line, _, column, _ = positions[key][offset // 2]
            if line is None:
                continue
            numbers.update(file.lines.get(line, ()))
            for at, uses in file.columns.get(line, {}).items():
                if column is None or at == column:
                    numbers.update(uses)
        names = set()
        meanings = self.all_meanings()
        for number in numbers:
            owner, how, candidates = meanings[number]
            for start, chain in self.valid(owner, how, candidates):
                names.update(_follow(start, chain))
        return names

    def valid(self, owner, how, candidates):
        # Of several imports of one name, those that bound its value.
        if not how:
            return candidates
        module, _, name = owner.partition(" ")
        value = self.globals(module).get(name, _Module)
        if value is _Module:
            return ()
        matching = []
        for start, chain in candidates:
            if chain and (
                value is _namespace(sys.modules.get(start)).get(chain[0], _Module)
                or value is sys.modules.get(start + "." + chain[0], _Module)
            ):
                matching.append((start, chain))
            elif value is sys.modules.get(start, _Module):
                matching.append((start, chain))
        if not matching and how == "?":
            return [c for c in candidates if sys.modules.get(c[0]) is not None]
        return matching

    def globals(self, name):
        module = sys.modules.get(name)
        if module is None:
            module = sys.modules.get("__main__")
        return _namespace(module)


class _File:
    # What the table says about one file.
    __slots__ = ("name", "text", "lines", "columns")

    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.lines = None  # line -> numbers of meanings, wherever the line runs
        self.columns = None  # line -> {column: numbers}

    def read(self):
        if self.lines is None:
            self.lines, self.columns = {}, {}
            for site in self.text.split(";"):
                place, _, uses = site.partition(":")
                uses = [int(u) for u in uses.split(",")]
                line, _, column = place.partition("@")
                if column:
                    self.columns.setdefault(int(line), {})[int(column)] = uses
                else:
                    self.lines.setdefault(int(line), []).extend(uses)
        return self


def _lines(code):
    # The lines of a function.
    if hasattr(code, "co_lines"):
        return {line for _, _, line in code.co_lines() if line is not None}
    line, lines = code.co_firstlineno, {code.co_firstlineno}
    for step in code.co_lnotab[1::2]:
        line += step - 256 if step >= 128 else step
        lines.add(line)
    return lines


def _size(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def _namespace(module):
    # Modules may be of any class; reading their attributes may run code, and so
    # may a class's own __dict__.
    try:
        own = issubclass(type(module), _Module)
        names = _names(module) if own else object.__getattribute__(module, "__dict__")
    except Exception:
        return {}
    return names if isinstance(names, dict) else {}


def _meaning(text):
    # (owner, how, [(module, attributes)]), see the table's writer.
    owner, how = "", ""
    for mark in "?!":
        before, found, after = text.partition(mark)
        if found:
            owner, how, text = before, mark, after
    candidates = []
    for candidate in text.split("|"):
        start, _, chain = candidate.partition(":")
        candidates.append((start, tuple(chain.split(".")) if chain else ()))
    return owner, how, candidates


def _follow(start, chain):
    # The modules that "start.a.b" reads: as far as these are modules.
    if sys.modules.get(start) is None:
        return ()
    found = start
    for attribute in chain:
        sub = found + "." + attribute
        loaded = sys.modules.get(sub)
        if loaded is None:
            break
        value = _namespace(sys.modules.get(found)).get(attribute, loaded)
        if value is not loaded and not isinstance(value, _Module):
            break
        found = sub
    return (found,)


class _Monitored(_Watching):
    # What is used, by monitoring: from 3.12 on.
    local = 0  # events that functions are watched for; set for the first request

    def listen(self):
        monitoring, tool, stacks = self.monitoring, self.tool, self.stacks
        events, disable = monitoring.events, monitoring.DISABLE
        self.local = events.PY_START | events.LINE

        def line(code, number):
            w = self.watch
            if w is None:
                return disable
            if get_ident() in stacks:
                return None  # it may run again, for the request that is watched
            if not w.alone:
                r = _current.get()
                if r is not w:
                    if r is None or not r.open:
                        w.unsure[id(code), number, -1] = None
                    return None
            w.lines[id(code), number] = None
            return disable

        def instruction(code, offset):
            w = self.watch
            if w is None:
                return disable
            if get_ident() in stacks:
                return None
            if not w.alone:
                r = _current.get()
                if r is not w:
                    if r is None or not r.open:
                        w.unsure[id(code), -1, offset] = None
                    return None
            w.places.append((id(code), offset))
            return disable

        def begun(code, offset):
            # Locally, it makes a body on the line of its "def" a line of its own.
            # Globally, it finds the functions of modules that were loaded before us.
            if self.watch is not None and self.watch.late and id(code) not in self.codes:
                try:
                    if "__main__" not in self.known:
                        self.name_main()
                    file = self.files.get(code.co_filename)
                    if file is not None:
                        self.arm(code, file, True)
                except Exception as exc:
                    self.off(exc)
            return disable

        monitoring.register_callback(tool, events.LINE, line)
        monitoring.register_callback(tool, events.INSTRUCTION, instruction)
        monitoring.register_callback(tool, events.PY_START, begun)

    def prepare(self):
        # Arms the functions of modules that were loaded since the last time.
        captured, self.captured[:] = self.captured[:], []
        for name, code, path in captured:
            self.known.add(name)
            file = self.file(name, path)
            if file is not None:
                file.read()
                for inner in code.co_consts:
                    self.descend(inner, file)
        late = False
        for name in self.files_of:
            if name not in self.known and name in sys.modules:
                self.known.add(name)
                late = self.name_late(name, sys.modules[name]) or late
        if "__main__" not in self.known:
            late = self.name_main() or late
        if late:
            self.late = True

    def descend(self, code, file):
        if hasattr(code, "co_code"):
            self.arm(code, file, False)
            for inner in code.co_consts:
                self.descend(inner, file)

    def arm(self, code, file, late):
        lines = _lines(code)
        columns = not lines.isdisjoint(file.columns)
        if not columns and lines.isdisjoint(file.lines):
            return
        self.codes[id(code)] = (code, file)
        events = self.monitoring.events
        mask = self.local
        if columns or late:
            mask = events.PY_START | events.INSTRUCTION
        self.monitoring.set_local_events(self.tool, code, mask)

    def arm_again(self):
        # Functions that run already are not armed before they are called again.
        monitoring, tool = self.monitoring, self.tool
        frame = sys._getframe(2)
        while frame is not None:
            code = frame.f_code
            if id(code) in self.codes:
                mask = monitoring.get_local_events(tool, code)
                monitoring.set_local_events(tool, code, 0)
                monitoring.set_local_events(tool, code, mask)
            frame = frame.f_back

    def watch_request(self, r):
        if not self.local:
            self.listen()
        self.prepare()
        if self.late:
            r.late = True
            self.monitoring.set_events(self.tool, self.monitoring.events.PY_START)
        self.monitoring.restart_events()
        self.arm_again()

    def disarm(self):
        self.watch = None
        if self.late:
            self.monitoring.set_events(self.tool, 0)


class _Traced(_Watching):
    # What is used, by tracing and proxies: before 3.12, or where the tool ids are taken.

    def watch_request(self, w):
        self.learn()
        self.armed = []
        for module in self.proxied():
            if type(module) is _Module:
                _Module.__setattr__(module, "__class__", _Proxy)
                self.armed.append(module)
        if sys.gettrace() is None:
            sys.settrace(self.called)
            self.trace(sys._getframe(1))
            self.follow_threads(sys.gettrace, sys.settrace, self.called, "_trace_hook")
        elif sys.getprofile() is None:
            sys.setprofile(self.profiled)
            self.follow_threads(sys.getprofile, sys.setprofile, self.profiled, "_profile_hook")
        else:
            w.unseen = True

    def trace(self, frame):
        # Functions that run already.
        while frame is not None:
            if frame.f_trace is None and frame.f_code.co_filename in self.files:
                frame.f_trace = self.traced
            frame = frame.f_back

    def disarm(self):
        self.watch = None
        if sys.gettrace() == self.called:
            sys.settrace(None)
        if sys.getprofile() == self.profiled:
            sys.setprofile(None)
        for module in self.armed:
            if type(module) is _Proxy:
                _Module.__setattr__(module, "__class__", _Module)
        self.armed = []
        for owner, name, original, value in self.patched:
            if getattr(owner, name) is value:  # else others have put theirs there
                setattr(owner, name, original)
        self.patched = []

    armed = ()
    patched = ()
    learnt = 0

    def learn(self):
        # Files of the project that were loaded since the last time.
        self.learnt = len(sys.modules)
        for name in self.files_of:
            if name not in self.known and name in sys.modules:
                self.known.add(name)
                self.name_late(name, sys.modules[name])
        if "__main__" not in self.known:
            self.name_main()

    def consumer(self, frame):
        # The file of a function that reads an imported name.
        code = frame.f_code
        found = self.codes.get(id(code))
        if found is None:
            if self.learnt != len(sys.modules):
                self.learn()
            file = self.files.get(code.co_filename)
            if file is None:
                return None
            lines = _lines(code)
            if lines.isdisjoint(file.lines) and lines.isdisjoint(file.columns):
                file = None
            found = self.codes[id(code)] = (code, file)
        return found[1]

    def mine(self, w):
        # None where it is nobody's while other requests run: then the request is not known.
        if get_ident() in self.stacks:
            return False
        if w.alone:
            return True
        r = _current.get()
        return None if r is None or not r.open else r is w

    def note_lines(self, w, frame, lines):
        mine = self.mine(w)
        self.consumer(frame)
        for line in lines:
            if mine:
                w.lines[id(frame.f_code), line] = None
            elif mine is None:
                w.unsure[id(frame.f_code), line, -1] = None

    def called(self, frame, event, arg):
        try:
            if self.watch is None:
                sys.settrace(None)  # a thread that a watched request started
            elif self.consumer(frame) is not None:
                return self.traced
        except Exception as exc:
            self.off(exc)
        return None

    def traced(self, frame, event, arg):
        try:
            w = self.watch
            if w is None:
                return None
            if event == "line":
                self.note_lines(w, frame, (frame.f_lineno,))
            return self.traced
        except Exception as exc:
            self.off(exc)

    def profiled(self, frame, event, arg):
        try:
            w = self.watch
            if w is None:
                sys.setprofile(None)
            elif event == "call" and self.consumer(frame) is not None:
                self.note_lines(w, frame, _lines(frame.f_code))
        except Exception as exc:
            self.off(exc)

    def follow_threads(self, now, set, called, hook):
        # Work that the request hands to threads is watched there.
        self.patched = []
        threading = sys.modules.get("threading")
        if threading is not None:
            if getattr(threading, hook, None) is None:
                self.patch(threading, hook, called)
            wake = getattr(threading.Condition, "_acquire_restore", None)

            def woken(condition, state):
                # A thread that waits for work in a queue, or for an event.
                wake(condition, state)
                if now() is None and self.watch is not None:
                    try:
                        set(called)
                        self.trace(sys._getframe(1))
                    except Exception as exc:
                        self.off(exc)

            if wake is not None:  # what stands for the class may have none
                self.patch(threading.Condition, "_acquire_restore", woken)

        def traced(run, *args):
            before = now()
            if before is None:
                set(called)
            try:
                return run(*args)
            finally:
                if before is None:
                    set(None)

        pool = getattr(sys.modules.get("concurrent.futures.thread"), "_WorkItem", None)
        if pool is not None:
            run = pool.run
            self.patch(pool, "run", lambda *args: traced(run, *args))  # 3.14 passes a context
        anyio = sys.modules.get("anyio.to_thread")
        if anyio is not None:
            run_sync = anyio.run_sync

            def traced_sync(func, *args, **kwargs):
                return run_sync(lambda *a: traced(func, *a), *args, **kwargs)

            self.patch(anyio, "run_sync", traced_sync)

    def patch(self, owner, name, value):
        self.patched.append((owner, name, getattr(owner, name), value))
        setattr(owner, name, value)

    def proxied(self):
        # The loaded modules whose attributes the project reads.
        found = {}
        for meaning in self.all_meanings():
            for start, chain in meaning[2]:
                module = sys.modules.get(start)
                for attribute in chain:
                    if module is None:
                        break
                    if module not in (sys, os, time):  # our own, and never cold
                        found[id(module)] = module
                    module = sys.modules.get(start + "." + attribute)
                    start += "." + attribute
        return found.values()

    def touched(self, module, name, frame):
        # An attribute of a module was read.
        w = self.watch
        mine = w is not None and self.mine(w)
        if mine is False:
            return
        names = [n for n in (_namespace(module).get("__name__"),) if isinstance(n, str)]
        if not names:
            return
        if frame is not None and frame.f_code.co_filename in self.files:
            if mine:
                w.names.update(_follow(names[0], (name,)))
                _Module.__setattr__(module, "__class__", _Module)
            else:
                w.loose = w.loose.union(_follow(names[0], (name,)))
        elif mine and len(w.library) < 200:
            w.library.add(names[0])


class _Proxy(_Module):
    # A module that tells who reads its attributes.
    def __getattribute__(self, name):
        if name[:2] != "__" and _recorder is not None:
            try:
                _recorder.touched(self, name, sys._getframe(1))
            except Exception as exc:
                _recorder.off(exc)
        return _Module.__getattribute__(self, name)


def _watching(how):
    names = globals()
    if _APART and "_Watching" not in names:
        import marshal

        exec(marshal.loads(_APART), names)
    if how == "monitoring":
        return _Monitored
    if "_Traced" not in names:  # a layer's byte-code for 3.12 and later is without it; its source is not
        with open(__file__, encoding="utf-8") as file:
            text = file.read()
        begin = text.index("\nclass _Traced(")
        lines = "\n" * text.count("\n", 0, begin)
        exec(compile(lines + text[begin : text.index("\ndef _watching(")], __file__, "exec"), names)
    return _Traced


def _table_text():
    # Read, not imported: so a layer holds the table once, and byte-code could be no faster.
    try:
        data = __spec__.loader.get_data(os.path.join(os.path.dirname(__file__), "fastpath_table.py"))
        begin = data.find(b'"""\n')
        if begin < 0:
            data = data.replace(b"\r\n", b"\n")
            begin = data.index(b'"""\n')
        return data[begin + 4 : data.rindex(b'"""')]
    except (OSError, AttributeError, NameError):  # there is byte-code alone
        name = __name__.rpartition(".")[0]
        return __import__((name + "." if name else "") + "fastpath_table", None, None, ["TABLE"]).TABLE[1:].encode()


def _place(function, file):
    # Tracebacks leave out the frames of the import system by their file. A layer's
    # byte-code has it so.
    code = function.__code__
    if code.co_filename != file:
        function.__code__ = code.replace(co_filename=file)


def _plain(field):
    # What the table's writer has put down as %XX.
    first, *rest = field.split("%")
    return first + "".join([chr(int(part[:2], 16)) + part[2:] for part in rest])


def _hook(hook, module):
    try:
        if hook is not None:
            hook(module)
    except Exception as exc:
        _recorder.off(exc)


def _dictionary(items, lists):
    names, places, keys = [], {}, {key: [] for key in lists}
    for key, name, ms in items:
        if name not in places:
            places[name] = len(names)
            names.append(_text(name))
        place = str(places[name])
        keys.setdefault(key, []).append(place if ms is None else "[%s,%.1f]" % (place, max(ms, 0)))
    out = ',"mods":[' + ",".join(names) + "]" if names else ""
    return out + "".join([',"%s":[%s]' % (key, ",".join(values)) for key, values in keys.items()])


def _text(value):
    # A JSON string.
    out = ['"']
    for c in value:
        n = ord(c)
        if c in '"\\':
            out.append("\\" + c)
        elif 32 <= n < 127:
            out.append(c)
        elif n < 0x10000:
            out.append("\\u%04x" % n)
        else:
            n -= 0x10000
            out.append("\\u%04x\\u%04x" % (0xD800 + (n >> 10), 0xDC00 + (n & 0x3FF)))
    return "".join(out) + '"'


def _short(label):
    if len(label) * 12 <= _LONG:
        return label
    while len(_text(label)) > _LONG + 2:
        label = label[: max(len(label) * 3 // 4, 1)]
    return label


# Where requests begin and end.


class request:
    """A request: "with request('name'): …", or a decorator."""

    __slots__ = ("_name", "_request")

    def __init__(self, name=""):
        self._name = name

    def __enter__(self):
        self._request = _recorder.begin(self._name) if _recorder is not None else None
        return self

    def __exit__(self, kind, exc, traceback):
        if self._request is not None:
            _recorder.end(self._request, kind is not None)

    def __call__(self, function):
        name = self._name or getattr(function, "__name__", "")
        if _is_async(function):

            async def wrapper(*args, **kwargs):
                with request(name):
                    return await function(*args, **kwargs)
        else:

            def wrapper(*args, **kwargs):
                with request(name):
                    return function(*args, **kwargs)

        return _like(wrapper, function)


def lambda_handler(function):
    """Decorator: each call of this Lambda handler is a request."""
    return _handler(function, *_entry_of(os.environ.get("_HANDLER", "")))


def _is_async(function):
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x80)


def _like(wrapper, function):
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        try:
            setattr(wrapper, name, getattr(function, name))
        except (AttributeError, TypeError):
            pass
    try:
        wrapper.__wrapped__ = function
    except AttributeError:
        pass
    return wrapper


# Lambda.


def _entry_of(handler):
    # What the project calls a handler, and the expression for its label.
    # Wrappers of tracing products have a handler of their own.
    r, environ = _recorder, os.environ
    if r is None:
        return "", ""
    for name in (handler, environ.get("DD_LAMBDA_HANDLER"), environ.get("NEW_RELIC_LAMBDA_HANDLER")):
        found = name and (r.entries.get(name) or r.entries.get(name.replace("/", ".")))
        if found:
            break
    else:
        module, _, name = handler.replace("/", ".").rpartition(".")
        found = (module + ":" + name, "") if module else ("", r.workflow)
    return environ.get("FASTPATH_ENTRY") or found[0], environ.get("FASTPATH_WORKFLOW") or found[1]


def _handler(function, entry, workflow):
    r = _recorder
    if r is None:
        return function
    if entry:
        r.entry = entry
    try:
        path = _path(workflow)
    except ValueError as exc:
        r.off(exc)
        return function

    def handler(event, context):
        token = None
        if r.on:
            try:
                label = _event_label(event, path)
                token = r.begin(label, getattr(context, "aws_request_id", ""))
            except Exception as exc:
                r.off(exc)
        try:
            value = function(event, context)
        except BaseException:
            r.end(token, True)
            raise
        r.end(token)
        return value

    return _like(handler, function)


def _path(expression):
    # The steps of 'event.a["b c"][0]'.
    steps, text = [], expression.strip()
    if text.startswith("event"):
        text = text[5:]
    while text:
        if text[0] == "[":
            inside, _, text = text[1:].partition("]")
            inside = inside.strip()
            steps.append(inside[1:-1] if inside[:1] in "'\"" else int(inside))
            continue
        text = text.lstrip(".")
        end = min([len(text)] + [i for i in (text.find("."), text.find("[")) if i >= 0])
        steps.append(text[:end])
        text = text[end:]
    return steps


def _event_label(event, path):
    # The label of an event: by the expression, else what the sender calls its kind.
    if path:
        for step in path:
            try:
                event = event[step]
            except (KeyError, IndexError, TypeError):
                return ""
        return str(event) if isinstance(event, (str, int, float, bool)) else ""
    if not isinstance(event, dict):
        return ""
    key = event.get("routeKey")
    if isinstance(key, str):
        return key
    if isinstance(event.get("resource"), str) and isinstance(event.get("httpMethod"), str):
        return event["httpMethod"] + " " + event["resource"]
    if isinstance(event.get("detail-type"), str):
        return event["detail-type"]
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        source = records[0].get("eventSource") or records[0].get("EventSource")
        if isinstance(source, str):
            return source
    return ""


def _load_handler():
    # The function that the layer's wrapper stands in for.
    name = os.environ["FASTPATH_HANDLER"]
    os.environ["_HANDLER"] = name
    path, _, attribute = name.rpartition(".")
    module = __import__(path.replace("/", "."), None, None, [attribute])
    function = getattr(module, attribute, None)
    if _recorder is None or function is None:
        return function
    if _recorder.init_ms is None:
        _recorder.ready()
    return _handler(function, *_entry_of(name))


# Not in a Lambda layer, up to the next such line.
__all__ += ["asgi", "automatic", "celery", "command", "wsgi"]

# WSGI and ASGI.


def wsgi(app, workflow=None):
    """A WSGI application around app: each call is a request. workflow is a
    function of the environ that returns the label."""
    if _recorder is None:
        return app

    def application(environ, start_response):
        return _wsgi_call(app, workflow, environ, start_response)

    return _like(application, app)


def asgi(app, workflow=None):
    """An ASGI application around app: each HTTP request is a request. workflow
    is a function of the scope that returns the label."""
    if _recorder is None:
        return app

    async def application(scope, receive, send):
        await _asgi_call(app, workflow, scope, receive, send)

    return _like(application, app)


def celery():
    """Each Celery task of this process is a request, labelled by its name."""
    if _recorder is not None:
        import celery.signals

        _celery(celery.signals)


def command(name=""):
    """The whole process is one request: for command lines. The label is name,
    or the subcommand that click or argparse find."""
    if _recorder is not None and _recorder.on:
        if name:
            _process(name)
        else:
            _process("")
            _commands()


def _process(name):
    r = _recorder
    if r.process is None:
        r.process = r.begin(name)
        r.init_ms, r.settled = None, False  # there is no init apart from it


def _plain_path(method, path):
    # A label without data: parts of a path with digits, or long ones, are left out.
    parts = []
    for part in path.split("/"):
        named = len(part) <= 24 and not any([c.isdigit() or not (c.isalnum() or c in "-_.") for c in part])
        if not named and part[:1] in "vV" and part[1:].isdigit() and len(part) <= 3:
            named = True
        parts.append(part if named else "*")
    return (method + " " + "/".join(parts)).strip()


def _ask(workflow, value):
    try:
        return str(workflow(value) or "")
    except Exception:
        return ""


class _Body:
    # A response body; the request ends with it.
    def __init__(self, body, token):
        self._body, self._token, self._iterator = body, token, None

    def __iter__(self):
        self._iterator = iter(self._body)
        return self

    def __next__(self):
        try:
            return next(self._iterator)
        except StopIteration:
            raise
        except BaseException:
            self._token.error = True
            raise

    def close(self):
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            _recorder.end(self._token, self._token.error)


def _wsgi_call(app, workflow, environ, start_response):
    r = _recorder
    token = r.begin(_ask(workflow, environ) if workflow is not None else "")
    if token is None:
        return app(environ, start_response)
    body = None
    try:
        body = app(environ, start_response)
    except BaseException:
        r.end(token, True)
        raise
    if not token.label:
        token.label = _plain_path(environ.get("REQUEST_METHOD", ""), environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    wrapper = environ.get("wsgi.file_wrapper")
    if type(body) in (list, tuple, bytes) or (isinstance(wrapper, type) and isinstance(body, wrapper)):
        r.end(token)
        return body
    return _Body(body, token)


async def _asgi_call(app, workflow, scope, receive, send):
    r = _recorder
    token = None
    if scope.get("type") == "http":
        token = r.begin(_ask(workflow, scope) if workflow is not None else "")
    if token is None:
        await app(scope, receive, send)
        return
    error = True
    try:
        await app(scope, receive, send)
        error = False
    finally:
        if not token.label:
            token.label = _scope_label(scope)
        r.end(token, error)


def _scope_label(scope):
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return scope.get("method", "") + " " + scope.get("root_path", "") + path
    return _plain_path(scope.get("method", ""), scope.get("path", ""))


# Frameworks, for "fastpath usage record", which changes no code.


def automatic():
    """Find the requests of the frameworks that are imported from here on; where
    there are none, the whole process is one."""
    if _recorder is None or not _recorder.on:
        return
    _recorder.hooks.update(
        {
            "flask.app": _flask,
            "starlette.applications": lambda module: _asgi_class(module.Starlette),
            "fastapi.applications": lambda module: _asgi_class(module.FastAPI),
            "django.core.handlers.wsgi": _django_wsgi,
            "django.core.handlers.asgi": lambda module: _asgi_class(module.ASGIHandler),
            "django.core.handlers.base": _django_base,
            "celery.signals": _celery,
            "unittest.case": _unittest,
        }
    )
    _recorder.late = True  # the script is not there yet
    command()


def _commands():
    for name, hook in (("click.core", _click), ("argparse", _argparse)):
        if name in sys.modules:
            _hook(hook, sys.modules[name])
        else:
            _recorder.hooks[name] = hook


def _label(label):
    # Labels the request that runs.
    r = _current.get()
    if r is None or not r.open:
        r = _recorder.process
    if r is not None and label:
        r.label = label


def _flask(module):
    call, dispatch = module.Flask.__call__, module.Flask.dispatch_request

    def __call__(self, environ, start_response):
        return _wsgi_call(lambda e, s: call(self, e, s), None, environ, start_response)

    def dispatch_request(self, *args, **kwargs):
        try:
            request = sys.modules["flask"].request
            if request.url_rule is not None and not _recorder.tests:
                _label(request.method + " " + request.url_rule.rule)
        except Exception:
            pass
        return dispatch(self, *args, **kwargs)

    module.Flask.__call__ = _like(__call__, call)
    module.Flask.dispatch_request = _like(dispatch_request, dispatch)


def _asgi_class(cls):
    call = cls.__dict__.get("__call__")
    if call is None:
        return

    async def __call__(self, scope, receive, send):
        await _asgi_call(lambda s, r, e: call(self, s, r, e), None, scope, receive, send)

    cls.__call__ = _like(__call__, call)


def _django_wsgi(module):
    call = module.WSGIHandler.__call__

    def __call__(self, environ, start_response):
        return _wsgi_call(lambda e, s: call(self, e, s), None, environ, start_response)

    module.WSGIHandler.__call__ = _like(__call__, call)


def _django_base(module):
    resolve = module.BaseHandler.resolve_request

    def resolve_request(self, request):
        match = resolve(self, request)
        if not _recorder.tests:
            _label("%s /%s" % (request.method, getattr(match, "route", "")))
        return match

    module.BaseHandler.resolve_request = _like(resolve_request, resolve)


def _celery(signals):
    running = {}

    def before(task_id=None, task=None, **_):
        running[task_id] = _recorder.begin(getattr(task, "name", "") or "")

    def after(task_id=None, state=None, **_):
        _recorder.end(running.pop(task_id, None), state not in (None, "SUCCESS"))

    signals.task_prerun.connect(before, weak=False)
    signals.task_postrun.connect(after, weak=False)


def _click(module):
    invoke = module.Command.invoke

    def labelled(self, ctx):
        names, at = [], ctx
        while at is not None and at.parent is not None:
            names.insert(0, at.info_name or "")
            at = at.parent
        if not _recorder.tests:
            _label(" ".join(names))
        return invoke(self, ctx)

    module.Command.invoke = _like(labelled, invoke)


def _argparse(module):
    call = module._SubParsersAction.__call__

    def labelled(self, parser, namespace, values, *args, **kwargs):
        if values and values[0] in self._name_parser_map and not _recorder.tests:
            _label(str(values[0]))
        return call(self, parser, namespace, values, *args, **kwargs)

    module._SubParsersAction.__call__ = _like(labelled, call)


def _unittest(module):
    # A test that pytest runs is a request by then.
    run = module.TestCase.run

    def tested(self, *args, **kwargs):
        _tests()
        request = _recorder.begin(self.id())
        context = getattr(self, "_asyncioTestContext", None)
        if request is not None and context is not None:  # where its coroutines run
            context.run(_current.set, request)
        try:
            return run(self, *args, **kwargs)
        finally:
            _recorder.end(request)

    module.TestCase.run = _like(tested, run)


def _tests():
    _recorder.tests = True
    if _recorder.process is not None:
        _recorder.cancel()


# As a pytest plugin ("-p fastpath_recorder"): each test is a request.


def pytest_configure(config):
    if _recorder is not None:
        _tests()


def pytest_runtest_protocol(item, nextitem):
    token = _recorder.begin(item.nodeid.partition("[")[0]) if _recorder is not None else None
    yield
    if token is not None:
        _recorder.end(token)


pytest_runtest_protocol.pytest_impl = {
    "hookwrapper": True, "wrapper": False, "optionalhook": False, "tryfirst": True, "trylast": False, "specname": None,
}


# Not in a Lambda layer, up to the next such line.


def _start():
    if os.environ.get("FASTPATH_RECORDER") == "off":
        return None
    recorder = _Recorder()
    try:
        recorder.start()
    except Exception as exc:
        recorder.off(exc)
    return recorder


_recorder = _start()
if os.environ.get("FASTPATH_HANDLER") and __name__ == "fastpath_recorder":
    handler = _load_handler()
    if handler is None:
        del handler  # Lambda says that the handler is missing
