# Imports one entry and reports what that took. Runs unchanged on 3.8 to 3.15.
#
# This is the first of the parts that make one program: output.py, then
# timing.py or graph.py, then main.py. The functions preload() and
# traceback_text() and the classes Channel and _Stopwatch come before it.
#
# Results are lines of tab-separated fields, written when the entry is imported
# and again after the deferred pass, so that what happens later cannot spoil
# what is known.
import sys

_before = set(sys.modules)
import builtins
import gc
import os
import time
from _thread import get_ident

import _frozen_importlib as _bootstrap

# User code may replace what it finds in os and time.
_open, _close, _read_some, _stat = os.open, os.close, os.read, os.stat
_work, _times = time.process_time, os.times
_stopwatch = _Stopwatch(os, time.perf_counter_ns)


def _escape(text):
    return str(text).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class _Output(Channel):
    # Ends the process where nobody would get the result.
    def __init__(self):
        Channel.__init__(self)
        self.exit = os._exit

    def send(self, lines):
        if self.getpid() != self.pid:  # user code forked, and this is the child
            self.exit(0)
        try:
            Channel.send(self, "".join([line + "\n" for line in lines]).encode("utf-8", "backslashreplace"))
        except OSError:
            self.exit(97)


def _record(*fields):
    line = "\t".join([str(f) for f in fields])
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(fields) - 1:
        return "\t".join([_escape(f) for f in fields])
    return line


def _read(fd):
    chunks = []
    try:
        while True:
            chunks.append(_read_some(fd, 1 << 16))
            if not chunks[-1]:
                break
    except OSError:
        pass
    return b"".join(chunks)


def _content(path, limit=0):
    fd = _open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return _read_some(fd, limit) if limit else _read(fd)
    finally:
        _close(fd)


def _peak():
    # Linux keeps the peak of a replaced program in ru_maxrss, not in VmHWM.
    try:
        return int(_content("/proc/self/status").partition(b"VmHWM:")[2].split(None, 1)[0])
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def _reader(path, field):
    # Returns a function that reads one number of a file of /proc, and returns
    # its argument where that fails; None where it fails already. The file is
    # opened each time: a descriptor that is kept may be closed by user code.
    open, read, close, flags = _open, _read_some, _close, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)

    def number(default=None):
        try:
            fd = open(path, flags)
            try:
                return int(read(fd, 256).split()[field])
            finally:
                close(fd)
        except (OSError, ValueError, IndexError):
            return default

    return number if number() is not None else None
