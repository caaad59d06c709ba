"""Pairs of programs: those that do different things, and those that differ in what does not count."""

from __future__ import annotations

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
