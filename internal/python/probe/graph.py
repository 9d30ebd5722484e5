from opcode import opmap as _opmap


class _Graph:
    # The graph pass. A node of a stack is [executing module, statement, pages],
    # the statement an index into self.statements while one runs, else -1. Only
    # the outermost statement of a module counts: what runs on its behalf
    # (functions of other modules, module __getattr__) belongs to it. Pages is
    # by how much resident memory grew while the module itself ran.
    WIDTH = 9  # parent, executing, code, f_lasti, __name__, __package__, name, fromlist, level

    def __init__(self, startup):
        modules = sys.modules
        self.stack = main = [["__main__", -1, 0]]
        self.stacks = stacks = {get_ident(): main}
        self.statements = statements = []
        self.loads = loads = []  # statement, executing, name
        self.known = known = set(startup)
        self.loaded = loaded = {}
        self.order = order = []  # names that were searched for
        self.aliases = aliases = []
        self.reported = set(startup)
        self.lazy = {}  # by package: the modules that its __getattr__ imports
        self.label = None
        self.bytecode, self.collector = _Bytecode(), (gc.isenabled, gc.disable, gc.enable)
        self.memory = memory = {}
        self.before = set(_mapped())
        width = self.WIDTH
        pages = _reader("/proc/self/statm", 1) or int
        resident = [pages(0)]
        find_and_load, imp, gcd = _bootstrap._find_and_load, builtins.__import__, _bootstrap._gcd_import
        getframe, import_name = sys._getframe, _opmap["IMPORT_NAME"]

        def current():
            ident = get_ident()
            stack = stacks.get(ident)
            if stack is None:
                stack = stacks[ident] = [[main[-1][0], -1, 0]]
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
                    if _is_text(name):
                        aliases.append(name)
                        loads.extend((top[1], top[0], name))
            except RuntimeError:  # another thread imports; the next look finds it
                pass

        def grow(node):
            # Books what memory grew since the last look.
            now = pages(resident[0])
            node[2] += now - resident[0]
            resident[0] = now

        def share_answer(sysconfig):
            # The module sysconfig loads its data for the first who asks, and
            # keeps them. Whoever asks later would load them without the first.
            ask = sysconfig.get_config_vars

            def get_config_vars(*args):
                top = current()[-1]
                answer = ask(*args)
                for name in data or [name for name in list(modules) if _is_text(name) and name.startswith("_sysconfigdata")]:
                    data[:] = [name]
                    loads.extend((top[1], top[0], name))
                return answer

            data = []
            get_config_vars.__doc__, get_config_vars.__wrapped__ = ask.__doc__, ask
            sysconfig.get_config_vars = get_config_vars

        def _find_and_load(name, *args, **kwargs):
            stack = current()
            top = stack[-1]
            notice(top)
            if not top[0].startswith(name + "."):
                loads.extend((top[1], top[0], name))
            if name not in known:
                known.add(name)
            order.append(name)
            node = [name, -1, 0]
            grow(top)
            stack.append(node)
            try:
                module = loaded[name] = find_and_load(name, *args, **kwargs)
                if name == "sysconfig":
                    share_answer(module)
                return module
            finally:
                notice(node)
                grow(node)
                memory[name] = memory.get(name, 0) + node[2]
                stack.pop()

        def __import__(name, globals=None, locals=None, fromlist=(), level=0):
            top = current()[-1]
            g = globals if type(globals) is dict else {}
            if top[1] >= 0:
                statements.extend((top[1], top[0], None, 0, g.get("__name__"), g.get("__package__"), name, fromlist, level))
                return imp(name, globals, locals, fromlist, level)
            notice(top)
            # The frame that stands at the statement: not that of a function
            # which user code has put in the place of __import__, and none at
            # all when native code imports.
            frame = getframe(1)
            while frame is not None and (frame.f_globals is not globals or frame.f_code.co_code[frame.f_lasti] != import_name):
                frame = frame.f_back
            code, lasti = (frame.f_code, frame.f_lasti) if frame is not None else (None, 0)
            del frame
            top[1] = len(statements) // width
            statements.extend((-1, top[0], code, lasti, g.get("__name__"), g.get("__package__"), name, fromlist, level))
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

        self.grow = grow
        _bootstrap._find_and_load = _find_and_load
        _bootstrap._gcd_import = _gcd_import
        builtins.__import__ = __import__

    def main(self, label, run):
        self.label = label
        self.order.append(label)
        self.statements += [-1, "__main__", None, 0, "@entry", None, label, None, 0]
        node = [label, -1, 0]
        self.stack.append(node)
        try:
            run()
        finally:
            self.grow(node)
            self.memory[label] = node[2]
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

    def start(self):
        self.grow(self.stack[0])

    def total(self):
        return 0, 0, 0, 0

    def mapped(self):
        # The files that were mapped since the entry began.
        return [name for name in _mapped() if name not in self.before]

    def take(self):
        # Makes many objects, of which none is garbage.
        is_enabled, disable, enable = self.collector
        enabled = is_enabled()
        disable()
        try:
            return self.records()
        finally:
            if enabled:
                enable()

    def records(self):
        lines = []
        statements, width = self.statements, self.WIDTH
        count = len(statements) // width
        kinds = _Kinds(self)
        page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
        keys, targets, order, asked = [], {}, [], []
        for i in range(count):
            parent, executing, code, lasti, name, package, written, fromlist, level = statements[i * width : (i + 1) * width]
            # User code may put anything into these.
            name, package = name if _is_text(name) else None, package if _is_text(package) else None
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
                if keys[parent][5]:
                    self.lazy.setdefault(keys[parent][4], {})[base] = None
                asked.append((keys[parent], base, items))
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
            asked.append((key, base, items))
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
        # Names that a package has imported for somebody else, and kept.
        for key, base, items in asked:
            modules = self.lazy.get(base)
            for item, sub in items if modules else ():
                home = "" if sub else kinds.home(base, item, modules)
                if home:
                    targets[key][home] = None
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
                kind, file, cached = kinds.of(name, name in aliases and name not in self.loaded)
                state, check = self.bytecode.state(file, cached)
                kib = self.memory.get(name, 0) * page // 1024
                lines.append(_record("n", name, kind, file, cached, state, check, kib))
        return lines


