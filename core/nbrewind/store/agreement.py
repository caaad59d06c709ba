"""What a notebook's index says, and what the traces of its runs say, is the same.

They are in two databases, so a crash between two commits leaves them apart. The index is right.
"""

from __future__ import annotations

import time

from nbrewind.store.codec import decode_run
from nbrewind.store.database import Database
from nbrewind.store.traces import GRACE_SECONDS, Traces


class Agreement:
    """The index of one notebook, and the traces of its runs."""

    def __init__(self, notebook: str, index: Database, traces: Traces) -> None:
        """Compare the index of the notebook with this id."""
        self._notebook, self._index, self._traces = notebook, index, traces

    def truth(self) -> dict[str, bool]:
        """Return every run of the index, and whether it may answer."""
        rows = self._index.read(
            "SELECT r.id, r.provable AND NOT r.evicted AND EXISTS (SELECT 1 FROM checkpoints c "
            "WHERE c.run = r.id AND c.action = 'run' AND c.saved AND c.lost = '') FROM runs r ORDER BY r.number"
        )
        return {run: bool(answerable) for run, answerable in rows}

    def holds(self) -> bool:
        """Return whether the traces say what the index says."""
        return not any(self._differences())

    def _differences(self) -> tuple[list[str], dict[str, bool], list[str]]:
        """Return runs without a trace, runs whose trace says something else, and old traces without a run."""
        traces, truth = self._traces.of(self._notebook), self.truth()
        missing = [run for run in truth if run not in traces]
        wrong = {run: answers for run, answers in truth.items() if run in traces and traces[run].answerable != answers}
        limit = time.time() - GRACE_SECONDS
        extra = [run for run, trace in traces.items() if run not in truth and trace.recorded < limit]
        return missing, wrong, extra

    def restore(self) -> None:
        """Make the traces say what the index says."""
        if self.holds():
            return
        with self._traces.database.write() as connection:
            missing, wrong, extra = self._differences()
            answers = self.truth()
            for run in missing:
                (record,) = self._index.read("SELECT record FROM runs WHERE id = ?", (run,))[0]
                self._traces.insert(connection, decode_run(record), answerable=answers[run])
            for run, answerable in wrong.items():
                connection.execute("UPDATE traces SET answerable = ? WHERE run = ?", (answerable, run))
            connection.executemany("DELETE FROM traces WHERE run = ?", [(run,) for run in extra])
