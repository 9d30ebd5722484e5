def traceback_text(exc):
    # The traceback as Python prints it. From 3.15 on, the search for the
    # likely cause of a ModuleNotFoundError imports the parent package once
    # more: user code would run twice, and might fail or hang here.
    names, todo = [], [exc]
    while todo:
        e = todo.pop()
        if e is None or any(e is seen for seen, _ in names):
            continue
        name = ImportError.name.__get__(e) if isinstance(e, ModuleNotFoundError) else None
        names.append((e, name if isinstance(name, str) and "." in name else None))
        todo += [e.__cause__, e.__context__]
        try:
            todo += e.exceptions if isinstance(e, BaseExceptionGroup) else ()
        except NameError:  # before 3.11
            pass
    try:
        for e, name in names:
            if name is not None:
                ImportError.name.__set__(e, None)
        import traceback

        return "".join(traceback.format_exception(type(exc), exc, exc.__traceback__))
    except BaseException as second:
        # An entry that breaks imports or files breaks this, too.
        lines, level = ["Traceback (most recent call last):\n"], exc.__traceback__
        while level is not None:
            code = level.tb_frame.f_code
            lines.append('  File "%s", line %d, in %s\n' % (code.co_filename, level.tb_lineno, code.co_name))
            level = level.tb_next
        try:
            text = ": %s" % exc
        except BaseException:
            text = ""
        lines.append("%s%s (without its source lines: %s)\n" % (type(exc).__name__, text, type(second).__name__))
        return "".join(lines)
    finally:
        for e, name in names:
            if name is not None:
                ImportError.name.__set__(e, name)
