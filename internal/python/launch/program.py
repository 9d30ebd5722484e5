# Starts a program of several parts. _data is what came on standard input
# behind its first line; that line, _sizes, holds the sizes of four pieces: the
# parts' byte-code, their source (this file the first of them), the source of
# another program that is compiled where this one is, both for later processes,
# and arguments. What comes behind them is for the program, when it asks for it.
def _start(sizes, data, parts):
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    source, read, close = os.dup(0), os.read, os.close
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
    except OSError:
        pass

    def rest():
        chunks = [data]
        while chunks[-1] or len(chunks) == 1:
            chunks.append(read(source, 1 << 20))
        close(source)
        return b"".join(chunks)

    made = {}

    def compiled(piece):
        texts = piece.decode("utf-8").split("\x1e")
        for text in texts:
            if text not in made:
                # With the name of the import system's own frames, see Script.
                made[text] = compile(text, "<frozen importlib._bootstrap>", "exec", dont_inherit=True)
        return [made[text] for text in texts]

    scope = {"__name__": "fastpath", "__builtins__": __builtins__, "INPUT": rest, "COMPILED": None, "STARTED": globals().get("STARTED", [])}
    scope["ARGUMENTS"] = [os.fsdecode(a) for a in pieces[3].split(b"\0")]
    if parts is None:
        parts = compiled(pieces[1])
        if pieces[2]:
            scope["COMPILED"] = [_tag + marshal.dumps(p) for p in (parts, compiled(pieces[2]))]
    return parts[1:], scope


_parts, _scope = _start(_sizes, _data, _parts)
for _part in _parts:
    exec(_part, _scope)
