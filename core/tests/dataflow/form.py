"""The form of the data-flow cases: cells that run once, in order, and the edges that must be found between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """One case. An edge is a pair of places: who made a version, and who read it."""

    name: str
    cells: tuple[str, ...]
    must: frozenset[Pair]
    """Edges that have to be found."""
    may: frozenset[Pair]
    """Edges that are tolerated; any other is spurious."""
    why: str
    """Why this is the truth."""
    python: tuple[int, int]
    """The oldest Python that understands the cells."""
    needs: tuple[str, ...]
    """Packages that must be installed."""


def case(
    name: str,
    cells: Sequence[str],
    must: Sequence[Pair] = (),
    may: Sequence[Pair] = (),
    *,
    why: str,
    python: tuple[int, int] = (3, 10),
    needs: Sequence[str] = (),
) -> Case:
    """Return a case."""
    return Case(name, tuple(cells), frozenset(must), frozenset(may), why, python, tuple(needs))
