"""Digests of files' contents."""

from __future__ import annotations

import os
import time

from blake3 import blake3

from nbrewind import unpatched
from nbrewind.model import ABSENT

CHUNK = 1 << 20
SETTLED = 2_000_000_000
"""Nanoseconds after which a change of a file is sure to show in its times."""
FOLDER = "folder"
"""What is told of a folder where only its being there counts."""


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return ``b3:HEX`` of a file's content, read in pieces; ``folder`` for one, ``absent`` if nothing can be read."""
    hasher = blake3()
    try:
        with unpatched.open(path, "rb") as stream:
            while piece := stream.read(CHUNK):
                hasher.update(piece)
    except IsADirectoryError:
        return FOLDER
    except OSError:
        return ABSENT
    return "b3:" + hasher.hexdigest(length=16)


class Digests:
    """Digests of files, remembered as long as nothing tells of a change, once one would show in their times."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._known)

    def __call__(self, path: str | os.PathLike[str]) -> str:
        """Return what `file_digest` does; ``absent`` too where there can be no file of that name."""
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            return ABSENT
        name = os.fspath(path)
        mark = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        known = self._known.get(name)
        if known is not None and known[0] == mark:
            return known[1]
        digest = file_digest(path)
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > SETTLED:
            self._known[name] = mark, digest
        return digest
