"""Libraries of functions, and what managers do with functions themselves. With a real manager and a real worker."""

from __future__ import annotations

import pytest
from tasks.programs import cell

CODE = """
K = 10
def helper(x): return x + K
def f(x, y=1): return helper(x) * y
def g(x): return x - 1
def fails(x): return 1 // x
def setup(n): return {'n': n}
def uses(x):
    from ndcctools.taskvine.utils import load_variable_from_library
    return x + load_variable_from_library('n')
"""


def calls(session, namespace, *given, worker, mode="fork", context=None):
    """Call functions of a library in a session of its own; return what they gave."""
    session.begin()
    manager = session.manager()
    functions = [namespace[name] for name in ("f", "g", "fails", "uses")]
    library = manager.create_library_from_functions(
        "lib", *functions, add_env=False, exec_mode=mode, library_context_info=context
    )
    library.set_cores(1)
    manager.install_library(library)
    if worker:
        session.worker(manager)
    tasks = [session.vine.FunctionCall("lib", name, *args, **options) for name, args, options in given]
    for task in tasks:
        manager.submit(task)
    session.collect(manager)
    return [task.output for task in tasks]


@pytest.mark.parametrize("mode", ["fork", "direct"])
def test_calls_are_answered_until_the_library_is_another(session, mode):
    given = [("f", (1,), {"y": 2}), ("g", (1,), {})]
    namespace = cell(CODE)
    assert calls(session, namespace, *given, worker=True, mode=mode) == [22, 0]
    assert session.actions() == ["ran", "ran"]
    assert calls(session, namespace, *given, worker=False, mode=mode) == [22, 0]
    assert session.actions() == ["answered", "answered"]
    assert session.managers[0].__dict__["_taskvine"] is None
    namespace = cell(CODE.replace("x + K", "x + K + 1"))
    assert calls(session, namespace, *given, worker=True, mode=mode) == [24, 0]
    assert calls(session, namespace, ("f", (1,), {"y": 3}), worker=True, mode=mode) == [36]


def test_a_call_that_fails_is_not_recorded(session):
    namespace = cell(CODE)
    for _ in range(2):
        (output,) = calls(session, namespace, ("fails", (0,), {}), worker=True)
        assert "ZeroDivisionError" in str(output) or "division" in str(output)
        (event,) = session.door.take_events()
        assert event.reasons == ("its function failed",)


@pytest.mark.py311
def test_the_context_of_a_library_counts(session):
    namespace = cell(CODE)
    for n, worker in ((5, True), (6, True), (5, False)):
        context = [namespace["setup"], [n], {}]
        assert calls(session, namespace, ("uses", (1,), {}), worker=worker, context=context) == [1 + n]


def test_a_library_that_is_missing_is_told_as_ever(session):
    manager = session.manager()
    with pytest.raises(ValueError, match="invalid library name 'none'"):
        manager.submit(session.vine.FunctionCall("none", "f", 1))


@pytest.mark.parametrize("worker", [True, False])
def test_maps_and_reductions(session, worker):
    namespace = cell("def f(x): return x + 1\ndef p(pair): return pair[0] * pair[1]\ndef s(xs): return sum(xs)")
    for round in (True, False) if not worker else (True,):
        session.begin()
        manager = session.manager()
        if round:
            session.worker(manager)
        assert manager.map(namespace["f"], [1, 2, 3, 4], 2) == [2, 3, 4, 5]
        assert manager.pair(namespace["p"], [1, 2], [3, 4], 2) == [3, 4, 6, 8]
        assert manager.tree_reduce(namespace["s"], [1, 2, 3, 4], 2) == 10
        assert set(session.actions()) == {"ran" if round else "answered"}
