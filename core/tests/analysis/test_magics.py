"""IPython's syntax."""

from __future__ import annotations

import pytest

from nbrewind.analysis import analyze


@pytest.mark.py311
@pytest.mark.parametrize(
    ("source", "reads", "writes", "magics"),
    [
        ("%time x = f(y)", "f y", "x", "%time"),
        ("%%time\nx = 1\nprint(x)", "", "x", "%%time"),
        ("r = %timeit -n 3 -o f(y)", "f y", "r", "%timeit"),
        ("%timeit x = y", "y", "", "%timeit"),
        ("%%timeit -r 2 a = b\na += 1\nc", "b c", "", "%%timeit"),
        ("%%capture out --no-stderr\nx = y", "y", "out x", "%%capture"),
        ("%%capture\n%time x = y", "y", "x", "%%capture %time"),
        ("%prun -l 5 f(x)", "f x", "", "%prun"),
        ("%memit f(x)", "f x", "", "%memit"),
        ("%lprun -f g f(x)", "f x", "", "%lprun"),
        ("!ls {d}/x", "d", "", "!"),
        ("a = !cat {d['k']} {f(e)}", "d e f", "a", "!"),
        ("!!ls", "", "", "!"),
        ("%%bash --out o --err=e\necho {x}", "", "o e", "%%bash"),
        ("%%writefile {name}\nx = 1", "name", "", "%%writefile"),
        ("%cd {where}", "where", "", "%cd"),
        ("%env A={v}", "v", "", "%env"),
        ("%matplotlib inline", "", "", "%matplotlib"),
        ("x?", "x", "", "%pinfo"),
        ("x.y??", "x", "", "%pinfo2"),
        ("%history", "In", "", "%history"),
        ("%aimport m", "", "m", "%aimport"),
        ("if t:\n    %time x = y", "t y", "x", "%time"),
        ("time x = y", "y", "x", "%time"),
        ("cd ..", "", "", "%cd"),
        ("pip install q", "", "", "%pip"),
        ("get_ipython().run_line_magic('time', 'x = y')", "y", "x", "%time"),
        ("a = 1\n!echo {a}", "", "a", "!"),
        ("  x = y", "y", "x", ""),
        (">>> x = y\n... z = x", "y", "x z", ""),
        ("In [3]: x = y", "y", "x", ""),
        ("s = '''\n%time\n!x\n'''", "", "s", ""),
        ("r = (a\n/ b\n% c)", "a b c", "r", ""),
    ],
)
def test_known_magics(source, reads, writes, magics):
    found = analyze(source)
    assert found.error == ""
    assert found.opaque == ""
    assert set(found.reads) == set(reads.split())
    assert set(found.writes) == set(writes.split())
    assert set(found.magics) == set(magics.split())


@pytest.mark.parametrize(
    "source",
    [
        "%run x.py",
        "%store -r x",
        "%reset -f",
        "reset -f",
        "whos",
        "%load x.py",
        "%unknown x",
        "%%unknown\nx",
        "%%sql\nselect * from t",
        "%whos",
        "%pylab inline",
        "%debug",
        "%xdel x",
        "%%time\nexec(code)",
        "%time no python",
        "x = %store",
        "x = 1\n%rewind 3",
    ],
)
def test_magics_that_hide_what_they_do(source):
    found = analyze(source)
    assert found.opaque
    assert not found.error


def test_names_in_shell_lines_are_read_if_they_exist():
    found = analyze("!echo $x ${y} $HOME | awk '{print $1}'")
    assert {"x", "y", "HOME", "print"} <= set(found.strings)
    assert found.opaque == ""


def test_what_a_magic_runs_may_fail_and_the_cell_go_on():
    assert analyze("%%time\nx = f()").must_writes == ()
    assert analyze("%time x = f()\nprint(x)").reads == ("f", "x")
    assert analyze("a = !ls").must_writes == ("a",)


@pytest.mark.parametrize(
    "source",
    ["%nbrewind on", "%rewind 3", "%checkpoint 'a'", "%load_ext nbrewind", "%load_ext nbrewind\n# go\n%nbrewind audit"],
)
def test_own_cells(source):
    found = analyze(source)
    assert found.own
    assert not found.opaque
    assert not found.prelude


@pytest.mark.parametrize("source", ["x = 1\n%checkpoint", "import nbrewind", "%load_ext autoreload", "# nothing", ""])
def test_cells_that_are_not_own(source):
    assert not analyze(source).own


def test_text_that_does_not_parse():
    found = analyze("x = = 1")
    assert found.error.startswith("SyntaxError")
    assert "line 1" in found.error
    assert found.opaque
    assert (found.reads, found.writes, found.magics) == ((), (), ())
    assert analyze("print 'a'").error
