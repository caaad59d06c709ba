"""How the tasks of a kernel that lives stand now: what it says in the store, and who reads that."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from nbrewind.model import Record
from nbrewind.store import live
from nbrewind.store.layout import Layout

REASONS = 5
"""The most frequent reasons of a cell that are told."""


class LiveManager(Record, frozen=True, kw_only=True):
    """A manager of TaskVine."""

    number: int
    """Counts the managers of the session, from 1."""
    name: str = ""
    port: int = 0
    """0 while it is not open."""
    status: Literal["lazy", "open"] = "lazy"
    """``lazy``: it opens when a task must run."""
    workers: int = 0
    cores: int = 0
    """Of all its workers."""
    program: str = ""
    """The worker's program that fits it; empty if there is none."""
    secured: bool = False
    """Its workers need a key or a password."""


class LiveCell(Record, frozen=True, kw_only=True):
    """How the tasks stand that the last run of a cell submitted."""

    cell: str
    began: float
    """When the run began: seconds since the epoch."""
    waiting: int = 0
    running: int = 0
    ran: int = 0
    answered: int = 0
    failed: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    """Why tasks were not answered, and in how many cases; the most frequent ones."""


class LiveTasks(Record, frozen=True, kw_only=True):
    """How the tasks of a session stand."""

    session: str
    notebook: str
    """The store's id of the notebook."""
    host: str
    pid: int
    born: str
    """By this, another process with the same number is told from it; empty where the system does not tell."""
    time: float
    """When this was so: seconds since the epoch."""
    managers: tuple[LiveManager, ...] = ()
    cells: tuple[LiveCell, ...] = ()
    samples: tuple[tuple[float, int], ...] = ()
    """Moments, and how many tasks ran then."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(LiveTasks).decode


def here() -> str:
    """Return the name of this machine."""
    return platform.node()


def birth(pid: int) -> str | None:
    """Return what tells a process from others that get its number later; None if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    if os.path.isdir("/proc/self"):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return ""


def write(layout: Layout, found: LiveTasks) -> None:
    """Say how the tasks of this process's session stand.

    Raises:
        OSError: that can't be written.
    """
    live.write(layout, found.session, _encode(found))


def read(layout: Layout, sessions: Iterable[str]) -> list[LiveTasks]:
    """Return how the tasks of sessions stand that live on this machine, the newest first; what is left is removed."""
    found = []
    for session, data in live.read(layout, sessions):
        try:
            told = _decode(data)
        except msgspec.DecodeError:
            continue
        if told.host != here():
            continue
        if birth(told.pid) == told.born:
            found.append(told)
        else:
            live.remove(layout, session)
    return sorted(found, key=lambda told: -told.time)
