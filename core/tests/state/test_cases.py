"""Every case comes back right, or is reported lost with a reason and changes nothing. Never silently wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, Case
from session import Session

from nbrewind.state import LoadError


def need_libraries(case: Case) -> None:
    """Skip a case whose libraries are not installed."""
    for library in ("numpy", "pandas", "matplotlib", "sklearn", "scipy", "pyarrow"):
        if library in "".join(case.before):
            pytest.importorskip(library)


def _plain(value: Any) -> Any:
    """Return a value that compares by content."""
    return repr(value)


def _expected(case: Case) -> tuple[Any, Any]:
    session = Session()
    for cell in case.before:
        session.run(cell)
    first = _plain(session.value(case.probe)) if case.expected == "right" else None
    session.run(case.then)
    second = _plain(session.value(case.after))
    for key in session.ambient.deviating():
        session.ambient.restore(key, None)
    return first, second


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rewind(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    need_libraries(case)
    expected = _expected(case)
    session = Session()
    try:
        for cell in case.before:
            session.run(cell)
        mark = session.mark()
        for cell in case.away:
            session.run(cell)
        live = {name: id(value) for name, value in session.namespace.items()}
        try:
            session.rewind(mark)
        except LoadError as error:
            assert case.expected == "lost", error
            assert all(error.reasons.values())
            assert {name: id(value) for name, value in session.namespace.items()} == live
            return
        assert case.expected == "right"
        assert _plain(session.value(case.probe)) == expected[0]
        session.record(touched=())
        session.run(case.then)
        assert _plain(session.value(case.after)) == expected[1]
    finally:
        for key in session.ambient.deviating():
            session.ambient.restore(key, None)


@pytest.mark.parametrize("case", [c for c in CASES if c.expected == "right"], ids=lambda case: case.name)
def test_load_into_an_empty_namespace(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    need_libraries(case)
    expected = _expected(case)
    session = Session()
    try:
        for cell in case.before:
            session.run(cell)
        fresh = Session()
        fresh.contents = session.contents
        loaded = fresh.live.load(session.state.values(), fresh.fetch)
        fresh.live.install(loaded)
        assert _plain(fresh.value(case.probe)) == expected[0]
    finally:
        for key in session.ambient.deviating():
            session.ambient.restore(key, None)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_changes_by_scanning(case: Case, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    need_libraries(case)
    session = Session()
    try:
        for cell in case.before:
            session.run(cell)
        changes = session.record(touched=())
        assert [group.members for group in changes.groups] == []
        assert changes.removed == []
    finally:
        for key in session.ambient.deviating():
            session.ambient.restore(key, None)
