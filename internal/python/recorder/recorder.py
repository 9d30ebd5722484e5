# Records which imported names a request reads. Runs unchanged on 3.8 to 3.15.
#
# The code objects of the project's files are watched instruction by
# instruction, with sys.monitoring where there is one and with opcode tracing
# elsewhere. While a request runs, only the place of an instruction is noted; what
# it means is worked out when the request has ended. A place matters when it
# reads a name that an import of the project bound, or when it is an import
# statement inside a function. What runs while a module is being loaded belongs
# to the import, not to the request.
import builtins
import dis
import os
import sys
import threading
import types
import warnings
from _thread import get_ident

import _frozen_importlib as _bootstrap


class _Import:
    # One name bound by one import statement.
    __slots__ = ("level", "module", "item", "renamed")

    def __init__(self, level, module, item, renamed):
        self.level = level  # leading dots
        self.module = module  # as written, without them
        self.item = item  # y of "from x import y", None for "import x"
        self.renamed = renamed  # "import a.b as c" binds a.b, "import a.b" binds a


class _Scope:
    # What the import statements of one code object bind.
    def __init__(self, code, parent, names):
        self.code = code
        self.parent = parent  # the enclosing function's or module's _Scope
        self.names = names  # name -> [_Import]


class _File:
    # The bindings of one source file.
    def __init__(self, path):
        self.names = {}  # module level: name -> [_Import]
        self.others = set()  # module-level names that something else binds, too
        self.stars = []  # (level, module) of "from module import *"
        self.scopes = {}  # code -> _Scope of functions and classes
        try:
            with open(path, "rb") as f:
                source = f.read()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                code = compile(source, path, "exec", dont_inherit=True)
        except (OSError, SyntaxError, ValueError, RecursionError):
            return
        self.scan(code, None)

    def scan(self, code, parent):
        local = {}
        scope = _Scope(code, parent, local)
        stores = set()
        for position, instruction in enumerate(_instructions(code)):
            name, opname = instruction.argval, instruction.opname
            if opname == "STORE_GLOBAL" or parent is None and opname == "STORE_NAME":
                stores.add((position, name))
        for position, level, module, items in _imports(code):
            if items == "*":
                if parent is None:
                    self.stars.append((level, module))
                continue
            for item, at, opname, bound, renamed in items:
                binding = _Import(level, module, item, renamed)
                if opname == "STORE_GLOBAL" or parent is None:
                    self.names.setdefault(bound, []).append(binding)
                    stores.discard((at, bound))
                else:
                    local.setdefault(bound, []).append(binding)
        self.others.update([name for _, name in stores])
        if parent is not None:
            self.scopes[code] = scope
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.scan(constant, scope)


_NOISE = ("EXTENDED_ARG", "CACHE", "NOP", "NOT_TAKEN")


def _instructions(code):
    # The instructions that do something, in order.
    return [i for i in dis.get_instructions(code) if i.opname not in _NOISE]


def _imports(code):
    # Yields (position, level, module, items) of every import statement; items
    # is "*" or a list of (item or None, position of the store, its opcode,
    # bound name, renamed).
    code = _instructions(code)
    for position, instruction in enumerate(code):
        if instruction.opname != "IMPORT_NAME":
            continue
        level, names = 0, None
        if position >= 2:
            level, names = code[position - 2].argval, code[position - 1].argval
        if not isinstance(level, int):
            level = 0
        module = instruction.argval
        if names and "*" in names:
            yield position, level, module, "*"
            continue
        items, item, renamed, at = [], None, False, position + 1
        while at < len(code):
            opname, value = code[at].opname, code[at].argval
            if opname == "IMPORT_FROM":
                item, renamed = value, not names
            elif opname.startswith("STORE_"):
                if isinstance(value, tuple):  # a store joined with what follows it
                    value = value[0]
                opname = "STORE_FAST" if opname.startswith("STORE_FAST") else opname
                items.append((item if names else None, at, opname, value, renamed))
                if not names or len(items) == len(names):
                    break
            elif opname not in ("SWAP", "ROT_TWO", "POP_TOP", "COPY"):
                break
            at += 1
        yield position, level, module, items


