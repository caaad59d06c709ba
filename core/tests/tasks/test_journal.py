"""The journal of tasks, and the list of them in the record of a run."""

from __future__ import annotations

import time

import msgspec
import pytest
from tasks.calls import scale

from nbrewind.model import Checkpoint, Run, RunTasks, Version
from nbrewind.store import Store
from nbrewind.store.codec import decode_run, encode
from nbrewind.tasks import Keys, Memo, NoKey, Outcome, Place
from nbrewind.tasks.journal import UNSEEN, Journal
from nbrewind.tasks.listed import TaskEntry, pack, unpack
from nbrewind.tasks.records import parted

CELL = Place("", "c1")


@pytest.fixture
def memo(tmp_path):
    with Store.open(tmp_path / "store") as store:
        made = Memo(store)
        made.journal = Journal(made)
        made.begin(CELL)
        yield made


def keys(count, factor=2):
    def scaled(x):
        return x * factor

    made = Keys().key
    return [made(scaled, (number,), {}) for number in range(count)]


def submit(memo, key, **more):
    return memo.journal.submitted("c1", key, name="scaled", **more)


def test_what_was_packed_is_unpacked():
    entries = [
        TaskEntry(
            number=3, id=7, manager=1, name="f\udc80", category="big", key=b"k" * 12, near=b"near", occurrence=2,
            action="ran", reason="`f()` changed", note="no", began=1.25, seconds=0.0314, host="h",
        ),
        TaskEntry(number=4),
        TaskEntry(number=5, action="failed", key=b"l" * 12, near=b"\xff\0\0\1"),
        TaskEntry(number=1, action="ran", late=True),
    ]  # fmt: skip
    tasks = pack(entries, {"ran": 10})
    assert (tasks.answered, tasks.ran, tasks.failed, tasks.waiting) == (0, 11, 1, 1)
    entries[0] = msgspec.structs.replace(entries[0], name="f?")
    assert unpack(tasks) == entries


def test_of_what_was_forgotten_or_is_damaged_there_is_no_list():
    assert unpack(None) == unpack(RunTasks(ran=3)) == unpack(RunTasks(ran=3, rows=b"what?")) == []


def test_a_record_that_messagepack_has_no_form_for_keeps_its_tasks():
    tasks = pack([TaskEntry(number=1, name="f")], {})
    run = {"id": "r", "notebook": "n", "session": "s", "cell": "\udc80", "number": 1, "code": "", "source": ""}
    assert decode_run(encode({**run, "started": 0.0, "tasks": tasks})).tasks == tasks


def test_two_thousand_tasks_are_small():
    entries = [
        TaskEntry(
            number=n, id=n, manager=1, name="tile", key=(n * 7**20).to_bytes(20, "big")[-12:], near=b"abcd",
            action="ran", reason="`tile()` changed", began=n / 100, seconds=0.3 + n % 7 / 1000, host="node",
        )
        for n in range(2000)
    ]  # fmt: skip
    assert len(pack(entries, {}).rows) < 60_000


def test_a_runs_tasks_find_their_records(memo):
    for key in keys(3):
        tracked = submit(memo, key)
        memo.record(key, Outcome(b"2", started=1.0, finished=2.0, host="h"))
        memo.journal.ended(tracked, "ran", began=time.time(), seconds=1.0, host="h")
    memo.flush()
    entries = unpack(memo.journal.take())
    assert [one.action for one in entries] == ["ran"] * 3
    assert {one.reason for one in entries} == {"nothing like it is recorded"}
    for one, key in zip(entries, keys(3), strict=True):
        assert one.slot == (parted(key).slot, 0)
        assert memo.store.tasks.find(one.slot) is not None


def test_reasons_say_what_changed(memo):
    for key in keys(2):
        memo.record(key, Outcome(b"2"))
    memo.flush()
    for key in keys(2, factor=3):
        submit(memo, key)
    submit(memo, NoKey("it can't be followed"))
    submit(memo, keys(1)[0], answered=(0.5, "h"))
    entries = unpack(memo.journal.take())
    assert [one.reason for one in entries[2:]] == ["it can't be followed", ""]
    assert all("factor" in one.reason for one in entries[:2]), entries
    assert (entries[3].action, entries[3].seconds, entries[3].host) == ("answered", 0.5, "h")


def test_looking_for_reasons_ends_when_it_takes_too_long(memo, monkeypatch):
    def slow(key, occurrence=0):
        end = time.thread_time() + 0.06
        while time.thread_time() < end:
            pass
        return ["something"]

    monkeypatch.setattr(memo, "why", slow)
    for key in keys(4):
        submit(memo, key)
    assert [one.reason for one in unpack(memo.journal.take())] == ["something", "something", UNSEEN, UNSEEN]


