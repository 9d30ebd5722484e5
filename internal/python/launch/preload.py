def preload():
    # What AWS's runtime client imports before it imports the handler: the
    # client itself where it is installed, else the modules that it is known
    # to import. Failures are left out: the handler would pay for them.
    import importlib
    import sys

    try:
        importlib.import_module("awslambdaric.bootstrap")
    except BaseException:
        for name in [n for n in sys.modules if type(n) is str and n.partition(".")[0] == "awslambdaric"]:
            del sys.modules[name]
    names = @RUNTIME_MODULES@
    for name, oldest in names:
        if sys.version_info >= oldest:
            try:
                importlib.import_module(name)
            except ImportError:
                pass
