"""Files that runs wrote are put back, but never over something that would be lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from nbrewind.model import ABSENT, Run, Version
from nbrewind.planning.outside import World
from nbrewind.store import Store, StoreError


class FileKeeper:
    """Puts recorded files back, and remembers those that it left as they are."""

    def __init__(
        self, store: Store, world: World, *, consent: bool = False, is_open: Callable[[str], bool] = lambda path: False
    ) -> None:
        """Put files of ``store`` back where ``world`` has its folder; with ``consent`` over any file.

        ``is_open``: whether somebody writes to a file (links resolved): what comes after would go to the one replaced.
        """
        self._is_open = is_open
        self._store = store
        self._world = world
        self._consent = consent
        self.left: dict[str, str] = {}
        """Keys of files that were left as they are, and why."""
        self.written: list[str] = []
        """Files that were put back."""
        self.notes: list[str] = []

    def put_back(self, versions: Iterable[Version]) -> None:
        """Make files that runs wrote be there again, where nothing unrecorded is lost by it."""
        for version in versions:
            if not version.key.startswith("file:"):
                continue
            self.left.pop(version.key, None)
            now = self._world.digest(version.key)
            if now == version.digest:
                continue
            if self._is_open(os.path.realpath(self._world.path(version.key))):
                self._leave(version, "is open for writing")
                continue
            if now != ABSENT and not self._consent and not self._store.holds_file(self._world.path(version.key)):
                self._leave(version, "differs from what the notebook wrote and is not recorded")
                continue
            self._write(version)

    def clash(self, run: Run | None) -> str:
        """Say, in words, that ``run`` reads a file which was left as it is; empty if it reads none."""
        for entry in run.inputs if run else ():
            if entry.key in self.left:
                return (
                    f"it reads {entry.key[5:]}, which {self.left[entry.key]}; "
                    "move it away, or repeat with --files to put the recorded one in its place"
                )
        return ""

    def _write(self, version: Version) -> None:
        path = self._world.path(version.key)
        if not version.loadable or not version.snapshot:
            self._leave(version, version.reason or "was not kept")
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._store.get_file(version.snapshot, path)
        except (OSError, StoreError) as error:
            self._leave(version, f"could not be put back ({error})")
            return
        self.written.append(version.key[5:])
        self.notes.append(f"{version.key[5:]} was put back")

    def _leave(self, version: Version, why: str) -> None:
        self.left[version.key] = why
        self.notes.append(f"{version.key[5:]} {why}; it was left as it is")
