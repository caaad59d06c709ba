"""The records that go from one store to another: what one of them says, without anything that only holds in it.

The notebook's id in a store is left out, as is what was evicted: that follows from the contents that come along.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from nbrewind.model import CellAnalysis, Checkpoint, Record, Run, Version


class MovedRun(Record, frozen=True, kw_only=True, tag="run"):
    """A run, with all that was recorded of it. It comes before the checkpoint after it."""

    run: Run
    source: str | None = None
    """The text that ran; None where it must not go elsewhere."""
    analysis: CellAnalysis | None = None
    outputs: list[dict[str, Any]] = []
    """As `Notebook.messages` gives them."""


class MovedCheckpoint(Record, frozen=True, kw_only=True, tag="checkpoint"):
    """A checkpoint. It comes after the one that it follows."""

    checkpoint: Checkpoint
    versions: tuple[Version, ...] = ()
    """Those of its delta that no moved run made."""
    head: bool = False
    """Whether its session stands there."""


class MovedTask(Record, frozen=True, kw_only=True, tag="task"):
    """A record of a task; see `nbrewind.store.tasks.TaskRow`."""

    slot: tuple[int, int]
    cell: str
    part: bytes
    seconds: float
    record: bytes
    data: bytes
    contents: tuple[str, ...] = ()


Moved: TypeAlias = MovedRun | MovedCheckpoint | MovedTask
