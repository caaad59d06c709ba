"""Records from another store become a notebook's own: they answer, and are rewound to, as if they had been made here.

In this order: contents, each part verified before it is written; traces, which do not answer; then, in one transaction,
all runs and checkpoints of the notebook's index. So after a crash either all of it is there or only what nobody sees:
contents that nothing refers to, and traces without a run. To do it again adds what is missing and changes nothing else.

Nothing is unpickled, here or later, before a repeat or rewind loads it: who adopts records trusts them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from nbrewind.model import Checkpoint, Run
from nbrewind.store.codec import encode, encode_text
from nbrewind.store.database import Connection
from nbrewind.store.manifest import Manifest, Part
from nbrewind.store.moved import Moved, MovedCheckpoint, MovedRun, MovedTask
from nbrewind.store.rows import add_versions, advance, hold_not
from nbrewind.store.tasks import Place, TaskRow
from nbrewind.store.traces import Traces, provable
from nbrewind.store.types import Packed, StoreError

if TYPE_CHECKING:
    from nbrewind.store.notebook import Notebook
    from nbrewind.store.store import Store

LEFT_OUT = "its content was left out of the package that it came in"
"""Why contents are gone that never came."""


class Adopted(NamedTuple):
    """What came with a package."""

    notebook: Notebook
    runs: int
    """That were not in the store before."""
    checkpoints: int
    tasks: int
    added: int
    """Bytes of contents."""


def adopt(
    store: Store,
    path: str,
    cells: Collection[str],
    records: Callable[[], Iterable[Moved]],
    contents: Iterable[Manifest],
    read: Callable[[Part], bytes | Packed],
    *,
    facts: bytes = b"",
) -> Adopted:
    """Make records from elsewhere those of the notebook at ``path``.

    Args:
        store: where to.
        path: of the notebook; the file need not exist.
        cells: its cells' ids.
        records: gives them, as often as it is called, in the order of `nbrewind.store.transfer.Slice.records`.
        contents: what came along.
        read: returns a part of a content; it is verified.
        facts: kept with the index, for who exports the notebook again (`facts_of`).

    Raises:
        StoreError: something is damaged or does not belong together; nothing answers that did not before.
    """
    index = store.notebook(path, cells=cells)
    assert index is not None
    with store.writing():
        added = sum(store.contents.put_parts(manifest, read).added for manifest in contents)
        store.sync()
        elsewhere = _elsewhere(store, index, records())
        with store.database.write() as connection:
            for moved in records():
                if isinstance(moved, MovedRun) and moved.run.id not in elsewhere:
                    _add_trace(connection, replace(moved.run, notebook=index.id), moved)
        writer = _Writer(store, index, elsewhere)
        with index.database.write() as connection:
            for moved in records():
                writer.add(connection, moved)
            writer.end(connection, facts)
        index.database.flush()
        index.agreement.restore()
        tasks = _add_tasks(store, index, (moved for moved in records() if isinstance(moved, MovedTask)))
        store.sync()
    return Adopted(index, writer.runs, writer.checkpoints, tasks, added)


def facts_of(notebook: Notebook) -> bytes:
    """Return what came with a package beside its records; empty if nothing did."""
    rows = notebook.database.read("SELECT value FROM meta WHERE key = 'package'")
    return bytes(rows[0][0]) if rows else b""


def _elsewhere(store: Store, index: Notebook, records: Iterable[Moved]) -> set[str]:
    """Return the runs that the store has as another notebook's: they answer already."""
    wanted = [moved.run.id for moved in records if isinstance(moved, MovedRun)]
    found = store.database.select("SELECT run, notebook FROM traces WHERE run IN", wanted)
    return {run for run, notebook in found if notebook != index.id}


def _add_trace(connection: Connection, run: Run, moved: MovedRun) -> None:
    Traces.insert(connection, run, answerable=False)
    if moved.source is not None:
        connection.execute("INSERT OR IGNORE INTO sources VALUES (?, ?)", (run.source, encode_text(moved.source)))
    if moved.analysis is not None:
        connection.execute("INSERT OR IGNORE INTO analyses VALUES (?, ?)", (run.code, encode(moved.analysis)))


