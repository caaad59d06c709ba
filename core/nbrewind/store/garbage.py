"""Removing what nothing holds, while others write.

Each slice holds the lease alone for some milliseconds: in it nobody is between a look at what is there and the commit
of what refers to it. What was recorded before the slice is looked at in it, so what it removes is held by nobody.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from nbrewind.model import new_id
from nbrewind.store.lease import Busy

if TYPE_CHECKING:
    from nbrewind.store.ledger import Ledger, Piece
    from nbrewind.store.store import Store

SLICE = 0.01
"""Seconds for which writers may have to wait."""
BREATH = 0.005
"""Seconds between two slices, in which they get their turn."""
PATIENCE = 5.0
"""Seconds until a cleaning gives up against others that keep on writing."""
BATCH = 50
DIGEST = 32
ORPHAN_SECONDS = 3600.0
"""A blob that no table knows belongs to somebody who is about to flush it, or to nobody once it is older than this."""


def collect(store: Store, ledger: Ledger, deadline: float) -> int:
    """Remove the contents that nothing holds; return how many bytes of them. Ends at ``deadline``, done or not."""
    ledger.refresh()
    held = ledger.held()
    live = ledger.pieces(held)
    snapshots = [row[0] for row in store.database.read("SELECT id FROM snapshots") if row[0] not in held]
    stored = ledger.stored()
    pieces = [piece for piece in stored if piece not in live] + _orphans(store, stored, live)
    removed = 0
    while (snapshots or pieces) and time.monotonic() < deadline:
        gone: list[Path] = []
        try:
            with store.lease.exclusive(PATIENCE):
                new = ledger.refresh()
                held |= new
                live.update(ledger.pieces(new))
                end = time.monotonic() + SLICE
                while (snapshots or pieces) and time.monotonic() < end:
                    if snapshots:  # a snapshot goes before what it lists
                        batch, snapshots = snapshots[-BATCH:], snapshots[:-BATCH]
                        _remove_snapshots(store, [snapshot for snapshot in batch if snapshot not in held])
                    else:
                        some, pieces = pieces[-BATCH:], pieces[:-BATCH]
                        dead = [piece for piece in some if piece not in live]
                        gone += _remove(store, dead)
                        removed += sum(stored.get(piece, 0) for piece in dead)
        except Busy:
            break
        finally:
            for path in gone:
                with contextlib.suppress(OSError):
                    path.unlink()
        time.sleep(BREATH)
    store.database.flush()
    return removed


def _orphans(store: Store, stored: dict[Piece, int], live: dict[Piece, int]) -> list[Piece]:
    """Return blobs on disk that no table knows and that are old."""
    limit = time.time() - ORPHAN_SECONDS
    found = []
    for path in store.layout.blobs.glob("??/*"):
        try:
            digest = bytes.fromhex(path.parent.name + path.name)
            if digest not in stored and digest not in live and path.stat().st_mtime < limit:
                found.append(digest)
        except (ValueError, OSError):
            continue
    return found


def _remove_snapshots(store: Store, snapshots: list[str]) -> None:
    with store.database.write() as connection:
        connection.executemany("DELETE FROM snapshots WHERE id = ?", [(snapshot,) for snapshot in snapshots])


def _remove(store: Store, pieces: list[Piece]) -> list[Path]:
    """Take pieces out of the tables, and blobs out of their places; return the files that are left to unlink."""
    rows = [(piece[1:],) for piece in pieces if len(piece) > DIGEST]
    blobs = [piece for piece in pieces if len(piece) == DIGEST]
    with store.database.write() as connection:
        connection.executemany("DELETE FROM contents WHERE digest = ?", rows)
        connection.executemany("DELETE FROM blobs WHERE digest = ?", [(digest,) for digest in blobs])
    moved = []
    for digest in blobs:
        target = store.layout.temporary / f"gone-{new_id()}"
        with contextlib.suppress(FileNotFoundError):
            os.rename(store.layout.blob(digest), target)
            moved.append(target)
    return moved
