"""Functions as tasks: what was edited runs, what was not is answered. With a real manager and a real worker."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tasks.programs import cell

EDITS = {
    "another function": ("def f(x): return x ** 2", "f, (3,)", "def f(x): return x ** 3", "f, (3,)"),
    "two functions": ("def f(x): return x ** 2\ndef g(x): return x ** 3", "f, (3,)", "", "g, (3,)"),
    "an edited body": (
        "def f(x):\n    y = x + 1\n    return y",
        "f, (1,)",
        "def f(x):\n    y = x + 1000\n    return y",
        "f, (1,)",
    ),
    "another lambda": ("f = lambda x: x + 1", "f, (1,)", "f = lambda x: x - 1", "f, (1,)"),
    "an edited helper": (
        "def h(x): return x + 1\ndef f(x): return h(x)",
        "f, (1,)",
        "def h(x): return x + 2\ndef f(x): return h(x)",
        "f, (1,)",
    ),
    "another global": ("k = 1\ndef f(x): return x + k", "f, (1,)", "k = 2", "f, (1,)"),
    "another closure": (
        "def make(n):\n    def f(x): return x * n\n    return f\nf = make(2)",
        "f, (5,)",
        "f = make(3)",
        "f, (5,)",
    ),
    "another default": ("def f(x, n=1): return x + n", "f, (1,)", "def f(x, n=2): return x + n", "f, (1,)"),
    "the state of an object": (
        "class C:\n    def __init__(self, n): self.n = n\n    def f(self, x): return self.n * x\nf = C(2).f",
        "f, (5,)",
        "f = C(3).f",
        "f, (5,)",
    ),
    "a text that differs in its end": (
        "def f(x): return x[4:]",
        "f, ('run-0123456789ab',)",
        "",
        "f, ('run-ba9876543210',)",
    ),
    "a longer text": ("f = len", "f, ('run-202401010000',)", "", "f, ('run-2024020100001111',)"),
    "a tuple instead of a list": ("def f(x): return type(x).__name__", "f, ([1],)", "", "f, ((1,),)"),
    "left and right": ("def f(a, b): return a - b", "f, (1, 2)", "", "f, (2, 1)"),
    "an integer instead of a float": ("def f(x): return repr(x)", "f, (1,)", "", "f, (1.0,)"),
}

SAME = {
    "nothing": ("def f(x): return x + 1", "f, (1,)", "", "f, (1,)"),
    "a comment and moved lines": (
        "def f(x): return x + 1",
        "f, (1,)",
        "# moved\n\ndef f(x):\n    # why\n    return x + 1",
        "f, (1,)",
    ),
    "a function that is not used": ("def g(): pass\ndef f(x): return x + 1", "f, (1,)", "def g(): return 2", "f, (1,)"),
    "the order of a set": ("def f(x): return sorted(x)", "f, ({'a', 'b', 'c'},)", "", "f, ({'c', 'b', 'a'},)"),
}


def run(session, namespace, text, call, *, worker):
    """Run one call as a task; return what it gave and what a call here gives, and whether it was answered."""
    session.begin()
    cell(text, namespace)
    function, args = eval(call, namespace)
    manager = session.manager()
    if worker:
        session.worker(manager)
    manager.submit(session.vine.PythonTask(function, *args))
    (task,) = session.collect(manager)
    return task.output, function(*args), session.actions()


@pytest.mark.parametrize("name", EDITS)
def test_what_was_edited_runs(session, name):
    text, call, edit, again = EDITS[name]
    namespace = {"__name__": "__main__"}
    given, expected, actions = run(session, namespace, text, call, worker=True)
    assert (given, actions) == (expected, ["ran"])
    other, now, actions = run(session, namespace, edit, again, worker=True)
    assert (other, actions) == (now, ["ran"])
    assert other != given


@pytest.mark.parametrize("name", SAME)
def test_what_was_not_edited_is_answered_without_a_worker(session, name):
    text, call, edit, again = SAME[name]
    namespace = {"__name__": "__main__"}
    run(session, namespace, text, call, worker=True)
    given, expected, actions = run(session, namespace, edit, again, worker=False)
    assert (given, actions) == (expected, ["answered"])
    assert session.managers[0].__dict__.get("_taskvine") is None  # no socket was opened


@pytest.mark.py311
def test_a_function_is_shipped_as_it_is_now(session):
    """TaskVine alone ships a function as it was first pickled: with `k = 2` it still gives what `k = 1` gives."""
    namespace = cell("k = 1\ndef f(x): return x + k")
    manager = session.manager()
    session.worker(manager)
    found = {}
    for k in (1, 2, 1):
        namespace["k"] = k
        found[manager.submit(session.vine.PythonTask(namespace["f"], 10))] = k
        (task,) = session.collect(manager)
        assert task.output == 10 + found[task.id]
    assert session.actions() == ["ran", "ran", "answered"]


def test_hazard_taskvine_alone_ships_a_stale_function(session):
    from nbrewind.tasks.vine import close_door

    close_door()
    namespace = cell("k = 1\ndef f(x): return x + k")
    manager = session.manager()
    session.worker(manager)
    for k in (1, 2):
        namespace["k"] = k
        manager.submit(session.vine.PythonTask(namespace["f"], 10))
        (task,) = session.collect(manager)
    assert task.output == 11


@pytest.mark.py311
def test_draws_stay_three_and_are_answered_as_recorded(session):
    namespace = cell("import random\ndef draw(): return random.random()")
    found = []
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        if worker:
            session.worker(manager)
        ids = [manager.submit(session.vine.PythonTask(namespace["draw"])) for _ in range(3)]
        values = {task.id: task.output for task in session.collect(manager)}
        found.append([values[number] for number in ids])
        assert session.actions() == (["ran"] * 3 if worker else ["answered"] * 3)
    assert len(set(found[0])) == 3
    assert found[0] == found[1]


def test_what_failed_runs_again_and_says_the_same(session):
    namespace = cell("def f(x): return 1 // x")
    for _ in range(2):
        session.begin()
        manager = session.manager()
        session.worker(manager)
        manager.submit(session.vine.PythonTask(namespace["f"], 0))
        (task,) = session.collect(manager)
        assert not task.successful()
        assert "ZeroDivisionError" in task.std_output
        assert "nbrewind" not in task.std_output
        assert session.actions() == ["failed"]


@pytest.mark.py311
def test_answered_tasks_look_as_those_that_ran(session):
    namespace = cell("def f(x):\n    print('seen', x)\n    return [x]")
    told = []
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        if worker:
            session.worker(manager)
        task = session.vine.PythonTask(namespace["f"], 1)
        task.set_tag("first")
        task.set_category("fits")
        number = manager.submit(task)
        (back,) = session.collect(manager)
        assert back is task and type(task) is session.vine.PythonTask and back.id == number == 1
        attributes = ("std_output", "exit_code", "result", "output", "tag", "category", "hostname", "addrport", "state")
        cores = (back.resources_measured.cores, back.resources_allocated.cores)
        told.append([getattr(back, name) for name in attributes] + [back.completed(), back.successful(), *cores])
    assert told[0] == told[1]
    assert told[0][0] == "seen 1\n"


def test_answers_come_in_the_order_in_which_the_tasks_had_ended(session):
    namespace = cell("import time\ndef f(i, seconds):\n    time.sleep(seconds)\n    return i")
    orders = []
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        if worker:
            session.worker(manager, cores=2)
        for i, seconds in enumerate((1.2, 0.0)):
            manager.submit(session.vine.PythonTask(namespace["f"], i, seconds))
        orders.append([task.output for task in session.collect(manager)])
        session.actions()
    assert orders == [[1, 0], [1, 0]]


def test_a_hit_is_not_held_back_for_a_miss(session):
    namespace = cell("def f(x): return x")
    session.begin()
    manager = session.manager()
    session.worker(manager)
    manager.submit(session.vine.PythonTask(namespace["f"], 2))
    session.collect(manager)
    session.begin()
    manager = session.manager()
    assert [manager.submit(session.vine.PythonTask(namespace["f"], x)) for x in (1, 2, 3)] == [1, 2, 3]
    assert manager.wait(5).output == 2  # there is no worker yet
    assert not manager.empty()
    session.worker(manager)
    assert sorted((task.id, task.output) for task in session.collect(manager)) == [(1, 1), (3, 3)]


def test_the_same_in_a_process_with_another_hash_seed(session):
    source = textwrap.dedent("""
        import sys
        sys.path[:0] = [%r]
        from pathlib import Path
        from tasks.vine.conftest import Session, vine_module
        from tasks.programs import cell

        session = Session(vine_module(), Path(sys.argv[1]))
        f = cell("def f(x, n): return sorted(x) + [n]")["f"]
        manager = session.manager()
        if sys.argv[2] == "worker":
            session.worker(manager)
        manager.submit(session.vine.PythonTask(f, {"a", "b", "cd"}, n=None))
        print(session.collect(manager)[0].output, session.actions())
        session.end()
    """) % str(Path(__file__).parents[2])
    told = []
    for seed, worker in (("1", "worker"), ("2", "no")):
        made = subprocess.run(
            [sys.executable, "-c", source, str(session.folder), worker],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert made.returncode == 0, made.stderr
        told.append(made.stdout)
    assert told == ["['a', 'b', 'cd', None] ['ran']\n", "['a', 'b', 'cd', None] ['answered']\n"]
