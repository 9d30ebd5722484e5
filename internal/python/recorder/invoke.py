# Calls a handler with events, with the recorder on. RECORDER, CONTEXT and
# CHANNEL are put in front of it.
#
# Each event finds a process that has just imported the handler: what one
# request leaves behind in caches would otherwise hide what the next one needs.
# Where that is safe, the process forks for each event; else it answers one event
# and says that it wants to be started again.
#
# Standard input: one JSON object, see task in recorder.go. The answer goes to
# the result descriptor, one JSON object a line, written when it is known, so that
# a process that dies keeps what it has told.
import json
import time
import _thread


class _Answers(Channel):
    # The way of the answers, for one process.
    def __init__(self):
        Channel.__init__(self)
        self.leave, self.dumps = os._exit, json.dumps

    def send(self, **fields):
        if self.getpid() != self.pid:  # user code forked, and this is the child
            self.leave(0)
        Channel.send(self, (self.dumps(fields) + "\n").encode("ascii"))

    def finish(self):
        _flush()
        self.leave(0)


def _main():
    out = _Answers()
    task = json.loads(_stdin().decode("utf-8"))
    sys.argv[:] = [""]
    sys.path[0] = task["folder"]
    recorder = _Recorder(task["files"])

    def hangs(frame):
        recorder.stop()
        out.send(hangs=_stack(frame), used=recorder.used())
        out.finish()

    watch = _Watch(task["seconds"], hangs)
    recorder.install()
    watch.arm()
    try:
        handler = _load(task["module"], task["attr"])
    except BaseException as exc:
        out.send(failed=_describe(exc), traceback=traceback_text(exc))
        out.finish()
    watch.disarm()
    out.send(loaded=True)
    fork = _can_fork()
    for index, event in enumerate(task["events"]):
        out.send(begin=index)
        if fork:
            _flush()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                child = os.fork()
            if child:
                status = os.waitpid(child, 0)[1]
                if status:
                    signal = status & 127
                    out.send(died=index, signal=signal, code=0 if signal else status >> 8)
                continue
            out.pid = os.getpid()
        _answer(task, index, event, handler, recorder, watch, out)
        if fork or index + 1 < len(task["events"]):
            break  # the other events are for other processes
    out.finish()


def _answer(task, index, event, handler, recorder, watch, out):
    event = json.loads(event)
    context = LambdaContext(task["module"], task["seconds"])
    error = traceback = ""
    watch.arm()
    recorder.begin()
    try:
        result = handler(event, context)
        if hasattr(result, "cr_code"):  # async def
            import asyncio

            asyncio.run(result)
    except BaseException as exc:
        recorder.stop()
        error, traceback = _describe(exc), traceback_text(exc)
    finally:
        recorder.stop()
        watch.disarm()
    out.send(end=index, used=recorder.used(), error=error, traceback=traceback)


def _can_fork():
    # A child has the memory of its parent, but not its threads, and shares its
    # connections. Elsewhere than on Linux, system libraries do not bear it.
    if not sys.platform.startswith("linux"):
        return False
    for _ in range(100):  # our own thread may not be quite gone
        if len(sys._current_frames()) == 1:
            break
        time.sleep(0.0005)
    else:
        return False
    for fd in range(3, 1024):
        try:
            if os.fstat(fd).st_mode & 0o170000 == 0o140000:  # a socket
                return False
        except OSError:
            pass
    return True


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass


def _stdin():
    chunks = []
    while True:
        chunk = os.read(0, 1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return b"".join(chunks)


def _load(module, attr):
    import importlib

    value = importlib.import_module(module)
    for part in attr.split("."):
        value = getattr(value, part)
    return value


def _describe(exc):
    try:
        text = str(exc)
    except BaseException:
        text = ""
    name = type(exc).__name__
    return name + ": " + text if text else name


def _stack(frame):
    import traceback

    return "Traceback (most recent call last):\n" + "".join(traceback.format_stack(frame))


class _Watch:
    # Looks from a thread of its own whether something takes too long.
    def __init__(self, seconds, hangs):
        self.seconds, self.hangs = seconds, hangs
        self.lock, self.start = _thread.allocate_lock, _thread.start_new_thread
        self.frames, self.main = sys._current_frames, get_ident()
        self.getppid, self.leave, self.clock = os.getppid, os._exit, time.monotonic

    def arm(self):
        self.over, self.gone = self.lock(), self.lock()
        self.over.acquire()
        self.gone.acquire()
        self.start(self.look, (self.over, self.gone))

    def look(self, over, gone):
        parent, end = self.getppid(), self.clock() + self.seconds
        while not over.acquire(True, max(0, min(end - self.clock(), 1))):
            if self.getppid() != parent:  # it was killed: nobody waits for an answer
                self.leave(1)
            if self.clock() >= end:
                self.hangs(self.frames().get(self.main))
                break
        gone.release()

    def disarm(self):
        self.over.release()
        self.gone.acquire()


_main()
