# Compiles the recorder in the folder of a layer for the Python that runs this;
# prints the file and the version. Layer has the reasons.
import importlib._bootstrap_external as external
import importlib.util
import itertools
import marshal
import os
import sys

NAME = "fastpath_recorder.py"


def parts(lines):
    """The lines of the module, and those that it has apart; what the other has is
    empty in each, and what this version does not need in both."""
    marks = ("class _Watching(", "class _Monitored(", "class _Traced(", "def _watching(")
    begin, monitored, traced, end = [[line.startswith(mark) for line in lines].index(True) for mark in marks]
    without = (traced, end) if hasattr(sys, "monitoring") else (monitored, traced)
    apart = [line if begin <= k < end and not without[0] <= k < without[1] else "" for k, line in enumerate(lines)]
    return lines[:begin] + [""] * (end - begin) + lines[end:], apart


def lines_of(code):
    """The line of each code unit."""
    return [line for start, end, line in code.co_lines() for _ in range(start, end, 2)]


def packed(code):
    """The code with a smaller table of the same lines, and without a second name."""
    constants = tuple([packed(c) if hasattr(c, "co_code") else c for c in code.co_consts])
    table, last = bytearray(), code.co_firstlineno
    for line, run in itertools.groupby(lines_of(code)):
        units = len(list(run))
        while units > 0:
            kind = 15 if line is None else 13
            table.append(0x80 | kind << 3 | min(units, 8) - 1)
            units -= 8
            if line is None:
                continue
            delta, last = line - last, line
            number = -delta << 1 | 1 if delta < 0 else delta << 1
            while number >= 64:
                table.append(64 | number & 63)
                number >>= 6
            table.append(number)
    code = code.replace(co_qualname=code.co_name)
    small = code.replace(co_linetable=bytes(table), co_consts=constants)
    return small if lines_of(small) == lines_of(code) else code.replace(co_consts=constants)


def placed(code):
    """The code with what the recorder's _place would change."""
    files = {"_find_and_load": "<frozen importlib._bootstrap>", "get_code": "<frozen importlib._bootstrap_external>"}
    constants = tuple([placed(c) if hasattr(c, "co_code") else c for c in code.co_consts])
    return code.replace(co_filename=files.get(code.co_name, code.co_filename), co_consts=constants)


def compiled(lines):
    code = placed(compile("\n".join(lines), "/opt/python/" + NAME, "exec", dont_inherit=True, optimize=2))
    return packed(code) if sys.version_info >= (3, 11) else code


path = os.path.join(sys.argv[1], NAME)
with open(path, encoding="utf-8") as file:
    main, apart = parts(file.read().split("\n"))
place = [line.startswith('_APART = b""') for line in main].index(True)
main[place] = "_APART = %r" % marshal.dumps(compiled(apart))
code = compiled(main)
cache = importlib.util.cache_from_source(path, optimization="")
os.makedirs(os.path.dirname(cache), exist_ok=True)
with open(cache, "wb") as file:
    file.write(external._code_to_hash_pyc(code, importlib.util.source_hash("\n".join(main).encode()), False))
print(cache)
print("%d.%d" % sys.version_info[:2])
