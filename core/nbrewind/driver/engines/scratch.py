"""The store of an engine: what cells that run ahead need is brought there, and their runs are recorded there.

So nothing enters the notebook's history before its turn, and what turns out to be of no use is simply gone. It lies in
the user's store, on the same disk: large contents are links to the same files, not copies. The directory goes with the
engine; that of one that was killed is removed by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from nbrewind.model import Checkpoint, Run, Version, new_id
from nbrewind.planning.ahead import Job
from nbrewind.state.partial import together
from nbrewind.store import Store
from nbrewind.store.layout import DIRECTORY_MODE
from nbrewind.store.parcel import carry

FOLDER = "engines"
LOCK = "in-use"
SETTINGS = ("ambient:", "env:")
VAR = "var:"


class Scratch:
    """A store beside that of the user."""

    def __init__(self, user: Store) -> None:
        """Make one within ``user``'s store."""
        self.user = user
        above = user.directory / FOLDER
        above.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
        for left in above.iterdir():
            _remove_dead(left)
        self.directory = above / new_id()
        self.directory.mkdir(mode=DIRECTORY_MODE)
        self._lock = os.open(self.directory / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with contextlib.suppress(OSError):  # it can't be locked here: then nobody finds it dead
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.store = Store.open(self.directory / "store")

    def bring(self, job: Job) -> list[str]:
        """Bring what a job needs into this store; return the contents of that.

        Raises:
            ContentError: something is not there any more.
        """
        versions = {one.id: one for part in job.parts for one in part.items.values()}
        needed = dict.fromkeys(one.snapshot for part in job.parts for one in needs(part.items, part.names))
        makers = {one.run for one in versions.values() if one.run}
        snapshots = [snapshot for snapshot in needed if snapshot]
        carry(self.user, self.store, snapshots)
        self.tell(run for name in makers if self.store.run(name) is None and (run := self.user.run(name)) is not None)
        return snapshots

    def bring_files(self, jobs: Iterable[Job], folder: Path) -> dict[str, str]:
        """Bring the files below the notebook's ``folder`` that cells are known to read, or that they name.

        Returns their names, each with its content's snapshot. What lies there may have to be put back, and then the
        content is that which a cell above has left.
        """
        found = {}
        for job in jobs:
            items = job.parts[-1].items
            for name in job.files:
                version = items.get(f"file:{name}")
                if version is not None and version.snapshot:
                    carry(self.user, self.store, [version.snapshot])
                    found[name] = version.snapshot
                elif (folder / name).is_file():
                    found[name] = self.store.put_file(folder / name).id
        self.store.sync()
        return found

    def tell(self, runs: Iterable[Run]) -> None:
        """Let runs be known here."""
        missing = list(runs)
        if missing:
            with self.store.database.write() as connection:
                for run in missing:
                    self.store.traces.insert(connection, run, answerable=False)

    def take_in(self, run: Run, source: str, shown: Sequence[Mapping[str, Any]]) -> None:
        """Record a run that was made elsewhere of a text, with what it showed; its contents are here."""
        index = self.store.notebook(self.directory / "elsewhere")
        assert index is not None
        run = replace(run, notebook=index.id)
        checkpoint = Checkpoint(
            id=new_id(), notebook=index.id, session=run.session, cell=run.cell, run=run.id, time=run.started,
            delta={one.key: one.id for one in run.writes},
        )  # fmt: skip
        index.record(run, checkpoint, source=source, outputs=shown)

    def give(self, run: Run) -> int:
        """Bring what a run has made into the user's store; return the bytes that this adds. In `user.writing()`."""
        return carry(self.store, self.user, [one.snapshot for one in run.writes if one.snapshot])

    def close(self) -> None:
        """Remove it."""
        self.store.close()
        shutil.rmtree(self.directory, ignore_errors=True)
        os.close(self._lock)


def needs(items: Mapping[str, Version], names: Iterable[str]) -> list[Version]:
    """Return the versions of which a cell needs the contents: variables with all that belongs to them, and settings."""
    variables = {key[4:]: one for key, one in items.items() if key.startswith(VAR)}
    wanted = together(names, variables)
    found = [variables[name] for name in sorted(wanted) if name in variables and variables[name].loadable]
    return found + [one for key, one in items.items() if key.startswith(SETTINGS)]


def _remove_dead(directory: Path) -> None:
    """Remove what a killed engine has left."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        pass  # it lives
    finally:
        os.close(descriptor)
