# Starts Python as it starts for the user, and returns records of what that took:
# the interpreter itself, the module site, and the code in .pth files. Runs
# unchanged on 3.8 to 3.15, with -S, so that site can be watched here. It leaves
# all as it is without -S, but for sys.flags.
#
# startFirst has run before: _waited is what the process had to wait for a
# processor until _now, in ns. The first argument is the time at which it was started;
# nobody else sees the arguments.
def _startup():
    stopwatch, rows = _Stopwatch(_low, time.perf_counter_ns), []
    arguments = sys.argv[1:]
    del sys.argv[1:]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[-len(arguments) - 4 :] = ["-c"] + arguments[1:]
    interpreter = _now - int(arguments[0])
    if not stopwatch.sleeps():  # as in _Stopwatch.since
        interpreter -= _waited

    def watch(kind, file, run):
        known = set(sys.modules)
        start = stopwatch.start()
        try:
            return run()
        finally:
            spent = stopwatch.since(start)
            rows.append([kind, file, spent] + sorted(set(sys.modules) - known))

    def run_line(line, *scope):
        # The exec() of site. Its lines look into the frame that runs them, and
        # may call exec() themselves.
        caller = sys._getframe(1)
        names = caller.f_locals
        if scope or caller.f_code.co_name == "<module>":
            return exec(line, *(scope or (caller.f_globals, names)))
        fullname, sitedir = names.get("fullname"), names.get("sitedir")
        return watch("pth", fullname, lambda fullname=fullname, sitedir=sitedir: exec(line, caller.f_globals, names))

    begin = stopwatch.start()
    import site

    instead = []

    def put(place, name, function):
        instead.append((place, name, function, place.__dict__.get(name)))
        setattr(place, name, function)

    put(site, "exec", run_line)
    for name in "sitecustomize", "usercustomize":
        original = getattr(site, "exec" + name, None)
        if original is not None:
            put(site, "exec" + name, lambda name=name, original=original: watch("custom", name, original))
    state = getattr(site, "StartupState", None)
    entry_points = getattr(state, "_execute_start_entrypoints", None)
    if entry_points is not None:

        def run_files(self):
            # The .start files of 3.15, one at a time.
            files = self._entrypoints
            for file in list(files):
                self._entrypoints = {file: files[file]}
                watch("pth", file, lambda: entry_points(self))
            self._entrypoints = files

        put(state, "_execute_start_entrypoints", run_files)
    folder = sys.path[:1] == [""]  # Python puts it there when site has run
    if folder:
        del sys.path[0]
    site.main()
    if folder:
        sys.path.insert(0, "")
    total = stopwatch.since(begin)
    sys.argv += arguments[1:]
    for place, name, function, original in instead:
        if place.__dict__.get(name) is not function:
            continue  # what runs there has put something else in the place
        if original is None:
            delattr(place, name)
        else:
            setattr(place, name, original)

    def escape(text):
        return str(text).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

    return ["\t".join([escape(f) for f in row]) for row in rows + [["start", interpreter, total]]]
