class _Timing:
    # The timing pass: self time per name that was searched for, collections
    # excluded.
    #
    # Time is booked in slices, at each point where another module goes on. A
    # slice goes to a cell, [name, seconds]; a thread is [cell, clock, how long
    # it was off the processor, how long it had to wait for one, how much its
    # slices left out, how often it slept]. What a slice waited because other work
    # held the processor is nobody's cost, and is taken out, unless it slept as
    # well; waiting for files, other processes or a timer stays in. Times are
    # floating-point numbers, which cost less than integers of their size.
    IDLE = 1e-5  # only slices that were off the processor for longer are looked at
    DISTURBED = 2e-4  # looking takes a tenth of that

    def __init__(self):
        self.clock = clock = time.perf_counter
        read = _reader("/proc/thread-self/schedstat", 1)
        # Without the kernel's word about waiting, nothing is ever idle.
        busy = time.thread_time if read else clock
        self.waited = waited = (lambda default: read(default * 1e9) * 1e-9) if read else (lambda default: default)
        self.cells = cells = []
        sleeps = _stopwatch.sleeps if read else int
        main = [["__main__", 0.0], clock(), clock() - busy(), waited(0), 0.0, sleeps(0)]
        self.thread = main
        self.threads = threads = {get_ident(): main}
        self.gc = spent = ["", 0.0]
        self.collected = 0
        idle_limit, disturbed = self.IDLE, self.DISTURBED

        def switch(thread, cell):
            # Ends the slice that runs, and books the next one on cell. A
            # collection may start in any call of Python code, and come here
            # once more: the new slice begins before the first of these.
            now = clock()
            off = now - busy()
            last, begin, before, _, _, _ = thread
            thread[0] = cell
            thread[1] = now
            thread[2] = off
            if off - before > idle_limit:
                slept = sleeps(thread[5])
                for _ in 1, 2, 3:
                    looks = clock()
                    total = waited(thread[3])
                    again = clock()
                    if again - looks <= disturbed:
                        break
                idle = again - busy()
                # Linux likes to give the processor to others at such a call: what
                # it waited while it looked is no part of the slice.
                wait = max(0.0, min(off - before, total - thread[3] - (idle - off)))
                if slept != thread[5]:
                    # From 6.12 on it counts a part of some sleeps as waiting.
                    wait, thread[5] = 0.0, slept
                now -= wait
                thread[3], thread[1], thread[2] = total, again, idle
                thread[4] += again - now
            last[1] += now - begin

        def current():
            ident = get_ident()
            thread = threads.get(ident)
            if thread is None:
                thread = threads[ident] = [["", 0.0], clock(), clock() - busy(), waited(0), 0.0, sleeps(0)]
            return thread

        original = _bootstrap._find_and_load

        # The signature as it is, for arguments that are passed through cost
        # more than the clocks.
        def _find_and_load(name, import_):
            thread = threads.get(get_ident()) or current()
            parent = thread[0]
            cell = [name, 0.0]
            switch(thread, cell)
            try:
                return original(name, import_)
            finally:
                switch(thread, parent)
                cells.append(cell)

        def _find_and_load_lazy(name, import_, *, lazy_submodule=False):
            thread = threads.get(get_ident()) or current()
            parent = thread[0]
            cell = [name, 0.0]
            switch(thread, cell)
            try:
                return original(name, import_, lazy_submodule=lazy_submodule)
            finally:
                switch(thread, parent)
                cells.append(cell)

        interrupted = []

        def collect(phase, info):
            thread = current()
            if phase == "start":
                interrupted.append(thread[0])
                switch(thread, spent)
            elif interrupted:
                switch(thread, interrupted.pop())
                self.collected += 1

        self.switch, self.current = switch, current
        _bootstrap._find_and_load = _find_and_load if sys.version_info < (3, 15) else _find_and_load_lazy
        gc.callbacks.append(collect)

    def main(self, label, run):
        # Runs the body of __main__ as a node of its own.
        thread, cell = self.thread, [label, 0.0]
        parent = thread[0]
        self.switch(thread, cell)
        try:
            run()
        finally:
            self.switch(thread, parent)
            self.cells.append(cell)

    def entry(self, target, run):
        run()

    def deferred(self, index, target, run):
        run()

    def start(self):
        # The time that is measured begins here.
        self.switch(self.thread, self.thread[0])
        self.gc[1], self.collected = 0.0, 0
        self.began, self.thread[4] = self.thread[1], 0.0
        ended = _times()
        self.worked = _work() + ended[2] + ended[3]

    def total(self):
        # Time since start without what the slices left out, so that they add up
        # to it; collections in it, and their number; what the processor
        # worked, also for child processes that have ended.
        self.switch(self.thread, self.thread[0])
        total = self.thread[1] - self.began - self.thread[4]
        ended = _times()
        work = _work() + ended[2] + ended[3] - self.worked
        return _ns(total), _ns(self.gc[1]), self.collected, _ns(work)

    def take(self):
        # Returns the records since the last call.
        return [_record("m", name, _ns(spent)) for name, spent in _sums(self.cells)]


class _Split(_Timing):
    # The split pass: the timing pass, with a cell of its own for each search
    # for a module, for reading its code, and for making the module (which for
    # an extension loads the library). What remains is the body's.
    def __init__(self):
        _Timing.__init__(self)
        self.parts = {"find": [], "read": [], "create": []}
        external = sys.modules.get("_frozen_importlib_external")
        self.wrap(_bootstrap, "_find_spec", "find", lambda args: args[0])
        self.wrap(_bootstrap, "module_from_spec", "create", lambda args: args[0].name)
        readers = [getattr(external, c, None) for c in ("SourceLoader", "SourcelessFileLoader")]
        readers.append(getattr(sys.modules.get("zipimport"), "zipimporter", None))
        for loader in readers:
            if loader is not None:
                self.wrap(loader, "get_code", "read", lambda args: args[1])

    def wrap(self, owner, function, part, name_of):
        original, switch, current, records = getattr(owner, function), self.switch, self.current, self.parts[part]

        def timed(*args, **kwargs):
            try:
                cell = [name_of(args), 0.0]
            except (AttributeError, IndexError):
                return original(*args, **kwargs)
            thread = current()
            parent = thread[0]
            switch(thread, cell)
            try:
                return original(*args, **kwargs)
            finally:
                switch(thread, parent)
                records.append(cell)

        setattr(owner, function, timed)

    def take(self):
        lines = _Timing.take(self)
        for part, records in self.parts.items():
            lines += [_record("s", part, name, _ns(spent)) for name, spent in _sums(records)]
        return lines


def _sums(cells):
    # Empties a list of cells, and returns the sum of each name.
    part = cells[:]
    del cells[: len(part)]
    sums = {}
    for name, spent in part:
        sums[name] = sums.get(name, 0.0) + spent
    return sums.items()


def _ns(seconds):
    return int(round(seconds * 1e9))
