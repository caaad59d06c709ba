"""Libraries of functions, and what managers do with functions themselves. With a real manager and a real worker."""

from __future__ import annotations

import os

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
    assert session.managers[0].__dict__.get("_taskvine") is None
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


READERS = """
import os
def reads(*parts):  # no argument is the path of a file
    with open('/'.join(parts)) as f: return f.read()
def asks(name): return os.path.exists(name)
def calls(function, name): return function(name)
def writes(name):
    with open(name, 'w') as f: return f.write('x')
def quiet(x): return [x]
def setup(*parts):
    with open('/'.join(parts)) as f: return {'context': f.read()}
def uses():
    from ndcctools.taskvine.utils import load_variable_from_library
    return load_variable_from_library('context')
def loads(path):
    import json
    with open(path) as f: return json.load(f)
"""


def reading(session, namespace, *given, worker, mode="fork", context=None, inputs=()):
    """Call functions that reach files, one after the other; return what they gave and what became of them."""
    session.begin()
    manager = session.manager()
    names = [name for name, *_ in given]
    library = manager.create_library_from_functions(
        "lib", *(namespace[name] for name in dict.fromkeys(names)), add_env=False, exec_mode=mode,
        library_context_info=context,
    )  # fmt: skip
    library.set_cores(1)
    manager.install_library(library)
    if worker:
        session.worker(manager)
    tasks = []
    for name, *args in given:
        tasks.append(session.vine.FunctionCall("lib", name, *args))
        for path, inside in inputs:
            tasks[-1].add_input(manager.declare_file(str(path)), inside)
        manager.submit(tasks[-1])
        session.collect(manager)
    return [task.output for task in tasks], session.actions()


@pytest.mark.parametrize("mode", ["fork", "direct"])
def test_a_call_that_reads_a_file_is_answered_until_that_changes(session, tmp_path, mode):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("one"), second.write_text("two")
    given = [("reads", "", *first.parts[1:]), ("quiet", 1), ("reads", "", *second.parts[1:])]
    given.append(given[0])
    namespace = cell(READERS)
    ran = reading(session, namespace, *given, worker=True, mode=mode)
    assert ran == (["one", [1], "two", "one"], ["ran"] * 4)
    assert reading(session, namespace, *given, worker=False, mode=mode) == (ran[0], ["answered"] * 4)
    second.write_text("three")
    outputs, actions = reading(session, namespace, *given, worker=True, mode=mode)
    assert outputs == ["one", [1], "three", "one"]
    assert actions[:3] == ["answered", "answered", "ran"]
    # In the mode `direct` a call may know what one before it has read, so that counts for it, too.
    assert actions[3] == ("answered" if mode == "fork" else "ran")


@pytest.mark.parametrize("mode", ["fork", "direct"])
def test_a_call_that_reads_its_input_is_answered_until_that_changes(session, tmp_path, mode):
    place = tmp_path / "data"
    for text in ("[1]", "[2]"):
        place.write_text(text)
        for worker, action in ((True, "ran"), (False, "answered")):
            found = reading(
                session, cell(READERS), ("loads", "in.json"), worker=worker, mode=mode, inputs=[(place, "in.json")]
            )
            assert found == ([[int(text[1])]], [action])


def test_what_the_context_of_a_library_reads_counts_for_all_calls(session, tmp_path):
    place, namespace = tmp_path / "context", cell(READERS)
    context = [namespace["setup"], ["", *place.parts[1:]], {}]
    for text in ("one", "two"):
        place.write_text(text)
        for worker, action in ((True, "ran"), (False, "answered")):
            found = reading(session, namespace, ("uses",), worker=worker, context=context)
            assert found == ([text], [action])


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("asks", (), "asks for files by `exists`"),
        ("calls", (os.path.exists,), "asks for files by `exists`"),
        ("calls", (os.stat,), "asks for files by `stat`"),
        ("writes", (), "which is no output"),
    ],
)
def test_a_call_that_reaches_what_nobody_can_see_runs_each_time(session, tmp_path, name, given, why):
    place, namespace = tmp_path / "there", cell(READERS)
    if name != "writes":
        place.mkdir()
    for _ in range(2):
        session.begin()
        manager = session.manager()
        library = manager.create_library_from_functions("lib", namespace[name], namespace["quiet"], add_env=False)
        library.set_cores(1)
        manager.install_library(library)
        session.worker(manager)
        for called in ((name, *given, str(place)), ("quiet", 1)):
            manager.submit(session.vine.FunctionCall("lib", *called))
        session.collect(manager)
        events = sorted(session.door.take_events())
        assert events[0].action == "ran" and why in events[0].reasons[0]
    assert events[1].action == "answered", "what another call of the library did is its own doing"