class _Recorder:
    def __init__(self, files):
        self.project = set(files)
        self.files = {}  # path -> _File
        self.paths = {}  # co_filename -> path of a project file, or None
        self.tables = {}  # id(code) -> (code, path, {offset: meaning}) or None
        self.globals = {}  # id(code) -> the globals it ran with
        self.importing = {}  # thread -> depth of modules being loaded
        self.on = False
        self.seen = set()  # (id(code), offset)
        self.left = {}  # id(code) -> places not seen yet
        self.tool = None
        self.main = get_ident()

    # What a code object's instructions mean.

    def path(self, filename):
        if filename not in self.paths:
            real = None
            if not filename.startswith("<"):
                real = os.path.realpath(filename)
            self.paths[filename] = real if real in self.project else None
        return self.paths[filename]

    def file(self, path):
        if path not in self.files:
            self.files[path] = _File(path)
        return self.files[path]

    def table(self, code):
        key = id(code)
        if key not in self.tables:
            path = self.path(code.co_filename)
            # The code object is kept, so that its id stays its own.
            self.tables[key] = (code, path, self.meanings(code, self.file(path))) if path else (code, None, None)
        found = self.tables[key]
        return found if found[2] else None

    def meanings(self, code, file):
        scope = file.scopes.get(code)
        places = {}
        first = None  # the first EXTENDED_ARG before an instruction
        instructions = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "NOP", "NOT_TAKEN")]
        imports = {}
        if code.co_name != "<module>":
            position_of = [i.offset for i in instructions if i.opname != "EXTENDED_ARG"]
            for position, level, module, items in _imports(code):
                imports[position_of[position]] = (level, module, items)
        for index, i in enumerate(instructions):
            if i.opname == "EXTENDED_ARG":
                first = i.offset if first is None else first
                continue
            meanings = []
            if i.opname == "IMPORT_NAME":
                if i.offset in imports:
                    level, module, items = imports[i.offset]
                    meanings = [("import", _Import(level, module, item[0], True), ()) for item in items]
            elif i.opname.startswith("LOAD_"):
                meanings = self.load(i, instructions[index + 1 :], file, scope)
            if meanings:
                places[i.offset] = meanings
                if first is not None:  # tracing stops at the prefix
                    places[first] = meanings
            first = None
        return places

    def load(self, instruction, rest, file, scope):
        opname = instruction.opname
        names = instruction.argval
        if isinstance(names, str):
            names = (names,)
        elif not isinstance(names, tuple):
            return []
        chain = []
        for i in rest:
            if i.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(i.argval, str):
                chain.append(i.argval)
            elif i.opname != "EXTENDED_ARG":
                break
        chain = tuple(chain) if len(names) == 1 else ()
        meanings = []
        if opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            if names[0] in file.names or file.stars:
                meanings.append(("global", names[0], chain))
        elif opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")):
            for name in names:
                owner = scope
                while owner is not None and name not in owner.names:
                    owner = owner.parent
                if owner is not None and owner.parent is not None:
                    meanings.extend([("import", binding, chain) for binding in owner.names[name]])
        return meanings

    # What is noted while a request runs.

    def install(self):
        # Before user code is imported: threads that it starts are watched from
        # their first instruction.
        original = _bootstrap._find_and_load
        importing = self.importing

        def _find_and_load(*args, **kwargs):
            ident = get_ident()
            importing[ident] = importing.get(ident, 0) + 1
            try:
                return original(*args, **kwargs)
            finally:
                importing[ident] -= 1

        _bootstrap._find_and_load = _find_and_load
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None or not self.monitor(monitoring):
            threading.settrace(self.called)

    def monitor(self, monitoring):
        for tool in (4, 3, 5, 2, 1, 0):
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "fastpath")
                break
        else:
            return False
        self.tool = tool
        self.monitoring = monitoring
        events, disable = monitoring.events, monitoring.DISABLE

        def started(code, offset):
            found = self.table(code)
            if found is not None:
                self.globals[id(code)] = sys._getframe(1).f_globals
                monitoring.set_local_events(tool, code, events.INSTRUCTION)
            return disable

        def instruction(code, offset):
            if not self.on:
                return disable
            if self.importing.get(get_ident()):
                return None  # it may run again, for the request
            found = self.tables.get(id(code))
            if found is not None and found[2] and offset in found[2]:
                self.seen.add((id(code), offset))
            return disable

        monitoring.register_callback(tool, events.PY_START, started)
        monitoring.register_callback(tool, events.PY_RESUME, started)
        monitoring.register_callback(tool, events.INSTRUCTION, instruction)
        monitoring.set_events(tool, events.PY_START | events.PY_RESUME)
        return True

    def called(self, frame, event, arg):
        # The trace function for new frames.
        code = frame.f_code
        found = self.table(code)
        if found is None or self.left.get(id(code)) == 0:
            return None
        self.globals[id(code)] = frame.f_globals
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self.traced

    def traced(self, frame, event, arg):
        if event == "opcode" and self.on:
            key = id(frame.f_code)
            places = self.tables[key][2]
            place = (key, frame.f_lasti)
            if frame.f_lasti in places and place not in self.seen and not self.importing.get(get_ident()):
                self.seen.add(place)
                left = self.left[key] = self.left.get(key, len(places)) - 1
                if left == 0 and get_ident() == self.main:
                    frame.f_trace_opcodes = False  # nothing new to see in loops
        return self.traced

    def begin(self):
        self.seen.clear()
        self.left.clear()
        self.importing.pop(get_ident(), None)
        self.on = True
        if self.tool is not None:
            self.monitoring.restart_events()
        else:
            sys.settrace(self.called)

    def stop(self):
        self.on = False
        if self.tool is None:
            sys.settrace(None)

    # What it means afterwards.

    def used(self):
        # The absolute names of the modules that were used since begin().
        found = _Resolution(self)
        for key, offset in list(self.seen):
            code, path, places = self.tables[key]
            names = self.globals.get(key, {})
            for how, what, chain in places[offset]:
                if how == "global":
                    found.name(names, path, what, chain, 0)
                else:
                    found.binding(names, what, chain, 0)
        return sorted(found.used)


