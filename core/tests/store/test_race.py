"""Cleaning beside processes that write: nothing that they refer to is ever removed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import nbrewind
from nbrewind.store import Content, Store, StoreError
from nbrewind.store.lease import Busy, Lease

WRITER = Path(__file__).with_name("race_writer.py")


@pytest.mark.py311
@pytest.mark.parametrize("seconds", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_two_writers_and_two_cleaners(directory: Path, tmp_path: Path, seconds: int) -> None:
    """They share contents, which each of them stores, evicts and stores again hundreds of times."""
    Store.open(directory).close()
    source = str(Path(nbrewind.__path__[0]).parent)
    writers = [
        subprocess.Popen(
            [sys.executable, str(WRITER), str(directory), str(tmp_path / f"{seed}.ipynb"), str(seed), str(seconds)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source},
        )
        for seed in range(2)
    ]  # fmt: skip
    evictions = removed = 0
    with Store.open(directory) as store:
        while any(writer.poll() is None for writer in writers):
            try:
                done = store.clean(1)
            except Busy:
                continue
            evictions += len(done.evictions)
            removed += done.before - done.after
        for writer in writers:
            output, errors = writer.communicate()
            assert writer.returncode == 0, errors
            assert int(output) > 10
        assert store.doctor(deep=True) == []
        assert evictions > 20 and removed > 500_000
        store.clean(1)
        assert store.usage().garbage == 0
        for notebook in store.notebooks():
            for head in notebook.heads().values():
                for version in notebook.state(head).values():
                    store.get(version.snapshot)
        assert store.doctor(deep=True) == []


def test_a_lease_is_shared_or_alone(tmp_path: Path) -> None:
    one, other = Lease(tmp_path / "lease"), Lease(tmp_path / "lease")
    with one.shared(), one.shared(), other.shared(), pytest.raises(Busy), other.exclusive(0.01):
        pass
    with one.exclusive(), one.shared(), pytest.raises(Busy), other.exclusive(0.01):
        pass
    with other.exclusive(0.01):
        entered = threading.Event()

        def share() -> None:
            with other.shared():
                entered.set()

        thread = threading.Thread(target=share)
        thread.start()
        assert not entered.wait(0.1)
    thread.join()
    assert entered.is_set()
    one.close()
    other.close()


def test_what_is_put_and_not_recorded_stays_while_it_is_written(store: Store, directory: Path) -> None:
    content = Content(b"x" * 100, [bytes(100_000)], b"")
    with Store.open(directory) as cleaner:
        with store.writing():
            stored = store.put(content)
            store.sync()
            begin = time.monotonic()
            cleaner.clean(1, seconds=0.2)
            assert time.monotonic() - begin < 10
            assert store.has(stored.id)
        cleaner.clean(1)
        assert not store.has(stored.id)
        assert store.put(content).added == 100_100
        assert store.get(stored.id) == content


def test_where_files_cant_be_locked_nothing_is_removed(
    store: Store, history: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def flock(*_: object) -> None:
        raise OSError(38, "not implemented")

    store.put(Content(b"x" * 100, [], b""))
    store.sync()
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreError, match="does not lock files"):
        store.clean(1)
    assert store.usage().garbage == 100


def test_a_cleaner_is_killed(directory: Path, tmp_path: Path) -> None:
    """At any point: what is said to be there is, and the next cleaning goes on."""
    source = str(Path(nbrewind.__path__[0]).parent)
    clean = "import sys; from nbrewind.store import Store; s = Store.open(sys.argv[1])\nwhile True: s.clean(1)"
    environment = {**os.environ, "PYTHONPATH": source}
    writer = subprocess.Popen(
        [sys.executable, str(WRITER), str(directory), str(tmp_path / "a.ipynb"), "1", "6"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    killed = 0
    while writer.poll() is None:
        cleaner = subprocess.Popen([sys.executable, "-c", clean, str(directory)], env=environment)
        time.sleep(0.5 + killed % 7 * 0.05)
        cleaner.kill()
        cleaner.wait()
        killed += 1
    _, errors = writer.communicate()
    assert writer.returncode == 0, errors
    assert killed > 3
    with Store.open(directory) as store:
        assert store.doctor(deep=True) == []
        store.clean(1)
        assert store.usage().garbage == 0
        assert store.doctor(deep=True) == []


@pytest.mark.parametrize("size", [1000, 100_000])
@pytest.mark.parametrize("how", ["sync", "write"])
def test_what_is_committed_is_not_removed_while_memory_still_says_that_it_is_there(
    store: Store, directory: Path, monkeypatch: pytest.MonkeyPatch, how: str, size: int
) -> None:
    content = Content(b"stream", [os.urandom(size)], b"")
    stored = store.put(content)
    contents, found = store.contents, []
    finish = contents.rows.taken
    monkeypatch.setattr("nbrewind.store.garbage.PATIENCE", 0.05)

    def cleaned_first(pending: Any) -> None:
        with Store.open(directory) as cleaner:
            found.append(cleaner.clean(1).before)
        finish(pending)

    monkeypatch.setattr(contents.rows, "taken", cleaned_first)
    (store.sync if how == "sync" else contents.rows.write)()
    assert len(found) == 1
    assert store.get(stored.id).buffers[0] == content.buffers[0]


@pytest.mark.skipif(sys.platform != "linux", reason="a file that is mapped is written here")
def test_a_commit_that_others_see_late_is_noticed(history: Any, directory: Path) -> None:
    """A writer may be stopped for long between what it writes and that it is shown, in the log's index alone."""
    history.run({"x": b"1"})
    path = history.notebook.database.path

    def shown(text: bytes | None = None) -> bytes:
        with open(f"{path}-shm", "r+b", buffering=0) as index:
            before = index.read(96)
            index.seek(0)
            index.write(before if text is None else text)
        return before

    old = shown()
    history.run({"y": b"2"})
    new = shown(old)
    for end in ("", "-wal"):
        os.utime(f"{path}{end}", (time.time() - 10,) * 2)
    with Store.open(directory) as cleaner:
        book = cleaner._ledger.books
        cleaner._ledger.refresh()
        assert [len(each.versions) for each in book.values()] == [1]
        cleaner._ledger.refresh()
        shown(new)
        cleaner._ledger.refresh()
        assert [len(each.versions) for each in book.values()] == [2]


def test_a_run_is_evicted_while_it_is_marked_as_saved(
    store: Store, history: Any, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = history.run({"x": b"x" * 10_000}, save=False)
    history.run({"x": b"y"})
    store.sync()
    say, evicted = store.traces.set_answerable, []

    def cleaned_first(runs: list[str], answerable: bool) -> None:
        if not evicted:
            with Store.open(directory) as cleaner:
                evicted.extend(cleaner.clean(1).evictions)
        say(runs, answerable)

    monkeypatch.setattr(store.traces, "set_answerable", cleaned_first)
    history.notebook.mark_saved(first.id, added=0)
    assert [one.checkpoint for one in evicted] == [first.id]
    assert not store.traces.may_answer(first.run)
    assert store.doctor(deep=True) == []
