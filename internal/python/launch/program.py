import sys, os


def _start():
    # Starts a program of several parts. Its arguments: the parts, and those of
    # another program that is to be compiled for later processes, "" for none.
    # Standard input: the length of byte-code on a line of its own, byte-code
    # that a former process made, then what is for the program.
    import marshal
    from _frozen_importlib_external import MAGIC_NUMBER

    sources, later = [text.split("\x1e") for text in sys.argv[1:3]]
    del sys.argv[1:3]
    chunks = [b""]
    try:
        while len(chunks) == 1 or chunks[-1]:
            chunks.append(os.read(0, 1 << 20))
        null = os.open(os.devnull, os.O_RDONLY)
        if null:
            os.dup2(null, 0)
            os.close(null)
    except OSError:
        pass
    size, _, data = b"".join(chunks).partition(b"\n")
    code, data = data[: int(size or 0)], data[int(size or 0) :]
    made = {}

    def compiled(texts):
        # Its code carries the name of the import system's own frames, see Script.
        for text in texts:
            if text not in made:
                made[text] = compile(text, "<frozen importlib._bootstrap>", "exec", dont_inherit=True)
        return [made[text] for text in texts]

    # Byte-code of another Python may crash this one.
    tag = ("%s %d " % (sys.implementation.name, sys.hexversion)).encode("ascii") + MAGIC_NUMBER
    parts = None
    if code.startswith(tag):
        try:
            parts = marshal.loads(code[len(tag) :])
        except (EOFError, TypeError, ValueError):
            pass
    parts = parts or compiled(sources)
    scope = {"__name__": "fastpath", "__builtins__": __builtins__, "INPUT": data, "COMPILED": b""}
    if later != [""]:
        scope["COMPILED"] = tag + marshal.dumps(compiled(later))
    return parts, scope


_parts, _scope = _start()
for _part in _parts:
    exec(_part, _scope)