def _identity():
    # What package interp asks Python for, where that takes nothing more.
    if sys.platform != "linux" or "_PYTHON_HOST_PLATFORM" in os.environ:
        return []
    version, platform = sys.version.split()[0], "linux-" + os.uname().machine
    return [_record("python", sys.implementation.name, version, platform, *[p for p in sys.path if p])]


class _Kinds:
    # What the loaded modules are. Modules may be objects of any class here,
    # whose attributes run user code, so that only their dictionaries are read.
    def __init__(self, graph):
        self.graph = graph
        self.searched = set(graph.order)

    @staticmethod
    def namespace(module):
        # A class may compute __dict__: that of apipkg loads all that it exports.
        try:
            d = _namespace(module) if issubclass(type(module), type(sys)) else object.__getattribute__(module, "__dict__")
        except BaseException:
            return {}
        return d if isinstance(d, dict) else {}

    @staticmethod
    def attribute(spec, name):
        try:
            return getattr(spec, name, None)
        except BaseException:
            return None

    def is_module(self, base, item, sub):
        # Whether "from base import item" asks for the module sub.
        module = sys.modules.get(sub)
        if module is None:
            return sub in self.searched and sub not in self.graph.loaded
        value = self.namespace(sys.modules.get(base)).get(item, module)
        return value is module or isinstance(value, type(sys))

    def home(self, base, item, modules):
        # Which of some modules a name of a package comes from, "" for none.
        value = self.namespace(sys.modules.get(base)).get(item)
        if value is None:
            return ""
        name = ""
        if isinstance(value, type):
            name = type.__getattribute__(value, "__dict__").get("__module__")
        elif type(value) is type(_absolute):
            name = value.__module__
        if type(name) is str and name in modules:
            return name
        for name in modules:
            if self.namespace(sys.modules.get(name)).get(item) is value:
                return name
        return ""

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
        file = d.get("__file__")
        file = file if _is_text(file) else ""
        if name == self.graph.label:
            return "source", file, ""
        spec = d.get("__spec__")
        origin = self.attribute(spec, "origin")
        where = self.attribute(spec, "submodule_search_locations")
        if not _is_text(origin):
            origin = None
        if origin == "built-in" or origin == "frozen":
            return origin.replace("-", ""), "", ""
        if origin is None or origin == "namespace":  # or an object in the place of a module
            return ("namespace" if where is not None else "source"), file, ""
        cached = self.attribute(spec, "cached")
        if not _is_text(cached) or not origin.endswith(".py"):
            cached = ""
        if where is not None:
            return "package", origin, cached
        if origin.endswith((".so", ".pyd", ".dylib", ".dll")):
            return "extension", origin, ""
        return "source", origin, cached


class _Bytecode:
    # In what state byte-code files are. (PEP 552)
    def __init__(self):
        import _frozen_importlib_external as external
        import _imp

        self.hash, self.magic = _imp.source_hash, external.MAGIC_NUMBER

    def state(self, source, cached):
        # Returns "cached", "stale" or "missing", and how Python tells whether
        # the file belongs to the source: "timestamp", "hash", or "unchecked"
        # for a hash that it does not look at.
        if not cached:
            return "", ""
        try:
            head = _content(cached, 16)
        except OSError:
            return "missing", ""
        flags = int.from_bytes(head[4:8], "little")
        check = "timestamp" if not flags & 1 else "hash" if flags & 2 else "unchecked"
        if len(head) < 16 or head[:4] != self.magic:
            return "stale", check
        try:
            if check == "timestamp":
                s = _stat(source)
                want = int(s.st_mtime) & 0xFFFFFFFF, s.st_size & 0xFFFFFFFF
                same = want == (int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:], "little"))
            elif check == "hash":
                same = self.hash(int.from_bytes(self.magic, "little"), _content(source)) == head[8:]
            else:
                same = True
        except OSError:  # byte-code without its source
            same = True
        return ("cached" if same else "stale"), check


def _mapped():
    # The files that are mapped into memory: libraries, and what they load.
    names = {}
    try:
        data = _content("/proc/self/maps")
    except OSError:
        return []
    for line in data.split(b"\n"):
        start = line.find(b"/")
        if start > 0:
            names[line[start:].decode("utf-8", "surrogateescape")] = None
    return list(names)


_namespace = type(sys).__dict__["__dict__"].__get__


def _is_text(value):
    return issubclass(type(value), str)


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
