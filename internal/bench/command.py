# Runs a command so that it can be seen what it loads.
# Arguments: kind, module or file, attribute, folder for the head of sys.path,
# name of a console script, then the command's own.
import sys
import os


def _main():
    channel = Channel()
    kind, target, attr, folder, name = sys.argv[1:6]
    sys.argv[:] = [{"console": name, "file": target}.get(kind, "")] + sys.argv[6:]
    code = 0
    runpy = None
    if kind == "module":
        import runpy  # as -m does
    watch = Watch()
    try:
        if kind == "console":
            import importlib

            sys.path[0] = folder
            function = importlib.import_module(target)
            for part in attr.split("."):
                function = getattr(function, part)
            sys.exit(function())
        elif kind == "module":
            sys.path[0] = os.getcwd()
            runpy.run_module(target, run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = os.path.dirname(target)
            main = type(sys)("__main__")
            main.__file__, main.__builtins__ = target, __builtins__
            sys.modules["__main__"] = main
            with open(target, "rb") as f:
                source = f.read()
            exec(compile(source, target, "exec"), main.__dict__)
    except SystemExit as exc:
        code = exc.code
        if code is None:
            code = 0
        elif not isinstance(code, int):
            sys.stderr.write("%s\n" % (code,))
            code = 1
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    watch.mark()
    watch.send(channel)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code & 0xFF)
