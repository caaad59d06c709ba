"""Large values of plain containers are read without a walk, and what is found is what a walk finds."""

from __future__ import annotations

import dataclasses
import sys
import warnings
from typing import Any

import pytest

from nbrewind.model import Version, new_id
from nbrewind.state import Changes, LiveState

MANY = "d = [{'k': i, 'v': [str(i)]} for i in range(9_000)]"
CHANGES = [
    "d[7]['k'] = -d[7]['k'] - 1",
    "d.append({(1, b'x'): frozenset({1.5, None}), 'y': bytearray(b'z')})",
    "d.append(d[3]['v'])",
    "d.append(d)",
    "d[len(d) % 7] = d[6]",
    "d.append(list(sys.path)); d.append(list(sys.argv))",
    "d.append(sys.path)",
    "d[9]['v'].append({'deep': sys.argv})",
    "d.append(sys.meta_path)",
    "d.append(warnings.filters)",
    "d.append(globals())",
    "d.append(object())",
    "d.append(lambda: d)",
    "d.append(int); d.append(len)",
    "d.append(type('Own', (list,), {})([1]))",
    "d.append(...)",
    "d.append(x for x in d)",
    "d.append(__import__('numpy').arange(3))",
    "d.append(__import__('pickle').PickleBuffer(b'abc'))",
    "d.append(__import__('threading').Lock())",
    "d = list(d)",
    "d = {'d': d}",
]


@pytest.fixture
def live() -> LiveState:
    namespace: dict[str, Any] = {"__name__": "__main__", "sys": sys, "warnings": warnings}
    exec(MANY, namespace)
    made = LiveState(namespace, lambda: ("sys", "warnings"))
    commit(made, made.scan())
    return made


def commit(live: LiveState, changes: Changes) -> None:
    """Take everything that a scan found as the baseline."""
    versions = {
        name: Version(id=new_id(), key="var:" + name, run="run", digest=group.digest[name], members=group.members)
        for group in changes.groups
        for name in group.members
    }
    live.commit(changes, versions)


def walked(live: LiveState) -> Changes:
    """Return what a state finds that has seen nothing before."""
    return LiveState(live.namespace, lambda: ("sys", "warnings")).scan()


def told(changes: Changes) -> list[dict[str, Any]]:
    """Return all that is told of changes, but for what is another each time.

    Python's note of the warnings that it gave is left out: one may come in while the code here runs, from anywhere.
    """
    ours = ("content", "baseline")
    found = [{f.name: getattr(group, f.name) for f in dataclasses.fields(group)} for group in changes.groups]
    found = [each for each in found if each["members"] != ("__warningregistry__",)]
    return [{name: value for name, value in each.items() if name not in ours} for each in found]


@pytest.mark.py311
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_found_is_what_a_walk_finds(live: LiveState, change: str) -> None:
    for _ in range(2):
        exec(change, live.namespace)
        changes = live.scan()
        assert told(changes) == told(walked(live))
        commit(live, changes)
        exec("d.pop(8) if type(d) is list else d.update(n=[len(d)])", live.namespace)
        changes = live.scan()
        assert told(changes) == told(walked(live))
        commit(live, changes)


def test_plain_values_are_not_walked(live: LiveState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbrewind.state.live.walked", None)
    assert live.scan().groups == []
    live.namespace["d"][3]["v"].append(4)
    changes = live.scan()
    assert [group.members for group in changes.groups] == [("d",)]
    commit(live, changes)
    assert live.scan(("d",)).groups == []


def test_what_two_names_share_is_found(live: LiveState) -> None:
    live.namespace["e"] = {"k": 3, "v": ["3"]}
    commit(live, live.scan())
    assert live.scan().groups == []
    live.namespace["d"][3] = live.namespace["e"]
    assert [group.members for group in live.scan((), only=("d", "e")).groups] == [("d", "e")]
    assert [group.members for group in live.scan().groups] == [("d", "e")]
