def _trial(path):
    # Runs other code in the place of one source: the first line of the file
    # names it, the rest is the code. Byte-code is left alone.
    with open(path, "rb") as f:
        name = os.path.realpath(f.readline().rstrip(b"\n").decode("utf-8", "surrogateescape"))
        source = _trials[name] = f.read()
    import _frozen_importlib_external as external

    get_code, realpath = external.SourceLoader.get_code, os.path.realpath

    def trial(self, fullname):
        file = self.get_filename(fullname)
        if realpath(file) == name:
            return compile(source, file, "exec", dont_inherit=True)
        return get_code(self, fullname)

    external.SourceLoader.get_code = trial


_trials = {}  # code by real path of the source


def _run_file(path):
    with open(path, "rb") as f:
        source = _trials.get(os.path.realpath(path)) or f.read()
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


def _plain(value):
    # The text of what user code made, which may fail to tell it.
    try:
        return str(value)
    except BaseException:
        return "<%s>" % type(value).__name__


def _failure(exc):
    if isinstance(exc, SystemExit):
        lines = [_record("exit", _plain(exc.code) if exc.code is not None else 0)]
    else:
        missing = ImportError.name.__get__(exc) if isinstance(exc, ModuleNotFoundError) else None
        lines = [_record("raised", type(exc).__name__, _plain(missing or ""))]
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


def _run_setup(path):
    with open(path, "rb") as f:
        source = f.read()
    exec(compile(source, path, "exec", dont_inherit=True), {"__name__": "__setup__", "__file__": path, "__builtins__": builtins})


def _probe():
    # ARGUMENTS: mode ("time", "split" or "graph"), kind, target, attribute,
    # folder for sys.path, time limit in seconds, file that prepares the process,
    # file with the code of a trial, what of the preparations is done before the
    # process waits ("client" or nothing).
    mode, kind, target, attr, folder, limit, setup, trial, ahead = ARGUMENTS
    out = _Output()
    if COMPILED:
        out.send([_record("code", *[c.hex() for c in COMPILED])])
    # What the first piece makes and keeps is there before the client is imported.
    out.send([_record("mode", mode)] + (_identity() if mode == "graph" else []) + STARTED)
    imp = builtins.__import__
    client_ns = 0
    for step in ("prepare", "wait") if ahead else ("wait", "prepare"):
        if step == "wait":
            # Others may be measuring. What comes is the label of the module that
            # runs as __main__ and the modules of the deferred pass, one a line.
            # No collection comes here, and next to nothing is kept that counts for
            # the next one: they come at the same moments wherever the process waits.
            collects = gc.isenabled()
            gc.disable()
            out.send([])
            label, _, deferred = INPUT().decode("utf-8", "surrogateescape").partition("\n")
            if mode == "graph":
                _watch(out, float(limit))
            if collects:
                gc.enable()
            continue
        if trial:
            _trial(trial)
        for name in set(sys.modules) - _before:  # the probe's own, which the entry must pay for
            del sys.modules[name]
        if sys.path and sys.path[0] == "":
            sys.path[0] = folder
        else:
            sys.path.insert(0, folder)
        sys.argv[:] = [target]
        if setup:
            try:
                _run_setup(setup)
            except BaseException as e:
                out.send([_record("setup")] + _failure(e))
                out.exit(0)
        if kind == "module":
            import runpy  # as "python -m" does
        elif kind == "lambda":
            begin = _stopwatch.start()
            preload()
            client_ns = _stopwatch.since(begin)
    startup = sorted([name for name in sys.modules if type(name) is str])

    recorder = _Graph(startup) if mode == "graph" else _Split() if mode == "split" else _Timing()
    exc = None
    recorder.start()
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
    total = recorder.total()

    lines = recorder.take()
    if exc is not None:
        builtins.__import__ = imp  # what the entry put there may be what failed
        out.send(_failure(exc))
        out.exit(0)
    if mode == "graph":
        lines.append(_record("mapped", *recorder.mapped()))
        if attr:
            lines += _missing_attribute(target, attr)
    lines += [_record("peak", _peak()), _record("startup", client_ns, *startup), _record("total", *total)]
    lines.append("end")
    out.send(lines)
    for index, name in enumerate(deferred.split("\n") if deferred else ()):
        out.send([_record("begin", index)])
        try:
            recorder.deferred(index, name, lambda: imp(name))
        except BaseException:
            pass
        out.send(recorder.take() + [_record("done", index)])
    out.send([])  # that was all
    out.exit(0)



def _with_room(function):
    # From 3.11 on, CPython keeps the frames of Python functions in chunks of
    # 16 KiB. A loop at a depth where each call crosses the end of a chunk asks
    # the kernel for a new one each time and takes several times as long. The
    # frames of the probe would move such places about, so that modules seem
    # dear or cheap by chance. A frame that is too large for 512 KiB gets a
    # chunk of 1 MiB, and what runs below it finds room in the rest.
    if sys.version_info >= (3, 11) and sys.implementation.name == "cpython":
        function.__code__ = function.__code__.replace(co_stacksize=(512 << 10) // 8 + 100)
    return function


_with_room(_probe)()
