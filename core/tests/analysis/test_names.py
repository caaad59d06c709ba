"""Whose name is it, and what is certain: scopes and control flow."""

from __future__ import annotations

import sys

import pytest

from nbrewind.analysis import analyze

since_312 = pytest.mark.skipif(sys.version_info < (3, 12), reason="syntax of Python 3.12")
since_311 = pytest.mark.skipif(sys.version_info < (3, 11), reason="syntax of Python 3.11")


def words(text):
    return set(text.split())


@pytest.mark.py311
@pytest.mark.parametrize(
    ("source", "reads", "writes", "must"),
    [
        ("y = x + 1", "x", "y", "y"),
        ("x += 1", "x", "x", "x"),
        ("x = 1\nprint(x)", "", "x", "x"),
        ("a, (b, *c) = d", "d", "a b c", "a b c"),
        ("a = b = c", "c", "a b", "a b"),
        ("x.y = z", "x z", "", ""),
        ("x[i] = z", "x i z", "", ""),
        ("x: T = v", "T v", "x", "x"),
        ("x: T", "T", "", ""),
        ("x.a: T", "x T", "", ""),
        ("import a.b", "", "a", "a"),
        ("import a.b as c, d", "", "c d", "c d"),
        ("from a import b as c, e", "", "c e", "c e"),
        ("if t:\n    x = 1\nprint(x)", "t x", "x", ""),
        ("if t:\n    x = 1\nelse:\n    x = 2\nprint(x)", "t", "x", "x"),
        ("if t:\n    x = 1\nelif u:\n    x = 2\nelse:\n    raise E\nprint(x)", "t u E", "x", "x"),
        ("if True:\n    x = 1\nprint(x)", "", "x", "x"),
        ("for i in s:\n    x = i\nprint(x, i)", "s x i", "i x", ""),
        ("for i in [1, 2]:\n    x = i\nprint(x, i)", "", "i x", "i x"),
        ("for i in range(3):\n    x = i\nprint(x)", "", "i x", "i x"),
        ("for i in range(n):\n    x = i\nprint(x)", "n x", "i x", ""),
        ("for i in [1]:\n    if t: break\n    x = 1\nprint(x)", "t x", "i x", "i"),
        ("for i in [1]:\n    if t: continue\n    x = 1\nprint(x)", "t x", "i x", "i"),
        ("for i in s:\n    pass\nelse:\n    x = 1", "s", "i x", "x"),
        ("for i in s:\n    if t: break\nelse:\n    x = 1", "s t", "i x", ""),
        ("while t:\n    x = 1\nprint(x)", "t x", "x", ""),
        ("while True:\n    x = 1\n    if t: break\nprint(x)", "t", "x", "x"),
        ("while (x := f()):\n    pass\nprint(x)", "f", "x", "x"),
        ("try:\n    x = f()\nexcept E:\n    pass\nprint(x)", "f E x", "x", ""),
        ("try:\n    x = f()\nexcept E:\n    x = 2\nprint(x)", "f E", "x", "x"),
        ("try:\n    x = f()\nexcept E as e:\n    print(e)\n    raise\nprint(x)", "f E", "x e", "x"),
        ("try:\n    x = f()\nfinally:\n    print(x)", "f x", "x", "x"),
        ("try:\n    f()\nfinally:\n    x = 1", "f", "x", "x"),
        ("try:\n    pass\nexcept E as e:\n    pass\nprint(e)", "E e", "e", ""),
        ("try:\n    import q\nexcept ImportError:\n    q = None\nq", "", "q", "q"),
        ("with open(p) as h:\n    x = h.read()\nprint(x)", "p", "h x", "h x"),
        ("with m() as h:\n    x = 1\nprint(x, h)", "m x", "h x", "h"),
        ("with open(p) as h, m() as k:\n    x = h\n", "p m", "h k x", "h k"),
        ("async with m() as h:\n    pass", "m", "h", "h"),
        ("async for v in g():\n    pass", "g", "v", ""),
        ("await t", "t", "", ""),
        ("[w := j for j in s]", "s", "w", ""),
        ("[(w := j) for j in range(3)]", "", "w", "w"),
        ("[j for j in j]", "j", "", ""),
        ("[k for j in s for k in j if k in t]", "s t", "", ""),
        ("{k: v for k, v in d.items()}", "d", "", ""),
        ("(x for x in a if b)", "a b", "", ""),
        ("t and (x := 1)\nx", "t x", "x", ""),
        ("(x := 1) and t\nx", "t", "x", "x"),
        ("(x := 1) if t else (x := 2)\nx", "t", "x", "x"),
        ("a < (x := b) < (y := c)", "a b c", "x y", "x"),
        ("assert (x := t), m", "t m", "x", "x"),
        ("lambda a, *b, c=d, **e: a + b + c + e + f", "d f", "", ""),
        ("f'{x!r:>{w}} {y=}'", "x w y", "", ""),
        (
            "match s:\n    case [a, *b]: pass\n    case {'k': c, **d}: pass\n    case P(x=e) | Q.R(e): pass",
            "s P Q",
            "a b c d e",
            "",
        ),
        ("match s:\n    case 1: x = 1\n    case _: x = 2\nx", "s", "x", "x"),
        ("match s:\n    case y if y > 1: x = 1\n    case {'v': Z.w}: x = 2\nx", "s Z x", "x y", ""),
        ("match s:\n    case [a] as b: pass", "s", "a b", ""),
        ("größe = ñ", "ñ", "größe", "größe"),
    ],
)
def test_reads_and_writes(source, reads, writes, must):
    found = analyze(source)
    assert (set(found.reads), set(found.writes), set(found.must_writes)) == (words(reads), words(writes), words(must))
    assert not found.opaque
    assert not found.error


