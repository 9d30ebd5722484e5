class Watch:
    # Which modules were loaded between two marks, and by which statements.
    def __init__(self):
        import sys
        from importlib import _bootstrap

        self.loads = loads = {}
        self.stages = []
        original, getframe = _bootstrap._find_and_load, sys._getframe

        def find_and_load(name, *args, **kwargs):
            # Frames of the import system, and of fastpath itself, are skipped.
            frame = getframe(1)
            while frame is not None and (frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_globals.get("__name__") == "importlib"):
                frame = frame.f_back
            if frame is not None and name not in loads:
                loads[name] = (frame.f_globals.get("__name__"), frame.f_code.co_filename, frame.f_lineno)
            return original(name, *args, **kwargs)

        _bootstrap._find_and_load = find_and_load
        self.known = set(sys.modules)

    def mark(self):
        # Ends a stage.
        import sys

        now = set(sys.modules)
        self.stages.append(sorted(n for n in now - self.known if isinstance(n, str)))
        self.known |= now

    def send(self, channel):
        # Sends what was seen. What this imports is not seen.
        import sys

        out = {"stages": self.stages, "loads": {}, "peak_kib": self.peak()}
        for stage in self.stages:
            for name in stage:
                by = self.loads.get(name)
                if by is None or not isinstance(by[0], str):
                    continue
                try:
                    own = sys.modules[name].__file__
                except Exception:
                    own = None
                own = own if isinstance(own, str) else ""
                out["loads"][name] = {"by": by[0], "file": by[1], "line": by[2], "own": own}
        import json

        if channel.getpid() != channel.pid:  # user code forked, and this is the child
            return
        try:
            channel.send(json.dumps(out).encode("utf-8"))
        except OSError:  # user code closed it
            pass

    @staticmethod
    def peak():
        import sys

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
