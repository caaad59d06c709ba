"""Files that runs wrote are put back, but never over something that would be lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from nbrewind.model import ABSENT, Effect, Run, Version
from nbrewind.planning.outside import FILE_SHAPE, FOLDER_SHAPE, LINK, NOTHING, World, shape_of
from nbrewind.store import Store, StoreError


def _removed(run: Run) -> list[str]:
    return [key for key in run.removed if key.startswith("file:")]


def _written(run: Run) -> list[Version]:
    return [version for version in run.writes if version.key.startswith("file:")]


def _shapes(run: Run) -> list[tuple[str, str]]:
    return [(effect.subject, effect.detail) for effect in run.effects if effect.kind == "file"]


def is_as_left(run: Run, world: World) -> bool:
    """Whether files and folders are as ``run`` left them."""
    return (
        all(world.digest(version.key) == version.digest for version in _written(run))
        and all(shape_of(world.path(key)) == NOTHING for key in _removed(run))
        and all(shape_of(world.folder / subject) == shape for subject, shape in _shapes(run))
    )


def lasting(runs: Sequence[Run], folder: Path) -> list[Run]:
    """Return runs that came one after the other, each with only that of what it left in files which lasts to the end.

    ``folder``: that of the notebook.
    """

    def place(name: str) -> str:
        return os.path.normpath(folder / name)

    contents: dict[str, list[Effect]] = {}
    """Places that later runs wrote or removed, each with the effects of that run."""
    shapes: set[str] = set()
    found: list[tuple[Run, list[Effect]]] = []
    for run in reversed(runs):
        files = [(version, place(version.key[5:])) for version in _written(run)]
        gone = [(key, place(key[5:])) for key in _removed(run)]
        left: list[Effect] = []
        for effect in run.effects:
            path = place(effect.subject)
            if effect.kind != "file" or path in shapes:
                continue
            if path not in contents:
                left.append(effect)
            elif effect.detail.startswith(FILE_SHAPE):  # it lasts through a new content, and is set after that
                contents[path].append(effect)
            else:
                continue
            shapes.add(path)
        writes = tuple(version for version, path in files if path not in contents)
        removed = tuple(key for key, path in gone if path not in contents)
        found.append((replace(run, writes=writes, removed=removed), left))
        shapes.update(path for _, path in gone)
        for _, path in (*gone, *files):
            contents.setdefault(path, left)
    return [replace(run, effects=tuple(left)) for run, left in reversed(found)]


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

    def hindrance(self, run: Run) -> str:
        """Say why files and folders can't be made as ``run`` left them without running its cell; empty if they can."""
        for key in _removed(run):
            path = self._world.path(key)
            if shape_of(path) != NOTHING and not self._consent and not self._store.holds_file(path):
                return f"it removes {key[5:]}, which is there and not recorded"
        for subject, shape in _shapes(run):
            path, now = self._world.folder / subject, shape_of(self._world.folder / subject)
            if now == shape or (now == NOTHING and shape.startswith((FOLDER_SHAPE, LINK))):
                continue
            written = any(self._world.path(version.key) == path for version in run.writes)
            if shape.startswith(FILE_SHAPE) and (now.startswith(FILE_SHAPE) or (now == NOTHING and written)):
                continue
            if shape == NOTHING and now == FOLDER_SHAPE and not os.listdir(path):
                continue
            return f"it leaves {shape} at {subject}, and there is {now}"
        return ""

    def make_so_or_leave(self, run: Run) -> None:
        """Make files and folders be as ``run`` left them; where something hinders that, nobody must read them."""
        why = self.hindrance(run)
        if not why:
            self.make_so(run)
            return
        keys = [*_removed(run), *("file:" + subject for subject, _ in _shapes(run))]
        folders = ["dir:" + os.path.dirname(key[5:]) for key in keys]
        self.left.update(dict.fromkeys([*keys, *folders], f"is not as a cell above leaves it ({why})"))

    def make_so(self, run: Run) -> None:
        """Make files and folders be as ``run`` left them, where nothing hinders that; see also `put_back`."""
        shapes = [(self._world.folder / subject, shape) for subject, shape in _shapes(run)]
        for path, shape in shapes:
            if shape == FOLDER_SHAPE:
                path.mkdir(parents=True, exist_ok=True)
            elif shape.startswith(LINK) and not os.path.lexists(path):
                path.symlink_to(shape.removeprefix(LINK))
        for key in _removed(run):
            self.left.pop(key, None)
            if shape_of(self._world.path(key)) != NOTHING:
                self._world.path(key).unlink()
                self.notes.append(f"{key[5:]} was removed")
        self.put_back(run.writes)
        for path, shape in shapes:
            if shape.startswith(FILE_SHAPE) and path.is_file():
                path.chmod(int(shape.removeprefix(FILE_SHAPE), 8))
            elif shape == NOTHING and path.is_dir():
                path.rmdir()

    def put_back(self, versions: Iterable[Version]) -> None:
        """Make files that runs wrote be there again, where nothing unrecorded is lost by it."""
        for version in versions:
            if not version.key.startswith("file:"):
                continue
            self.left.pop(version.key, None)
            if self._world.digest(version.key) == version.digest:
                continue
            why = self._obstacle(version)
            if why:
                self._leave(version, why)
                continue
            self._write(version)

    def foresee(self, runs: Sequence[Run]) -> list[str]:
        """Say for each of runs that came one after the other which of its files would be left as they are, and why.

        In words, empty where all would be as it left them. Nothing is changed.
        """
        return [self._foreseen(run) for run in lasting(runs, self._world.folder)]

    def _foreseen(self, run: Run) -> str:
        why = self.hindrance(run)
        if why:
            return f"{why}: it is left as it is"
        differing = [version for version in _written(run) if self._world.digest(version.key) != version.digest]
        reasons = [f"{version.key[5:]} {why}" for version in differing if (why := self._obstacle(version))]
        return f"{'; '.join(reasons)}: left as it is" if reasons else ""

    def clash(self, run: Run | None) -> str:
        """Say, in words, that ``run`` reads a file which was left as it is; empty if it reads none."""
        for entry in run.inputs if run else ():
            if entry.key in self.left:
                return (
                    f"it reads {entry.key.partition(':')[2] or 'the folder'}, which {self.left[entry.key]}; "
                    "move it away, or repeat with --files to put the recorded one in its place"
                )
        return ""

    def _obstacle(self, version: Version) -> str:
        """Say why a file that differs is not put back; empty if it can be."""
        path = self._world.path(version.key)
        if self._is_open(os.path.realpath(path)):
            return "is open for writing"
        absent = self._world.digest(version.key) == ABSENT
        if not absent and not self._consent and not self._store.holds_file(path):
            return "differs from what the notebook wrote and is not recorded"
        if not version.loadable or not version.snapshot:
            return version.reason or "was not kept"
        return ""

    def _write(self, version: Version) -> None:
        path = self._world.path(version.key)
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
