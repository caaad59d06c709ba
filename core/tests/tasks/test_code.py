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
from tasks.code_pairs import DIFFER, SHARE
from tasks.programs import cell, digest, made, program, reason

from nbrewind.tasks import Key, Keys, NoKey, task_key

pytestmark = pytest.mark.py311


@pytest.mark.parametrize("name", DIFFER)
def test_programs_that_do_different_things_have_different_keys(name: str) -> None:
    one, other = DIFFER[name]
    first, second = (task_key(cell(text)["run"], (1,)) for text in (one, other))
    assert isinstance(first, Key)
    # Of a class that was tampered with there may be no key.
    assert isinstance(second, NoKey) or first.digest != second.digest


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


GOLDEN = "task:bbdf1572c157748f6f737260880160821721e6b15dd427707a4433a6981dd739"


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
