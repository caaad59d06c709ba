"""What of a function's code makes another key, and what does not."""

from __future__ import annotations

import functools
import gc
import os
import subprocess
import sys
import types
import weakref

import pytest
from tasks.programs import cell, digest, made, program, reason

from nbrewind.tasks import Key, Keys, NoKey, task_key

pytestmark = pytest.mark.py311

DIFFER = {
    "another function": ("def run(x): return x ** 2", "def run(x): return x ** 3"),
    "a helper two levels down": (
        "def b(x): return x + 1\ndef a(x): return b(x)\ndef run(x): return a(x)",
        "def b(x): return x + 2\ndef a(x): return b(x)\ndef run(x): return a(x)",
    ),
    "a global constant": ("K = 1\ndef run(x): return x * K", "K = 2\ndef run(x): return x * K"),
    "the type of a global constant": ("K = 1\ndef run(x): return x * K", "K = True\ndef run(x): return x * K"),
    "an item of a global list": ("K = [1, 2]\ndef run(x): return K[x]", "K = [1, 3]\ndef run(x): return K[x]"),
    "the order of a global dictionary": (
        "K = {'a': 1, 'b': 2}\ndef run(x): return list(K)",
        "K = {'b': 2, 'a': 1}\ndef run(x): return list(K)",
    ),
    "one list under two names": (
        "A = [1]\nB = A\ndef run(x): A.append(x); return B",
        "A = [1]\nB = [1]\ndef run(x): A.append(x); return B",
    ),
    "what is enclosed": (
        "def outer(n):\n def run(x): return x + n\n return run\nrun = outer(1)",
        "def outer(n):\n def run(x): return x + n\n return run\nrun = outer(2)",
    ),
    "a default": ("def run(x, n=1): return x + n", "def run(x, n=2): return x + n"),
    "a default by keyword": ("def run(x, *, n=1): return x + n", "def run(x, *, n=2): return x + n"),
    "which parameter has a default": (
        "def run(*a, m=1, n=2): return m",
        "def run(*a, n=1, m=2): return m",
    ),
    "a method": (
        "class A:\n def go(self, x): return x\ndef run(x): return A().go(x)",
        "class A:\n def go(self, x): return -x\ndef run(x): return A().go(x)",
    ),
    "a method of a base": (
        "class B:\n def go(self, x): return x\nclass A(B): pass\ndef run(x): return A().go(x)",
        "class B:\n def go(self, x): return -x\nclass A(B): pass\ndef run(x): return A().go(x)",
    ),
    "a base": (
        "class B: n = 1\nclass C: n = 2\nclass A(B): pass\ndef run(x): return A.n",
        "class B: n = 1\nclass C: n = 2\nclass A(C): pass\ndef run(x): return A.n",
    ),
    "a metaclass": (
        "class M(type):\n def __len__(cls): return 1\nclass A(metaclass=M): pass\ndef run(x): return len(A)",
        "class M(type):\n def __len__(cls): return 2\nclass A(metaclass=M): pass\ndef run(x): return len(A)",
    ),
    "an attribute of a class": (
        "class A: n = 1\ndef run(x): return x + A.n",
        "class A: n = 2\ndef run(x): return x + A.n",
    ),
    "a property": (
        "class A:\n @property\n def n(self): return 1\ndef run(x): return A().n",
        "class A:\n @property\n def n(self): return 2\ndef run(x): return A().n",
    ),
    "a cached property": (
        "import functools\nclass A:\n @functools.cached_property\n def n(self): return 1\ndef run(x): return A().n",
        "import functools\nclass A:\n @functools.cached_property\n def n(self): return 2\ndef run(x): return A().n",
    ),
    "a static method": (
        "class A:\n @staticmethod\n def n(): return 1\ndef run(x): return A.n()",
        "class A:\n @staticmethod\n def n(): return 2\ndef run(x): return A.n()",
    ),
    "a method that is partly given": (
        "import functools\nclass A:\n def n(self, y): return y\n m = functools.partialmethod(n, 1)\n"
        "def run(x): return A().m()",
        "import functools\nclass A:\n def n(self, y): return y\n m = functools.partialmethod(n, 2)\n"
        "def run(x): return A().m()",
    ),
    "a decorator": (
        "import functools\ndef deco(f):\n @functools.wraps(f)\n def g(x): return f(x) + 1\n return g\n"
        "@deco\ndef run(x): return x",
        "import functools\ndef deco(f):\n @functools.wraps(f)\n def g(x): return f(x) + 2\n return g\n"
        "@deco\ndef run(x): return x",
    ),
    "what is decorated": (
        "import functools\ndef deco(f):\n @functools.wraps(f)\n def g(x): return f(x) + 1\n return g\n"
        "@deco\ndef run(x): return x",
        "import functools\ndef deco(f):\n @functools.wraps(f)\n def g(x): return f(x) + 1\n return g\n"
        "@deco\ndef run(x): return -x",
    ),
    "what is cached": (
        "import functools\n@functools.lru_cache\ndef run(x): return x",
        "import functools\n@functools.lru_cache\ndef run(x): return -x",
    ),
    "what a context manager does": (
        "import contextlib\n@contextlib.contextmanager\ndef c(): yield 1\ndef run(x):\n with c() as n: return n",
        "import contextlib\n@contextlib.contextmanager\ndef c(): yield 2\ndef run(x):\n with c() as n: return n",
    ),
    "an argument that is given": (
        "import functools\ndef f(n, x): return x + n\nrun = functools.partial(f, 1)",
        "import functools\ndef f(n, x): return x + n\nrun = functools.partial(f, 2)",
    ),
    "the object of a method": (
        "class A:\n def __init__(self, n): self.n = n\n def go(self, x): return x + self.n\nrun = A(1).go",
        "class A:\n def __init__(self, n): self.n = n\n def go(self, x): return x + self.n\nrun = A(2).go",
    ),
    "an object that is called": (
        "class A:\n def __init__(self, n): self.n = n\n def __call__(self, x): return x + self.n\nrun = A(1)",
        "class A:\n def __init__(self, n): self.n = n\n def __call__(self, x): return x + self.n\nrun = A(2)",
    ),
    "a lambda of two in a line": (
        "f, run = (lambda x: x + 1), (lambda x: x - 1)",
        "run, f = (lambda x: x + 1), (lambda x: x - 1)",
    ),
    "a recursive function": (
        "def run(x): return 1 if x < 1 else x * run(x - 1)",
        "def run(x): return 2 if x < 1 else x * run(x - 1)",
    ),
    "one of two that call each other": (
        "def odd(x): return x and even(x - 1)\ndef even(x): return x or odd(x - 1)\ndef run(x): return odd(x)",
        "def odd(x): return x and even(x - 1)\ndef even(x): return x or odd(x - 2)\ndef run(x): return odd(x)",
    ),
    "a function inside": (
        "def run(x):\n def f(y): return y + 1\n return f(x)",
        "def run(x):\n def f(y): return y + 2\n return f(x)",
    ),
    "a global that is read in a comprehension": (
        "K = 1\ndef run(x): return [K for _ in range(x)]",
        "K = 2\ndef run(x): return [K for _ in range(x)]",
    ),
    "a global that is read in a class inside": (
        "K = 1\ndef run(x):\n class A:\n  n = K\n return A.n",
        "K = 2\ndef run(x):\n class A:\n  n = K\n return A.n",
    ),
    "a name that hides a builtin": ("def run(x): return abs(x)", "abs = str\ndef run(x): return abs(x)"),
    "a name that is there": (
        "def run(x):\n try: return K\n except NameError: return 0",
        "K = 1\ndef run(x):\n try: return K\n except NameError: return 0",
    ),
    "a private name of a class": (
        "_A__k = 1\nclass A:\n def go(self): return __k\ndef run(x): return A().go()",
        "_A__k = 2\nclass A:\n def go(self): return __k\ndef run(x): return A().go()",
    ),
    "a function in a container": (
        "def f(x): return x\nSTEPS = [f]\ndef run(x): return STEPS[0](x)",
        "def f(x): return -x\nSTEPS = [f]\ndef run(x): return STEPS[0](x)",
    ),
    "a state of a function": (
        "def f(x): return f.n\nf.n = 1\ndef run(x): return f(x)",
        "def f(x): return f.n\nf.n = 2\ndef run(x): return f(x)",
    ),
    "the default of a dataclass's field": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n n: int = 1\ndef run(x): return A().n",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n n: int = 2\ndef run(x): return A().n",
    ),
    "the order of a dataclass's fields": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n m: int\n n: int\ndef run(x): return A(1, 2).n",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n n: int\n m: int\ndef run(x): return A(1, 2).n",
    ),
    "a method put in place of a dataclass's": (
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n n: int\ndef run(x): return repr(A(1))",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n n: int\ndef r(self): return 'A'\n"
        "A.__repr__ = r\ndef run(x): return repr(A(1))",
    ),
    "the default of a named tuple": (
        "import collections\nN = collections.namedtuple('N', 'a b', defaults=[1])\ndef run(x): return N(x)",
        "import collections\nN = collections.namedtuple('N', 'a b', defaults=[2])\ndef run(x): return N(x)",
    ),
    "a method of another dataclass with the same fields": (
        "import dataclasses as d\n@d.dataclass\nclass A:\n n: list = d.field(default_factory=list)\n"
        "@d.dataclass\nclass B:\n n: list = d.field(default_factory=lambda: 1)\ndef run(x): return A().n",
        "import dataclasses as d\n@d.dataclass\nclass A:\n n: list = d.field(default_factory=list)\n"
        "@d.dataclass\nclass B:\n n: list = d.field(default_factory=lambda: 1)\nA.__init__ = B.__init__\n"
        "def run(x): return A().n",
    ),
    "the fields of a named tuple": (
        "import collections\nN = collections.namedtuple('N', 'a b')\ndef run(x): return N(1, 2).a",
        "import collections\nN = collections.namedtuple('N', 'a b')\nN.a = N.b\ndef run(x): return N(1, 2).a",
    ),
    "the value of a member of an enumeration": (
        "import enum\nclass E(enum.Enum):\n A = 1\ndef run(x): return E.A.value",
        "import enum\nclass E(enum.Enum):\n A = 2\ndef run(x): return E.A.value",
    ),
    "a method of an enumeration": (
        "import enum\nclass E(enum.Enum):\n A = 1\n def go(self): return 1\ndef run(x): return E.A.go()",
        "import enum\nclass E(enum.Enum):\n A = 1\n def go(self): return 2\ndef run(x): return E.A.go()",
    ),
    "a docstring that is read": (
        "def f():\n 'a'\ndef run(x): return f.__doc__",
        "def f():\n 'b'\ndef run(x): return f.__doc__",
    ),
    "a function of another name": (
        "from math import floor as f\ndef run(x): return f(x)",
        "from math import ceil as f\ndef run(x): return f(x)",
    ),
    "a module of another name": (
        "import math as m\ndef run(x): return m.sqrt(x)",
        "import cmath as m\ndef run(x): return m.sqrt(x)",
    ),
    "a text that names a global in a frame's query": (
        "t = 1\ndef run(x): return x.query('a > @t')",
        "t = 2\ndef run(x): return x.query('a > @t')",
    ),
    "an attribute that was put into a library": (
        "import string\nstring.ours = 1\ndef run(x): return string.ours",
        "import string\nstring.ours = 2\ndef run(x): return string.ours",
    ),
    "a string that is formatted": ("def run(x): return f'{x:>3}'", "def run(x): return f'{x:>4}'"),
    "what is awaited": ("async def run(x): return 1", "def run(x): return 1"),
}


