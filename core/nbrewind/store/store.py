"""The store: one directory, one object that opens it, everything else reached from here."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nbrewind.model import Run
from nbrewind.store import layout, usage
from nbrewind.store.codec import in_notebook
from nbrewind.store.content import Contents
from nbrewind.store.database import Database, Guard
from nbrewind.store.lease import Lease, Shared
from nbrewind.store.ledger import Ledger
from nbrewind.store.notebook import Notebook
from nbrewind.store.registry import Entry, Registry
from nbrewind.store.schema import TRACES
from nbrewind.store.tasks import Tasks
from nbrewind.store.traces import Traces
from nbrewind.store.types import Content, ContentError, Finding, NotebookBudget, Opened, Stored, StoreInfo
from nbrewind.store.usage import Shares, Usage

if TYPE_CHECKING:
    from nbrewind.store.evict import Cleanup
    from nbrewind.store.forget import Forgotten


class Store:
    """All records and contents of a user. Safe to use from several threads and processes, not across a fork."""

    directory: Path
    """Where the store is."""
    nonce: str
    """Made with the store: two processes that read the same one see the same store."""

    def __init__(self, place: layout.Layout) -> None:
        """Open the databases of a prepared directory; use ``Store.open`` instead."""
        self.directory = place.directory
        self.layout = place
        self.wal = not layout.is_network(layout.filesystem_type(place.directory))
        self.database = Database(place.traces, TRACES, wal=self.wal)
        self.lease = Lease(place.lease)
        self.contents = Contents(place, self.database, self.lease)
        self.traces = Traces(self.database, self.contents)
        self.tasks = Tasks(self.database, self.contents)
        self.registry = Registry(self.database)
        self._notebooks: dict[str, Notebook] = {}
        self._lock = Guard(place.directory)
        self._ledger = Ledger(self)
        self._ledger_lock = Guard(place.directory)
        self.nonce = self._make_nonce()
        self.contents.blobs.clean()

    @classmethod
    def open(cls, directory: str | os.PathLike[str] | None = None, *, create: bool = True) -> Store:
        """Open a store.

        Args:
            directory: default ``$NBREWIND_STORE``, else ``nbrewind`` under Jupyter's data directory.
            create: make it if it is not there.

        Raises:
            StoreError: missing, not writable, damaged, or written by a newer version; one line says what to do.
        """
        chosen = Path(directory).expanduser() if directory is not None else layout.default_directory()
        place = layout.Layout(Path(os.path.abspath(chosen)))
        layout.prepare(place, create=create)
        return cls(place)

    def _make_nonce(self) -> str:
        sql = "SELECT value FROM meta WHERE key = 'nonce'"
        rows = self.database.read(sql)
        if not rows:
            with self.database.write() as connection:
                connection.execute("INSERT OR IGNORE INTO meta VALUES ('nonce', ?)", (os.urandom(16).hex(),))
            rows = self.database.read(sql)
        return str(rows[0][0])

    def close(self) -> None:
        """Commit what is buffered and close all connections; other threads are refused from then on."""
        try:
            self.tasks.close()
            self.contents.rows.write()
        finally:
            with self._lock:
                for notebook in self._notebooks.values():
                    notebook.close()
                self._notebooks.clear()
            self.database.close()
            self.lease.close()

    def __enter__(self) -> Store:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    # -- notebooks and traces -----------------------------------------------------------------------------------------

    def notebook(
        self, path: str | os.PathLike[str], *, cells: Collection[str] = (), create: bool = True
    ) -> Notebook | None:
        """Return the notebook at a path; a renamed one keeps its history, a copy starts its own.

        Args:
            path: links are resolved; the file need not exist.
            cells: ids of its cells, by which renames and copies are told apart.
            create: start a history if there is none; otherwise return ``None``.
        """
        entry = self.registry.find(path, cells, create=create)
        return self.open_notebook(entry) if entry else None

    def notebooks(self) -> list[Notebook]:
        """Return all notebooks, oldest first."""
        return [self.open_notebook(entry) for entry in self.registry.all()]

    def open_notebook(self, entry: Entry) -> Notebook:
        """Return the notebook of a registry entry; one object per notebook."""
        with self._lock:
            notebook = self._notebooks.get(entry.id)
            if notebook is None:
                notebook = self._notebooks[entry.id] = Notebook(entry, self.layout, self.traces, wal=self.wal)
            notebook.path = entry.path
            return notebook

    def drop(self, notebook: Notebook) -> None:
        """Let go of a notebook that was forgotten, and remove its index; other threads may be reading it."""
        with self._lock:
            self._notebooks.pop(notebook.id, None)
        notebook.database.retire()
        notebook.database.remove()

    def peek_notebook(self, entry: Entry) -> Notebook:
        """Return the notebook of a registry entry, with no connection to it left open that was not."""
        known = entry.id in self._notebooks
        notebook = self.open_notebook(entry)
        if not known:
            notebook.database.release()
        return notebook

    def candidates(self, code: str, *, limit: int | None = None) -> list[Run]:
        """Return the runs of this code that may answer, newest first: ok, provable, saved; of any notebook."""
        return self.traces.candidates(code, limit)

    def run(self, run_id: str) -> Run | None:
        """Return a run of any notebook."""
        return self.traces.run(run_id)

    def outputs(self, run_id: str) -> list[dict[str, Any]]:
        """Return a run's outputs in nbformat's form, in order.

        Raises:
            ContentError: the store has no such run, or not its outputs.
        """
        return in_notebook(self.messages(run_id))

    def messages(self, run_id: str) -> list[dict[str, Any]]:
        """Return what a run sent to be shown: its outputs with their display ids, and updates of other cells' displays.

        Raises:
            ContentError: the store has no such run, or not its outputs.
        """
        run = self.traces.run(run_id)
        entry = self.registry.get(run.notebook) if run else None
        if entry is None:
            raise ContentError(f"run {run_id} is not in the store at {self.directory}")
        return self.open_notebook(entry).messages(run_id)

    def source(self, digest: str) -> str | None:
        """Return the text of a source digest."""
        return self.sources([digest]).get(digest)

    def sources(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the texts of source digests, of those that are there."""
        return self.traces.sources(digests)

    # -- contents -----------------------------------------------------------------------------------------------------

    def writing(self) -> Shared:
        """Return a context in which nothing is removed: from a put, or a load, to the commit that refers to it."""
        return self.lease.shared()

    def put(self, content: Content) -> Stored:
        """Store a value's content; equal contents are stored once. Durable after ``sync``."""
        return self.contents.put(content)

    def get(self, snapshot: str) -> Content:
        """Return a value's content in memory of its own, verified.

        Raises:
            ContentError: missing or damaged.
        """
        return self.contents.fetch(snapshot).read()

    def fetch(self, snapshot: str) -> Opened:
        """Return a value's content, of which large buffers are read, and verified, by whoever takes them.

        Raises:
            ContentError: missing or damaged.
        """
        return self.contents.fetch(snapshot)

    def put_file(self, path: str | os.PathLike[str]) -> Stored:
        """Store a file's content, never wholly in memory. Durable after ``sync``."""
        return self.contents.put_file(path)

    def get_file(self, snapshot: str, path: str | os.PathLike[str]) -> None:
        """Write a stored file's content to a path, which changes only once all is verified."""
        self.contents.get_file(snapshot, path)

    def holds_file(self, path: str | os.PathLike[str]) -> bool:
        """Return whether what lies at ``path`` is stored as a file: nothing is lost if it is overwritten."""
        return self.contents.holds_file(path)

    def has(self, snapshot: str) -> bool:
        """Return whether a snapshot is here, with all its parts."""
        return self.contents.has(snapshot)

    def sync(self) -> None:
        """Return when everything put so far is safely on disk."""
        self.contents.sync()

    def recover(self, notebook: Notebook, checkpoints: Collection[str] = ()) -> int:
        """Save what was recorded by kernels that ended before they could; return how many checkpoints.

        Their contents were written before they were recorded: they are read, verified and flushed, but for those of
        runs whose own checkpoints are saved. One whose contents are not all there is lost. ``checkpoints``: only these;
        so those are saved that took over what runs before them had made.
        """
        found = []
        for checkpoint, versions in notebook.unsaved():
            if checkpoints and checkpoint not in checkpoints:
                continue
            made = {version.snapshot: version.run for version in versions if version.snapshot}
            try:
                for snapshot, run in made.items():
                    if not notebook.durable(run):
                        self.contents.adopt(snapshot)
            except ContentError as error:
                notebook.mark_lost(checkpoint, f"the kernel ended before it was saved: {error}")
            else:
                found.append(checkpoint)
        if found:
            self.sync()
        for checkpoint in found:
            notebook.mark_saved(checkpoint, added=0)
        return len(found)

    def note(self, key: str) -> str:
        """Return what was noted under a key with `set_note`; empty if nothing was."""
        rows = self.database.read("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def set_note(self, key: str, text: str) -> None:
        """Keep a text with the store."""
        with self.database.write() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, text))
        self.database.flush()

    # -- care ---------------------------------------------------------------------------------------------------------

    def info(self) -> StoreInfo:
        """Return where the store is and how much it holds."""
        read = self.database.read
        found = self.usage()
        blobs, blob_bytes = read("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM blobs")[0]
        tasks, task_bytes = read("SELECT COALESCE(SUM(tasks), 0), COALESCE(SUM(bytes), 0) FROM task_places")[0]
        indexes = self.notebooks()
        return StoreInfo(
            directory=str(self.directory),
            nonce=self.nonce,
            schema=self.database.schema(),
            notebooks=len(indexes),
            runs=sum(index.database.read("SELECT COUNT(*) FROM runs")[0][0] for index in indexes),
            checkpoints=sum(index.database.read("SELECT COUNT(*) FROM checkpoints")[0][0] for index in indexes),
            row_bytes=read("SELECT COALESCE(SUM(LENGTH(data)), 0) FROM contents")[0][0],
            blob_bytes=blob_bytes,
            blobs=blobs,
            tasks=tasks,
            task_bytes=task_bytes,
            budget=found.budget,
            garbage=found.garbage,
            notebook_budgets=[
                NotebookBudget(notebook=each.path, bytes=each.bytes, budget=each.budget)
                for each in found.notebooks
                if each.budget
            ],
        )

    @property
    def budget(self) -> int:
        """How many bytes the contents may take: ``$NBREWIND_BUDGET``, else what was set, else the default.

        Raises:
            StoreError: the environment says something that is no size.
        """
        return usage.budget(self)

    def set_budget(self, size: int) -> None:
        """Set how many bytes the contents may take."""
        usage.set_budget(self, size)

    def bytes_on_disk(self) -> int:
        """Return how many bytes the contents take."""
        return usage.bytes_on_disk(self)

    def bytes_held(self, notebook: Notebook) -> int:
        """Return how many bytes the contents take that a notebook holds; shared ones count."""
        return usage.bytes_held(self, notebook)

    def usage(self) -> Usage:
        """Return how much the store holds, and every notebook."""
        with self._ledger_lock:
            return usage.usage(self, self._ledger)

    def shares(self, notebook: Notebook) -> Shares:
        """Return how much of a notebook's contents each cell made, and each variable took."""
        with self._ledger_lock:
            return usage.shares(self, self._ledger, notebook)

    def plan_cleanup(self, budget: int | None = None) -> Cleanup:
        """Return what ``clean`` would do now; changes nothing."""
        from nbrewind.store.evict import plan

        with self._ledger_lock:
            return plan(self, self._ledger, budget)[0]

    def clean(self, budget: int | None = None, *, seconds: float = math.inf, spare: int = 0) -> Cleanup:
        """Remove what nothing refers to and, while the store is above its budget, what is cheapest to make again.

        So, too, of each notebook that is above a budget of its own. Others may write meanwhile.

        Args:
            budget: default: that of the store.
            seconds: end after about so long, done or not.
            spare: leave this part of a budget free (6: a sixth), as soon as less than half of that is; 0: nothing.

        Returns:
            What was really done.

        Raises:
            StoreError: a notebook's index is damaged, or files can't be locked here: then nothing is removed.
        """
        from nbrewind.store.evict import clean

        with self._ledger_lock:
            ledger, self._ledger = self._ledger, Ledger(self)  # it takes memory, in a kernel too
            return clean(self, ledger, budget, seconds, spare)

    def forget(self, notebook: Notebook, *, cell: str = "", name: str = "", preview: bool = False) -> Forgotten:
        """Really remove what is recorded of a notebook, of one of its cells, or the values of one variable.

        Args:
            notebook: its history.
            cell: only the runs of this cell, their outputs and what they made.
            name: only the contents of this variable, and of those that share objects with it.
            preview: change nothing, say what would go.
        """
        from nbrewind.store.forget import forget

        with self._ledger_lock:
            return forget(self, self._ledger, notebook, cell=cell, name=name, preview=preview)

    def doctor(self, *, repair: bool = False, deep: bool = False) -> list[Finding]:
        """Check the whole store.

        Args:
            repair: mend what can be mended, and take what can't out of the saved history.
            deep: read every content and verify its digest.
        """
        from nbrewind.store.doctor import examine

        return examine(self, repair=repair, deep=deep)
