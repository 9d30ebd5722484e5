# One cold start: import the entry, answer one event, then some more, report.
# Arguments: kind, module or file, attribute, folder for the head
# of sys.path, number of steady requests.
# Standard input: the event as JSON (handlers). Runs unchanged on 3.8 to 3.15.
import sys
import os
import time


def _main():
    clock = time.perf_counter
    fd = os.dup(int(os.environ.pop("FASTPATH_RESULT_FD")))
    kind, target, attr, folder, steady = sys.argv[1:6]
    sys.path[0] = folder
    chunks = []
    while True:
        chunk = os.read(0, 1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
    event_text = b"".join(chunks).decode("utf-8")
    out = {}

    def peak():
        try:
            with open("/proc/self/status") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        return int(line.split()[1])
        except (OSError, ValueError):
            pass
        try:
            import resource
        except ImportError:
            return 0
        kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kib // 1024 if sys.platform == "darwin" else kib

    def finish():
        out["rss_kib"] = peak()
        import json

        data = json.dumps(out).encode("utf-8")
        while data:
            data = data[os.write(fd, data) :]
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os._exit(0)

    def failed(stage):
        out["failed"] = stage
        out["traceback"] = traceback_text(sys.exc_info()[1])
        finish()

    if kind != "handler":
        sys.argv[:] = [target]
        import runpy

        before = set(sys.modules)
        start = clock()
        try:
            if kind == "file":
                runpy.run_path(target, run_name="__main__")
            elif kind == "module":
                runpy.run_module(target, run_name="__main__", alter_sys=True)
            else:
                import importlib

                function = importlib.import_module(target)
                for part in attr.split("."):
                    function = getattr(function, part)
                function()
        except SystemExit as exc:
            if exc.code not in (None, 0):
                failed("init")
        except BaseException:
            failed("init")
        out["init_ms"] = (clock() - start) * 1000
        out["init_modules"] = sorted(set(sys.modules) - before)
        finish()

    preload()
    import json

    event = json.loads(event_text)
    before = set(sys.modules)
    start = clock()
    try:
        module = __import__(target)
        for part in target.split(".")[1:]:
            module = getattr(module, part)
        handler = module
        for part in attr.split("."):
            handler = getattr(handler, part)
    except BaseException:
        failed("init")
    out["init_ms"] = (clock() - start) * 1000
    loaded = set(sys.modules)
    out["init_modules"] = sorted(loaded - before)

    start = clock()
    try:
        response = handler(event, LambdaContext(target))
    except BaseException:
        failed("request")
    out["first_request_ms"] = (clock() - start) * 1000
    out["request_modules"] = sorted(set(sys.modules) - loaded)
    times = []
    for _ in range(int(steady)):
        event = json.loads(event_text)
        start = clock()
        try:
            handler(event, LambdaContext(target))
        except BaseException:
            failed("request")
        times.append((clock() - start) * 1000)
    if times:
        times.sort()
        out["steady_request_ms"] = times[len(times) // 2]
    try:
        # Addresses of objects differ from process to process.
        import re

        text = json.dumps(response, sort_keys=True, default=repr)
        out["response"] = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
    except Exception as exc:
        out["response"] = "unserialisable: " + type(exc).__name__
    finish()
