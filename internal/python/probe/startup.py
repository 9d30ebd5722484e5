# Starts Python as it starts for the user, and reports what that took: the
# interpreter itself, the module site, and the code in .pth files. Runs
# unchanged on 3.8 to 3.15, with -S, so that site can be watched here.
#
# startFirst has run before: _waited is what the process had to wait for a
# processor until _now, in ns. The argument is the time at which it was started.
def _startup():
    stopwatch, rows = _Stopwatch(_low, time.perf_counter_ns), []
    interpreter = _now - int(sys.argv[1])
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

    start = stopwatch.start()
    import site

    site.exec = run_line
    for name in "sitecustomize", "usercustomize":
        original = getattr(site, "exec" + name, None)
        if original is not None:
            setattr(site, "exec" + name, lambda name=name, original=original: watch("custom", name, original))
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

        state._execute_start_entrypoints = run_files
    site.main()
    total = stopwatch.since(start)

    def escape(text):
        return str(text).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

    lines = ["\t".join([escape(f) for f in row]) for row in rows + [["start", interpreter, total]]]
    Channel().send(("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    _low._exit(0)