@pytest.mark.parametrize("name", DIFFER)
def test_programs_that_do_different_things_have_different_keys(name: str) -> None:
    one, other = DIFFER[name]
    first, second = (task_key(cell(text)["run"], (1,)) for text in (one, other))
    assert isinstance(first, Key)
    # Of a class that was tampered with there may be no key.
    assert isinstance(second, NoKey) or first.digest != second.digest


SHARE = {
    "comments": ("def run(x): return x", "# one\ndef run(x):  # two\n\n    # three\n    return x\n"),
    "a docstring": ("def run(x): return x", "def run(x):\n    'Return it.'\n    return x"),
    "docstrings inside": (
        "def run(x):\n class A:\n  n = 1\n return A.n",
        "def run(x):\n class A:\n  'It.'\n  n = 1\n return A.n",
    ),
    "position": ("def run(x): return x", "import math\n\n\n\ny = 3\ndef run(x): return x"),
    "layout": ("def run(x, y = 1): return (x , [1,2])", "def run(\n    x,\n    y=1,\n):\n    return x, [1, 2]"),
    "quotes": ("def run(x): return 'a' 'b'", 'def run(x): return "ab"'),
    "position of a helper": (
        "def a(x): return x\ndef run(x): return a(x)",
        "def run(x): return a(x)\n\n\ndef a(x): return x",
    ),
    "a docstring of a class": (
        "class A:\n n = 1\ndef run(x): return A.n",
        "class A:\n 'It.'\n n = 1\ndef run(x): return A.n",
    ),
    "order of methods": (
        "class A:\n def a(self): return 1\n def b(self): return 2\ndef run(x): return A().a()",
        "class A:\n def b(self): return 2\n def a(self): return 1\ndef run(x): return A().a()",
    ),
    "order of a set": (
        "K = {'a', 'b', 'c'}\ndef run(x): return x in K",
        "K = {'c', 'b', 'a'}\ndef run(x): return x in K",
    ),
    "what is not read": ("K = 1\ndef run(x): return x", "K = 2\ndef f(x): return K\ndef run(x): return x"),
    "how a default is spelt": ("K = 2\ndef run(x, n=K): return n", "def run(x, n=1 + 1): return n"),
    "a lambda beside another": ("run = lambda x: x + 1", "f, run = (lambda x: x - 1), (lambda x: x + 1)"),
    "global names under which others know it": ("def run(x): return x", "def run(x): return x\ngo = run"),
}


