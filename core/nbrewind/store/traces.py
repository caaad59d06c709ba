"""What all notebooks share: the traces that may answer, source texts, analyses."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from nbrewind.model import CellAnalysis, Run
from nbrewind.store.codec import decode_run, decode_text, decoder, encode, encode_text
from nbrewind.store.content import Contents
from nbrewind.store.database import Connection, Database
from nbrewind.store.types import StoreError

decode_analysis = decoder(CellAnalysis)

GRACE_SECONDS = 60.0
"""A trace is written before the run that it belongs to; one without a run is a leftover once it is older than this."""


def provable(run: Run) -> bool:
    """Return whether a run may answer once it is saved: it succeeded, and its trace is complete."""
    return run.status == "ok" and not run.unknown


class Trace(NamedTuple):
    """What the traces say of one run."""

    answerable: bool
    recorded: float
    """When it was written, in seconds since the epoch."""


class Traces:
    """The tables ``traces``, ``sources`` and ``analyses``."""

    def __init__(self, database: Database, contents: Contents) -> None:
        """Use the tables of ``database``; contents put before a run are committed together with its trace."""
        self.database = database
        self.contents = contents

    def add(self, run: Run, source: str | None, analysis: CellAnalysis | None) -> None:
        """Write a run's trace, which does not answer yet, and everything that the run refers to.

        Raises:
            StoreError: the notebook was forgotten; nothing is written.
        """
        with self.database.write() as connection:
            if not connection.execute("SELECT 1 FROM notebooks WHERE id = ?", (run.notebook,)).fetchall():
                raise StoreError(f"the records of notebook {run.notebook} were forgotten")
            pending = self.contents.rows.take(connection)
            self.insert(connection, run, answerable=False)
            if source is not None:
                connection.execute("INSERT OR IGNORE INTO sources VALUES (?, ?)", (run.source, encode_text(source)))
            if analysis is not None:
                connection.execute("INSERT OR REPLACE INTO analyses VALUES (?, ?)", (analysis.code, encode(analysis)))
        self.contents.rows.taken(pending)

    def count_logs(self, notebook: str, size: int) -> None:
        """Take note of how many bytes the logs of a notebook's tasks take."""
        with self.database.write() as connection:
            connection.execute("UPDATE notebooks SET logs = ? WHERE id = ?", (size, notebook))

    @staticmethod
    def insert(connection: Connection, run: Run, *, answerable: bool) -> None:
        """Write the row of a run's trace, unless a first attempt to record the run has left it."""
        connection.execute(
            "INSERT OR IGNORE INTO traces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                run.id, run.notebook, run.cell, run.code, run.started, time.time(), run.status, answerable,
                encode(msgspec.structs.replace(run, tasks=None) if run.tasks else run),
            ),
        )  # fmt: skip

    def set_answerable(self, runs: Iterable[str], answerable: bool) -> None:
        """Say that runs may, or may no longer, stand for new ones."""
        with self.database.write() as connection:
            connection.executemany(
                "UPDATE traces SET answerable = ? WHERE run = ?", [(answerable, run) for run in runs]
            )

    def of(self, notebook: str) -> dict[str, Trace]:
        """Return the traces of a notebook, by run."""
        rows = self.database.read("SELECT run, answerable, recorded FROM traces WHERE notebook = ?", (notebook,))
        return {run: Trace(bool(answerable), recorded) for run, answerable, recorded in rows}

    def may_answer(self, run_id: str) -> bool:
        """Whether a run, of any notebook, may stand for a new one."""
        return bool(self.database.read("SELECT 1 FROM traces WHERE run = ? AND answerable", (run_id,)))

    def candidates(self, code: str, limit: int | None = None) -> list[Run]:
        """Return the runs of this code that may answer, newest first."""
        rows = self.database.read(
            "SELECT record FROM traces WHERE code = ? AND answerable ORDER BY started DESC, rowid DESC LIMIT ?",
            (code, -1 if limit is None else limit),
        )
        return [decode_run(row[0]) for row in rows]

    def run(self, run_id: str) -> Run | None:
        """Return a run of any notebook."""
        rows = self.database.read("SELECT record FROM traces WHERE run = ?", (run_id,))
        return decode_run(rows[0][0]) if rows else None

    def sources(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the texts of source digests, of those that are there."""
        rows = self.database.select("SELECT digest, text FROM sources WHERE digest IN", digests)
        return {digest: decode_text(text) for digest, text in rows}

    def analysis(self, code: str) -> CellAnalysis | None:
        """Return what the kernel's Python said about some code."""
        rows = self.database.read("SELECT record FROM analyses WHERE code = ?", (code,))
        return decode_analysis(rows[0][0]) if rows else None


def real_path(path: str | os.PathLike[str]) -> str:
    """Return the path by which the store knows a notebook: absolute, links resolved."""
    return os.path.realpath(os.path.expanduser(os.fspath(path)))
