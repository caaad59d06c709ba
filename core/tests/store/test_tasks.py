"""Records of tasks among all else in a store: cleaning, budgets, forgetting, the doctor."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest

from nbrewind.store import Content, Notebook, Store, task_ahead
from nbrewind.store.tasks import Place, TaskRow

from .test_forget import assert_gone, find

pytestmark = pytest.mark.py311


class Author:
    """Records tasks of a notebook."""

    def __init__(self, store: Store, notebook: str = "", cell: str = "") -> None:
        self.store, self.place = store, Place(notebook, cell)

    def task(
        self, slot: int, *, row: bytes = b"", content: bytes = b"", part: bytes = b"", seconds: float = 1.0
    ) -> str:
        """Record a task; return the snapshot of its content."""
        snapshots: tuple[str, ...] = ()
        with self.store.writing():
            if content:
                snapshots = (self.store.put(Content(b"", [content], b"")).id,)
            self.store.tasks.add(TaskRow((slot, 0), self.place, part, seconds, b"record %d" % slot, row, snapshots))
        self.store.tasks.flush()
        return snapshots[0] if snapshots else ""

    def here(self, *slots: int) -> list[int]:
        """Return those of some tasks of which everything is there."""
        return [slot for slot in slots if (found := self.store.tasks.find((slot, 0))) and found.data is not None]


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def test_what_is_cheapest_for_its_size_goes_first(store: Store) -> None:
    author = Author(store)
    snapshots = {n: author.task(n, row=noise(n, 1000), seconds=n) for n in range(1, 21)}
    snapshots |= {n: author.task(n, content=noise(n, 100_000), seconds=n) for n in range(100, 110)}
    before = store.bytes_on_disk()
    planned = store.plan_cleanup(before - 350_000)
    done = store.clean(before - 350_000)
    assert done == planned
    assert done.before == before and done.after == store.bytes_on_disk() <= done.budget
    assert sum(entry.tasks for entry in done.evictions) == 4
    assert author.here(*range(100, 110)) == [104, 105, 106, 107, 108, 109]
    assert author.here(*range(1, 21)) == list(range(1, 21)), "they are worth more for their size"
    found = store.tasks.find((100, 0))
    assert found is not None and found.record == b"record 100" and found.data is None
    assert not store.has(snapshots[100]) and store.has(snapshots[109])
    assert store.doctor(deep=True) == []
    author.task(100, content=noise(100, 100_000))
    assert author.here(100) == [100]
    assert store.clean(1).after < 500, "of what is not short the records stay at first"
    assert store.clean(1).after == 0
    assert author.here(*range(1, 110)) == []
    assert store.database.read("SELECT (SELECT COUNT(*) FROM tasks), (SELECT COUNT(*) FROM task_parts)") == [(0, 0)]


def test_tasks_and_runs_go_by_what_they_are_worth(store: Store, history: Any) -> None:
    cheap = history.run({"x": noise(1, 100_000)}, seconds=0.1)
    dear = history.run({"x": noise(2, 100_000)}, seconds=50.0)
    history.run({"x": b"1"})
    author = Author(store, history.notebook.id)
    author.task(1, content=noise(3, 100_000), seconds=1)
    author.task(2, content=noise(4, 100_000), seconds=100)
    order = [(100_000, [1, 2]), (100_000, [2]), (100_000, [2]), (100_000, [])]
    gone = []
    for freed, left in order:
        done = store.clean(store.bytes_on_disk() - freed + 2000)
        gone += [entry.checkpoint or entry.tasks for entry in done.evictions]
        assert author.here(1, 2) == left
    assert gone == [cheap.id, 1, dear.id, 1]
    assert store.doctor(deep=True) == []


def test_content_that_a_task_and_a_run_have_counts_once_and_stays_with_either(store: Store, history: Any) -> None:
    shared = noise(1, 100_000)
    author = Author(store, history.notebook.id)
    snapshot = author.task(1, content=shared)
    history.run({"y": b"1"})
    assert store.usage().notebooks[0].bytes == store.bytes_on_disk() < 101_000
    assert store.usage().tasks > 100_000
    with store.database.write() as connection:
        connection.execute("DELETE FROM tasks")
    assert store.usage().garbage == 100_000
    store.clean()
    assert not store.has(snapshot)


def test_a_notebooks_own_budget_counts_its_tasks(store: Store, notebook: Notebook) -> None:
    mine, others = Author(store, notebook.id, "a"), Author(store)
    for n in range(5):
        mine.task(n, content=noise(n, 50_000), seconds=n + 1)
        others.task(n + 10, content=noise(n + 10, 50_000), seconds=0.1)
    assert store.bytes_held(notebook) > 250_000
    notebook.set_budget(160_000)
    done = store.clean()
    assert done.after == store.bytes_on_disk()
    assert mine.here(*range(5)) == [2, 3, 4]
    assert others.here(*range(10, 15)) == [10, 11, 12, 13, 14]
    assert done.over == []
    assert {Path(entry.notebook).name for entry in done.evictions} == {"a.ipynb"}
    store.clean(1)
    assert mine.here(*range(5)) == others.here(*range(10, 15)) == []


def test_a_hundred_lines_tell_of_any_number(store: Store) -> None:
    author = Author(store)
    for start in range(0, 3000, 250):
        for n in range(start, start + 250):
            store.tasks.add(TaskRow((n, 0), author.place, b"", 1.0, b"record", noise(n, 100), ()))
        store.tasks.flush()
    done = store.clean(store.bytes_on_disk() // 2)
    assert len(done.evictions) <= 101
    assert 1400 < sum(entry.tasks for entry in done.evictions) < 1600
    assert done.after == store.bytes_on_disk() <= done.budget


def test_forgetting_a_notebook_forgets_its_tasks(store: Store, notebook: Notebook, tmp_path: Path) -> None:
    other = store.notebook(tmp_path / "b.ipynb")
    assert other is not None
    mine, others = Author(store, notebook.id, "cell-1"), Author(store, other.id, "cell-1")
    mine.task(1, row=b"secret row" * 20, part=b"secret part" * 20)
    secret = b"secret content" + noise(1, 90_000)
    mine.task(2, content=secret)
    mine.task(3, row=b"common row" * 20, part=b"common part" * 20)
    mine.task(4, content=noise(4, 90_000))
    others.task(5, content=secret[:5], part=b"common part" * 20)
    others.task(6, content=noise(4, 90_000))
    assert store.tasks.find((3, 0), others.place) is not None, "it answers there, too"
    store.tasks.flush()
    assert all(find(store.directory, word) for word in ("secret row", "secret part", "secret content"))
    planned = store.forget(notebook, preview=True)
    assert (planned.tasks, planned.bytes > 90_000) == (3, True)
    assert store.forget(notebook) == planned
    assert_gone(store.directory, "secret row", "secret part", "secret content", notebook.id)
    assert others.here(1, 2, 3, 4, 5, 6) == [3, 5, 6]
    assert store.doctor(deep=True) == []
    mine.task(7, row=b"secret row" * 20)
    assert mine.here(7) == [], "what a kernel of a forgotten notebook still had is not written"
    assert_gone(store.directory, "secret row")


def test_forgetting_a_cell_or_a_name_forgets_the_tasks_of_their_cells(store: Store, history: Any) -> None:
    history.run({"x": b"1"}, cell="cell-1")
    history.run({"y": b"2"}, cell="cell-2")
    history.run({"z": b"3"}, cell="cell-3")
    for n in (1, 2, 3):
        Author(store, history.notebook.id, f"cell-{n}").task(n, row=b"row %d" % n)
    author = Author(store)
    assert store.forget(history.notebook, cell="cell-1").tasks == 1
    assert author.here(1, 2, 3) == [2, 3]
    assert store.forget(history.notebook, name="y").tasks == 1
    assert author.here(1, 2, 3) == [3]
    assert store.doctor(deep=True) == []


def test_the_doctor_finds_damage_and_takes_it_away(store: Store, directory: Path) -> None:
    author = Author(store)
    for n in range(4):
        author.task(n, content=noise(n, 100_000), part=b"part")
    for n in range(4, 8):
        author.task(n, row=b"row")
    assert store.doctor(deep=True) == []
    blobs = sorted(store.layout.blobs.glob("??/*"))
    blobs[0].unlink()
    blobs[1].chmod(0o600)
    blobs[1].write_bytes(b"x" * blobs[1].stat().st_size)
    blobs[1].chmod(0o400)
    with store.database.write() as connection:
        connection.execute("UPDATE tasks SET record = record || x'00' WHERE slot = 5")
        connection.execute("UPDATE tasks SET data = 7 WHERE slot = 6")
        connection.execute("UPDATE task_places SET tasks = 99")
    found = [re.sub(r"[0-9a-f]{12,}|/\S+", "…", finding.what) for finding in store.doctor(deep=True)]
    assert [words.split(",")[0] for words in found] == [
        "2 records of tasks are damaged",
        "1 records of tasks are without what their tasks made",
        "1 records of tasks are without what their tasks made",
        "the sums of the tasks of 1 cells are not those of their records",
    ]
    assert all(finding.fixed for finding in store.doctor(deep=True, repair=True))
    assert store.doctor(deep=True) == []
    assert len(author.here(*range(8))) == 4
    assert store.database.read("SELECT tasks FROM task_places") == [(4,)]


def test_modes(store: Store, directory: Path) -> None:
    Author(store).task(1, content=noise(1, 100_000))
    modes = {path.name: path.stat().st_mode & 0o777 for path in directory.rglob("*")}
    assert {mode for name, mode in modes.items() if name.startswith("traces")} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in store.layout.blobs.glob("??/*")} == {0o400}


def test_a_task_whose_contents_are_kept_for_another_takes_no_room_of_its_own(store: Store, history: Any) -> None:
    author = Author(store)
    history.run({"x": noise(1, 100_000)})  # it stays: the head is there
    (version,) = history.notebook.state(history.head).values()
    with store.writing():
        store.tasks.add(TaskRow((1, 0), author.place, b"", 1.0, b"record", b"", (version.snapshot,)))
    store.tasks.flush()
    assert store.clean(1).evictions == []
    assert author.here(1) == [1]
    assert history.values(history.head) == {"x": noise(1, 100_000)}


def test_what_is_read_ahead_is_what_is_there(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store") as store, Store.open(tmp_path / "store") as other:
        author = Author(store)
        for n in range(1, 300):
            author.task(n, row=b"old %d" % n)
        assert author.here(*range(1, 300)) == list(range(1, 300))
        assert author.here(*range(299, 0, -1)) == list(range(299, 0, -1))

        def held(slot: int) -> bytes | None:
            found = store.tasks.find((slot, 0))
            return found.data if found else None

        # This process writes: what it has written is found at once.
        assert [held(n) for n in (1, 2, 3)] == [b"old 1", b"old 2", b"old 3"]
        author.task(4, row=b"new 4")
        assert held(4) == b"new 4"
        # Another one does: it is found a little later.
        assert [held(n) for n in (101, 102)] == [b"old 101", b"old 102"]
        Author(other).task(104, row=b"new 104")
        time.sleep(task_ahead.KEPT)
        assert [held(n) for n in (103, 104)] == [b"old 103", b"new 104"]
        assert [held(n) for n in (201, 202)] == [b"old 201", b"old 202"]
        store.clean(0)
        assert [held(n) for n in (203, 204)] == [None, None]


def test_rows_are_read_ahead_in_whatever_order_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "store") as store, Store.open(tmp_path / "store") as other:
        author = Author(store)
        for n in range(1, 600):
            store.tasks.add(TaskRow((n, 0), author.place, b"", 1.0, b"record", b"row", ()))
        store.tasks.flush()
        queries: list[str] = []
        read = store.tasks.database.read
        monkeypatch.setattr(store.tasks.database, "read", lambda sql, *rest: [queries.append(sql), read(sql, *rest)][1])
        scattered = [1 + n * 131 % 599 for n in range(598)]
        assert author.here(*scattered) == scattered
        assert sum("slot = ?" in sql for sql in queries) <= 2 * (task_ahead.ASKED + 8)
        # As long as nobody else writes, it stays good.
        time.sleep(task_ahead.KEPT)
        (left,) = set(range(1, 600)) - set(scattered)
        queries.clear()
        assert author.here(left) == [left]
        assert not any("slot = ?" in sql for sql in queries)
        Author(other).task(1000)
        time.sleep(task_ahead.KEPT)
        assert author.here(1000) == [1000]
