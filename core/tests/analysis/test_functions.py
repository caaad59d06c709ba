"""Bodies of functions: do they run in the cell, later, or both?"""

from __future__ import annotations

import pytest

from nbrewind.analysis import analyze


@pytest.mark.py311
@pytest.mark.parametrize(
    ("source", "reads", "late"),
    [
        ("def f(): return g", "", "g"),
        ("async def f(): return g", "", "g"),
        ("def f(): return g\nf()", "g", "g"),
        ("def f(): return g\nh = f", "g", "g"),
        ("def f(x=d): return g", "d", "g"),
        ("def f(): return f() + g", "", "f g"),
        ("@deco\ndef f(): return g", "deco g", "g"),
        ("class A:\n    @property\n    def p(self): return g", "", "g"),
        ("class A:\n    @deco\n    def p(self): return g", "deco g", "g"),
        ("class A:\n    def m(self): return g", "", "g"),
        ("class A:\n    def m(self): return g\nA().m()", "g", "g"),
        ("class A(B):\n    def m(self): return g", "B g", "g"),
        ("class A(Exception):\n    def m(self): return g", "", "g"),
        ("class A(metaclass=M):\n    def m(self): return g", "M g", "g"),
        ("class A:\n    def m(): return g\n    x = m()", "g", "g"),
        ("class A:\n    class B:\n        def m(self): return g", "", "g"),
        ("class A:\n    class B:\n        def m(self): return g\n    b = B()", "g", "g"),
        ("class A:\n    class B:\n        def m(self): return g\nA", "g", "g"),
        ("k = lambda: g", "g", "g"),
        ("g = (i * k for i in x)", "k x", "k"),
        ("g = 1\ndef f(): return g\nf()", "", "g"),
        ("def f(): return g\ng = 1\nf()", "", "g"),
        ("def f(): return g\nf()\ng = 1", "g", "g"),
        ("def f(): return h()\ndef h(): return g\nf()", "g", "g h"),
        ("def f(): return h()\nf\ndef h(): return g\n", "g h", "g h"),
        ("def f(): return h()\ndef h(): return g\n", "", "g h"),
        ("for i in s:\n    f()\n    def f(): return g", "f g s", "g"),
        ("def f():\n    def inner(): return g\n    return inner", "", "g"),
        ("def f(a):\n    b = a\n    return [c for c in b] + [d for d in e]", "", "e"),
        ("def __getattr__(n): return g", "g", "g"),
        ("def f(): return g\ndf.eval('@f(x)')", "df g", "g"),
        ("def f(): return g\nexec(code)", "code g", "g"),
        ("exec(code)\ndef f(): return g", "code g", "g"),
    ],
)
def test_when_a_body_reads(source, reads, late):
    found = analyze(source)
    assert set(found.reads) == set(reads.split())
    assert set(found.late_reads) == set(late.split())


def test_globals_bound_by_functions_count_if_they_may_run():
    text = "def f():\n    global z\n    z = 3\n    del w\n"
    assert analyze(text).writes == ("f",)
    found = analyze("def f():\n    global z, w\n    z = 3\n    del w\nw = 1\nf()")
    assert (found.writes, found.deletes) == (("f", "w", "z"), ("w",))
    assert found.must_writes == ("f",)


def test_what_a_function_does_not_call_does_not_hide_anything():
    assert analyze("def f(s): exec(s)").opaque == ""
    assert analyze("def f(s): exec(s)\nf('x')").opaque
    assert "exec" in analyze("def f(s): exec(s)").calls


def test_strings_of_a_function_are_read_when_it_runs():
    found = analyze("def f(df): return df.query('a > @t')")
    assert "t" in found.late_reads
    assert found.strings == ()
    assert "t" in analyze("def f(df): return df.query('a > @t')\nf(1)").strings


@pytest.mark.py311
@pytest.mark.parametrize(
    ("source", "mutates"),
    [
        ("x.y = 1", "x"),
        ("x[0] = 1", "x"),
        ("x[0][1].z = 1", "x"),
        ("del x[0], y.z", "x y"),
        ("x += 1", "x"),
        ("x.a.b += 1", "x"),
        ("x.append(1)", "x"),
        ("x.a.b()", "x"),
        ("x[0].f()", "x"),
        ("x.f().g()", "x"),
        ("f(x)", "x"),
        ("f(*x, **y)", "x y"),
        ("f(k=x)", "x"),
        ("f([x, {1: y}], (z,))", "x y z"),
        ("f(x.y, z[0])", "x z"),
        ("f(x if t else y)", "x y"),
        ("f(x or y)", "x y"),
        ("next(x)", "x"),
        ("with x: pass", "x"),
        ("for i in x: pass", "x"),
        ("[i for i in x]", "x"),
        ("await x", "x"),
        ("print(x)", ""),
        ("len(x)", ""),
        ("print(1, file=x)", "x"),
        ("print = f\nprint(x)", "x"),
        ("y = x\ny.append(1)", "x y"),
        ("y = [x]\nz = y\nz.append(1)", "x y z"),
        ("for r in rows: r.append(1)", "r rows"),
        ("o.x = v\no.x.append(1)", "o v"),
        ("import numpy as np\nnp.zeros(3)", ""),
        ("import numpy as np\nnp.x = 3", "np"),
        ("from m import n\nn.zeros(3)", "n"),
        ("np.zeros(3)", "np"),
        ("def f(): xs.append(1)", ""),
        ("def f(): xs.append(1)\nf()", "xs"),
        ("def f():\n    l = xs\n    l.append(1)\nf()", "xs"),
        ("def f(): return xs\ny = f()\ny.append(1)", "f xs y"),
        ("x + y", ""),
        ("x = 1", ""),
        ("class A:\n    v += [1]", "v"),
        ("match x:\n    case [a, *_]: a.append(1)", "x a"),
    ],
)
def test_what_may_change_in_place(source, mutates):
    found = set(analyze(source).mutates)
    assert set(mutates.split()) <= found
    assert found - set(mutates.split()) <= {"i", "f"}
