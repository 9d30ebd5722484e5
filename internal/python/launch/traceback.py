def traceback_text(exc):
    # The traceback as Python prints it. From 3.15 on, the search for the
    # likely cause of a ModuleNotFoundError imports the parent package once
    # more: user code would run twice, and might fail or hang here.
    import sys
    import traceback

    names, todo = [], [exc]
    while todo:
        e = todo.pop()
        if e is None or any(e is seen for seen, _ in names):
            continue
        name = ImportError.name.__get__(e) if isinstance(e, ModuleNotFoundError) else None
        names.append((e, name if isinstance(name, str) and "." in name else None))
        todo += [e.__cause__, e.__context__]
        if sys.version_info >= (3, 11) and isinstance(e, BaseExceptionGroup):
            todo += e.exceptions
    try:
        for e, name in names:
            if name is not None:
                ImportError.name.__set__(e, None)
        return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    except BaseException as second:
        return "%s (and its traceback cannot be formatted: %s)\n" % (type(exc).__name__, type(second).__name__)
    finally:
        for e, name in names:
            if name is not None:
                ImportError.name.__set__(e, name)
