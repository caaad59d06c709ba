"""The form of a rewind case."""

from __future__ import annotations

from typing import NamedTuple

RESTART = "restart"
"""Among the cells: from here on in a new kernel, which goes on with the same history."""


class Case(NamedTuple):
    """Cells, then what must be as it was after them once a kernel that went on was rewound.

    ``before`` runs in a kernel that records, then ``after``, then the kernel goes back to the last cell of ``before``.
    ``probe`` has then the value that it has in a kernel that ran ``before`` only; so has ``then_probe`` once ``then``,
    one more cell, ran in both. The cells have the ids ``before0``, ``before1``, … and ``after0``, …; so ``after`` can
    rewind as well.
    """

    name: str
    before: list[str]
    after: list[str]
    probe: str
    then: str = ""
    then_probe: str = "None"
    why: str = ""
    """Why this is the truth."""
    needs: tuple[str, ...] = ()
    """Packages that must be installed."""
    lost: str = ""
    """The name that the rewind may report as lost instead, because it can't be brought back: a pattern."""
    missed: str = ""
    """Why it comes out wrong."""
    python: tuple[int, int] = (3, 10)
    """The oldest Python that understands the cells."""
