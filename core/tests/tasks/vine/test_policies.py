"""Policies for tasks of TaskVine: by category, by function, for a block of code; and a share that is compared."""

from __future__ import annotations

import pytest
from tasks.programs import cell

from nbrewind.tasks import Policies, task_policy

pytest.importorskip("cloudpickle", reason="it comes with TaskVine")

CODE = """
def one(n): return n
def two(n): return 2 * n
def draw(n):
    import random
    return n + random.random()
"""


def run(session, policies, *, worker=True):
    """Submit three tasks, the last in a block of its own; return what became of them."""
    namespace = cell(CODE)
    session.policies = policies
    session.begin()
    manager = session.manager()
    if worker:
        session.worker(manager)
    for name in ("one", "two"):
        task = session.vine.PythonTask(namespace[name], 3)
        task.set_category("small" if name == "one" else "default")
        manager.submit(task)
    with task_policy("never"):
        manager.submit(session.vine.PythonTask(namespace["two"], 4))
    session.collect(manager)
    return session.actions()


def test_a_category_a_function_and_a_block_have_policies_of_their_own(session):
    assert run(session, None) == ["ran"] * 3
    assert run(session, None) == ["answered", "answered", "ran"], "what was submitted in the block is never recorded"
    assert run(session, Policies(categories={"small": "refresh"})) == ["ran", "answered", "ran"]
    assert run(session, Policies(categories={"two": "never"})) == ["answered", "ran", "ran"]
    assert run(session, Policies(use="refresh", categories={"two": "reuse"})) == ["ran", "answered", "ran"]


@pytest.mark.py311
def test_a_share_runs_and_what_differs_is_told(session):
    namespace = cell(CODE)
    told = []
    for verify in (0, 1, 0):
        session.policies = Policies(verify=verify)
        session.begin()
        manager = session.manager()
        if verify or not told:
            session.worker(manager)
        for name in ("one", "draw"):
            manager.submit(session.vine.PythonTask(namespace[name], 5))
        values = [task.output for task in sorted(session.collect(manager), key=lambda task: task.id)]
        told.append(([(event.action, event.reasons) for event in sorted(session.door.take_events())], values))
    (first, drawn), (second, anew), (last, at_last) = told
    assert [action for action, _ in first] == ["ran", "ran"]
    assert second == [("ran", ()), ("ran", ("it gave something else than its record",))]
    assert [action for action, _ in last] == ["answered", "answered"]
    assert drawn != anew == at_last, "what it gave last is recorded"
    assert len(session.memo.differing) == 0
