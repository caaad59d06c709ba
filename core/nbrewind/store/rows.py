"""Small writes to a notebook's tables, each inside the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable

from nbrewind.model import Version
from nbrewind.store.codec import encode
from nbrewind.store.database import Connection

REMOVED = "they were removed from the store"
"""Why contents are gone that somebody still referred to."""


def add_versions(connection: Connection, versions: Iterable[Version]) -> None:
    """Write versions, unless they are there."""
    connection.executemany(
        "INSERT OR IGNORE INTO versions VALUES (?, ?)", [(version.id, encode(version)) for version in versions]
    )


def move(connection: Connection, session: str, checkpoint_id: str) -> None:
    """Move a session's head."""
    connection.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", (session, checkpoint_id, time.time()))


def advance(connection: Connection) -> None:
    """Say that something has changed."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'sequence'")


def lose(connection: Connection, checkpoints: Iterable[str], reason: str) -> None:
    """Take checkpoints out of the saved history."""
    connection.executemany(
        "UPDATE checkpoints SET saved = 0, lost = ? WHERE id = ? AND lost = ''", [(reason, id_) for id_ in checkpoints]
    )


def hold_not(connection: Connection, versions: Iterable[str]) -> None:
    """Say that a notebook no longer holds the contents of some versions."""
    connection.executemany("INSERT OR IGNORE INTO evicted VALUES (?)", [(version,) for version in versions])


def evict(
    connection: Connection, versions: Iterable[str], runs: Iterable[str], checkpoints: Iterable[str], reason: str
) -> None:
    """Let go of the contents of some versions, which ``runs`` made and which are in the states of ``checkpoints``."""
    hold_not(connection, versions)
    connection.executemany("UPDATE runs SET evicted = 1 WHERE id = ?", [(run,) for run in runs])
    connection.executemany(
        "UPDATE checkpoints SET evicted = ? WHERE id = ? AND evicted = ''", [(reason, id_) for id_ in checkpoints]
    )
    advance(connection)


def follows(checkpoint_id: str, reason: str) -> str:
    """Say why a checkpoint is lost with the one that it follows."""
    return f"follows checkpoint {checkpoint_id}, which was lost: {reason}"
