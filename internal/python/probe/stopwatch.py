class _Stopwatch:
    # Tells time, in ns, without what the thread waited because other work held
    # the processor, where the kernel tells that (Linux). low is os or what it is
    # made of.
    def __init__(self, low, clock):
        self.open, self.read, self.close, self.clock = low.open, low.read, low.close, clock
        self.flags = low.O_RDONLY | getattr(low, "O_CLOEXEC", 0)

    def content(self, name):
        # The file is opened each time: a descriptor that is kept may be closed by
        # user code.
        fd = self.open("/proc/thread-self/" + name, self.flags)
        try:
            return self.read(fd, 4096)
        finally:
            self.close(fd)

    def waited(self):
        try:
            return int(self.content("schedstat").split()[1])
        except (OSError, ValueError, IndexError):
            return 0

    def sleeps(self, default=0):
        # How often the thread gave up the processor by itself.
        try:
            return int(self.content("status").partition(b"\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
        except (OSError, ValueError, IndexError):
            return default

    def moment(self):
        # Clock and waiting of one moment, as what the thread waits between them
        # would count or be missing.
        for _ in 1, 2, 3:
            looks = self.clock()
            waited = self.waited()
            now = self.clock()
            if now - looks < 200000:
                break
        return now, waited

    def start(self):
        return self.sleeps(), self.moment()

    def since(self, begin):
        now, waited = self.moment()
        sleeps, (began, before) = begin
        if self.sleeps(sleeps) != sleeps:  # from 6.12 on Linux counts a part of some sleeps as waiting
            before = waited
        return now - began - (waited - before)
