# Starts the recorder in every Python of "fastpath usage record", then passes on
# to the sitecustomize that this file hides.
import os
import sys


def _pass_on():
    folder = os.path.dirname(os.path.abspath(__file__))
    before = sys.path[:]
    own = sys.modules.pop("sitecustomize", None)
    sys.path[:] = [entry for entry in before if os.path.abspath(entry or ".") != folder]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as exc:
        if exc.name != "sitecustomize":
            raise
        if own is not None:
            sys.modules["sitecustomize"] = own
    finally:
        # Last, so that it hides nothing of the program.
        sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != folder] + [folder]


try:
    import fastpath_recorder

    fastpath_recorder.automatic()
except Exception as exc:
    sys.stderr.write("fastpath: the recorder does not start: %s\n" % type(exc).__name__)
_pass_on()
