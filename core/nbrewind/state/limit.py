"""How much it may cost to read values after one cell: a budget of seconds and bytes, the same for each scan.

Two things can't be stopped in the middle: what a library does when one object is asked for its state, and the listing
of what one container holds.
"""

from __future__ import annotations

import math
import sys
from time import perf_counter

_GRACE = 500
"""Each value may take this part of a scan's time even if others have used it up: a small one is always read."""

_PIECE = 32768
"""Bytes that are read in no time."""


class OverLimit(Exception):
    """A value is not read to its end; the message says why, for people."""

    name = ""
    """The name that was being walked."""


class Limit:
    """The budget of a scan, and what is left of it."""

    _end: float
    _until: float
    """When the value has had its time; 0: not asked yet."""
    _taken: int
    """Bytes of the value."""
    _kept: int
    """Bytes of all that changed before it."""

    def __init__(self, seconds: float = math.inf, size: int = sys.maxsize) -> None:
        """Allow *seconds* for all values that a scan reads, and *size* bytes for the contents of those that changed."""
        self.seconds, self.size = seconds, size
        self.start()

    def start(self) -> None:
        """Begin a scan."""
        self._end = perf_counter() + self.seconds
        self._kept = 0
        self.turn()

    def turn(self) -> None:
        """Begin with the next value."""
        self._until = self._taken = 0

    def check(self) -> None:
        """Raise `OverLimit` if the value has had its time.

        It may take half of what was left when it was first asked about, so that the values after it have theirs.
        """
        now = perf_counter()
        if not self._until:
            self._until = now + max((self._end - now) / 2, self.seconds / _GRACE)
        elif now > self._until:
            raise OverLimit(
                f"reading it takes more than its share of the {self.seconds:g} s that all values have after a cell "
                "(NBREWIND_CELL_SECONDS)"
            )

    def room(self, size: int) -> None:
        """Raise `OverLimit` if the value can't have *size* more bytes."""
        if self._kept + self._taken + size > self.size:
            raise OverLimit(
                f"it is larger than what is left of the {_in_words(self.size)} that all changes of a cell may have "
                "(NBREWIND_CELL_BYTES)"
            )

    def take(self, size: int) -> None:
        """Count bytes of the value; raise `OverLimit` if it must not be read on."""
        self._taken += size
        if self._kept + self._taken > self.size:
            self.room(0)
        if size > _PIECE:
            self.check()

    def keep(self) -> None:
        """Count the value's bytes for good: it changed, and others have the less."""
        self._kept += self._taken
        self._taken = 0


def _in_words(size: int) -> str:
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >= 1 << power:
            return f"{size / (1 << power):.4g} {unit}"
    return f"{size} bytes"
