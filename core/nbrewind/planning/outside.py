"""The world that a plan meets: files, folders, environment variables and packages as they are now."""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbrewind.model import ABSENT, DEFAULT, Run
from nbrewind.planning.trace import digest_of
from nbrewind.state.files import Digests
from nbrewind.state.installed import installed_version


def path_key(path: str | os.PathLike[str], folder: str | os.PathLike[str], kind: str = "file") -> str:
    """Return the key of a file or folder: relative to the notebook's ``folder`` where it lies below it.

    A link has a key of its own, which stands for what is read through it.
    """
    full, base = os.path.realpath(path), os.path.realpath(folder)
    if kind == "file" and os.path.islink(path):
        above, name = os.path.split(os.path.abspath(path))
        full = os.path.join(os.path.realpath(above), name)
    if full == base:
        return f"{kind}:"
    return f"{kind}:{os.path.relpath(full, base)}" if full.startswith(base + os.sep) else f"{kind}:{full}"


def folder_digest(path: str | os.PathLike[str]) -> str:
    """Return the digest of a folder's sorted names; ``absent`` where it can't be listed."""
    try:
        return digest_of(*sorted(os.listdir(path)))
    except OSError:
        return ABSENT


NOTHING, FOLDER_SHAPE, LINK, FILE_SHAPE = "nothing", "a folder", "a link to ", "a file of mode "
"""What may be at a path, itself; of a link and a file more is told."""


def shape_of(path: str | os.PathLike[str]) -> str:
    """Return what is at a path: one of the four above. Links are not followed."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return LINK + os.readlink(path)
    except OSError:
        return NOTHING
    return FOLDER_SHAPE if stat.S_ISDIR(mode) else f"{FILE_SHAPE}{stat.S_IMODE(mode):o}"


def package_digest(name: str) -> str:
    """Return ``v:VERSION`` of the distribution that brings top-level module ``name``; ``absent`` if not installed."""
    version = installed_version(name)
    return "v:" + version if version else ABSENT


PLACE = "folder:"
"""Key of where the notebook lies: read by code that makes absolute paths, or asks where it is."""

INSTALLATION = "installation:"
"""Key of where the kernel's Python and its packages are installed: read by code that asks for that."""

ENVIRONMENT = ("package:", "python:", "env:", INSTALLATION)
"""Kinds of keys that depend on the kernel's environment."""


class World:
    """`Outside` of a notebook in ``folder``, in this process and environment. Remembers what it has looked up."""

    def __init__(
        self, folder: str | os.PathLike[str], python: str | None = None, *, files: Digests | None = None
    ) -> None:
        """Look from ``folder``; ``python`` is the version of the kernel's Python, by default this process's.

        ``files`` remembers the digests of files from one world to the next.
        """
        self.folder = Path(folder)
        self.python = python or platform.python_version()
        self._packages: dict[str, str] = {}
        self._files = Digests() if files is None else files

    def path(self, key: str) -> Path:
        """Return the path that a ``file:`` or ``dir:`` key names."""
        return self.folder / key.partition(":")[2]

    def digest(self, key: str) -> str:
        """Return the present digest of a key."""
        kind, _, name = key.partition(":")
        if kind == "file":
            return self._files(self.path(key))
        if kind == "dir":
            return folder_digest(self.path(key))
        if kind == "env":
            return digest_of(os.environ[name]) if name in os.environ else ABSENT
        if kind == "package":
            if name not in self._packages:
                self._packages[name] = package_digest(name)
            return self._packages[name]
        if kind == "python":
            return "v:" + self.python
        if key == PLACE:
            return digest_of(os.path.realpath(self.folder))
        if key == INSTALLATION:
            return digest_of(os.path.realpath(sys.prefix))
        return DEFAULT


class ToldWorld(World):
    """`World` of a kernel that may be in another environment: it is asked for what depends on that (`tell`).

    Until it has answered, a key is looked up here; whoever judges by that asks for what is `unknown`, and judges again.
    """

    def __init__(self, folder: str | os.PathLike[str], python: str) -> None:
        """Look from ``folder``; ``python`` is the version of the kernel's Python."""
        super().__init__(folder, python)
        self._told: dict[str, str] = {}
        self.unknown: set[str] = set()
        """Keys that were asked for and that the kernel has not told yet."""

    def tell(self, digests: Mapping[str, str]) -> None:
        """Take over what the kernel says."""
        self._told.update(digests)
        self.unknown.difference_update(digests)

    def begin(self) -> None:
        """Ask again: the kernel has started anew."""
        self._told.clear()

    def digest(self, key: str) -> str:
        """Return the present digest of a key."""
        if not key.startswith(("package:", "env:", INSTALLATION)):
            return super().digest(key)
        found = self._told.get(key)
        if found is None:
            self.unknown.add(key)
        return super().digest(key) if found is None else found


class KernelWorld(World):
    """`World` for a process that may be in another environment than the notebook's kernel, as a server is.

    What depends on the environment (packages, Python, environment variables) is as runs of the kernel's session
    recorded it. What those did not read is looked up here if the kernel shares this process's environment; otherwise
    it is as the notebook's other runs recorded it.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        runs: Iterable[Run],
        session: str = "",
        *,
        shared: bool = False,
        files: Digests | None = None,
    ) -> None:
        """Take the runs of the notebook, oldest first.

        Args:
            folder: the notebook's.
            runs: of the notebook.
            session: of its kernel; empty if it has none.
            shared: whether that kernel is known to run in this process's environment.
            files: remembers the digests of files from one world to the next.
        """
        super().__init__(folder, files=files)
        self._recorded: dict[str, str] = {}
        ours: dict[str, str] = {}
        for run in runs:
            if session and run.session == session:
                seen = ours
            elif not shared:
                seen = self._recorded
            else:
                continue
            seen.update(
                (entry.key, entry.digest) for entry in run.inputs if not entry.run and entry.key.startswith(ENVIRONMENT)
            )
        self._recorded.update(ours)

    def digest(self, key: str) -> str:
        """Return the present digest of a key."""
        return self._recorded.get(key) or super().digest(key)
