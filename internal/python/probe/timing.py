class _Timing:
    # The timing pass: self time per name that was searched for, collections
    # excluded.
    #
    # Time is booked in slices, at each point where another module goes on. A
    # slice goes to a cell, [name, ns]; a thread is [cell, clock, processor
    # time, ns that it had to wait for a processor]. What a slice waited
    # because other work held the processor is nobody's cost, and is taken out;
    # waiting for files, other processes or a timer stays in.
    IDLE = 10000  # ns; only slices that were off the processor for longer are looked at
    DISTURBED = 200000  # ns; looking takes a tenth of that

    def __init__(self):
        self.clock = clock = time.perf_counter_ns
        waited = _reader("/proc/thread-self/schedstat", 1)
        # Without the kernel's word about waiting, nothing is ever idle.
        busy = time.thread_time_ns if waited else clock
        waited = waited or (lambda default: default)
        self.times = times = []  # name, ns
        main = [["__main__", 0], clock(), busy(), waited(0)]
        self.thread = main
        self.threads = threads = {get_ident(): main}
        self.waited = waited
        self.gc = spent = ["", 0]
        self.collected = 0
        idle_limit, disturbed = self.IDLE, self.DISTURBED

        def switch(thread, cell):
            # Ends the slice that runs, and books the next one on cell. A
            # collection may start in any call of Python code, and come here
            # once more: the new slice begins before the first of these.
            now, used = clock(), busy()
            last, slice = thread[0], now - thread[1]
            idle = slice - used + thread[2]
            thread[0], thread[1], thread[2] = cell, now, used
            if idle > idle_limit:
                total = waited(thread[3])
                wait = max(0, min(idle, total - thread[3]))
                if clock() - now > disturbed:
                    # It had to wait while it looked, too; for how long in the
                    # slice, nobody knows.
                    wait, total = 0, waited(total)
                slice -= wait
                thread[3] = total
                thread[1], thread[2] = clock(), busy()
            last[1] += slice

        def current():
            ident = get_ident()
            thread = threads.get(ident)
            if thread is None:
                thread = threads[ident] = [["", 0], clock(), busy(), waited(0)]
            return thread

        original = _bootstrap._find_and_load

        def _find_and_load(name, *args, **kwargs):
            thread = current()
            parent, cell = thread[0], [name, 0]
            switch(thread, cell)
            try:
                return original(name, *args, **kwargs)
            finally:
                switch(thread, parent)
                times.extend(cell)

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
        _bootstrap._find_and_load = _find_and_load
        gc.callbacks.append(collect)

    def main(self, label, run):
        # Runs the body of __main__ as a node of its own.
        thread, cell = self.thread, [label, 0]
        parent = thread[0]
        self.switch(thread, cell)
        try:
            run()
        finally:
            self.switch(thread, parent)
            self.times += cell

    def entry(self, target, run):
        run()

    def deferred(self, index, target, run):
        run()

    def start(self):
        # The time that is measured begins here.
        self.switch(self.thread, self.thread[0])
        self.gc[1] = self.collected = 0
        self.began = self.clock() - self.waited(0)

    def total(self):
        # Time since start, collections in it, and their number.
        total = self.clock() - self.waited(0) - self.began
        self.switch(self.thread, self.thread[0])
        return total, self.gc[1], self.collected

    def take(self):
        # Returns the records since the last call.
        return [_record("m", name, ns) for name, ns in _sums(self.times)]


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
                cell = [name_of(args), 0]
            except (AttributeError, IndexError):
                return original(*args, **kwargs)
            thread = current()
            parent = thread[0]
            switch(thread, cell)
            try:
                return original(*args, **kwargs)
            finally:
                switch(thread, parent)
                records.extend(cell)

        setattr(owner, function, timed)

    def take(self):
        lines = _Timing.take(self)
        for part, records in self.parts.items():
            lines += [_record("s", part, name, ns) for name, ns in _sums(records)]
        return lines


def _sums(flat):
    # Empties a list of names and figures, and returns the sum of each name.
    count = len(flat) // 2 * 2
    part = flat[:count]
    del flat[:count]
    sums = {}
    for i in range(0, count, 2):
        sums[part[i]] = sums.get(part[i], 0) + part[i + 1]
    return sums.items()