@pytest.mark.parametrize("name", SHARE)
def test_programs_that_differ_in_what_does_not_count_share_a_key(name: str) -> None:
    one, other = SHARE[name]
    assert program(one, 1) == program(other, 1)


REFUSED = {
    "def run(x): return eval(x)": "eval",
    "def run(x): exec(x)": "exec",
    "def run(x): return globals()[x]": "globals",
    "e = eval\ndef run(x): return e(x)": "eval",
    "import sys\ndef run(x): return sys._getframe(1)": "_getframe",
    "import sys\ndef run(x): return sys.modules[x]": "sys.modules",
    "import builtins\ndef run(x): return builtins.eval(x)": "eval",
    "import builtins\ndef run(x): return getattr(builtins, x)": "builtins",
    "def run(x): return __builtins__": "__builtins__",
    "def f(): return 1\ndef run(x): return getattr(f, '__globals__')": "__globals__",
    "import runpy\ndef run(x): return runpy.run_path(x)": "run_path",
    "import importlib\ndef run(x): return importlib.import_module(x)": "import_module",
    "def run(x): return __import__(x)": "__import__",
    "import inspect\ndef run(x): return inspect.getsource(x)": "getsource",
    "def run(x): return run.__code__": "__code__",
    "def run(x): return x.query(f'a > {x}')": "x.query",
    "def run(x): import no_such_module_anywhere": "no_such_module_anywhere",
    "def run(x): return input()": "input",
    "def f():\n yield 1\ng = f()\ndef run(x): return next(g)": "generator",
    "import threading\nlock = threading.Lock()\ndef run(x): return lock": "lock",
    "f = open('/dev/null')\ndef run(x): return f": "TextIOWrapper",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_can_not_be_followed_has_no_key_and_the_reason_names_it(text: str) -> None:
    assert REFUSED[text] in reason(cell(text)["run"], 1)


def test_code_without_source_has_no_key() -> None:
    namespace: dict[str, object] = {"__name__": "__main__"}
    # Not the default `<string>`: as that Python keeps what it was started with by `-c`, and test workers are.
    exec(compile("def run(x): return x", "<nowhere>", "exec"), namespace)
    assert "no source of `run`" in reason(namespace["run"], 1)


def test_code_whose_source_was_edited_since_has_no_key(tmp_path) -> None:
    path = tmp_path / "edited.py"
    path.write_text("def run(x): return x + 1\n")
    namespace = {"__name__": "__main__"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    before = digest(namespace["run"], 1)
    path.write_text("def run(x): return x + 2\n")
    # The text is known by the file alone here: nothing gives this code any more. What was found before is kept.
    assert digest(namespace["run"], 1) == before
    exec(compile("def run(x): return x + 1\n", str(path), "exec"), namespace)
    assert "is not what it was compiled from" in reason(namespace["run"], 1)


def test_a_changed_global_is_noticed_between_two_keys() -> None:
    namespace = cell("K = 1\ndef a(x): return x + K\ndef run(x): return a(x)")
    one = digest(namespace["run"], 1)
    namespace["K"] = 2
    assert digest(namespace["run"], 1) != one
    namespace["K"] = 1
    assert digest(namespace["run"], 1) == one


def test_a_function_of_a_local_module_is_followed_and_what_it_does_not_reach_does_not_count(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))

    def keyed(text: str) -> str:
        (tmp_path / "task_helpers.py").write_text(text)
        sys.modules.pop("task_helpers", None)
        namespace = cell("import task_helpers\ndef run(x): return task_helpers.clean(x)")
        key = made(namespace["run"], 1)
        assert "function task_helpers.clean" in key.components
        return key.digest

    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    one = keyed("K = 1\nother = 1\ndef clean(x): return x + K\n")
    assert keyed("K = 1\nother = 22\ndef clean(x): return x + K\n") == one
    assert keyed("K = 333\nother = 1\ndef clean(x): return x + K\n") != one


def test_a_local_module_that_is_handed_on_counts_as_a_whole(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    digests = []
    for value in (1, 22):
        (tmp_path / "task_whole.py").write_text(f"other = {value}\ndef clean(x): return x\n")
        sys.modules.pop("task_whole", None)
        namespace = cell("import task_whole\ndef run(m): return m.clean(1)")
        key = made(namespace["run"], namespace["task_whole"])
        assert "helper module task_whole.py" in key.components
        digests.append(key.digest)
        computed = cell("import task_whole\ndef run(x): return getattr(task_whole, x)")
        assert "by computed names" in reason(computed["run"], "clean")
    assert digests[0] != digests[1]


def test_a_module_that_has_the_same_source_elsewhere_but_no_file_is_refused_as_a_whole() -> None:
    assert "followed as a whole" in reason(cell("def run(m): return m")["run"], types.ModuleType("no_file"))


def test_an_import_inside_a_function_counts_by_the_package() -> None:
    key = made(cell("def run(x):\n import numpy as np\n from numpy.linalg import norm\n return norm(x)")["run"], 1)
    assert "package numpy" in key.components


def test_builtins_and_functions_of_packages_count_by_their_names() -> None:
    import math

    assert digest(math.sqrt, 2) != digest(math.cos, 2)
    assert digest(len, [1]) == digest(len, [1])
    assert digest(str.upper, "a") != digest(str.lower, "a")
    assert digest("a".upper) != digest("b".upper)
    assert digest(functools.partial(pow, 2), 3) != digest(functools.partial(pow, 3), 3)


def test_the_order_of_keywords_counts_where_it_can_be_seen() -> None:
    sees = cell("def run(**kw): return list(kw)")["run"]
    assert digest(sees, a=1, b=2) != digest(sees, b=2, a=1)
    for text in ("def run(a, b): return a", "def run(**kw): return kw['a']", "def run(a, **kw): return a"):
        blind = cell(text)["run"]
        assert digest(blind, a=1, b=2) == digest(blind, b=2, a=1)
    assert digest(dict, a=1, b=2) != digest(dict, b=2, a=1)


def test_the_same_code_has_the_same_key_on_every_python_and_with_every_hash_seed() -> None:
    namespace = cell(
        "import dataclasses, enum, functools, math\n"
        "K = {'a', 'b', 'c', 1.5}\n"
        "@dataclasses.dataclass(order=True)\nclass P:\n x: int\n y: list = dataclasses.field(default_factory=list)\n"
        " def go(self): return [self.x + n for n in range(3)]\n"
        "class E(enum.Enum):\n A = 1\n B = 'b'\n"
        "@functools.lru_cache\ndef helper(x, *, n=2):\n class Inner:\n  k = x\n return f'{x!r:>{n}}', Inner.k\n"
        "def run(p, *rest, **kw):\n with_k = [k for k in K if k]\n"
        " return helper(p.x), E.A, math.pi, with_k, lambda: rest"
    )
    key = task_key(namespace["run"], (namespace["P"](1), {"z", "y"}, namespace["E"].B, -0.0, b"x"), {"q": None})
    assert key.digest == GOLDEN, key


GOLDEN = "task:f6a0f51baf1aed29f03f4294ddfcf06272889ec8b98583551df229fe948c1a59"


def test_a_keyword_is_no_position() -> None:
    function = cell("def run(*args, **kwargs): return args, kwargs")["run"]
    found = {
        digest(function, 2),
        digest(function, **{"0": 2}),
        digest(function, 2, **{"0": 2}),
        digest(function, 1, **{"0": 2}),
    }
    assert len(found) == 4


def test_what_is_put_into_a_library_counts() -> None:
    import string

    text = "import string\nclass C:\n def __init__(self, n): self.n = n\n"
    text += "def f(x): return {0}\nstring.ours = {1}\ndef run(x): return string.ours"
    try:
        assert program(text.format(0, "'a'"), 1) != program(text.format(0, "'b'"), 1)
        for name, values in {
            "f": ((1, "f"), (2, "f")),
            "C(n)": ((0, "C(1)"), (0, "C(2)")),
            "n": ((0, "1"), (0, "2")),
        }.items():
            assert program(text.format(*values[0]), 1) != program(text.format(*values[1]), 1), name
    finally:
        vars(string).pop("ours", None)


def test_a_variable_that_two_functions_share_counts() -> None:
    text = """
def outer():
    n = 0
    def add():
        nonlocal n
        n += 1
    def get():
        return n
    return add, get
def run(add, get):
    add()
    return get()
(add, get), (more, other) = outer(), outer()
"""
    namespace = cell(text)
    shared = digest(namespace["run"], namespace["add"], namespace["get"])
    assert shared == digest(namespace["run"], namespace["more"], namespace["other"])
    assert shared != digest(namespace["run"], namespace["add"], namespace["other"])
    keys = Keys()
    for _ in range(2):
        one = keys.key(namespace["get"], (namespace["add"],))
        assert one != keys.key(namespace["get"], (namespace["more"],))
        assert one == keys.key(namespace["other"], (namespace["more"],))


def test_keys_do_not_depend_on_the_hash_seed(tmp_path) -> None:
    (tmp_path / "seeded.py").write_text(
        "from nbrewind.tasks import Key, Keys, NoKey, task_key\n"
        "WORDS = {f'word {n}' for n in range(20)}\n"
        "class C:\n    def __init__(self, n): self.n = n\n    def __hash__(self): return hash(str(self.n))\n"
        "def run(x, *a): return WORDS, a\n"
        "print(task_key(run, ({('a', n) for n in 'xyz'}, {C(1), C(2)}, frozenset(WORDS))).digest)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, tmp_path / "seeded.py"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(found) == 1
    assert next(iter(found)).startswith("task:")


def test_nothing_of_the_users_is_kept_alive() -> None:
    keys = Keys()
    namespace = cell("class C: pass\nc = C()\ndef h(x): return x\ndef run(x): return h(x)\ndef other(x): return c")
    for name in ("run", "other"):
        assert isinstance(keys.key(namespace[name], (namespace["c"],)), Key)
    watched = [weakref.ref(namespace[name]) for name in ("C", "c", "h", "run", "other")]
    namespace.clear()
    gc.collect()
    assert [ref() for ref in watched] == [None] * len(watched)
