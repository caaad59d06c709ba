"""Usage, the choice of what goes, cleaning: contents of cheap runs go first, nothing that is needed ever does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from nbrewind.model import Checkpoint, Input
from nbrewind.store import Notebook, Store, StoreError
from nbrewind.store.usage import parse_size

KB = 1000


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def states(notebook: Notebook) -> dict[str, str]:
    return {
        checkpoint.id: "evicted" if checkpoint.evicted else "saved" if checkpoint.saved else "saving"
        for checkpoint in notebook.checkpoints()
    }


def answering(store: Store, code: str) -> list[str]:
    return [run.id for run in store.candidates(code)]


@pytest.mark.py311
def test_usage_counts_what_is_shared_once(store: Store, history: Any, tmp_path: Path, new_history: Any) -> None:
    history.run({"x": noise(1, 100 * KB)})
    history.run({"y": noise(1, 100 * KB), "z": noise(2, 50 * KB)}, cell="cell-2")
    other = store.notebook(tmp_path / "b.ipynb", cells=["other"])
    assert other is not None
    new_history(store, other).run({"z": noise(2, 50 * KB), "w": noise(3, 70 * KB)})
    store.notebook(tmp_path / "b.ipynb", cells=["other"])
    store.put(
        type(store.get(next(iter(history.notebook.state(history.head).values())).snapshot))(noise(4, 9000), [], b"")
    )
    found = store.usage()
    assert (found.bytes, found.garbage) == (229 * KB, 9 * KB)
    assert [(Path(each.path).name, each.bytes, each.own) for each in found.notebooks] == [
        ("a.ipynb", 150 * KB, 100 * KB),
        ("b.ipynb", 120 * KB, 70 * KB),
    ]
    assert (found.notebooks[0].checkpoints, found.notebooks[0].kept, found.notebooks[0].evicted) == (2, 0, 0)
    shares = store.shares(history.notebook)
    assert [(share.key, share.bytes, share.checkpoints) for share in shares.cells] == [
        ("cell-2", 150 * KB, 1),
        ("cell-1", 100 * KB, 1),
    ]
    assert [(share.key, share.bytes) for share in shares.names] == [("x", 100 * KB), ("y", 100 * KB), ("z", 50 * KB)]


def test_the_budget_is_that_of_the_environment_of_the_store_or_the_default(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.budget == 20 * 1024**3
    store.set_budget(5000)
    assert store.budget == store.usage().budget == store.info().budget == 5000
    monkeypatch.setenv("NBREWIND_BUDGET", "1.5 GB")
    assert store.budget == 1_500_000_000
    monkeypatch.setenv("NBREWIND_BUDGET", "much")
    with pytest.raises(StoreError, match="NBREWIND_BUDGET can't be used: 'much' is no size, as 500MB or 20GiB is"):
        store.usage()


def test_sizes_in_words() -> None:
    assert [parse_size(text) for text in ("12", "1k", "2 kB", "3MB", "1 GiB")] == [12, 1000, 2000, 3_000_000, 1024**3]
    for text in ("", "GB", "-1", "0", "1 XB"):
        with pytest.raises(ValueError, match="is no size"):
            parse_size(text)


@pytest.mark.py311
def test_what_is_cheapest_to_make_again_for_its_size_goes_first(store: Store, history: Any) -> None:
    cheap = history.run({"x": noise(1, 100 * KB)}, code="code:cheap", seconds=0.1)
    dear = history.run({"x": noise(2, 100 * KB)}, code="code:dear", seconds=9.0)
    large = history.run({"x": noise(3, 900 * KB)}, code="code:large", seconds=0.5)
    head = history.run({"x": noise(4, 100 * KB)}, code="code:head", seconds=0.0)
    planned = store.plan_cleanup(300 * KB)
    assert [entry.checkpoint for entry in planned.evictions] == [large.id]
    assert set(states(history.notebook).values()) == {"saved"}, "a preview changes nothing"
    done = store.clean(300 * KB)
    assert done == planned
    assert (done.before, done.after, done.evictions[0].bytes) == (1200 * KB, 300 * KB, 900 * KB)
    assert store.usage().bytes == 300 * KB
    assert [entry.checkpoint for entry in store.clean(200 * KB).evictions] == [cheap.id]
    assert states(history.notebook) == {cheap.id: "evicted", dear.id: "saved", large.id: "evicted", head.id: "saved"}
    assert not answering(store, "code:cheap") and not answering(store, "code:large")
    assert answering(store, "code:dear") and answering(store, "code:head")
    assert len(history.notebook.runs()) == 4, "records stay"
    assert store.clean(1).after == 100 * KB, "the head is never touched"
    assert history.values(head.id) == {"x": noise(4, 100 * KB)}
    assert store.doctor(deep=True) == []
    assert history.notebook.agreement.holds()


def test_each_eviction_makes_those_dearer_that_need_it(store: Store, history: Any) -> None:
    first = history.run({"x": noise(1, 100 * KB)}, seconds=1.0)
    used = Input(key="var:x", digest="b3:x", run=first.run)
    history.run({"y": noise(2, 90 * KB)}, seconds=1.0, inputs=[used])
    history.run({"z": noise(3, 80 * KB)}, seconds=1.2)
    history.run({}, removed=["x", "y", "z"])
    assert [entry.seconds for entry in store.plan_cleanup(100 * KB).evictions] == [1.0, 1.2]
    assert [entry.seconds for entry in store.plan_cleanup(1).evictions] == [1.0, 1.2, 2.0]


@pytest.mark.py311
def test_nothing_that_is_needed_goes(store: Store, history: Any) -> None:
    base = history.run({"x": noise(1, 100 * KB), "y": noise(2, 100 * KB)})
    kept = history.run({"y": noise(3, 100 * KB)})
    gone = history.run({"y": noise(4, 100 * KB)})
    history.run({}, removed=["x", "y"])
    unsaved = history.run({"w": noise(5, 100 * KB)}, save=False)
    history.run({}, removed=["w"])
    history.notebook.keep(kept.id, True)
    done = store.clean(1)
    assert {entry.checkpoint for entry in done.evictions} == {base.id, gone.id}
    assert history.values(kept.id) == {"x": noise(1, 100 * KB), "y": noise(3, 100 * KB)}
    store.sync()
    history.notebook.mark_saved(unsaved.id, added=0)
    assert history.values(unsaved.id) == {"w": noise(5, 100 * KB)}
    assert states(history.notebook)[base.id] == "evicted"
    assert states(history.notebook)[kept.id] == states(history.notebook)[unsaved.id] == "saved"
    assert store.doctor(deep=True) == []


def test_states_that_hold_what_went_say_so(store: Store, history: Any) -> None:
    base = history.run({"x": noise(1, 100 * KB)})
    after = history.run({"y": noise(2, 10 * KB)}, seconds=100.0)
    later = history.run({}, removed=["x"])
    done = store.clean(50 * KB)
    assert [entry.checkpoint for entry in done.evictions] == [base.id]
    assert states(history.notebook) == {base.id: "evicted", after.id: "evicted", later.id: "saved"}
    on_top = history.run({"z": b"1"}, parent=after.id)
    assert states(history.notebook)[on_top.id] == "evicted"
    assert "x" not in history.notebook.state(later.id)


def test_what_several_hold_goes_when_all_of_them_go(
    store: Store, history: Any, tmp_path: Path, new_history: Any
) -> None:
    other = new_history(store, store.notebook(tmp_path / "b.ipynb"))
    for author in (history, other):
        author.run({"x": noise(1, 100 * KB)})
        author.run({"x": noise(1, 100 * KB)})
        author.run({}, removed=["x"])
    done = store.clean(1)
    assert (done.after, len(done.evictions)) == (0, 4)
    assert sum(entry.bytes for entry in done.evictions) == 100 * KB


def test_what_frees_nothing_stays(store: Store, history: Any) -> None:
    twin = history.run({"x": noise(1, 100 * KB)}, seconds=0.1)
    history.run({"x": noise(1, 100 * KB)}, seconds=50.0)
    small = history.run({"x": noise(2, 60 * KB)}, seconds=1.0)
    history.run({}, removed=["x"])
    assert [entry.checkpoint for entry in store.clean(110 * KB).evictions] == [small.id]
    assert states(history.notebook)[twin.id] == "saved"


def test_changes_between_cells_go_last(store: Store, history: Any) -> None:
    outside = history.run({"x": noise(1, 500 * KB)}, cell="")
    made = history.run({"x": noise(2, 10 * KB)}, seconds=1000.0)
    history.run({}, removed=["x"])
    done = store.clean(1)
    assert [entry.checkpoint for entry in done.evictions] == [made.id, outside.id]
    assert done.evictions[1].reason == "no cell makes it again"


@pytest.mark.py311
def test_an_equal_run_later_is_there_again(store: Store, history: Any) -> None:
    history.run({"x": noise(1, 100 * KB)})
    history.run({}, removed=["x"])
    store.clean(1)
    assert store.usage().bytes == 0
    again = history.run({"x": noise(1, 100 * KB)})
    assert states(history.notebook)[again.id] == "saved"
    assert history.values(again.id) == {"x": noise(1, 100 * KB)}
    assert answering(store, "code:1") and answering(store, "code:1")[0] == again.run
    assert store.doctor(deep=True) == []


def test_only_garbage_goes_below_the_budget(store: Store, history: Any) -> None:
    history.run({"x": noise(1, 100 * KB)})
    history.run({}, removed=["x"])
    from nbrewind.store import Content

    store.put(Content(noise(2, 5 * KB), [noise(3, 70 * KB)], b""))
    store.sync()
    done = store.clean()
    assert (done.evictions, done.garbage, done.after) == ([], 75 * KB, 100 * KB)
    assert len(list((store.directory / "blobs").glob("*/*"))) == 1
    assert list((store.directory / "tmp").iterdir()) == []


@pytest.mark.py311
def test_heads_of_sessions_that_ended_long_ago_are_not_needed(store: Store, history: Any, new_history: Any) -> None:
    """But the newest head of each notebook is, however old: a new kernel may want to go on there."""
    old = history.run({"x": noise(1, 100 * KB)})
    later = new_history(store, history.notebook, "session-2")
    newest = later.run({"x": noise(2, 100 * KB)})
    assert store.plan_cleanup(1).evictions == []
    with history.notebook.database.write() as connection:
        connection.execute("UPDATE heads SET time = time - 8 * 24 * 3600")
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'sequence'")
    assert [entry.checkpoint for entry in store.clean(1).evictions] == [old.id]
    assert later.values(newest.id) == {"x": noise(2, 100 * KB)}


def test_a_loaded_run_whose_contents_went_says_so(store: Store, history: Any, tmp_path: Path) -> None:
    """Between the look at a record and the commit that cites it, its contents may go."""
    first = history.run({"x": noise(1, 100 * KB)})
    history.run({}, removed=["x"])
    (run, _) = history.notebook.runs()
    other = store.notebook(tmp_path / "b.ipynb")
    assert other is not None

    def cite(id_: str, parent: str = "") -> Any:
        checkpoint = Checkpoint(
            id=id_, parent=parent, notebook=other.id, session="s", cell="c", run=first.run, action="load", time=1.0,
            delta={version.key: version.id for version in run.writes},
        )  # fmt: skip
        other.add_checkpoint(checkpoint)
        return other.checkpoint(id_)

    assert cite("there").evicted == ""
    store.clean(1)
    assert not history.notebook.checkpoint(first.id).evicted, "nothing would be freed by that"
    assert store.get(run.writes[0].snapshot).stream == noise(1, 100 * KB)
    with other.database.write() as connection:
        connection.execute("DELETE FROM heads")
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'sequence'")
    store.clean(1)
    assert other.checkpoint("there").evicted and store.usage().bytes == 0
    assert cite("gone", "there").evicted
    assert store.doctor(deep=True) == []
    again = history.run({"x": noise(1, 100 * KB)})
    assert cite("again", "gone").evicted == again.evicted == "", "they are there again"
    store.clean(1)
    assert store.get(run.writes[0].snapshot).stream == noise(1, 100 * KB)


def test_on_a_network_file_system(directory: Path, monkeypatch: pytest.MonkeyPatch, new_history: Any) -> None:
    """Without the log's shared memory, and with no file's time to rely on."""
    monkeypatch.setattr("nbrewind.store.layout.filesystem_type", lambda path: "nfs4")
    with Store.open(directory) as store, Store.open(directory) as cleaner:
        assert not store.wal
        author = new_history(store, store.notebook(directory.parent / "a.ipynb"))
        for number in range(4):
            author.run({"x": noise(number, 100 * KB)}, source=f"text {number}")
            done = cleaner.clean(100 * KB)
            assert (done.after, len(done.evictions)) == (100 * KB, min(number, 1))
        assert author.values(author.head) == {"x": noise(3, 100 * KB)}
        (theirs,) = cleaner.notebooks()
        cleaner.forget(theirs)
        assert not [path for path in directory.rglob("*") if path.is_file() and b"text 2" in path.read_bytes()]


def test_a_cleaning_ends_in_time(store: Store, history: Any) -> None:
    for number in range(30):
        history.run({"x": noise(number, 100 * KB)}, save=False)
    store.sync()
    for checkpoint in history.notebook.checkpoints():
        history.notebook.mark_saved(checkpoint.id, added=0)
    done = store.clean(1, seconds=0.0)
    assert (done.evictions, done.after) == ([], done.before)
    assert store.clean(1).after == 100 * KB


def test_nothing_is_removed_where_it_is_not_known_what_is_needed(
    directory: Path, tmp_path: Path, new_history: Any
) -> None:
    with Store.open(directory) as store:
        author = new_history(store, store.notebook(tmp_path / "a.ipynb"))
        author.run({"x": noise(1, 100 * KB)})
        index = store.layout.index(author.notebook.id)
        other = new_history(store, store.notebook(tmp_path / "b.ipynb"))
        other.run({"x": noise(2, 100 * KB)})
        other.run({}, removed=["x"])
    data = index.read_bytes()
    index.write_bytes(b"no database" * 1000)
    with Store.open(directory) as store:
        with pytest.raises(StoreError, match="not a database"):
            store.clean(1)
        assert store.bytes_on_disk() == 200 * KB
    index.write_bytes(data)
    with Store.open(directory) as store:
        assert store.clean(1).after == 100 * KB
        assert store.doctor(deep=True) == []