_MISSING = object()


class _Resolution:
    # Turns names into modules, by what is loaded now. Modules may be objects of
    # any class, whose attributes run user code: only dictionaries are read.
    def __init__(self, recorder):
        self.recorder = recorder
        self.used = set()

    @staticmethod
    def namespace(name):
        module = sys.modules.get(name)
        try:
            own = issubclass(type(module), type(sys))  # a class may compute __dict__
            d = type(sys).__dict__["__dict__"].__get__(module) if own else object.__getattribute__(module, "__dict__")
        except BaseException:
            return {}
        return d if isinstance(d, dict) else {}

    def source(self, name):
        # The path of a loaded module that is a file of the project.
        path = self.namespace(name).get("__file__")
        return self.recorder.path(path) if isinstance(path, str) else None

    @staticmethod
    def absolute(names, level, module):
        if not level:
            return module
        package = names.get("__package__")
        if not isinstance(package, str) or not package:
            package = names.get("__name__") or ""
            if "__path__" not in names:
                package = package.rpartition(".")[0]
        for _ in range(level - 1):
            package = package.rpartition(".")[0]
        return package + "." + module if module and package else module or package

    def name(self, names, path, name, chain, depth):
        # A global name of a project file was read.
        value = names.get(name, _MISSING)
        if value is _MISSING or depth > 20:
            return
        file = self.recorder.file(path)
        candidates = file.names.get(name, ())
        matching = [b for b in candidates if self.is_bound(names, b, value)]
        if not matching and name not in file.others:
            # Replaced from outside, by a test or a wrapper: still the import's name.
            matching = [b for b in candidates if sys.modules.get(self.absolute(names, b.level, b.module)) is not None]
        for b in matching:
            self.binding(names, b, chain, depth)
        if candidates:
            return
        for level, module in file.stars:
            base = self.absolute(names, level, module)
            if self.namespace(base).get(name, _MISSING) is not value:
                continue
            source = self.source(base)
            if source is None:
                self.used.add(base)
                self.attributes(base, (name,) + chain, depth)
                continue
            inner = self.recorder.file(source)
            if name not in inner.names and (name in inner.others or not inner.stars):
                self.used.add(base)
            self.name(self.namespace(base), source, name, chain, depth + 1)

    def is_bound(self, names, b, value):
        # Whether the value is what this import bound.
        base = self.absolute(names, b.level, b.module)
        if b.item is None:
            return value is sys.modules.get(base if b.renamed else base.partition(".")[0], _MISSING)
        return value is self.namespace(base).get(b.item, _MISSING) or value is sys.modules.get(base + "." + b.item, _MISSING)

    def binding(self, names, b, chain, depth):
        # A name was read that an import bound, or the import itself ran.
        base = self.absolute(names, b.level, b.module)
        if sys.modules.get(base) is None:
            return  # the import failed
        if b.item is None:
            if b.renamed:
                self.used.add(base)
                self.attributes(base, chain, depth)
            else:
                top = base.partition(".")[0]
                self.used.add(top)
                if not chain:
                    self.used.add(base)  # passed on: who knows what is read
                self.attributes(top, chain, depth)
            return
        sub = base + "." + b.item
        if sys.modules.get(sub) is not None:
            self.used.add(sub)
            self.attributes(sub, chain, depth)
            return
        self.used.add(base)
        self.exported(base, b.item, chain, depth)

    def attributes(self, module, chain, depth):
        # Follows module.a.b as long as these are modules.
        for index, attribute in enumerate(chain):
            sub = module + "." + attribute
            loaded = sys.modules.get(sub)
            value = self.namespace(module).get(attribute, loaded)
            if loaded is None or value is not loaded and not isinstance(value, types.ModuleType):
                self.exported(module, attribute, chain[index + 1 :], depth)
                return
            self.used.add(sub)
            module = sub

    def exported(self, module, name, chain, depth):
        # A name of a project module that it may have imported itself.
        source = self.source(module)
        if source is not None:
            self.name(self.namespace(module), source, name, chain, depth + 1)
