"""Files and folders as they were before a plan set them for its steps: they are so again when it has ended."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nbrewind.model import Run
from nbrewind.planning.outside import FILE_SHAPE, FOLDER_SHAPE, LINK, NOTHING, World, shape_of
from nbrewind.store import Store, StoreError


@dataclass(frozen=True)
class _Look:
    """What is at a path."""

    shape: str
    digest: str = ""
    """Of a file's content."""


def places(run: Run, world: World) -> set[Path]:
    """Return the paths at which a run left something, or nothing."""
    keys = [version.key for version in run.writes] + list(run.removed)
    found = {world.path(key) for key in keys if key.startswith("file:")}
    return found | {world.folder / effect.subject for effect in run.effects if effect.kind == "file"}


class Scene:
    """Remembers what was where a plan puts something else for a while."""

    def __init__(self, store: Store, world: World, *, unrecorded: bool = False) -> None:
        """Look at files from ``world``'s folder; of those that ``store`` holds the content is remembered.

        ``unrecorded``: of all others, too, as these may also be overwritten.
        """
        self._store, self._world, self._unrecorded = store, world, unrecorded
        self._before: dict[Path, tuple[_Look, str]] = {}
        """Path to what was there, and the snapshot of its content; empty if there is none."""
        self._set: dict[Path, _Look] = {}

    def before(self, run: Run) -> None:
        """Look at the places of ``run``, which is about to be made so."""
        for path in places(run, self._world) - self._before.keys():
            snapshot = ""
            kept = shape_of(path).startswith(FILE_SHAPE) and (self._unrecorded or self._store.holds_file(path))
            if kept:
                snapshot = self._store.put_file(path).id
            self._before[path] = self._look(path), snapshot

    def after(self, run: Run) -> None:
        """Look at them once more."""
        self._set.update({path: self._look(path) for path in places(run, self._world)})

    def keep(self, run: Run) -> None:
        """Let what ``run`` left stay: it has run, or it was asked for."""
        for path in places(run, self._world):
            self._before.pop(path, None)
            self._set.pop(path, None)

    def restore(self) -> str:
        """Put everything back that is still as it was set; says what could not be, empty if nothing."""
        problems = []
        for path, now in reversed(self._set.items()):
            look, snapshot = self._before[path]
            if look == now or self._look(path) != now:
                continue
            try:
                self._put(path, look, snapshot)
            except (OSError, StoreError) as error:
                problems.append(f"{path.name} is not as it was before the plan: {error}")
        self._before.clear()
        self._set.clear()
        return "; ".join(problems)

    def _look(self, path: Path) -> _Look:
        shape = shape_of(path)
        return _Look(shape, self._world.digest(f"file:{path}") if shape.startswith(FILE_SHAPE) else "")

    def _put(self, path: Path, look: _Look, snapshot: str) -> None:
        shape = shape_of(path)
        if shape.startswith(FILE_SHAPE) and look.shape.startswith(FILE_SHAPE):
            self._file(path, look, snapshot)
            return
        if shape == FOLDER_SHAPE:
            path.rmdir()
        elif shape != NOTHING:
            path.unlink()
        if look.shape == FOLDER_SHAPE:
            path.mkdir()
        elif look.shape.startswith(LINK):
            path.symlink_to(look.shape.removeprefix(LINK))
        elif look.shape != NOTHING:
            self._file(path, look, snapshot)

    def _file(self, path: Path, look: _Look, snapshot: str) -> None:
        if self._look(path).digest != look.digest:
            self._store.get_file(snapshot, path)
        os.chmod(path, int(look.shape.removeprefix(FILE_SHAPE), 8))