def test_a_task_that_ends_in_a_later_run_is_told_of_there(memo):
    tracked = submit(memo, keys(1)[0])
    assert [one.action for one in unpack(memo.journal.take())] == ["waiting"]
    memo.begin(Place("", "c2"))
    memo.journal.ended(tracked, "ran", began=time.time(), seconds=2.0, host="h")
    memo.journal.ended(tracked, "failed")  # it ends once
    taken = memo.journal.take()
    assert (taken.ran, taken.waiting) == (0, 0)
    [late] = unpack(taken)
    assert (late.number, late.action, late.late, late.seconds, late.name) == (1, "ran", True, 2.0, "")
    assert memo.journal.take() is None


def test_how_tasks_stand(memo):
    told = []
    memo.journal.changed = lambda: told.append(1)
    some = [submit(memo, key) for key in keys(4)]
    some[0].is_running = True
    memo.journal.ended(some[3], "failed", note="it raised ValueError")
    standing = memo.journal.standing()
    assert dict(standing.cells["c1"].counts) == {"waiting": 3, "failed": 1}
    assert (standing.running, standing.samples[-1][1], len(told)) == ({"c1": 1}, 1, 5)
    memo.begin(CELL)  # the cell runs again: those of before are nobody's
    assert memo.journal.standing().cells["c1"].counts == {}
    memo.journal.ended(some[0], "ran")
    assert memo.journal.standing().cells["c1"].counts == {}


def test_more_tasks_than_are_listed_are_counted(memo, monkeypatch):
    monkeypatch.setattr("nbrewind.tasks.journal.MOST", 2)
    for key in keys(5):
        submit(memo, key, answered=(0.0, ""))
    taken = memo.journal.take()
    assert (taken.answered, len(unpack(taken))) == (5, 2)


def test_calls_of_an_executor_are_told_of(memo):
    from concurrent.futures import ThreadPoolExecutor

    from nbrewind.tasks import MemoExecutor

    with MemoExecutor(ThreadPoolExecutor(1), memo=memo) as executor:
        assert [executor.submit(scale, 2).result() for _ in range(2)] == [6, 6]
        with pytest.raises(TypeError):
            executor.submit(scale, None).result()
        executor.submit(print, end="").result()
    entries = unpack(memo.journal.take())
    assert [(one.name, one.action) for one in entries] == [
        ("scale", "ran"), ("scale", "answered"), ("scale", "failed"), ("print", "ran"),
    ]  # fmt: skip
    assert entries[2].note == "it raised TypeError"
    assert entries[3].reason


def recorded(store, cell="c1"):
    """Record a run of a cell with a task and a variable; return the notebook."""
    notebook = store.notebook("book.ipynb")
    place = Place(notebook.id, cell)
    memo = Memo(store, place=place)
    memo.journal = Journal(memo)
    memo.begin(place)
    [key] = keys(1)
    tracked = memo.journal.submitted(cell, key, name="scaled")
    memo.record(key, Outcome(b"2" * 100))
    memo.flush()
    memo.journal.ended(tracked, "ran")
    version = Version(id="v1", key="var:x", run="r1", digest="b3:1", preview="a value")
    run = Run(
        id="r1", notebook=notebook.id, session="s", cell=cell, number=1, code="c", source="src:1", started=1.0,
        writes=(version,), tasks=memo.journal.take(),
    )  # fmt: skip
    point = Checkpoint(id="p1", notebook=notebook.id, session="s", cell=cell, run="r1", time=2.0, delta={"var:x": "v1"})
    notebook.record(run, point, source="x = 1")
    notebook.mark_saved("p1", added=0)
    return notebook


def test_the_trace_of_a_run_tells_nothing_of_tasks(tmp_path):
    with Store.open(tmp_path / "store") as store:
        notebook = recorded(store)
        [run] = notebook.runs()
        assert (run.tasks.ran, store.run("r1")) == (1, msgspec.structs.replace(run, tasks=None))
        assert store.doctor(deep=True) == []
        [share] = store.shares(notebook).cells
        assert (share.key, share.tasks, share.bytes > 100, share.checkpoints) == ("c1", 1, True, 0)


def test_what_is_said_of_tasks_is_forgotten_with_a_value(tmp_path):
    with Store.open(tmp_path / "store") as store:
        notebook = recorded(store)
        assert store.forget(notebook, name="x").tasks == 1
        [run] = notebook.runs()
        assert (run.tasks.ran, unpack(run.tasks)) == (1, [])
        assert store.doctor(deep=True) == []
        assert store.shares(notebook).cells == []