class _Writer:
    """Writes runs and checkpoints into a notebook's index, inside the caller's transaction."""

    def __init__(self, store: Store, index: Notebook, elsewhere: set[str]) -> None:
        self._store, self._index, self._elsewhere = store, index, elsewhere
        self.runs = self.checkpoints = 0
        self._gone: dict[str, dict[str, str]] = {}
        """By checkpoint, the keys of its state whose contents did not come, with the versions."""
        self._missing: set[str] = set()
        """Versions whose contents did not come."""

    def add(self, connection: Connection, moved: Moved) -> None:
        if isinstance(moved, MovedRun):
            self._add_run(connection, moved)
        elif isinstance(moved, MovedCheckpoint):
            self._add_checkpoint(connection, moved)

    def _add_run(self, connection: Connection, moved: MovedRun) -> None:
        run = replace(moved.run, notebook=self._index.id)
        wanted = {version.snapshot: version.id for version in run.writes if version.snapshot}
        gone = self._store.contents.rows.missing(wanted)
        self._missing.update(version.id for version in run.writes if version.snapshot in gone)
        add_versions(connection, run.writes)
        if run.id in self._elsewhere:
            return
        row = (run.id, run.cell, provable(run), encode(run), bool(gone))
        sql = "INSERT OR IGNORE INTO runs (id, cell, provable, record, evicted) VALUES (?, ?, ?, ?, ?)"
        if connection.execute(sql, row).rowcount:
            self.runs += 1
            connection.execute("INSERT OR IGNORE INTO outputs VALUES (?, ?)", (run.id, encode(moved.outputs)))

    def _add_checkpoint(self, connection: Connection, moved: MovedCheckpoint) -> None:
        checkpoint = moved.checkpoint
        add_versions(connection, moved.versions)
        snapshots = [version.snapshot for version in moved.versions if version.snapshot]
        gone = self._store.contents.rows.missing(snapshots)
        self._missing.update(version.id for version in moved.versions if version.snapshot in gone)
        self._check(connection, checkpoint)
        held = {key: name for key, name in self._gone.get(checkpoint.parent, {}).items() if key not in checkpoint.delta}
        held |= {key: name for key, name in checkpoint.delta.items() if name in self._missing}
        self._gone[checkpoint.id] = held
        action = "skip" if checkpoint.action == "run" and checkpoint.run in self._elsewhere else checkpoint.action
        row = (
            checkpoint.id, checkpoint.parent or None, checkpoint.session, checkpoint.cell, checkpoint.run, action,
            checkpoint.time, encode(checkpoint.delta), checkpoint.label, checkpoint.keep, checkpoint.saved,
            checkpoint.lost, checkpoint.stored, LEFT_OUT if held else "",
        )  # fmt: skip
        sql = (
            "INSERT OR IGNORE INTO checkpoints (id, parent, session, cell, run, action, time, delta, label, keep, "
            "saved, lost, stored, evicted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        self.checkpoints += connection.execute(sql, row).rowcount
        if moved.head:
            head = (checkpoint.session, checkpoint.id, checkpoint.time)
            connection.execute("INSERT OR IGNORE INTO heads VALUES (?, ?, ?)", head)

    def _check(self, connection: Connection, checkpoint: Checkpoint) -> None:
        """Refuse a checkpoint whose parent or versions are not there: what it would restore is not known."""
        if checkpoint.parent:
            sql = "SELECT 1 FROM checkpoints WHERE id = ?"
            if not connection.execute(sql, (checkpoint.parent,)).fetchall():
                raise StoreError(f"checkpoint {checkpoint.id} follows {checkpoint.parent}, which did not come along")
        for name in checkpoint.delta.values():
            if name and not connection.execute("SELECT 1 FROM versions WHERE id = ?", (name,)).fetchall():
                raise StoreError(f"checkpoint {checkpoint.id} names version {name}, which did not come along")

    def end(self, connection: Connection, facts: bytes) -> None:
        """Say what is not held, and that something has changed, if anything has."""
        if self.runs or self.checkpoints:
            hold_not(connection, sorted(self._missing))
            if facts:
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('package', ?)", (facts,))
            advance(connection)


def _add_tasks(store: Store, index: Notebook, tasks: Iterable[MovedTask]) -> int:
    """Write the records of tasks that the store does not have; return how many."""
    wanted = {task.slot: task for task in tasks}
    kept = store.tasks.kept(wanted)
    new = [task for slot, task in wanted.items() if slot not in kept]
    new = [task for task in new if not store.contents.rows.missing(task.contents)]
    for task in new:
        place = Place(index.id, task.cell)
        store.tasks.add(TaskRow(task.slot, place, task.part, task.seconds, task.record, task.data, task.contents))
    store.tasks.flush()
    return len(new)
