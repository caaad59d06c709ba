"""Text that does not tell what it reads or binds says so, with the reason."""

from __future__ import annotations

import pytest

from nbrewind.analysis import analyze


@pytest.mark.py311
@pytest.mark.parametrize(
    "source",
    [
        "exec(code)",
        "exec('x = 1', space)",
        "eval(f'{x} + 1')",
        "compile(text, 'f', 'exec')",
        "globals()['x']",
        "'x' in globals()",
        "locals()",
        "vars()",
        "dir()",
        "__import__(name)",
        "from x import *",
        "import __main__",
        "from __main__ import x",
        "get_ipython().user_ns['x']",
        "ip = get_ipython()",
        "get_ipython().run_line_magic(name, '')",
        "ip.run_cell('x = 1')",
        "sys._getframe(1)",
        "inspect.currentframe()",
        "breakpoint()",
        "df.query(text)",
        "df.query(f'a > {x}')",
        "df.query(expr=text)",
        "pd.eval(text)",
        "con.execute('select ' + columns)",
        "duckdb.sql(text)",
        "smf.ols(formula, data=df)",
        "def f(): exec(code)\nf()",
        "[exec(c) for c in codes]",
        "class A:\n    exec(code)",
        "exec('not python )')",
        "doctest.testmod()",
        "importlib.import_module('__main__')",
        "sys.modules[__name__]",
        "sys.modules.get('__main__')",
        "f.__globals__[name]",
        "A.__subclasses__()",
        "get_type_hints(f)",
    ],
)
def test_opaque(source):
    found = analyze(source)
    assert found.opaque
    assert not found.error
    assert len(found.opaque) > 10


@pytest.mark.parametrize(
    "source",
    [
        "exec('x = y')",
        "eval('x + 1')",
        "vars(x)",
        "logging.getLogger(__name__)",
        "if __name__ == '__main__': main()",
        "dir(x)",
        "__import__('os')",
        "importlib.import_module('os')",
        "model.eval()",
        "re.compile(x)",
        "df.query('a > @t')",
        "df.query('a ' + '> @t')",
        "q = 'a > 1'\ndf.query(q)",
        "con.execute('select ?', (x,))",
        "smf.ols('y ~ x', data=df)",
        "model.evaluate(x, y)",
        "rng.poisson(lam)",
        "get_ipython().kernel",
        "def f(): return locals()\nf()",
    ],
)
def test_not_opaque(source):
    assert analyze(source).opaque == ""


def test_code_that_is_written_out_is_read():
    found = analyze("exec('x = y')\nprint(x)")
    assert set(found.reads) == {"y", "x"}
    assert found.writes == ("x",)
    assert found.must_writes == ()
    assert analyze("eval('x + 1')").reads == ("x",)


def test_a_text_that_may_have_changed_is_not_fixed():
    assert analyze("q = 'a'\nif t:\n    q = f()\ndf.query(q)").opaque
    assert analyze("for i in s:\n    q = 'a'\n    df.query(q)\n    q = f()").opaque


def test_nothing_bound_before_is_certain_after():
    assert analyze("x = 1\nexec(code)\ny = 1").must_writes == ("y",)
    assert analyze("def f(): exec(code)\nf()\ny = 1").must_writes == ()
    assert analyze("x = 1\nfrom m import *").must_writes == ("x",)
    assert analyze("x = 1\nfor i in s:\n    exec(code)").must_writes == ()


def test_imports_spelt_as_calls():
    assert analyze("__import__('os')\nimportlib.import_module('json.decoder')").imports == ("json.decoder", "os")
