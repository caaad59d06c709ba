"""Results that stay in the cluster: they are answered without being there, and made again where a task needs them."""

from __future__ import annotations

import pytest
from tasks.programs import cell

cloudpickle = pytest.importorskip("cloudpickle", reason="it comes with TaskVine")

CODE = """
import pickle
def first(n):
    print('making', n)
    return list(range(n))
def second():
    with open('numbers', 'rb') as f: return sum(pickle.load(f))
def draw():
    import random
    return [random.random()]
"""


def chain(session, namespace, n, *, worker, maker="first", user="second", middle=True):
    """Run a task whose result stays, and one that reads it; return both."""
    session.begin()
    manager = session.manager()
    if worker:
        session.worker(manager)
    first = session.vine.PythonTask(namespace[maker], *([n] if maker == "first" else []))
    first.enable_temp_output()
    manager.submit(first)
    if middle:
        assert manager.wait(20) is first
    second = session.vine.PythonTask(namespace[user])
    second.add_input(first.output_file, "numbers")
    manager.submit(second)
    session.collect(manager)
    assert first.successful() and second.successful(), (first.std_output, second.std_output)
    return first, second


@pytest.mark.parametrize("middle", [True, False])
def test_a_result_in_the_cluster_is_made_only_where_it_is_needed(session, middle):
    namespace = cell(CODE)
    first, second = chain(session, namespace, 5, worker=True)
    assert (first.std_output, second.output, session.actions()) == ("making 5\n", 10, ["ran", "ran"])
    first, second = chain(session, namespace, 5, worker=False, middle=middle)
    assert (first.std_output, second.output, session.actions()) == ("making 5\n", 10, ["answered", "answered"])
    assert session.managers[0].__dict__["_taskvine"] is None
    cell("def second():\n    with open('numbers', 'rb') as f: return len(pickle.load(f))", namespace)
    first, second = chain(session, namespace, 5, worker=True, middle=middle)
    assert (first.std_output, second.output) == ("making 5\n", 5)
    assert session.actions() == ["answered", "ran", "ran"]
    first, second = chain(session, namespace, 6, worker=True)
    assert (second.output, session.actions()) == (6, ["ran", "ran"])


@pytest.mark.py311
def test_a_result_in_the_cluster_is_fetched(session):
    namespace = cell(CODE)
    chain(session, namespace, 3, worker=True)
    session.begin()
    manager = session.manager()
    task = session.vine.PythonTask(namespace["first"], 3)
    task.enable_temp_output()
    manager.submit(task)
    assert manager.wait(5) is task
    session.worker(manager)
    manager.fetch_file(task.output_file)
    assert task.output_file.contents(cloudpickle.load) == [0, 1, 2]
    assert manager.empty()


def test_a_result_that_comes_out_otherwise_is_told_and_what_reads_it_runs(session):
    namespace = cell(CODE)
    _, second = chain(session, namespace, 0, worker=True, maker="draw")
    drawn = second.output
    _, second = chain(session, namespace, 0, worker=False, maker="draw")
    assert second.output == drawn
    session.actions()
    cell("def second():\n    with open('numbers', 'rb') as f: return -sum(pickle.load(f))", namespace)
    _, second = chain(session, namespace, 0, worker=True, maker="draw")
    told = [event.reasons for event in session.door.take_events() if event.action == "ran"]
    assert second.output != -drawn
    assert told == [("it gave something else than its record: what was answered before rests on that",), ()]
    other = second.output
    _, second = chain(session, namespace, 0, worker=False, maker="draw")
    assert second.output == other


def test_what_was_given_and_is_another_now_ends_in_an_error(session):
    namespace = cell(CODE + "def size(xs): return len(xs)")
    given = [1, 2]
    for worker in (True, False):
        session.begin()
        manager = session.manager()
        if worker:
            session.worker(manager)
        first = session.vine.PythonTask(namespace["size"], given)
        first.enable_temp_output()
        manager.submit(first)
        session.collect(manager)
    given.append(3)
    second = session.vine.PythonTask(namespace["draw"])
    second.add_input(first.output_file, "numbers")
    with pytest.raises(RuntimeError, match="what it was given has changed since"):
        manager.submit(second)
