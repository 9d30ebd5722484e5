# Calls a handler with events, with the recorder on. RECORDER and CONTEXT are
# put in front of it.
#
# Standard input: one JSON object, see request in recorder.go. The answer goes to
# the result descriptor, one JSON object a line, written when it is known, so that
# a process that dies keeps what it has told.
import json
import time


def _main():
    pid, getpid, write, leave = os.getpid(), os.getpid, os.write, os._exit
    out = _high(int(os.environ.pop("FASTPATH_RESULT_FD")))
    task = json.loads(_stdin().decode("utf-8"))
    dumps = json.dumps

    def send(**fields):
        if getpid() != pid:  # user code forked, and this is the child
            leave(0)
        data = (dumps(fields) + "\n").encode("ascii")
        while data:
            data = data[write(out, data) :]

    def finish():
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass
        leave(0)

    sys.argv[:] = [""]
    sys.path[0] = task["folder"]
    recorder = _Recorder(task["files"])
    watch = _Watch(task["seconds"])

    def hangs(frame):
        recorder.stop()
        send(hangs=_stack(frame), used=recorder.used())
        finish()

    watch.start(hangs)
    recorder.install()
    watch.arm()
    try:
        handler = _load(task["module"], task["attr"])
    except BaseException as exc:
        send(failed=_describe(exc), traceback=_traceback(exc))
        finish()
    finally:
        watch.disarm()
    send(loaded=True)
    for index, event in enumerate(task["events"]):
        event = json.loads(event)
        context = LambdaContext(task["module"], task["seconds"])
        error = traceback = ""
        send(begin=index)
        watch.arm()
        recorder.begin()
        try:
            result = handler(event, context)
            if hasattr(result, "cr_code"):  # async def
                import asyncio

                asyncio.run(result)
        except BaseException as exc:
            recorder.stop()
            error, traceback = _describe(exc), _traceback(exc)
        finally:
            recorder.stop()
            watch.disarm()
        send(end=index, used=recorder.used(), error=error, traceback=traceback)
    finish()


def _high(fd):
    # Moves the result descriptor out of the way of user code.
    try:
        top = os.sysconf("SC_OPEN_MAX")
        high = os.dup2(fd, (min(top, 4096) if top > 64 else 4096) - 2, False)
        os.close(fd)
        return high
    except (AttributeError, OSError, ValueError):
        return fd


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


def _traceback(exc):
    import traceback

    try:
        return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    except BaseException:
        return ""


def _stack(frame):
    import traceback

    return "Traceback (most recent call last):\n" + "".join(traceback.format_stack(frame))


class _Watch:
    # Looks from a thread of its own whether something takes too long.
    def __init__(self, seconds):
        import _thread

        self.seconds = seconds
        self.main = get_ident()
        self.end = None
        self.thread = _thread
        self.clock, self.sleep = time.monotonic, time.sleep

    def start(self, hangs):
        def look():
            while True:
                self.sleep(0.05)
                end = self.end
                if end is not None and self.clock() > end:
                    hangs(sys._current_frames().get(self.main))

        self.thread.start_new_thread(look, ())

    def arm(self):
        self.end = self.clock() + self.seconds

    def disarm(self):
        self.end = None


_main()
