"""Logs of tasks are kept with the runs that made them, count in what a store holds, and go with the runs."""

from __future__ import annotations

from nbrewind.store.task_logs import SHARE, TaskLog, add_logs, logs_of

LOG = TaskLog(1, "transactions", b"".join(b"%d 7 TASK %d DONE SUCCESS\n" % (n * 7919, n) for n in range(2000)), 12)


def test_logs_are_read_back_in_order(store, history):
    history.run({"x": b"1"}, cell="c1")
    (run,) = history.notebook.runs("c1")
    more = LOG._replace(text=b"more\n", left_out=0)
    before = history.notebook.sequence()
    add_logs(history.notebook, run.id, [LOG])
    add_logs(history.notebook, run.id, [more])
    assert logs_of(history.notebook, run.id) == [LOG, more]
    assert history.notebook.sequence() > before


def test_they_count_and_go_when_their_cell_is_forgotten(store, history):
    for cell in ("c1", "c2"):
        history.run({cell: b"1"}, cell=cell)
    bare = store.usage()
    for cell in ("c1", "c2"):
        add_logs(history.notebook, history.notebook.runs(cell)[-1].id, [LOG])
    usage = store.usage()
    assert store.bytes_on_disk() == usage.bytes > bare.bytes
    assert usage.tasks - bare.tasks == usage.bytes - bare.bytes == usage.notebooks[0].bytes - bare.notebooks[0].bytes
    kept, gone = history.notebook.runs("c2")[-1].id, history.notebook.runs("c1")[-1].id
    preview = store.forget(history.notebook, cell="c1", preview=True)
    assert preview.bytes >= (usage.bytes - bare.bytes) // 2
    store.forget(history.notebook, cell="c1")
    assert logs_of(history.notebook, gone) == []
    assert logs_of(history.notebook, kept) == [LOG]
    assert store.bytes_on_disk() == store.usage().bytes
    store.forget(history.notebook, name="c2")
    assert logs_of(history.notebook, kept) == []
    assert store.bytes_on_disk() == store.usage().bytes


def test_beyond_their_part_of_the_budget_the_oldest_go(store, history):
    runs = []
    for cell in ("c1", "c2", "c3"):
        history.run({cell: b"1"}, cell=cell)
        runs.append(history.notebook.runs(cell)[-1].id)
        add_logs(history.notebook, runs[-1], [LOG])
    one = history.notebook.database.read("SELECT LENGTH(data) FROM logs LIMIT 1")[0][0]
    before = store.usage().bytes
    done = store.clean((2 * one + one // 2) * SHARE)
    assert [bool(logs_of(history.notebook, run)) for run in runs] == [False, True, True]
    assert (done.before, done.after) == (before, store.usage().bytes)
    assert done.after == store.bytes_on_disk()


def test_the_doctor_finds_damaged_ones(store, history):
    history.run({"x": b"1"}, cell="c1")
    (run,) = history.notebook.runs("c1")
    add_logs(history.notebook, run.id, [LOG, LOG])
    with history.notebook.database.write() as connection:
        connection.execute("UPDATE logs SET data = x'00' WHERE number = 1")
    assert logs_of(history.notebook, run.id) == [LOG]
    assert [finding.what for finding in store.doctor(repair=True)] == ["1 logs of tasks are damaged"]
    assert store.doctor() == []
