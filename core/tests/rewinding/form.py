"""The form of a rewind case."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """Cells, then what must be as it was after them once a kernel that went on was rewound.

    ``before`` runs in a kernel that records, then ``after``, then the kernel goes back to the last cell of ``before``.
    ``probe`` has then the value that it has in a kernel that ran ``before`` only; so has ``then_probe`` once ``then``,
    one more cell, ran in both.
    """

    name: str
    before: list[str]
    after: list[str]
    probe: str
    then: str = ""
    then_probe: str = "None"
