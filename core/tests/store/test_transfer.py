"""Records go from one store to another: what answered there answers here, verified, all or nothing, and only once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from nbrewind.model import Checkpoint, new_id
from nbrewind.store import Content, ContentError, Notebook, Store, StoreError
from nbrewind.store.adopt import LEFT_OUT, Adopted, adopt, facts_of
from nbrewind.store.manifest import Manifest, Piece, is_sound
from nbrewind.store.moved import Moved
from nbrewind.store.tasks import Place, TaskRow
from nbrewind.store.transfer import Slice, newest_head, tasks
from nbrewind.store.types import CHUNK_BYTES

BIG = Random(1).randbytes(CHUNK_BYTES + 77_777)


class Move:
    """A slice, ready to be adopted."""

    def __init__(self, store: Store, notebook: Notebook) -> None:
        self.slice = Slice(store, notebook, newest_head(notebook))
        self.records = list(self.slice.records())
        self.contents = [store.contents.rows.manifest(name) for name in self.slice.needed()]
        self.parts: dict[bytes, bytes] = {}
        for manifest in self.contents:
            for part in manifest.parts():
                self.parts[part.digest] = store.contents.part(part)

    def into(self, store: Store, path: Path, more: list[Moved] | None = None) -> Adopted:
        records = [*self.records, *(more or [])]
        read = lambda part: self.parts[part.digest]  # noqa: E731
        return adopt(store, str(path), ["cell-1"], lambda: records, self.contents, read, facts=b"facts")


@pytest.fixture
def other(tmp_path: Path):
    with Store.open(tmp_path / "other") as opened:
        yield opened


def values(store: Store, notebook: Notebook, checkpoint: str) -> dict[str, bytes]:
    return {
        key.removeprefix("var:"): store.get(version.snapshot).stream
        for key, version in notebook.state(checkpoint).items()
    }


def test_what_answered_there_answers_here(store, notebook, history, other, tmp_path):
    outputs = [{"output_type": "stream", "name": "stdout", "text": "\udc80 shown\n"}]
    first = history.run({"x": b"one", "y": BIG}, code="code:1", outputs=outputs)
    second = history.run({"x": b"two"}, code="code:2", source="x = 2")
    history.run(code="code:3", status="error")
    moved = Move(store, notebook).into(other, tmp_path / "b.ipynb")
    assert (moved.runs, moved.checkpoints, moved.added > len(BIG)) == (3, 3, True)
    there = other.candidates("code:1")
    assert [run.id for run in there] == [first.run] and there[0].notebook == moved.notebook.id != notebook.id
    assert other.outputs(first.run) == outputs and other.source(there[0].source) == "x = 1"
    assert other.candidates("code:3") == []
    assert values(other, moved.notebook, second.id) == {"x": b"two", "y": BIG}
    assert [run.number for run in moved.notebook.runs()] == [1, 2, 3]
    assert moved.notebook.heads() == notebook.heads()
    assert facts_of(moved.notebook) == b"facts" and facts_of(notebook) == b""
    assert other.doctor(deep=True) == [] and moved.notebook.agreement.holds()


def test_to_adopt_again_changes_nothing(store, notebook, history, other, tmp_path):
    history.run({"x": b"one"})
    move = Move(store, notebook)
    move.into(other, tmp_path / "b.ipynb")
    before = other.notebook(tmp_path / "b.ipynb").sequence()
    again = move.into(other, tmp_path / "b.ipynb")
    assert again[1:] == (0, 0, 0, 0) and again.notebook.sequence() == before


def test_there_and_back_the_records_are_the_same(store, notebook, history, other, tmp_path):
    history.run({"x": b"one", "y": BIG})
    history.run(removed=["x"], cell="cell-2", tasks=None)
    history.run({"z": b"three"})
    move = Move(store, notebook)
    again = Move(other, move.into(other, tmp_path / "b.ipynb").notebook)
    assert again.records == move.records and again.contents == move.contents
    assert list(again.slice.needed()) == list(move.slice.needed())


def test_a_branch_that_cites_runs_of_others_takes_these_along(store, notebook, history, other, tmp_path, new_history):
    first = history.run({"x": b"one"}, code="code:1")
    theirs = store.notebook(tmp_path / "c.ipynb", cells=["other"])
    made = new_history(store, theirs, "session-2").run({"y": b"two"}, cell="other", code="code:2")
    version = store.run(made.run).writes[0]
    cited = Checkpoint(
        id=new_id(), parent=first.id, notebook=notebook.id, session="session-3", cell="cell-2", run=made.run,
        action="load", time=first.time + 1, delta={"var:y": version.id},
    )  # fmt: skip
    notebook.add_checkpoint(cited)
    notebook.mark_saved(cited.id, added=0)
    moved = Move(store, notebook).into(other, tmp_path / "b.ipynb")
    assert values(other, moved.notebook, cited.id) == {"x": b"one", "y": b"two"}
    assert [run.id for run in other.candidates("code:2")] == [made.run]
    assert moved.notebook.heads() == {"session-3": cited.id}


def test_where_the_runs_are_already_they_are_cited(store, notebook, history, tmp_path):
    first = history.run({"x": b"one"}, code="code:1")
    move = Move(store, notebook)
    moved = move.into(store, tmp_path / "copy.ipynb")
    assert moved[1:3] == (0, 1) and moved.notebook.id != notebook.id
    assert [run.id for run in store.candidates("code:1")] == [first.run]
    assert moved.notebook.checkpoint(first.id).action == "skip"
    assert values(store, moved.notebook, first.id) == {"x": b"one"}
    assert store.doctor() == [] and moved.notebook.agreement.holds() and notebook.agreement.holds()
    again = Move(store, moved.notebook)
    assert again.records == move.records, "the run's own checkpoint is the one that counts"


def test_what_did_not_come_does_not_answer(store, notebook, history, other, tmp_path):
    first = history.run({"x": b"one"}, code="code:1")
    second = history.run({"y": b"two"}, code="code:2")
    move = Move(store, notebook)
    del move.contents[0]
    moved = move.into(other, tmp_path / "b.ipynb")
    assert other.candidates("code:1") == [] and len(other.candidates("code:2")) == 1
    assert moved.notebook.checkpoint(first.id).evicted == moved.notebook.checkpoint(second.id).evicted == LEFT_OUT
    assert other.doctor() == []
    again = Slice(other, moved.notebook, newest_head(moved.notebook))
    assert list(again.records()) == move.records


@pytest.mark.parametrize("data", [b"onX", b"on", b"", b"longer than it was"])
def test_a_part_that_is_another_is_refused_and_nothing_answers(store, notebook, history, other, tmp_path, data):
    history.run({"x": b"one"}, code="code:1")
    move = Move(store, notebook)
    move.parts = dict.fromkeys(move.parts, data)
    with pytest.raises(ContentError, match="does not have its digest"):
        move.into(other, tmp_path / "b.ipynb")
    assert other.candidates("code:1") == [] and other.notebook(tmp_path / "b.ipynb").runs() == []


@pytest.mark.parametrize(
    "break_it", [lambda records: records[1:], lambda records: records[2:], lambda r: r[:-1] + r[-3:-2]]
)
def test_records_that_do_not_belong_together_are_refused(store, notebook, history, other, tmp_path, break_it: Callable):
    history.run({"x": b"one"}, code="code:1")
    history.run({"y": b"two"}, code="code:2")
    move = Move(store, notebook)
    move.records = break_it(move.records)
    if move.records[-1] == move.records[-2]:
        pytest.skip("that is whole")
    try:
        move.into(other, tmp_path / "b.ipynb")
    except StoreError as error:
        assert "did not come along" in str(error)
        assert other.candidates("code:1") == other.candidates("code:2") == []
    assert other.doctor() == []


def test_a_crash_before_the_index_is_written_leaves_nothing_that_answers(
    store, notebook, history, other, tmp_path, monkeypatch
):
    history.run({"x": b"one"}, code="code:1")
    move = Move(store, notebook)
    monkeypatch.setattr("nbrewind.store.adopt._Writer.end", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        move.into(other, tmp_path / "b.ipynb")
    assert other.candidates("code:1") == [] and other.notebook(tmp_path / "b.ipynb").heads() == {}
    monkeypatch.undo()
    assert move.into(other, tmp_path / "b.ipynb").runs == 1
    assert len(other.candidates("code:1")) == 1 and other.doctor() == []


def test_records_of_tasks_come_along_but_never_over_others(store, notebook, history, other, tmp_path):
    history.run({"x": b"one"})
    held = store.put(Content(b"", [BIG], b"")).id
    store.tasks.add(TaskRow((7, 0), Place(notebook.id, "cell-1"), b"part", 1.5, b"record", b"data", (held,)))
    store.tasks.add(TaskRow((-8, 1), Place(notebook.id, "cell-1"), b"part", 1.0, b"mine", b"", ()))
    store.tasks.flush()
    found = list(tasks(store, [(7, 0), (-8, 1), (9, 9)]))
    assert [task.slot for task in found] == [(-8, 1), (7, 0)]
    move = Move(store, notebook)
    move.contents.append(store.contents.rows.manifest(held))
    for part in move.contents[-1].parts():
        move.parts[part.digest] = store.contents.part(part)
    other.tasks.add(TaskRow((-8, 1), Place(), b"part", 1.0, b"theirs", b"", ()))
    other.tasks.flush()
    assert move.into(other, tmp_path / "b.ipynb", found).tasks == 1
    assert other.tasks.find((7, 0)).record == b"record" and other.tasks.find((-8, 1)).record == b"theirs"
    assert list(tasks(other, [(7, 0)])) == found[1:] and other.doctor(deep=True) == []


def test_lists_of_parts_that_no_store_makes_are_refused(store):
    row = store.contents.rows.manifest(store.put(Content(b"s", [BIG], b"side")).id)
    big = row.pieces[-1]
    assert is_sound(row) and len(big.chunks) == 2
    wrong = [
        Manifest("file", row.pieces),
        Manifest("else", row.pieces),
        Manifest("value", row.pieces, 0),
        Manifest("value", row.pieces, 3),
        Manifest("value", ()),
        *(
            Manifest("value", (*row.pieces[:-1], piece))
            for piece in (
                Piece(big.digest, big.size),
                Piece(big.digest, -1),
                Piece(big.digest, 1 << 60, big.chunks),
                Piece(big.digest, big.size, big.chunks[:1]),
                Piece(big.digest, big.size, big.chunks[::-1]),
                Piece(big.digest[:5], big.size, big.chunks),
                Piece(big.digest, big.size, (b"x", b"y")),
                Piece(big.digest, 0),
            )
        ),
    ]
    assert not any(map(is_sound, wrong))
    for manifest in wrong:
        with pytest.raises(ContentError):
            store.contents.put_parts(manifest, lambda part: b"")
