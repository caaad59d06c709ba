"""The index of one notebook: runs, outputs, checkpoints, heads.

A run is committed in this order: its contents, source and trace (shared by all notebooks, not answering yet), then the
run with its checkpoint here. So whatever can be seen can be followed, and a crash in between leaves a trace without a
run, which never answers and is removed later. ``mark_saved`` goes the other way round: saved here, then answering.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nbrewind.model import CellAnalysis, Checkpoint, Run, Version
from nbrewind.store.agreement import Agreement
from nbrewind.store.codec import decode_delta, decode_outputs, decode_run, encode
from nbrewind.store.database import Connection, Database, Guard, Row
from nbrewind.store.layout import Layout
from nbrewind.store.registry import Entry
from nbrewind.store.rows import REMOVED, add_versions, advance, evict, follows, hold_not, lose, move
from nbrewind.store.schema import NOTEBOOK
from nbrewind.store.states import States
from nbrewind.store.task_logs import bytes_of_logs
from nbrewind.store.traces import Traces, provable
from nbrewind.store.types import ContentError, StoreError

_CHECKPOINT = "id, parent, session, cell, run, action, time, delta, label, keep, saved, lost, evicted, stored"


class Notebook:
    """The history of one notebook. Safe to use from several threads and processes."""

    id: str
    """The store's own identifier; a copy of the notebook has another."""
    path: str
    """Where the notebook was last seen: absolute, links resolved."""

    def __init__(self, entry: Entry, layout: Layout, traces: Traces, *, wal: bool = True) -> None:
        """Open a notebook's index; use ``Store.notebook`` instead."""
        self.id, self.path = entry
        self.database = Database(layout.index(entry.id), NOTEBOOK, wal=wal)
        self._traces = traces
        self._states = States(self.database)
        self._runs: list[Run] = []
        self._runs_number = 0
        self._forgotten = 0
        self._runs_lock = Guard(self.database.path)
        self.agreement = Agreement(self.id, self.database, traces)
        self.agreement.restore()

    def count_logs(self) -> None:
        """Say in the store how many bytes the logs of its tasks take, which have changed."""
        self._traces.count_logs(self.id, bytes_of_logs(self.database))

    # -- the two commits ----------------------------------------------------------------------------------------------

    def record(
        self,
        run: Run,
        checkpoint: Checkpoint,
        *,
        source: str,
        outputs: Sequence[Mapping[str, Any]] = (),
        analysis: CellAnalysis | None = None,
    ) -> None:
        """Commit a run and the checkpoint after it, not saved yet; move the session's head there.

        Raises:
            StoreError: nothing of the run was recorded.
        """
        self._check(checkpoint, run)
        data = encode(list(outputs))
        with self._traces.contents.lease.shared():
            self._traces.add(run, source, analysis)
            with self.database.write() as connection:
                connection.execute(
                    "INSERT INTO runs (id, cell, provable, record) VALUES (?, ?, ?, ?)",
                    (run.id, run.cell, provable(run), encode(run)),
                )
                connection.execute("INSERT INTO outputs VALUES (?, ?)", (run.id, data))
                self._add_checkpoint(connection, checkpoint, run.writes, run)
        self._states.follow(checkpoint)

    def mark_saved(self, checkpoint_id: str, *, added: int) -> None:
        """Say that all contents of a checkpoint are safely on disk (call ``Store.sync`` before); its run may answer.

        A checkpoint that was lost stays lost.

        Args:
            checkpoint_id: the checkpoint.
            added: bytes that saving it added to the store.
        """
        with self.database.write() as connection:
            rows = connection.execute(
                "SELECT run, action, lost, delta FROM checkpoints WHERE id = ?", (checkpoint_id,)
            ).fetchall()
            if not rows:
                raise self._unknown(checkpoint_id)
            run, action, lost, delta = rows[0]
            versions = self._states.versions(decode_delta(delta).values())
            gone = self._traces.contents.rows.missing(version.snapshot for version in versions if version.snapshot)
            if gone:  # taken over from an earlier version of which it was asked to forget the content meanwhile
                removed = [version.id for version in versions if version.snapshot in gone]
                evict(connection, removed, [run], [checkpoint_id], REMOVED)
            connection.execute(
                "UPDATE checkpoints SET saved = ?, stored = ? WHERE id = ?", (not lost, added, checkpoint_id)
            )
            sql = "SELECT 1 FROM runs WHERE id = ? AND provable AND NOT evicted"
            answers = not lost and action == "run" and bool(connection.execute(sql, (run,)).fetchall())
            advance(connection)
        self.database.flush()
        if answers:
            self._traces.set_answerable([run], True)
            if not self.database.read(sql, (run,)):  # evicted meanwhile by somebody who has said so before
                self._traces.set_answerable([run], False)

    def unsaved(self) -> list[tuple[str, list[Version]]]:
        """Return the recorded checkpoints that are neither saved nor lost, oldest first, with the versions they add."""
        rows = self.database.read("SELECT id, delta FROM checkpoints WHERE NOT saved AND lost = '' ORDER BY number")
        return [(checkpoint, self._states.versions(decode_delta(delta).values())) for checkpoint, delta in rows]

    def durable(self, run: str) -> bool:
        """Whether what a run made is known to be on disk: its own checkpoint is saved, or it may answer."""
        sql = "SELECT 1 FROM checkpoints WHERE run = ? AND action = 'run' AND saved"
        return bool(self.database.read(sql, (run,))) or self._traces.may_answer(run)

    def mark_lost(self, checkpoint_id: str, reason: str) -> None:
        """Say that a checkpoint's contents could not be saved: it and all that follows it leave the saved history."""
        below = self._below(checkpoint_id)
        if not below:
            raise self._unknown(checkpoint_id)
        runs = [run for _, run, action in below if action == "run"]
        self._traces.set_answerable(runs, False)
        with self.database.write() as connection:
            (delta,) = connection.execute("SELECT delta FROM checkpoints WHERE id = ?", (checkpoint_id,)).fetchone()
            connection.executemany(
                "INSERT OR IGNORE INTO lost VALUES (?)",
                [(version,) for version in decode_delta(delta).values() if version],
            )
            lose(connection, [checkpoint_id], reason)
            lose(connection, [below_id for below_id, _, _ in below[1:]], follows(checkpoint_id, reason))
            advance(connection)
        self._traces.set_answerable(runs, False)  # again: somebody who opened the index just now may have set it

    def _below(self, checkpoint_id: str) -> list[Row]:
        return self.database.read(
            "WITH RECURSIVE below (id) AS (VALUES (?) UNION SELECT c.id FROM checkpoints c JOIN below ON c.parent = "
            "below.id) SELECT c.id, c.run, c.action FROM below JOIN checkpoints c USING (id) ORDER BY c.number",
            (checkpoint_id,),
        )

    def add_checkpoint(self, checkpoint: Checkpoint, *, versions: Iterable[Version] = ()) -> None:
        """Commit a checkpoint that made no run (skip, load): it cites the run that answered. Moves the head.

        Args:
            checkpoint: its delta may name versions of this notebook, of the cited run, or of ``versions``.
            versions: versions that no run of this notebook made.
        """
        self._check(checkpoint)
        with self._traces.contents.lease.shared(), self.database.write() as connection:
            self._add_checkpoint(connection, checkpoint, tuple(versions), None)
        self._states.follow(checkpoint)

    def _add_checkpoint(
        self, connection: Connection, checkpoint: Checkpoint, versions: Sequence[Version], run: Run | None
    ) -> None:
        add_versions(connection, versions)
        self._need_versions(connection, checkpoint, {version.id for version in versions})
        gone = "" if run else self._cite(connection, checkpoint)
        lost, evicted = self._inherited(connection, checkpoint, run)
        connection.execute(
            f"INSERT INTO checkpoints ({_CHECKPOINT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                checkpoint.id, checkpoint.parent or None, checkpoint.session, checkpoint.cell, checkpoint.run,
                checkpoint.action, checkpoint.time, encode(checkpoint.delta), checkpoint.label, checkpoint.keep,
                False, checkpoint.lost or lost, gone or evicted, checkpoint.stored,
            ),
        )  # fmt: skip
        move(connection, checkpoint.session, checkpoint.id)
        advance(connection)

    def _check(self, checkpoint: Checkpoint, run: Run | None = None) -> None:
        if checkpoint.notebook != self.id or (run and run.notebook != self.id):
            raise StoreError(f"checkpoint {checkpoint.id} belongs to notebook {checkpoint.notebook}, not to {self.id}")

    def _need_versions(self, connection: Connection, checkpoint: Checkpoint, given: set[str]) -> None:
        wanted = set(checkpoint.delta.values()) - given - {""}
        if not wanted:
            return
        sql = "SELECT 1 FROM versions WHERE id = ?"
        wanted = {version for version in wanted if not connection.execute(sql, (version,)).fetchall()}
        if wanted:  # the run that answered is another notebook's
            cited = self._traces.run(checkpoint.run)
            theirs = [version for version in cited.writes if version.id in wanted] if cited else []
            add_versions(connection, theirs)
            wanted -= {version.id for version in theirs}
        if wanted:
            raise StoreError(
                f"checkpoint {checkpoint.id} names versions that are not recorded: {', '.join(sorted(wanted))}"
            )

    def _cite(self, connection: Connection, checkpoint: Checkpoint) -> str:
        """Hold the contents of versions made elsewhere. Returns why they are gone; empty if they are all there."""
        versions = [version for version in self._states.versions(checkpoint.delta.values()) if version.snapshot]
        gone = self._traces.contents.rows.missing(version.snapshot for version in versions)
        hold_not(connection, [version.id for version in versions if version.snapshot in gone])
        held = [(version.id,) for version in versions if version.snapshot not in gone]
        connection.executemany("DELETE FROM evicted WHERE version = ?", held)
        return REMOVED if gone else ""

    def _inherited(self, connection: Connection, checkpoint: Checkpoint, run: Run | None) -> tuple[str, str]:
        """Return why a checkpoint is lost, and evicted, from the start: it still holds what was, or was made from it.

        Made from it counts for what was lost only: what is evicted had been there.
        """
        rows = connection.execute("SELECT lost, evicted FROM checkpoints WHERE id = ?", (checkpoint.parent,)).fetchall()
        lost, evicted = rows[0] if rows else ("", "")
        if not lost and not evicted:
            return "", ""
        held = set({**self._states.keys(checkpoint.parent), **checkpoint.delta}.values())

        def holds(table: str) -> bool:
            return any(row[0] in held for row in connection.execute(f"SELECT version FROM {table}"))

        sql = "SELECT 1 FROM checkpoints WHERE run = ? AND action = 'run' AND lost != ''"
        makers = {used.run for used in run.inputs if used.run} if run and lost else set()
        is_lost = lost and (holds("lost") or any(connection.execute(sql, (made_by,)).fetchall() for made_by in makers))
        return (lost if is_lost else ""), (evicted if evicted and holds("evicted") else "")

    def _unknown(self, checkpoint_id: str) -> StoreError:
        return StoreError(f"there is no checkpoint {checkpoint_id} in the history of {self.path}")

    # -- outputs, labels, heads ---------------------------------------------------------------------------------------

    def set_outputs(self, run_id: str, outputs: Sequence[Mapping[str, Any]]) -> None:
        """Replace a run's outputs, once it is idle or when late ones came."""
        self._update("outputs SET data = ? WHERE run = ?", (encode(list(outputs)), run_id), f"run {run_id}")

    def messages(self, run_id: str) -> list[dict[str, Any]]:
        """Return what a run sent to be shown, in order; see `Store.messages`.

        Raises:
            ContentError: this notebook has no such run.
        """
        rows = self.database.read("SELECT data FROM outputs WHERE run = ?", (run_id,))
        if not rows:
            raise ContentError(f"the outputs of run {run_id} are missing from {self.database.path}")
        return decode_outputs(rows[0][0])

    def label(self, checkpoint_id: str, text: str) -> None:
        """Name a checkpoint; an empty text takes the name away."""
        self._update("checkpoints SET label = ? WHERE id = ?", (text, checkpoint_id), f"checkpoint {checkpoint_id}")

    def keep(self, checkpoint_id: str, keep: bool) -> None:
        """Say whether a checkpoint must never be evicted."""
        self._update("checkpoints SET keep = ? WHERE id = ?", (keep, checkpoint_id), f"checkpoint {checkpoint_id}")

    def _update(self, what: str, parameters: tuple[object, ...], name: str) -> None:
        with self.database.write() as connection:
            if not connection.execute("UPDATE " + what, parameters).rowcount:
                raise StoreError(f"there is no {name} in the history of {self.path}")
            advance(connection)

    @property
    def budget(self) -> int | None:
        """How many bytes the contents that this notebook holds may take; None: as many as the store's."""
        rows = self.database.read("SELECT value FROM meta WHERE key = 'budget'")
        return int(rows[0][0]) if rows else None

    def set_budget(self, size: int | None) -> None:
        """Set how many bytes the contents that this notebook holds may take; None: as many as the store's."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM meta WHERE key = 'budget'")
            if size is not None:
                connection.execute("INSERT INTO meta VALUES ('budget', ?)", (size,))
            advance(connection)

    def heads(self) -> dict[str, str]:
        """Return the checkpoint at which every kernel session is, by session."""
        return dict(self.database.read("SELECT session, checkpoint FROM heads ORDER BY time, session"))

    def stands(self, session: str) -> bool:
        """Whether a session has a head here: it has none any more once all records were forgotten."""
        return bool(self.database.read("SELECT 1 FROM heads WHERE session = ?", (session,)))

    def set_head(self, session: str, checkpoint_id: str) -> None:
        """Move a session's head, as a rewind does."""
        with self.database.write() as connection:
            if not connection.execute("SELECT 1 FROM checkpoints WHERE id = ?", (checkpoint_id,)).fetchall():
                raise self._unknown(checkpoint_id)
            move(connection, session, checkpoint_id)
            advance(connection)

    # -- reading ------------------------------------------------------------------------------------------------------

    def runs(self, cell: str | None = None) -> list[Run]:
        """Return the runs, of one cell or of all, oldest first."""
        with self._runs_lock:  # runs never change: only new ones are read, unless some were forgotten
            self._see_forgotten()
            for number, record in self.database.read(
                "SELECT number, record FROM runs WHERE number > ? ORDER BY number", (self._runs_number,)
            ):
                self._runs.append(decode_run(record))
                self._runs_number = number
            return [run for run in self._runs if cell is None or run.cell == cell]

    def _see_forgotten(self) -> None:
        """Remember nothing of what was read before something was forgotten."""
        forgotten = self.database.counter("forgotten")
        with self._runs_lock:
            if forgotten != self._forgotten:
                self._runs, self._runs_number, self._forgotten = [], 0, forgotten
                self._states.clear()

    def analysis(self, code: str) -> CellAnalysis | None:
        """Return what the kernel's Python said about some code."""
        return self._traces.analysis(code)

    def checkpoints(self) -> list[Checkpoint]:
        """Return all checkpoints, oldest first."""
        rows = self.database.read(f"SELECT {_CHECKPOINT} FROM checkpoints ORDER BY number")
        return [self._checkpoint(row) for row in rows]

    def checkpoint(self, checkpoint_id: str) -> Checkpoint | None:
        """Return one checkpoint."""
        rows = self.database.read(f"SELECT {_CHECKPOINT} FROM checkpoints WHERE id = ?", (checkpoint_id,))
        return self._checkpoint(rows[0]) if rows else None

    def _checkpoint(self, row: Row) -> Checkpoint:
        return Checkpoint(
            notebook=self.id, id=row[0], parent=row[1] or "", session=row[2], cell=row[3], run=row[4], action=row[5],
            time=row[6], delta=decode_delta(row[7]), label=row[8], keep=bool(row[9]), saved=bool(row[10]), lost=row[11],
            evicted=row[12], stored=row[13],
        )  # fmt: skip

    def state(self, checkpoint_id: str) -> dict[str, Version]:
        """Return the whole state at a checkpoint: key to version, all deltas applied. Empty for an empty id.

        Raises:
            StoreError: there is no such checkpoint.
        """
        self._see_forgotten()
        return self._states.state(checkpoint_id)

    def versions(self, ids: Iterable[str]) -> list[Version]:
        """Return versions by id.

        Raises:
            StoreError: the index has none of that id.
        """
        return self._states.versions(ids)

    def sequence(self) -> int:
        """Return a number that grows with every change."""
        return self.database.counter("sequence")

    # -- versions and their contents -----------------------------------------------------------------------------------

    def own(self, runs: Iterable[str]) -> list[str]:
        """Return those of some runs that are of this notebook."""
        return [row[0] for row in self.database.select("SELECT id FROM runs WHERE id IN", runs)]

    def saved_versions(self) -> Iterator[tuple[str, Version]]:
        """Yield every version that a saved checkpoint introduced and that is not evicted, with that checkpoint's id."""
        evicted = {row[0] for row in self.database.read("SELECT version FROM evicted")}
        for checkpoint, delta in self.database.read("SELECT id, delta FROM checkpoints WHERE saved ORDER BY number"):
            for version in self._states.versions(decode_delta(delta).values()):
                if version.id not in evicted:
                    yield checkpoint, version

    def mark_damaged(self, versions: Mapping[str, str]) -> None:
        """Take every checkpoint that holds a damaged version out of the saved history.

        Args:
            versions: version id to what is wrong with its content.
        """
        holding: dict[str, str] = {}
        runs = []
        for checkpoint in self.checkpoints():
            held = versions.keys() & self._states.keys(checkpoint.id).values()
            if held:
                holding[checkpoint.id] = versions[min(held)]
            if checkpoint.action == "run" and versions.keys() & checkpoint.delta.values():
                runs.append(checkpoint.run)
        self._traces.set_answerable(runs, False)
        with self.database.write() as connection:
            connection.executemany("INSERT OR IGNORE INTO lost VALUES (?)", [(version,) for version in versions])
            for checkpoint_id, reason in holding.items():
                lose(connection, [checkpoint_id], reason)
            advance(connection)
        self.agreement.restore()

    def close(self) -> None:
        """Close the index."""
        self.database.close()
