class Channel:
    # The way of a result to who started this process. What others write to the
    # same descriptor is told apart: before each piece stands a line with the
    # secret of this run, the length and a checksum.
    def __init__(self):
        import os

        self.write, self.fstat, self.getpid = os.write, os.fstat, os.getpid
        where, _, secret = os.environ.pop("FASTPATH_RESULT").rpartition(":")
        self.pid = os.getpid()
        self.fd = int(where) if where.isdigit() else os.open(where, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        try:  # out of the way of user code
            top = os.sysconf("SC_OPEN_MAX")
            high = os.dup2(self.fd, (min(top, 4096) if top > 64 else 4096) - 2, False)
            os.close(self.fd)
            self.fd = high
        except (AttributeError, OSError, ValueError):
            pass
        self.head = "\x1e" + secret + " %d %d\n"
        self.identity = self.fstat(self.fd)[:3]

    def send(self, data):
        # Raises OSError where the descriptor is gone: one that user code closed
        # may be a file of its own by now.
        if self.fstat(self.fd)[:3] != self.identity:
            raise OSError("the descriptor of the result is another file")
        data = (self.head % (len(data), int.from_bytes(data, "little") % 4294967291)).encode("ascii") + data
        while data:
            data = data[self.write(self.fd, data) :]