def test_del_is_a_read_and_ends_what_was_certain():
    found = analyze("del x\nprint(x)")
    assert found.reads == found.deletes == ("x",)
    assert analyze("x = 1\ndel x").must_writes == ()
    assert analyze("x = 1\ndel x").reads == ()
    assert analyze("x = 1\nif t:\n    del x").must_writes == ()
    assert analyze("x = 1\nfor i in s:\n    del x\n    break").must_writes == ()
    assert analyze("x = 1\ntry:\n    del x\n    f()\nexcept E:\n    pass").must_writes == ()
    assert analyze("del a[0], b.c").deletes == ()
    assert analyze("del (a, [b])").deletes == ("a", "b")


def test_name_bound_by_except_is_gone_after_it():
    found = analyze("try:\n    f()\nexcept E as e:\n    print(e)")
    assert (found.reads, found.writes, found.deletes) == (("E", "f"), ("e",), ("e",))


def test_class_body_runs_at_once_and_has_its_own_names():
    found = analyze(
        "class A(B, metaclass=M):\n    v = base\n    w = v\n    x = [v for _ in w]\n    def m(self): return late"
    )
    assert found.reads == ("B", "M", "base", "late", "v")
    assert found.writes == ("A",)


def test_class_reads_the_outer_name_until_it_binds_its_own():
    assert analyze("class A:\n    v = v").reads == ("v",)
    assert analyze("class A:\n    if t: v = 1\n    w = v").reads == ("t", "v")
    assert analyze("class A:\n    v = 1\n    def m(self): return v").late_reads == ("v",)


def test_private_names_are_spelt_with_the_class():
    found = analyze("class _A:\n    def m(self): return __x + __y__\n    global __z\n    __z = 1")
    assert found.late_reads == ("_A__x", "__y__")
    assert found.writes == ("_A", "_A__z")


def test_a_name_that_becomes_a_module_may_have_been_anything():
    assert analyze("b.append(1)\nimport b").mutates == ("b",)
    assert analyze("import b\nb.append(1)").mutates == ()


def test_global_in_a_class_and_nonlocal_in_a_function():
    assert analyze("class A:\n    global x\n    x = y").must_writes == ("A", "x")
    found = analyze("def f(x):\n    class A:\n        global x\n        y = x")
    assert found.late_reads == ("x",)
    found = analyze(
        "def f():\n    c = 0\n    def g():\n        nonlocal c\n        c += 1\n        return c\n    return g\nf()"
    )
    assert (found.reads, found.writes) == ((), ("f",))


def test_an_annotation_is_read_after_the_name_is_bound():
    assert analyze("a: (b := a) = c").reads == ("c",)
    assert analyze("a: a = 1").reads == ()


def test_annotations_are_read_unless_kept_as_text():
    assert analyze("def f(a: T, *b: U, **c: V) -> W: pass").reads == ("T", "U", "V", "W")
    found = analyze("from __future__ import annotations\ndef f(a: T) -> 'W': pass\nx: V = 1")
    assert found.reads == ()
    assert {"T", "V", "W"} <= set(found.strings)
    assert analyze("def f():\n    x: T = 1\nf()").reads == ()


@since_312
def test_type_parameters_and_aliases():
    found = analyze("def f[T: B](x: T) -> U: return T\nclass A[S](C[S]):\n    x: S\ntype P[Q] = R[Q]")
    assert set(found.reads) == words("B U C R")
    assert set(found.writes) == words("f A P")
    assert {"B", "R"} <= set(found.late_reads)


@since_311
def test_except_star():
    found = analyze("try:\n    f()\nexcept* E as e:\n    g(e)")
    assert (found.reads, found.deletes) == (("E", "f", "g"), ("e",))


def test_builtins_count_only_where_the_user_bound_them():
    found = analyze("print(len(x))")
    assert found.reads == ("x",)
    assert {"print", "len"} <= set(found.strings)
    assert analyze("list = [1]\nprint(list)").writes == ("list",)
    assert "list" not in analyze("list = [1]\nlist").strings


def test_keys_are_no_names():
    assert analyze("d['a'], d.b['c']['d'], df[['e', 'f']], {'g': 'h', **k}").strings == ("h",)
    assert {"a", "b"} <= set(analyze("vars(m)['a'], m.__dict__['b']").strings)


def test_identifiers_in_strings():
    found = analyze("df.query('a > @t and grün != 3 if x')\nf'{y} label'\nb'bytes'")
    assert {"a", "t", "grün", "label"} <= set(found.strings)
    assert not {"if", "and", "bytes"} & set(found.strings)


def test_a_text_that_nobody_is_given_names_nothing():
    assert analyze('"""About x."""\ndef f():\n    """About y."""').strings == ()


def test_calls_attributes_and_imports():
    source = """
import matplotlib.pyplot as plt
from . import q
from .r import s
np.random.seed(1)
f()(2)
A().fit(x).go
@deco
def g(): h()
"""
    found = analyze(source)
    assert set(found.calls) == {"np.random.seed", "f", "A", ".fit", "deco", "h"}
    assert set(found.attributes) == {"random", "seed", "fit", "go"}
    assert set(found.imports) == {"matplotlib.pyplot", ".", ".r"}


def test_empty_cells_hold_nothing():
    for source in ("", "\n\n", "# only a comment", "   \n"):
        found = analyze(source)
        assert (found.reads, found.writes, found.opaque, found.error, found.own, found.prelude) == (
            (),
            (),
            "",
            "",
            False,
            False,
        )
