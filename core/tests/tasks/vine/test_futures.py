"""Calls by TaskVine's `FuturesExecutor`: recorded and answered like any other. With a real manager and worker."""

from __future__ import annotations

import pytest
from tasks.programs import cell

from nbrewind.tasks import Policies

pytest.importorskip("cloudpickle", reason="it comes with TaskVine")

CODE = """
K = 2
def load(n): return list(range(n))
def double(values): return [K * value for value in values]
def add(one, other, more=0): return sum(one) + sum(other) + more
def fail(n): raise ValueError(f'no {n}')
"""


@pytest.fixture
def executor(session):
    """Begin a session; return an executor, with a worker if records are not to answer all."""

    kept = []  # one that is collected closes its manager

    def make(*, worker: bool):
        session.begin()
        made = session.vine.FuturesExecutor(port=0, factory=False)
        session.managers.append(made.manager)
        kept.append(made)
        if worker:
            session.worker(made.manager)
        return made

    return make


def chain(executor, source, *, ask=True):
    """Submit calls that are given each other's futures, and ask for the last one's result only, if at all."""
    namespace = cell(source)
    parts = [executor.submit(namespace["double"], executor.submit(namespace["load"], n)) for n in (2, 3)]
    last = executor.submit(namespace["add"], parts[0], parts[1], more=1)
    return parts, last.result(timeout=60) if ask else last


def test_calls_and_what_they_are_given_by_futures(session, executor):
    _, found = chain(executor(worker=True), CODE)
    assert (found, session.actions()) == (9, ["ran"] * 5)
    parts, found = chain(executor(worker=False), CODE)
    assert (found, session.actions()) == (9, ["answered"] * 5)
    assert [part._task.id for part in parts] == [2, 4]


def test_an_edit_runs_what_it_touches_and_makes_what_that_needs_again(session, executor):
    chain(executor(worker=True), CODE)
    session.actions()
    _, found = chain(executor(worker=True), CODE.replace("K = 2", "K = 3"))
    assert found == 13
    # Both `load` were answered, and made again: nobody had asked for what they give.
    assert sorted(session.actions()) == ["answered"] * 2 + ["ran"] * 5


def test_a_result_that_was_asked_for_once_is_there_and_another_one_is_made(session, executor):
    parts, found = chain(executor(worker=True), CODE)
    assert parts[0].result(timeout=60) == [0, 2]
    session.actions()
    parts, found = chain(executor(worker=False), CODE)
    assert (parts[0].result(), found, session.actions()) == ([0, 2], 9, ["answered"] * 5)
    made = executor(worker=False)
    parts, _ = chain(made, CODE, ask=False)
    session.worker(made.manager)
    assert parts[1].result(timeout=60) == [0, 2, 4], "it runs, as the call that it is given does"
    assert sorted(session.actions()) == ["answered"] * 5 + ["ran"] * 2


def test_exceptions_maps_and_policies(session, executor):
    namespace = cell(CODE)
    for turn in range(2):
        made = executor(worker=True)
        failing = made.submit(namespace["fail"], 3)
        with pytest.raises(ValueError, match="no 3"):
            failing.result(timeout=60)
        mapped = made.map(namespace["load"], [1, 2, 3], chunk_size=2)
        assert mapped.result(timeout=60) == [[0], [0, 1], [0, 1, 2]]
        actions = session.actions()
        assert actions[0] == "failed" and actions[1:3] == ["answered" if turn else "ran"] * 2
    session.policies = Policies(categories={"load": "never"})
    chain(executor(worker=True), CODE)
    chain(executor(worker=True), CODE)
    told = [event for event in session.door.take_events() if event.action == "ran"]
    assert len(told) == 5 and any("of which there is no record" in event.reasons[0] for event in told if event.reasons)
