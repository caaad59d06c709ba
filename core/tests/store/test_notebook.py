"""The index of one notebook: two commits per run, full states, heads, what is lost."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from nbrewind.model import CellAnalysis, Checkpoint, Input, Run, new_id
from nbrewind.store import Content, ContentError, Notebook, Store, StoreError


@pytest.mark.py311
def test_what_is_recorded_can_be_read_back(store: Store, notebook: Notebook, history: Any) -> None:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "hi\n"}, {"output_type": "error", "ename": "E"}]
    before = notebook.sequence()
    checkpoint = history.run({"x": b"1", "y": b"2"}, outputs=outputs, source="x = 1; y = 2", save=False)
    assert notebook.sequence() > before
    run = notebook.runs()[0]
    assert run.id == checkpoint.run
    assert store.run(run.id) == run
    assert notebook.runs("cell-1") == [run]
    assert notebook.runs("cell-2") == []
    assert store.outputs(run.id) == notebook.messages(run.id) == outputs
    assert store.source(run.source) == "x = 1; y = 2"
    assert notebook.analysis("code:1") == CellAnalysis(code="code:1")
    assert notebook.analysis("code:other") is store.source("src:other") is store.run("other") is None
    assert notebook.checkpoints() == [checkpoint]
    assert notebook.checkpoint(checkpoint.id) == checkpoint
    assert notebook.checkpoint("other") is None
    assert notebook.heads() == {"session-1": checkpoint.id}
    assert history.values(checkpoint.id) == {"x": b"1", "y": b"2"}


@pytest.mark.py311
def test_everything_is_there_after_reopening(directory: Path, tmp_path: Path, new_history: Any) -> None:
    with Store.open(directory) as store:
        history = new_history(store, store.notebook(tmp_path / "a.ipynb"))
        checkpoints = [history.run({f"x{number}": b"%d" % number}) for number in range(5)]
        saved, sequence, nonce = history.notebook.checkpoints(), history.notebook.sequence(), store.nonce
    assert [checkpoint.saved for checkpoint in saved] == [True] * 5
    with Store.open(directory) as store:
        assert store.nonce == nonce
        notebook = store.notebook(tmp_path / "a.ipynb")
        assert notebook is not None
        assert notebook.checkpoints() == saved
        assert notebook.sequence() == sequence
        assert [found.id for found in store.notebooks()] == [notebook.id]
        assert new_history(store, notebook).values(checkpoints[2].id) == {"x0": b"0", "x1": b"1", "x2": b"2"}


def test_state_applies_all_deltas_on_every_branch(history: Any, notebook: Notebook) -> None:
    first = history.run({"x": b"1", "y": b"1"})
    second = history.run({"x": b"2"}, removed=["y"])
    third = history.run({"y": b"3"})
    branch = history.run({"x": b"4"}, parent=first.id)
    assert notebook.state("") == {}
    assert history.values(second.id) == {"x": b"2"}
    assert history.values(third.id) == {"x": b"2", "y": b"3"}
    assert history.values(branch.id) == {"x": b"4", "y": b"1"}
    assert history.values(first.id) == {"x": b"1", "y": b"1"}
    with pytest.raises(StoreError, match="there is no checkpoint other"):
        notebook.state("other")


def test_a_returned_state_is_the_callers_own(history: Any, notebook: Notebook) -> None:
    checkpoint = history.run({"x": b"1"})
    notebook.state(checkpoint.id).clear()
    assert history.values(checkpoint.id) == {"x": b"1"}


def test_state_of_a_thousand_checkpoints(history: Any, store: Store, notebook: Notebook, tmp_path: Path) -> None:
    for number in range(1000):
        history.run({f"x{number % 50}": b"%d" % number}, save=False)
    expected = {f"x{number % 50}": b"%d" % number for number in range(1000)}
    assert history.values(history.head) == expected
    with Store.open(store.directory) as other:
        fresh = other.notebook(tmp_path / "a.ipynb")
        assert fresh is not None
        assert fresh.state(history.head) == notebook.state(history.head)
        assert len(fresh.runs()) == 1000


# -- who may answer ---------------------------------------------------------------------------------------------------


@pytest.mark.py311
def test_a_run_answers_once_it_is_saved(store: Store, notebook: Notebook, history: Any) -> None:
    checkpoint = history.run({"x": b"1"}, save=False)
    assert store.candidates("code:1") == []
    store.sync()
    notebook.mark_saved(checkpoint.id, added=12)
    assert [run.id for run in store.candidates("code:1")] == [checkpoint.run]
    found = notebook.checkpoint(checkpoint.id)
    assert found is not None and found.saved and found.stored == 12


@pytest.mark.parametrize("facts", [{"status": "error"}, {"status": "interrupted"}, {"unknown": ("a thread lives",)}])
def test_failed_and_unknown_runs_never_answer(store: Store, notebook: Notebook, history: Any, facts: Any) -> None:
    checkpoint = history.run({"x": b"1"}, **facts)
    found = notebook.checkpoint(checkpoint.id)
    assert found is not None and found.saved
    assert store.candidates("code:1") == []


def test_candidates_come_newest_first_from_any_notebook(store: Store, tmp_path: Path, new_history: Any) -> None:
    ids = {}
    for index, start in enumerate([30.0, 10.0, 20.0]):
        notebook = store.notebook(tmp_path / f"{index}.ipynb")
        ids[start] = new_history(store, notebook).run({"x": b"1"}, started=start).run
    new_history(store, store.notebook(tmp_path / "0.ipynb")).run({"x": b"1"}, code="code:2")
    assert [run.id for run in store.candidates("code:1")] == [ids[30.0], ids[20.0], ids[10.0]]
    assert [run.id for run in store.candidates("code:1", limit=1)] == [ids[30.0]]


def test_load_and_skip_cite_runs_and_make_none(store: Store, notebook: Notebook, history: Any) -> None:
    made = history.run({"x": b"1"}, save=False)
    cited = Checkpoint(
        id=new_id(), parent=made.id, notebook=notebook.id, session="session-2", cell="cell-1", run=made.run,
        action="load", time=time.time(), delta=made.delta,
    )  # fmt: skip
    notebook.add_checkpoint(cited)
    notebook.mark_saved(cited.id, added=0)
    assert store.candidates("code:1") == []  # the run itself is not saved by that
    assert notebook.checkpoint(cited.id) is not None
    assert len(notebook.runs()) == 1
    assert notebook.heads() == {"session-1": made.id, "session-2": cited.id}
    assert history.values(cited.id) == {"x": b"1"}


def test_a_load_takes_versions_of_another_notebook_along(store: Store, tmp_path: Path, new_history: Any) -> None:
    theirs = new_history(store, store.notebook(tmp_path / "theirs.ipynb")).run({"x": b"1"})
    mine = store.notebook(tmp_path / "mine.ipynb")
    assert mine is not None

    def cite(run: str, delta: dict[str, str]) -> Checkpoint:
        return Checkpoint(
            id=new_id(), notebook=mine.id, session="s", run=run, action="load", time=time.time(), delta=delta
        )

    checkpoint = cite(theirs.run, theirs.delta)
    mine.add_checkpoint(checkpoint)
    assert new_history(store, mine).values(checkpoint.id) == {"x": b"1"}
    with pytest.raises(StoreError, match="names versions that are not recorded: nobody"):
        mine.add_checkpoint(cite(theirs.run, {"var:y": "nobody"}))
    given = new_history(store, mine).version("y", b"2", "run")
    checkpoint = cite("", {"var:y": given.id})
    mine.add_checkpoint(checkpoint, versions=[given])
    assert mine.state(checkpoint.id) == {"var:y": given}


# -- what is lost -----------------------------------------------------------------------------------------------------


@pytest.mark.py311
def test_rule_14_descendants_are_lost_with_a_checkpoint(store: Store, notebook: Notebook, history: Any) -> None:
    first = history.run({"x": b"1"})
    second = history.run({"y": b"1"}, save=False)
    third = history.run({"z": b"1"})
    beside = history.run({"z": b"2"}, parent=first.id)
    notebook.mark_lost(second.id, "the disk is full")
    lost = {checkpoint.id: checkpoint.lost for checkpoint in notebook.checkpoints()}
    assert lost == {
        first.id: "",
        second.id: "the disk is full",
        third.id: f"follows checkpoint {second.id}, which was lost: the disk is full",
        beside.id: "",
    }
    assert [checkpoint.saved for checkpoint in notebook.checkpoints()] == [True, False, False, True]
    assert {run.id for run in store.candidates("code:1")} == {first.run, beside.run}
    notebook.mark_saved(second.id, added=1)
    assert {run.id for run in store.candidates("code:1")} == {first.run, beside.run}
    assert store.doctor() == []


def test_rule_14_a_later_checkpoint_is_lost_while_it_holds_what_was_lost(
    store: Store, notebook: Notebook, history: Any
) -> None:
    first = history.run({"x": b"1", "big": b"1"}, save=False)
    notebook.mark_lost(first.id, "the disk is full")
    holds = history.run({"y": b"2"})
    made_from_it = history.run({"x": b"3", "big": b"3"}, inputs=[Input(key="var:big", digest="b3:1", run=first.run)])
    free = history.run({"x": b"4", "big": b"4"})
    assert [checkpoint.saved for checkpoint in notebook.checkpoints()] == [False, False, False, True]
    assert holds.id and made_from_it.id
    assert [run.id for run in store.candidates("code:1")] == [free.run]


# -- outputs, labels, heads -------------------------------------------------------------------------------------------


def test_late_outputs(store: Store, notebook: Notebook, history: Any) -> None:
    run = history.run().run
    assert store.outputs(run) == []
    sequence = notebook.sequence()
    late = [{"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}}]
    notebook.set_outputs(run, late)
    assert store.outputs(run) == late
    assert notebook.sequence() == sequence + 1
    shown = {**late[0], "transient": {"display_id": "d"}}
    sent = [shown, {**shown, "output_type": "update_display_data"}]
    notebook.set_outputs(run, sent)
    assert (store.outputs(run), store.messages(run)) == (late, sent), "a notebook keeps no display ids, and no updates"
    with pytest.raises(StoreError, match="there is no run other"):
        notebook.set_outputs("other", [])
    with pytest.raises(ContentError, match="run other is not in the store"):
        store.outputs("other")


def test_labels_keep_and_heads(notebook: Notebook, history: Any) -> None:
    first, second = history.run(), history.run()
    notebook.label(first.id, "clean data")
    notebook.keep(first.id, True)
    found = notebook.checkpoint(first.id)
    assert found is not None and (found.label, found.keep) == ("clean data", True)
    notebook.keep(first.id, False)
    notebook.label(first.id, "")
    found = notebook.checkpoint(first.id)
    assert found is not None and (found.label, found.keep) == ("", False)
    assert notebook.heads() == {"session-1": second.id}
    notebook.set_head("session-1", first.id)
    assert notebook.heads() == {"session-1": first.id}
    for change in (notebook.label, notebook.keep):
        with pytest.raises(StoreError, match="there is no checkpoint other"):
            change("other", "x")  # type: ignore[arg-type]
    for call in (lambda: notebook.set_head("s", "other"), lambda: notebook.mark_saved("other", added=0)):
        with pytest.raises(StoreError, match="there is no checkpoint other"):
            call()
    with pytest.raises(StoreError, match="there is no checkpoint other"):
        notebook.mark_lost("other", "reason")


def test_rule_15_two_sessions_have_two_heads(store: Store, notebook: Notebook, new_history: Any) -> None:
    one, two = new_history(store, notebook, "one"), new_history(store, notebook, "two")
    one.run({"x": b"1"})
    two.run({"x": b"2"})
    one.run({"y": b"1"})
    assert notebook.heads() == {"two": two.head, "one": one.head}
    assert one.values(one.head) == {"x": b"1", "y": b"1"}
    assert two.values(two.head) == {"x": b"2"}


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_record_that_fails_leaves_nothing(store: Store, notebook: Notebook, history: Any) -> None:
    history.run({"x": b"1"})
    before = (notebook.checkpoints(), notebook.runs(), notebook.heads(), notebook.sequence())
    head = history.head
    with pytest.raises(StoreError):
        history.run({"x": b"2"}, parent="no such parent")
    assert (notebook.checkpoints(), notebook.runs(), notebook.heads(), notebook.sequence()) == before
    history.head = head
    history.run({"x": b"3"})
    assert store.doctor() == []


def test_a_record_that_failed_can_be_tried_again(store: Store, notebook: Notebook, history: Any) -> None:
    history.run({"x": b"1"})
    run = Run(id="r2", notebook=notebook.id, session="s", cell="", number=1, code="c", source="s", started=0.0)
    checkpoint = Checkpoint(id="c2", notebook=notebook.id, session="s", run="r2", time=0.0)
    outputs = [{"text": "x" * 1_000_000}]
    connection = notebook.database._own().connection
    connection.execute("PRAGMA max_page_count=40")
    with pytest.raises(StoreError, match="full"):
        notebook.record(run, checkpoint, source="", outputs=outputs)
    connection.execute("PRAGMA max_page_count=100000")
    notebook.record(run, checkpoint, source="", outputs=outputs)
    notebook.mark_saved("c2", added=0)
    assert store.outputs("r2") == outputs
    assert store.candidates("c") == [run]


def test_another_notebooks_run_is_refused(store: Store, notebook: Notebook) -> None:
    run = Run(id="r", notebook="other", session="s", cell="", number=1, code="c", source="s", started=0.0)
    checkpoint = Checkpoint(id="c", notebook="other", session="s", time=0.0)
    with pytest.raises(StoreError, match="belongs to notebook other"):
        notebook.record(run, checkpoint, source="", outputs=[], analysis=CellAnalysis(code="c"))


@pytest.mark.py311
def test_text_that_is_not_unicode_and_huge_integers_survive(store: Store, notebook: Notebook, history: Any) -> None:
    outputs = [{"output_type": "display_data", "data": {"application/json": {"n": 2**80, "s": "\udcff", "f": 0.5}}}]
    checkpoint = history.run({"x\udcff": b"1"}, source="s = '\ud800'", outputs=outputs, error="bad \udcff")
    assert store.outputs(checkpoint.run) == outputs
    run = store.run(checkpoint.run)
    assert run is not None and run.error == "bad \udcff"
    assert store.source(run.source) == "s = '\ud800'"
    assert notebook.state(checkpoint.id).keys() == {"var:x\udcff"}
    assert notebook.runs() == [run]


def test_threads_record_into_one_notebook(store: Store, notebook: Notebook, new_history: Any) -> None:
    failures: list[BaseException] = []

    def work(session: str) -> None:
        try:
            history = new_history(store, notebook, session)
            for number in range(20):
                history.run({"x": session.encode() + b"%d" % number})
                assert history.values(history.head) == {"x": session.encode() + b"%d" % number}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"s{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(notebook.runs()) == 80
    assert len(store.candidates("code:1")) == 80
    assert store.doctor(deep=True) == []


def test_contents_put_before_a_run_are_committed_with_it(store: Store, history: Any) -> None:
    stored = store.put(Content(b"small", [], b""))
    history.run(save=False)
    with Store.open(store.directory) as other:
        assert other.get(stored.id).stream == b"small"
