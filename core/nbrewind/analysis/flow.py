"""What is certain at one point of a cell: which names were bound there on every way that leads to it."""

from __future__ import annotations

from collections.abc import Iterable


class State:
    """What holds at a point of the text, on every way to it."""

    __slots__ = ("bound", "dead", "killed")

    def __init__(self, killed: set[str] | None = None, bound: set[str] | None = None, *, dead: bool = False) -> None:
        self.killed: set[str] = set() if killed is None else killed
        """Names that the cell bound or deleted: a read finds nothing that was there before the cell."""
        self.bound: set[str] = set() if bound is None else bound
        """Names that the cell bound and that are bound still."""
        self.dead = dead
        """No way leads here."""

    def copy(self) -> State:
        """Return an independent copy."""
        return State(self.killed.copy(), self.bound.copy(), dead=self.dead)

    def without(self, deleted: set[str]) -> State:
        """Return a copy for a point that may be reached after any of ``deleted`` was deleted."""
        return State(self.killed.copy(), self.bound - deleted, dead=self.dead)


def join(states: Iterable[State]) -> State:
    """Return what holds where several ways meet."""
    every = list(states)
    live = [state for state in every if not state.dead] or every
    first = live[0].copy()
    for state in live[1:]:
        first.killed &= state.killed
        first.bound &= state.bound
    return first
