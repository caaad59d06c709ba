"""What sessions say of themselves while they live: one file each, replaced as a whole, gone with the session.

Nothing here is a record: it is for who watches, and what is missing or can't be read is nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator

from nbrewind import unpatched
from nbrewind.store.layout import DATABASE_MODE, DIRECTORY_MODE, Layout

_SUFFIX = ".json"


def write(layout: Layout, session: str, data: bytes) -> None:
    """Say something new of a session.

    Raises:
        OSError: the disk is full, or can't be written to.
    """
    target = layout.live / (session + _SUFFIX)
    new = target.with_suffix(".new")
    layout.live.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, DATABASE_MODE)
    with unpatched.open(descriptor, "wb") as stream:
        stream.write(data)
    os.replace(new, target)


def remove(layout: Layout, session: str) -> None:
    """Say nothing any more of a session that has ended."""
    for suffix in (_SUFFIX, ".new"):
        with contextlib.suppress(OSError):
            os.unlink(layout.live / (session + suffix))


def names(layout: Layout) -> dict[str, int]:
    """Return the sessions that say something, each with when it did so last: nanoseconds since the epoch."""
    found = {}
    with contextlib.suppress(OSError), os.scandir(layout.live) as entries:
        for entry in entries:
            if entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    found[entry.name.removesuffix(_SUFFIX)] = entry.stat().st_mtime_ns
    return found


def read(layout: Layout, sessions: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield what some sessions say."""
    for session in sessions:
        with contextlib.suppress(OSError):
            yield session, (layout.live / (session + _SUFFIX)).read_bytes()
