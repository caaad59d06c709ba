"""The digest of normalised code."""

from __future__ import annotations

import ast
import re
import warnings

import pytest

from nbrewind.analysis import analyze, source_digest
from nbrewind.analysis.transform import parse_python


def code(source):
    return analyze(source).code


@pytest.mark.py311
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x=1", "x = 1  # one\n\n"),
        ("f(a,b)", "# call\nf(\n  a,\n  b,\n)"),
        ("x = 'a'", 'x = "a"'),
        ("x = 'ab'", "x = 'a' 'b'"),
        ("x = 16", "x = 0x10"),
        ("if a:\n  b", "if a:\n        b"),
        ("(a, b) = c", "a, b = c"),
        ("f'{x}' 'y'", "f'{x}y'"),
        ("f'{x:}'", "f'{x}'"),
        ("x = u'a'", "x = 'a'"),
        ("%time x=1", "%time x = 1  # one"),
        ("%%time\nx=1", "%%time\n\nx = 1 # one"),
        ("%%timeit -n 3\nf( x )", "%%timeit  -n 3\nf(x)"),
        ("  x = 1", "x = 1"),
        ("x;y", "x\ny"),
    ],
)
def test_layout_does_not_count(one, other):
    assert code(one) == code(other)


@pytest.mark.py311
def test_everything_else_counts():
    sources = [
        "",
        "x",
        "x;",
        "x = 1",
        "x = 1.0",
        "x = True",
        "x = '1'",
        "x = b'1'",
        "x = 1j",
        "x = 0.0",
        "x = -0.0",
        "x = None",
        "x = ...",
        "x = ()",
        "x = []",
        "x = {}",
        "x = {**y}",
        "x = {None: y}",
        "x = 'a\\n'",
        "f(x=1)",
        "f(x == 1)",
        "f(*x)",
        "f(**x)",
        "del x",
        "global x",
        "async def f(): pass",
        "def f(): pass",
        "def f(*, a, b=1): pass",
        "def f(*, a=1, b): pass",
        "def f(a, /): pass",
        "import a.b",
        "import a",
        "from a import b",
        "from .a import b",
        "from . import a",
        "f'{x}'",
        "f'{x!r}'",
        "f'{x:>3}'",
        "f'{x:>{y}}'",
        "[x for x in y]",
        "[x async for x in y]",
        "{x for x in y}",
        "a < b < c",
        "a < b",
        "x[1]",
        "x[1:]",
        "x[:1]",
        "x[::1]",
        "x: int",
        "(x): int",
        "%time x = 1",
        "%%time\nx = 1",
        "%%time\nx",
        "%%time\nx;",
        "%%timeit -n 3\nx",
        "%%timeit -n 4\nx",
        "%%writefile a\nx = 1",
        "%%writefile a\nx = 1 # one",
        "%%writefile b\nx = 1",
        "!ls",
        "!ls -l",
        "x?",
        "get_ipython()",
        "x = = 1",
        "x = = 2",
    ]
    digests = [code(source) for source in sources]
    assert len(set(digests)) == len(sources)
    assert all(re.fullmatch("code:[0-9a-f]{32}", digest) for digest in digests)


def test_digests_do_not_change_from_one_python_or_release_to_the_next():
    source = (
        "import a.b as c\nfrom . import d\n@e\ndef f(x, /, y=1, *z, k: int = 2, **w) -> None:\n    return f'{x!r:>{y}}'"
    )
    assert code(source) == "code:2adf3104170ca3c880da1a9d97f564aa"
    assert source_digest("x = 1") == "src:1978ab08d5e2dc49146f8b1e641220c8"


def test_semicolon_hides_the_value_only_after_the_last_expression():
    assert code("x;  # quiet") == code("x;")
    assert code("x # ; no") == code("x")
    assert code("x = 1;") == code("x = 1")
    assert code("'a;'") != code("'a;';")
    assert code("é; y ;") == code("é\ny;")


def test_source_digest_is_of_the_exact_text():
    assert source_digest("x=1") != source_digest("x = 1")
    assert re.fullmatch("src:[0-9a-f]{32}", source_digest("\ud800"))


def test_the_user_is_not_warned_twice():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept = warnings.filters
        assert isinstance(parse_python("x = '\\d'"), ast.Module)
        assert analyze("y = '\\d'\nassert (1, 2)\n1 if 2else 3").error == ""
        assert warnings.filters is kept


def test_depth_does_not_decide():
    deep = "x = " + "+".join(["1"] * 3000)
    assert code(deep) == code(deep.replace("+", " + "))
