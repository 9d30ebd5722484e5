package rewrite

import (
	"strings"
	"testing"

	"fastpath/internal/plan"
	"fastpath/internal/python/syntax"
)

const (
	auto  = plan.SafetyAuto
	guard = plan.SafetyGuard
	ask   = plan.SafetyAsk
	never = plan.SafetyNever
)

// gateCase is one way to use "import x" in m.py, with other files beside it.
// The case is what happens to the import that binds x in m.py.
type gateCase struct {
	name  string
	m     string
	other map[string]string
	want  plan.Safety
	cause string // part of it
}

func one(file, text string) map[string]string { return map[string]string{file: text} }

var gateCases = []gateCase{
	// The plain case, in its forms.
	{"function", "import x\ndef f():\n    return x.g()\n", nil, auto, ""},
	{"alias", "import numpy as x\ndef f():\n    return x.g()\n", nil, auto, ""},
	{"from", "from lib import x\ndef f():\n    return x()\n", nil, auto, ""},
	{"method", "import x\nclass C:\n    def f(self):\n        return x.g()\n", nil, auto, ""},
	{"nested function", "import x\ndef f():\n    def g():\n        return x.g()\n    return g\n", nil, auto, ""},
	{"lambda in function", "import x\ndef f():\n    return lambda: x.g()\n", nil, auto, ""},
	{"comprehension in function", "import x\ndef f(a):\n    return [x.g(i) for i in a]\n", nil, auto, ""},
	{"generator", "import x\ndef f():\n    yield x.g()\n", nil, auto, ""},
	{"except clause", "import x\ndef f():\n    try:\n        pass\n    except x.Error:\n        pass\n", nil, auto, ""},
	{"local annotation", "import x\ndef f():\n    v: x.T = 1\n    return x.g(v)\n", nil, auto, ""},
	{"parameter of the same name elsewhere", "import x\ndef f():\n    return x.g()\ndef h(x):\n    return x\n", nil, auto, ""},

	// 4.1: needed while the module is imported.
	{"A1 decorator", "import x\n@x.deco\ndef f():\n    return x\n", nil, never, "decorator at m.py:2"},
	{"A2 default", "import x\ndef f(a=x.V):\n    return x\n", nil, never, "default argument at m.py:2"},
	{"A3 base class", "import x\nclass C(x.Base):\n    pass\n", nil, never, "base class at m.py:2"},
	{"A4 class attribute", "import x\nclass C:\n    a = x.V\n", nil, never, "class body at m.py:3"},
	{"A5 module level", "import x\nK = x.V\n", nil, never, "m.py:2"},
	{"A5 comprehension", "import x\nK = [x.V for _ in range(2)]\n", nil, never, "m.py:2"},
	{"A5 main block", "import x\ndef f():\n    return x\nif __name__ == '__main__':\n    x.main()\n", nil, never, "m.py:5"},
	{"A6 annotation", "import x\ndef f(a: x.B):\n    return x\n", nil, never, "annotation at m.py:2"},
	{"A8 future annotation", "from __future__ import annotations\nimport x\ndef f(a: x.B):\n    return x\n", nil, ask, "annotation names x, m.py:3"},
	{"A9 dataclass field", "from __future__ import annotations\nimport x\nfrom dataclasses import dataclass\n@dataclass\nclass C:\n    a: x.B\ndef f():\n    return x\n", nil, ask, "annotation names x"},
	{"A13 lambda at module level", "import x\nf = lambda: x.g()\n", nil, never, "outside of functions at m.py:2"},
	{"A15 called at import", "import x\ndef f():\n    return x.g()\nK = f()\n", nil, never, "at import"},
	{"string annotation", "import x\ndef f(a: 'x.B'):\n    return x\n", nil, ask, "annotation names x"},

	// 4.2: somebody else reads the name.
	{"B1 from-import", "import x\ndef f():\n    return x\n", one("o.py", "def g():\n    from m import x\n    return x\n"), guard, "m.x is imported from here, o.py:2"},
	{"B1 from-import in a test", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from m import x\n"), guard, "m.x is imported from here, tests/test_m.py:1"},
	{"B1 from-import at import", "import x\ndef f():\n    return x\n", one("o.py", "from m import x\n"), never, "m.x is imported from here and so loaded all the same, o.py:1"},
	{"B2 attribute", "import x\ndef f():\n    return x\n", one("o.py", "import m\ndef g():\n    return m.x.V\n"), guard, "o.py:3"},
	{"B2 attribute by alias", "import x\ndef f():\n    return x\n", one("o.py", "import m as q\ndef g():\n    return q.x.V\n"), guard, "o.py:3"},
	{"B3 star with __all__", "import x\n__all__ = ['f', 'x']\ndef f():\n    return x\n", one("tests/test_m.py", "from m import *\n"), guard, "__all__, m.py:2"},
	{"B3 star with __all__ at import", "import x\n__all__ = ['f', 'x']\ndef f():\n    return x\n", one("o.py", "from m import *\n"), never, "loaded all the same, o.py:1"},
	{"B4 star without __all__, read elsewhere", "import x\ndef f():\n    return x\n", map[string]string{"o.py": "from m import *\n", "third.py": "import o\ndef g():\n    return o.x\n"}, ask, "o.py:1"},
	{"B4 star without __all__, patched elsewhere", "import x\ndef f():\n    return x\n", map[string]string{"o.py": "from m import *\n", "tests/test_o.py": "def test(mocker):\n    mocker.patch('o.x')\n"}, ask, "o.py:1"},
	{"B4 star without __all__", "import x\ndef f():\n    return x\n", one("o.py", "from m import *\ndef g():\n    return x\n"), ask, "o.py:1"},
	{"B5 patch attribute", "import x\ndef f():\n    return x.g()\n", one("tests/test_m.py", "from unittest.mock import patch\ndef test():\n    with patch('m.x.g'):\n        pass\n"), guard, "m.x is patched, tests/test_m.py:3"},
	{"B6 patch name", "import x\ndef f():\n    return x.g()\n", one("tests/test_m.py", "from unittest import mock\n@mock.patch('m.x')\ndef test(x):\n    pass\n"), guard, "patched"},
	{"B6 patch under a longer name", "import x\ndef f():\n    return x.g()\n", one("tests/test_m.py", "from unittest import mock\n@mock.patch('src.m.x')\ndef test(x):\n    pass\n"), guard, "patched"},
	{"B6 patch.object", "import x\ndef f():\n    return x.g()\n", one("tests/test_m.py", "import m\nfrom unittest import mock\n@mock.patch.object(m, 'x')\ndef test(x):\n    pass\n"), guard, "tests/test_m.py:3"},
	{"B7 patch at the source", "import x\ndef f():\n    return x.g()\n", one("tests/test_m.py", "from unittest.mock import patch\ndef test():\n    with patch('x.g'):\n        pass\n"), auto, ""},
	{"B9 from-import patched at the source", "from lib import x\ndef f():\n    return x()\n", one("tests/test_m.py", "from unittest.mock import patch\ndef test():\n    with patch('lib.x'):\n        pass\n"), ask, "lib.x is patched at its source"},
	{"B10 assigned from outside", "import x\ndef f():\n    return x\n", one("o.py", "import m\nm.x = 1\n"), guard, "assigned from outside, o.py:2"},
	{"B10 monkeypatch", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\ndef test(monkeypatch):\n    monkeypatch.setattr(m, 'x', 1)\n"), guard, "tests/test_m.py:3"},
	{"B11 sys.modules", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import sys\nsys.modules['x'] = object()\n"), ask, "replaced in sys.modules"},
	{"B11 patch.dict", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\ndef test():\n    with patch.dict('sys.modules', {'x': None}):\n        pass\n"), ask, "replaced in sys.modules"},
	{"B12 value changes", "from lib import x\ndef f():\n    return x\n", one("lib.py", "x = 1\ndef set():\n    global x\n    x = 2\n"), never, "lib.py"},
	{"B12 value changed from outside", "from lib import x\ndef f():\n    return x\n", map[string]string{"lib.py": "x = 1\n", "o.py": "import lib\ndef g():\n    lib.x = 2\n"}, never, "o.py:3"},
	{"G22 sys.modules deletion", "import x\ndef f():\n    return x\n", one("o.py", "import sys\ndef g():\n    del sys.modules['x']\n"), ask, "o.py:3"},
	{"B13 globals", "import x\ndef f():\n    return globals()['x']\ndef g():\n    return x\n", nil, never, "globals() at m.py:3"},
	{"B13 own module by sys.modules", "import sys\nimport x\ndef f(n):\n    return getattr(sys.modules[__name__], n)\ndef g():\n    return x\n", nil, never, "m.py:4"},
	{"B13 getattr", "import x\ndef f():\n    return x\n", one("o.py", "import m\ndef g():\n    return getattr(m, 'x')\n"), guard, "o.py:3"},
	{"B14 vars of the module", "import x\ndef f():\n    return x\n", one("o.py", "import m\ndef g():\n    return vars(m)\n"), ask, "o.py:3"},
	{"B14 dynamic getattr", "import x\ndef f():\n    return x\n", one("o.py", "import m\ndef g(n):\n    return getattr(m, n)\n"), ask, "o.py:3"},
	{"B15 eval", "import x\ndef f():\n    return eval('x.V')\ndef g():\n    return x\n", nil, never, "eval() at m.py:3"},
	{"E13 exec", "import x\ndef f():\n    exec('pass', {'x': x})\n", nil, never, "exec()"},
	{"B18 doctest", "import x\ndef f():\n    \"\"\"\n    >>> x.g()\n    1\n    \"\"\"\n    return x\n", nil, never, "doctest uses x, m.py:4"},
	{"a file name is no reader", "import yaml as x\ndef f():\n    return x\n", one("o.py", "def g():\n    return open('m.x')\n"), auto, ""},
	{"re-export", "import x\ndef f():\n    return x\n", one("pkg/__init__.py", "from m import x\n"), never, "pkg/__init__.py:1"},
	{"patch.multiple", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\ndef test():\n    with patch.multiple('m', x=1):\n        pass\n"), guard, "patched, tests/test_m.py:3"},
	{"patch.multiple of a module", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\nfrom unittest.mock import patch\ndef test():\n    with patch.multiple(m, y=2, x=1):\n        pass\n"), guard, "patched, tests/test_m.py:4"},
	{"patch.dict of the namespace", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\ndef test():\n    with patch.dict('m.__dict__', x=1):\n        pass\n"), ask, "m: its __dict__ is changed"},
	{"deleted from outside", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\ndef test():\n    m.x = 1\n    del m.x\n"), ask, "m.x is deleted from outside, tests/test_m.py:4"},
	{"monkeypatch.delattr", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\ndef test(monkeypatch):\n    monkeypatch.delattr(m, 'x')\n"), ask, "deleted from outside"},
	{"monkeypatch.delattr by a string", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "def test(monkeypatch):\n    monkeypatch.delattr('m.x')\n"), ask, "deleted from outside"},

	// 4.6: what a guard does not cover.
	{"own __getattr__", "import x\ndef f():\n    return x\ndef __getattr__(name):\n    raise AttributeError(name)\n", one("tests/test_m.py", "from m import x\n"), ask, "m has a __getattr__ of its own"},
	{"builtin", "from lib import _ as x\nfrom lib import open\ndef f():\n    return open, x\n", one("tests/test_m.py", "from m import x\n"), guard, ""},
	{"other TYPE_CHECKING", "import x\nTYPE_CHECKING = bool(0)\ndef f():\n    return x\n", one("tests/test_m.py", "from m import x\n"), ask, "TYPE_CHECKING is bound in another way"},
	{"TYPE_CHECKING of typing", "import x\nfrom typing import TYPE_CHECKING\ndef f():\n    return x\n", one("tests/test_m.py", "from m import x\n"), guard, "m.x"},
	{"doctest and reader", "import x\ndef f():\n    \"\"\"\n    >>> x.g()\n    \"\"\"\n    return x\n", one("tests/test_m.py", "from m import x\n"), never, "doctest"},
	{"type hints and reader", "from __future__ import annotations\nimport x\ndef f(a: x.B):\n    return x\n", one("tests/test_m.py", "from m import x\n"), ask, "annotation names x"},

	// 4.3: the statement's surroundings.
	{"C1 fallback", "try:\n    import x\nexcept ImportError:\n    x = None\ndef f():\n    return x\n", nil, never, ""},
	{"C1 optional", "try:\n    import x\nexcept ImportError:\n    pass\ndef f():\n    return x\n", nil, ask, "optional"},
	{"C2 flag", "try:\n    import x\n    HAS = True\nexcept ImportError:\n    HAS = False\ndef f():\n    return x if HAS else None\n", nil, ask, "try"},
	{"C3 TYPE_CHECKING", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\ndef f(a: 'x.T'):\n    pass\n", nil, never, "type checkers"},
	{"C4 rebound", "import x\nx = x.y\ndef f():\n    return x\n", nil, never, ""},
	{"C4 imported twice", "import x\nimport lib as x\ndef f():\n    return x\n", nil, never, "bound again at m.py"},
	{"C5 global", "import x\ndef f():\n    global x\n    x = 1\ndef g():\n    return x\n", nil, never, "bound again"},
	{"C6 deleted", "import x\ndel x\n", nil, never, "m.py:2"},
	{"C7 sys.path", "import sys\nsys.path.insert(0, 'vendor')\nimport x\ndef f():\n    return x\n", nil, never, "sys.path"},
	{"C8 with", "import warnings\nwith warnings.catch_warnings():\n    import x\ndef f():\n    return x\n", nil, never, "with"},
	{"C10 class body", "class C:\n    import x\n    def f(self):\n        return self.x\n", nil, never, "class body"},
	{"C13 if", "import os\nif os.name:\n    import x\ndef f():\n    return x\n", nil, ask, "condition"},

	// 4.4: effects and order.
	{"D1 unused", "import x\n", nil, never, "not used"},
	{"D1 only in __all__", "import x\n__all__ = ['x']\n", nil, ask, "__all__, m.py:2; it is not used here"},
	{"D1 registry", "import x\ndef f():\n    return x.g()\n", map[string]string{"x.py": "from reg import register\n@register\ndef g():\n    pass\n", "reg.py": "def register(f):\n    return f\n"}, never, "x registers itself when imported: @register, x.py:2"},
	{"D1 registration call", "import x\ndef f():\n    return x.g()\n", map[string]string{"x.py": "import reg\ndef g():\n    pass\nreg.add(g)\n", "reg.py": "def add(f):\n    pass\n"}, never, "reg.add(), x.py:4"},
	{"D1 __init_subclass__", "import x\ndef f():\n    return x.C()\n", map[string]string{"x.py": "from base import Base\nclass C(Base):\n    pass\n", "base.py": "class Base:\n    all = []\n    def __init_subclass__(cls):\n        Base.all.append(cls)\n"}, never, "base class Base, x.py:2"},
	{"D1 plain base", "import x\ndef f():\n    return x.C()\n", map[string]string{"x.py": "from base import Base\nclass C(Base):\n    pass\n", "base.py": "class Base:\n    pass\n"}, auto, ""},
	{"D1 loaded anyway", "import x\ndef f():\n    return x.g()\n", map[string]string{"x.py": "import y\ndef g():\n    return y\n", "y.py": "import os\nV = os.environ.get('V')\n", "main.py": "import m\nimport y\n"}, auto, ""},
	{"D2 patching library", "import gevent as x\ndef f():\n    return x\n", nil, never, "gevent patches"},
	{"D2 tracer", "from ddtrace import x\ndef f():\n    return x\n", nil, never, "ddtrace patches"},
	{"D3 environment", "import x\ndef f():\n    return x.V\n", one("x.py", "import os\nV = os.environ['V']\n"), ask, "x stores the environment when imported, x.py:2"},
	{"D3 getenv", "import x\ndef f():\n    return x.V\n", one("x.py", "from os import getenv\nV = getenv('V', '')\n"), ask, "environment"},
	{"D3 clock", "import x\ndef f():\n    return x.V\n", one("x.py", "import time\nV = time.time()\n"), ask, "the time"},
	{"D3 in a class", "import x\ndef f():\n    return x.C\n", one("x.py", "import os\nclass C:\n    v = os.getcwd()\n"), ask, "working folder"},
	{"D3 behind it", "import x\ndef f():\n    return x.V\n", map[string]string{"x.py": "import y\nV = 1\n", "y.py": "import os\nV = os.environ['V']\n"}, ask, "y stores"},
	{"computing is no effect", "import x\ndef f():\n    return x.V\n", one("x.py", "import time\ntime.sleep(0)\nprint('x')\nV = sum(range(9))\nfor i in range(3):\n    V += i\n"), auto, ""},
	{"D4 state", "import x\ndef f():\n    return x.V\n", one("x.py", "import logging\nlogging.basicConfig(level=20)\nV = 1\n"), ask, "logging.basicConfig is changed"},
	{"D4 foreign object", "import x\ndef f():\n    return x.V\n", one("x.py", "import lib\nlib.setting = 1\nV = 1\n"), ask, "lib.setting"},
	{"D5 visible submodule", "import x.sub as x\ndef f():\n    return x\n", one("o.py", "import x\ndef g():\n    return x.sub.V\n"), ask, "o reads x.sub without importing it, o.py:3"},
	{"D7 shared root", "import x.a\nimport x.b\ndef f():\n    return x.a, x.b\n", nil, never, "bound again"},
	{"D10 cycle", "import x\ndef f():\n    return x.g()\n", one("x.py", "import m\ndef g():\n    return m\n"), ask, "cycle"},
	{"D10 into a cycle", "import x\ndef f():\n    return x.g()\n", map[string]string{"x.py": "import y\ndef g():\n    return y\n", "y.py": "import x\n"}, ask, "cycle"},
	{"F7 looks at its importer", "import x\ndef f():\n    return x.V\n", one("x.py", "import sys\nV = sys._getframe(1).f_globals\n"), ask, "looks at its importer"},

	// 4.5: scopes and the life of the process.
	{"E8 locals", "import x\ndef f():\n    x.g()\n    return locals()\n", nil, never, "locals()"},
	{"E9 mangled", "import lib as __x\ndef f():\n    return __x\n", nil, never, "__x"},
	{"E12 broad except", "import x\ndef f(a):\n    try:\n        if a:\n            return x.g()\n    except Exception:\n        return None\n", nil, ask, "swallowed by the handler at m.py:6"},
	{"E12 bare except", "import x\ndef f(a):\n    try:\n        if a:\n            return x.g()\n    except:\n        return None\n", nil, ask, "swallowed"},
	{"E12 suppress", "import x\nfrom contextlib import suppress\ndef f(a):\n    with suppress(Exception):\n        if a:\n            return x.g()\n", nil, ask, "swallowed"},
	{"E12 narrow except", "import x\ndef f(a):\n    try:\n        if a:\n            return x.g()\n    except ValueError:\n        return None\n", nil, auto, ""},
	{"E12 placed before the try", "import x\ndef f(a):\n    try:\n        return x.g()\n    except Exception:\n        return None\n", nil, auto, ""},
	{"G21 coroutine", "import x\nasync def f():\n    return x.g()\n", nil, ask, "async def f uses it at m.py:3"},
	{"F2 __del__", "import x\nclass C:\n    def __del__(self):\n        x.g()\n", nil, never, "__del__ at m.py:4"},
	{"code reader", "import x\nimport numba\n@numba.njit\ndef f():\n    return x.g()\n", nil, never, "numba compiles"},
	{"lazy before 3.15", "__lazy_modules__ = ['x']\nimport x\ndef f():\n    return x\n", nil, auto, ""},
	{"does not parse", "import x\ndef f(:\n    return x\n", nil, never, "does not parse"},

	// What tests replace without writing it out, and modules under other names.
	{"patch by an f-string", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "def test(mocker, name='m'):\n    mocker.patch(f'{name}.x')\n"), guard, "m.x may be patched under a name that is put together, tests/test_m.py:2"},
	{"patch by a sum", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\nM = 'm'\n@patch(M + '.x.g')\ndef test(g):\n    pass\n"), guard, "m.x may be patched"},
	{"patch by a loop", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest import mock\nimport m\ndef test():\n    for n in ('x', 'y'):\n        with mock.patch.object(m, n):\n            m.f()\n"), guard, "m.x may be patched"},
	{"patch of a module that nothing names", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from m import f\ndef test(monkeypatch, place):\n    monkeypatch.setattr(place, 'x', None)\n"), guard, "m.x may be patched, tests/test_m.py:3"},
	{"patch with keywords in another order", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\nimport m\n@patch.object(attribute='x', target=m)\ndef test(x):\n    pass\n"), guard, "m.x may be patched"},
	{"patch.multiple of a constant", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\nfrom names import M  # m\n@patch.multiple(M, x=1)\ndef test():\n    pass\n"), guard, "m.x may be patched"},
	{"composed patch in a test of another module", "import x\ndef f():\n    return x\n", one("tests/test_o.py", "from unittest.mock import patch\nM = 'other'\n@patch(M + '.x.g')\ndef test(g):\n    pass\n"), auto, ""},
	{"HTTP patch", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\ndef test(client, url):\n    assert client.patch(url, {'x': 1})\n"), auto, ""},
	{"string that looks like a file", "import json as x\ndef f():\n    return x\n", one("tests/test_m.py", "T = 'm.x'\n"), guard, "m.x is named by a string"},
	{"module got by its name", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import importlib\nmod = importlib.import_module('m')\ndef test():\n    assert mod.x.V\n"), guard, "m.x is read from outside, tests/test_m.py:4"},
	{"attribute of a module got by its name", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import importlib\ndef test():\n    assert importlib.import_module('m').x.V\n"), guard, "m.x is read from outside, tests/test_m.py:3"},
	{"attribute of a module got by __import__", "import x\ndef f():\n    return x\n", one("o.py", "def g():\n    __import__('m').x = None\n"), guard, "m.x is assigned from outside, o.py:2"},
	{"attribute of a module in sys.modules", "import x\ndef f():\n    return x\n", one("o.py", "import sys\ndef g():\n    return sys.modules['m'].x.V\n"), guard, "m.x is read from outside, o.py:3"},
	{"attribute of a relative module got by its name", "import x\ndef f():\n    return x\n", one("o.py", "from importlib import import_module\ndef g():\n    return import_module('.m', '').x\n"), guard, "m.x is read from outside, o.py:3"},
	{"attrgetter", "import x\ndef f():\n    return x\n", one("o.py", "import operator, m\ndef g():\n    return operator.attrgetter('x.V')(m)\n"), guard, "m.x may be looked up, o.py:3"},
	{"module as an argument", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\ndef check(what, module):\n    assert module.x.V == what\ndef test():\n    check(1, m)\n"), guard, "m.x is read from outside, tests/test_m.py:3"},
	{"module as a named argument", "import x\ndef f():\n    return x\n", one("o.py", "import m\ndef check(*, module=None):\n    module.x = 1\ndef g():\n    check(module=m)\n"), guard, "m.x is assigned from outside, o.py:3"},
	{"module in a loop", "import x\ndef f():\n    return x\n", one("o.py", "import m, n\ndef g():\n    for module in (m, n):\n        module.x = 1\n"), guard, "m.x is assigned from outside, o.py:4"},
	{"module in a comprehension", "import x\ndef f():\n    return x\n", one("o.py", "import m\ndef g():\n    return [q.x for q in [m]]\n"), guard, "m.x is read from outside, o.py:3"},
	{"globals of an own function", "import x\ndef f():\n    return x\ndef g(n):\n    return f.__globals__[n]\n", nil, never, "f.__globals__ at m.py:5 reaches for names"},
	{"globals of a frame", "import sys\nimport x\ndef f(n):\n    return x, sys._getframe(1).f_globals[n]\n", nil, never, "sys._getframe(1).f_globals at m.py:4 reaches for names"},
	{"module from sys.modules", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import sys\nfrom unittest.mock import patch\nmod = sys.modules['m']\ndef test():\n    patch.object(mod, 'x')\n"), guard, "m.x is named by a string"},
	{"module under another name", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\nmod = m\ndef test():\n    assert mod.x.V\n"), guard, "m.x is read from outside"},
	{"module from a fixture", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import pytest\n@pytest.fixture\ndef mod():\n    import m\n    return m\ndef test(mod):\n    assert mod.x.V\n"), guard, "m.x is read from outside, tests/test_m.py:7"},
	{"module kept by a test class", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\nclass TestM:\n    module = m\n    def test(self):\n        assert self.module.x.V\n"), guard, "m.x is read from outside, tests/test_m.py:5"},
	{"globals of a function", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import m\ndef test():\n    assert m.f.__globals__['x']\n"), ask, "the globals of its functions are read"},
	{"sys.modules by a keyword", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest.mock import patch\n@patch.dict('sys.modules', x=None)\ndef test():\n    pass\n"), ask, "x is replaced in sys.modules, tests/test_m.py:2"},
	{"sys.modules by a loop", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import sys\nfor n in ['x']:\n    sys.modules[n] = None\n"), ask, "x is replaced in sys.modules under a name that is put together, tests/test_m.py:2"},
	{"guard of a module that is loaded again", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import importlib, m\ndef test():\n    m.x = None\n    importlib.reload(m)\n"), ask, "m is loaded again"},
	{"from a module that is loaded again", "from lib import x\ndef f():\n    return x\n", map[string]string{"lib.py": "x = 1\n", "tests/test_m.py": "import importlib, lib\nimportlib.reload(lib)\n"}, ask, "lib is loaded again"},

	{"code in a string", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "import subprocess\ndef test():\n    subprocess.run(['python', '-c', 'import m; m.x.g()'])\n"), guard, "m.x may be read by code in a string, tests/test_m.py:3"},

	{"mock of the module", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest import mock\nimport m\ndef test():\n    assert mock.create_autospec(m).x\n"), ask, "m: the names of a mock are taken from it, and x may be asked for there, tests/test_m.py:4"},
	{"mock of the module under another name", "import x\ndef f():\n    return x\n", map[string]string{"o.py": "import m as q\ndef f():\n    return q\n", "tests/test_o.py": "from unittest import mock\ndef test():\n    with mock.patch('o.q', autospec=True) as fake:\n        assert fake.x\n"}, ask, "x may be asked for there"},
	{"mock of the module where another one has it", "import x\ndef f():\n    return x\n", map[string]string{"o.py": "import m\ndef f():\n    return m\n", "tests/test_m.py": "from unittest import mock\ndef test():\n    with mock.patch('o.m', autospec=True) as fake:\n        assert fake.x\n"}, ask, "x may be asked for there"},
	{"mock of the module without the name", "import x\ndef f():\n    return x\n", one("tests/test_m.py", "from unittest import mock\nimport m\ndef test():\n    assert mock.Mock(spec=m).f\n"), auto, ""},

	{"example elsewhere", "import x\ndef f():\n    return x\n", one("o.py", "def g():\n    \"\"\"\n    >>> import m\n    >>> m.x.V\n    \"\"\"\n"), guard, "m.x may be read by an example, o.py:2"},
	{"prose elsewhere", "import x\ndef f():\n    return x\n", one("o.py", "def g():\n    \"\"\"\n    >>> import m\n    Better than x.\n    \"\"\"\n"), auto, ""},
	{"looked up in modules that nothing names", "import x\ndef f():\n    return x\n", one("tests/conftest.py", "import sys\nimport m\nmods = sys.modules.values()\ndef go():\n    return [getattr(k, 'x') for k in mods]\n"), guard, "m.x may be looked up, tests/conftest.py:5"},

	// Modules that somebody can do without.
	{"module loaded in a try statement", "import x\ndef f():\n    return x\n", one("main.py", "try:\n    import m\nexcept ImportError:\n    m = None\n"), ask, "m is loaded in a try statement, which would no longer notice that x is missing"},
	{"module loaded below one in a try statement", "import x\ndef f():\n    return x\n", map[string]string{"main.py": "try:\n    from o import m\nexcept ImportError:\n    m = None\n", "o.py": "import m\n"}, ask, "m is loaded in a try statement"},
	{"module loaded in a try statement and elsewhere", "import x\ndef f():\n    return x\n", map[string]string{"main.py": "import o\ntry:\n    import m\nexcept ImportError:\n    m = None\n", "o.py": "import m\n"}, auto, ""},
	{"standard library in a module loaded in a try statement", "import csv as x\ndef f():\n    return x\n", one("main.py", "try:\n    import m\nexcept ImportError:\n    m = None\n"), auto, ""},

	// Star imports that bind the same name.
	{"star import below", "import x\nfrom lib import *\ndef f():\n    return x\n", one("lib.py", "x = 1\n"), ask, "x may be bound again by a star import, m.py:2"},
	{"star import of unknown names below", "import x\nfrom elsewhere import *\ndef f():\n    return x\n", nil, ask, "x may be bound again by a star import"},
	{"star import above", "from lib import *\nimport x\ndef f():\n    return x\n", one("lib.py", "x = 1\n"), auto, ""},
	{"guard and star import above", "from lib import *\nimport x\ndef f():\n    return x\n", map[string]string{"lib.py": "from deep import *\n", "deep.py": "x = 1\n", "tests/test_m.py": "from m import x\n"}, ask, "x may be bound again by a star import, m.py:1"},
	{"star import of other names", "import x\nfrom lib import *\ndef f():\n    return x\n", one("lib.py", "x = y = 1\n__all__ = ['y']\n"), auto, ""},

	// Submodules that this file reads through their package.
	{"submodule of another import here", "import xml\nimport xml.dom as x\ndef f():\n    return x\ndef g():\n    return xml.dom.Node\n", nil, ask, "m reads xml.dom without importing it, m.py:6"},
	{"submodule of the import itself", "import x.y\ndef f():\n    return x.y.V\n", nil, auto, ""},

	// Types in strings.
	{"type alias in a string", "import x\nfrom typing import List\nT = List['x.B']\ndef f():\n    return x\n", nil, ask, "an annotation names x, m.py:3"},
	{"named tuple of strings", "import x\nimport typing\nN = typing.NamedTuple('N', [('a', 'x.B')])\ndef f():\n    return x\n", nil, ask, "an annotation names x, m.py:3"},
	{"no types in strings", "import x\nTABLE = dict(a='x')\nV = TABLE['x']\nfrom typing import Literal\nL = Literal['x']\ndef f():\n    return x\n", nil, auto, ""},

	// Docstrings that would no longer be the first statement, and __del__.
	{"docstring on one line with code", "import x\ndef f():\n    'D'; return x\n", nil, never, "the docstring of f shares its line with code, m.py:3"},
	{"docstring in one line", "import x\nclass C:\n    def f(self): 'D'; return x\n", nil, never, "the docstring of f shares its line"},
	{"method that __del__ calls", "import x\nclass C:\n    def close(self):\n        x.g()\n    def __del__(self):\n        self.close()\n", nil, ask, "__del__ calls close, m.py:4"},
}

func TestGate(t *testing.T) {
	for _, c := range gateCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"m.py": c.m}
			for f, text := range c.other {
				files[f] = text
			}
			prog := load(t, files)
			binds := "x"
			if strings.Contains(c.m, "as __x") {
				binds = "__x"
			}
			o := GateOptions{Entries: []string{"m"}}
			if _, ok := files["main.py"]; ok {
				o.Entries = []string{"main"}
			}
			imp := find(t, prog, "m.py", binds)
			v := NewGate(prog, o).Verdict(imp)
			if v.Safety != c.want || !strings.Contains(v.Cause, c.cause) || (v.Cause == "") != (v.Safety == auto) {
				t.Errorf("got %s %q, want %s %q", v.Safety, v.Cause, c.want, c.cause)
			}
			// What is judged safe can be expressed, and what cannot be
			// expressed is never judged safe.
			_, refused := Plan(prog, Request{Moves: nil, Version: syntax.Version{Major: 3, Minor: 12}})
			if len(refused) > 0 {
				t.Errorf("an empty request was refused: %v", refused)
			}
			edits, refused := Plan(prog, requestOf(imp))
			if v.Safety == auto && (len(refused) > 0 || edits.Empty()) {
				t.Errorf("judged safe, but refused: %+v", refused)
			}
			edits, refused = Plan(prog, Request{Guards: moves(imp), Version: testVersion})
			if v.Safety == guard && (len(refused) > 0 || edits.Empty()) {
				t.Errorf("judged safe with a guard, but refused: %+v", refused)
			}
		})
	}
}

func TestGateStar(t *testing.T) {
	prog := load(t, map[string]string{"m.py": "from x import *\ndef f():\n    return g()\n"})
	if v := NewGate(prog, GateOptions{}).Verdict(find(t, prog, "m.py", "*")); v.Safety != never || !strings.Contains(v.Cause, "star") {
		t.Errorf("%+v", v)
	}
}

func TestGateAnnotationByVersion(t *testing.T) {
	files := map[string]string{"m.py": "import x\ndef f(a: x.B):\n    return x\n"}
	for minor, want := range map[int]plan.Safety{9: never, 13: never, 14: ask} {
		prog := loadFor(t, files, syntax.Version{Major: 3, Minor: minor})
		if v := NewGate(prog, GateOptions{}).Verdict(find(t, prog, "m.py", "x")); v.Safety != want {
			t.Errorf("3.%d: %+v, want %s", minor, v, want)
		}
	}
}

func TestGateFastPath(t *testing.T) {
	files := map[string]string{
		"fast_path.py": "import json\nimport x\nimport y\nimport z\n__all__ = ['json', 'x', 'y', 'z']\n",
		"m.py":         "from fast_path import *\ndef f():\n    return x.g()\n@z.deco\ndef h():\n    return y\n",
		"tests/test_m.py": "import fast_path\nfrom unittest.mock import patch\n" +
			"def test_size():\n    assert len(dir(fast_path)) < 20\n@patch('m.y')\ndef test_y(y):\n    pass\n",
	}
	prog := load(t, files)
	g := NewGate(prog, GateOptions{Entries: []string{"m"}, FastPath: map[string]bool{"fast_path.py": true}})
	for name, want := range map[string]plan.Safety{"x": auto, "y": ask, "z": never, "json": never} {
		if v := g.Verdict(find(t, prog, "fast_path.py", name)); v.Safety != want {
			t.Errorf("%s: %+v, want %s", name, v, want)
		}
	}
}

func TestJoint(t *testing.T) {
	prog := load(t, map[string]string{
		"m.py":   "import a\nimport b\ndef f():\n    return a.V\ndef g():\n    return b.V\n",
		"a.py":   "import cfg\nV = cfg\n",
		"b.py":   "import cfg\nV = cfg\n",
		"cfg.py": "import os\nV = os.environ['V']\n",
	})
	g := NewGate(prog, GateOptions{Entries: []string{"m"}})
	a, b := find(t, prog, "m.py", "a"), find(t, prog, "m.py", "b")
	if v := g.Verdict(a); v.Safety != auto {
		t.Errorf("alone: %+v", v)
	}
	if r := g.Joint(moves(a)); len(r) != 0 {
		t.Errorf("one move: %+v", r)
	}
	r := g.Joint(moves(a, b))
	if len(r) != 2 || !strings.Contains(r[0].Cause, "cfg stores the environment") {
		t.Errorf("both moves: %+v", r)
	}
}
