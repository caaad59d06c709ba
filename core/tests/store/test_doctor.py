"""The doctor: a sound store has no findings; every kind of damage is found, and mended or taken out of use."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Store

BIG = random.Random(0).randbytes(256_000)


def _kinds(findings: list[Any]) -> list[str]:
    return [finding.kind for finding in findings]


def _blobs(store: Store) -> list[Path]:
    return sorted((store.directory / "blobs").glob("*/*"))


@pytest.mark.py311
def test_a_sound_store(store: Store, history: Any) -> None:
    history.run({"x": b"1", "big": BIG})
    history.run({"y": b"1"}, save=False)
    assert store.doctor(deep=True) == []


@pytest.mark.py311
@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_damaged_content_leaves_the_saved_history(store: Store, history: Any, damage: str) -> None:
    first = history.run({"x": b"1"})
    second = history.run({"big": BIG})
    third = history.run({"z": b"1"})
    fourth = history.run({"big": b"small"})
    victim = _blobs(store)[0]
    if damage == "missing":
        victim.unlink()
    else:
        size = victim.stat().st_size
        victim.unlink()
        victim.write_bytes(bytes(size))
        victim.chmod(0o400)
        assert store.doctor() == []
    findings = store.doctor(deep=True)
    assert _kinds(findings) == [damage]
    assert second.id in findings[0].where and "var:big" in findings[0].where and str(victim) in findings[0].what
    assert not findings[0].fixed
    assert [found.saved for found in history.notebook.checkpoints()] == [True] * 4
    assert [finding.fixed for finding in store.doctor(deep=True, repair=True)] == [True]
    saved = {found.id: found.saved for found in history.notebook.checkpoints()}
    assert saved == {first.id: True, second.id: False, third.id: False, fourth.id: True}
    assert {run.id for run in store.candidates("code:1")} == {first.run, fourth.run}
    assert store.doctor(deep=True) == []
    assert not victim.exists()
    again = history.run({"big": BIG})  # whoever makes the content next writes it again
    assert history.values(again.id)["big"] == BIG
    assert store.doctor(deep=True) == []


def test_traces_are_rebuilt_from_the_index(store: Store, history: Any) -> None:
    kept, wrong, unsaved = history.run({"x": b"1"}), history.run({"x": b"2"}), history.run(save=False)
    failed = history.run(status="error")
    runs = {run.id: run for run in history.notebook.runs()}
    with store.database.write() as connection:
        connection.execute("DELETE FROM traces WHERE run != ?", (wrong.run,))
        connection.execute("UPDATE traces SET answerable = 0")
    assert _kinds(store.doctor()) == ["trace", "trace"]
    assert all(finding.fixed for finding in store.doctor(repair=True))
    assert store.doctor() == []
    assert {run.id for run in store.candidates("code:1")} == {kept.run, wrong.run}
    assert store.run(unsaved.run) == runs[unsaved.run]
    assert store.run(failed.run) == runs[failed.run]


def test_opening_a_notebook_rebuilds_its_traces(store: Store, history: Any, tmp_path: Path) -> None:
    checkpoint = history.run({"x": b"1"})
    with store.database.write() as connection:
        connection.execute("DELETE FROM traces")
    with Store.open(store.directory) as other:
        other.notebook(tmp_path / "a.ipynb")
        assert [run.id for run in other.candidates("code:1")] == [checkpoint.run]


def test_a_run_that_is_saved_while_the_doctor_looks_is_no_finding(
    store: Store, history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, look = history.run({"x": b"1"}, save=False), store.traces.of

    def saved_meanwhile(notebook: str) -> Any:
        history.notebook.mark_saved(made.id, added=1)
        return look(notebook)

    monkeypatch.setattr(store.traces, "of", saved_meanwhile)
    monkeypatch.setattr(type(history.notebook.agreement), "holds", lambda agreement: False)
    assert store.doctor() == []
    assert history.notebook.checkpoint(made.id).saved


def test_a_trace_without_a_run_is_a_leftover_once_it_is_old(store: Store, history: Any) -> None:
    history.run({"x": b"1"})
    run = history.notebook.runs()[0]
    with store.database.write() as connection:
        connection.execute(
            "INSERT INTO traces SELECT 'other', notebook, cell, code, started, ?, status, 0, record FROM traces "
            "WHERE run = ?",
            (time.time(), run.id),
        )
    assert store.doctor() == []
    with store.database.write() as connection:
        connection.execute("UPDATE traces SET recorded = recorded - 100")
    assert _kinds(store.doctor()) == ["leftover"]
    with Store.open(store.directory) as other:
        assert other.doctor() == []
    assert store.doctor() == []


def test_half_written_blobs_are_removed_once_they_are_old(store: Store) -> None:
    young, old = store.directory / "tmp" / "1-young", store.directory / "tmp" / "1-old"
    for path in (young, old):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert _kinds(store.doctor()) == ["leftover"]
    assert [finding.fixed for finding in store.doctor(repair=True)] == [True]
    assert not old.exists() and young.exists()
    os.utime(young, (0, 0))
    Store.open(store.directory).close()
    assert not young.exists()


def test_permissions(store: Store, history: Any) -> None:
    history.run({"big": BIG})
    store.directory.chmod(0o755)
    (store.directory / "traces.sqlite").chmod(0o644)
    _blobs(store)[0].chmod(0o644)
    findings = store.doctor()
    assert _kinds(findings) == ["permissions"] * 3
    assert not any(finding.fixed for finding in findings)
    assert all(finding.fixed for finding in store.doctor(repair=True))
    assert store.doctor() == []


def test_a_damaged_index_stops_its_runs_from_answering(store: Store, history: Any, tmp_path: Path) -> None:
    history.run({"x": b"1"})
    index = history.notebook.database.path
    store.close()
    index.write_bytes(b"this is no database" * 1000)
    with Store.open(store.directory) as other:
        findings = other.doctor()
        assert _kinds(findings) == ["database"]
        assert str(index) in findings[0].where and "not a database" in findings[0].what
        assert len(other.candidates("code:1")) == 1
        other.doctor(repair=True)
        assert other.candidates("code:1") == []


def test_damage_inside_a_database_is_found(store: Store, history: Any) -> None:
    for number in range(50):
        history.run({"x": b"%d" % number}, source=f"x = {number}" * 50)
    index = history.notebook.database.path
    store.close()
    data = bytearray(index.read_bytes())
    for offset in range(4096 * 2, len(data) - 4096, 4096):
        data[offset : offset + 40] = b"\xff" * 40
    index.write_bytes(data)
    with Store.open(store.directory) as other:
        assert "database" in _kinds(other.doctor())


def test_an_unknown_index_is_a_leftover(store: Store, history: Any) -> None:
    history.run()
    (store.directory / "notebooks" / "stray.sqlite").touch(mode=0o600)
    assert _kinds(store.doctor()) == ["leftover"]


def test_a_damaged_row_is_discarded(store: Store, history: Any) -> None:
    checkpoint = history.run({"x": b"some value"})
    with store.database.write() as connection:
        connection.execute("UPDATE contents SET data = ?", (b"some other",))
    assert store.doctor() == []
    assert _kinds(store.doctor(deep=True, repair=True)) == ["damaged"]
    assert store.candidates("code:1") == []
    assert store.doctor(deep=True) == []
    assert history.values(history.run({"x": b"some value"}).id) == {"x": b"some value"}
    assert checkpoint.id != history.head
