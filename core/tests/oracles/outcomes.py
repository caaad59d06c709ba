"""What a repeat of a notebook comes to, compared with what a clean run comes to, and summed up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from nbrewind.model import DEFAULT, Version
from nbrewind.state.load import LoadError, load
from nbrewind.store import Store

from .edits import indented
from .kernels import form
from .programs import NAMES
from .replay import exact, lines

VARIABLES = sorted({name for name in NAMES["V"] if name.isidentifier()})


@dataclass
class Tally:
    """What was compared, summed up."""

    notebooks: int = 0
    repeats: int = 0
    edits: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    """What became of the cells: ``run``, ``load``, ``skip``."""
    prelude: int = 0
    """Cells that ran because they are of the prelude."""
    again: int = 0
    """Cells that ran and came out as a record of the store says: perhaps they need not have."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why these ran, without names and numbers."""
    failed: int = 0
    """Repeats that ended with the error with which a clean run ends."""
    refused: Counter[str] = field(default_factory=Counter)
    """Repeats that could not be made, with what they said."""
    left_out: int = 0
    """Repeats that differ in what differs from one clean run to the next."""
    stuck: int = 0

    def __str__(self) -> str:
        """Say it in a few lines."""
        ran, loaded, skipped = (self.actions[action] for action in ("run", "load", "skip"))
        edits = ", ".join(f"{count} {kind}" for kind, count in self.edits.most_common())
        refused = "".join(f"\nrefused {count}: {why}" for why, count in self.refused.most_common())
        return (
            f"{self.notebooks} notebooks ({self.stuck} given up), {self.edits.total()} edits ({edits})\n"
            f"{self.repeats} repeats ({self.failed} failed as they must, {self.left_out} left out): {ran} cells ran, "
            f"{self.prelude} of them of the prelude; {loaded} were loaded, {skipped} skipped\n"
            f"{self.again} cells that ran came out as recorded" + refused
        )

    def why(self) -> str:
        """Say how often each reason was given for a cell that ran and came out as recorded."""
        return "\n".join(f"{count:5} {reason}" for reason, count in self.reasons.most_common())


@dataclass
class Outcome:
    """What a repeat or a clean run came to."""

    failed: int | None
    """The place of the cell that ended it."""
    shown: dict[str, list[str]]
    counts: dict[str, int | None]
    state: dict[str, Version]
    """But for files, for what libraries import by themselves when they are used first, and for generators that nobody
    seeded (some libraries draw when they are imported)."""
    files: dict[str, tuple[str, bytes]]
    """What lies in the notebook's folder, with its kind and permissions."""
    frames: dict[str, Any]
    """What the variables hold that are tables, by key: see `same`."""

    def differing(self, clean: Outcome) -> dict[str, str]:
        """Return what is not as in a clean run, by keys, with the words for it."""
        if self.failed != clean.failed:
            return {"failed": f"it ended at the cell of place {self.failed}, and the clean run at {clean.failed}"}
        found = {}
        for cell, shown in clean.shown.items():
            if self.shown[cell] != shown:
                found[cell] = f"{cell} shows\n{indented(lines(self.shown[cell]))}\nand in a clean run"
                found[cell] += f"\n{indented(lines(shown))}"
            if self.counts[cell] != clean.counts[cell]:
                found["count:" + cell] = f"{cell} has the number {self.counts[cell]}, not {clean.counts[cell]}"
        for key in sorted(self.state.keys() | clean.state.keys()):
            mine, other = (known(outcome.state.get(key)) for outcome in (self, clean))
            if mine != other and not (
                mine and other and mine[1:] == other[1:] and same(self.frames.get(key), clean.frames.get(key))
            ):
                found[key] = f"{key} is {mine}, and in a clean run {other}"
        for name in sorted(self.files.keys() | clean.files.keys()):
            here, there = self.files.get(name), clean.files.get(name)
            if here != there:
                found["file:" + name] = f"file {name} holds {here!r}, and after a clean run {there!r}"
        return found


def known(version: Version | None) -> tuple[str, str, tuple[str, ...]] | None:
    """Return what must be the same of a value in every kernel; None for a setting as it is at the start."""
    if version is None or version.digest == DEFAULT:
        return None
    return exact(version), version.preview if version.digest.startswith("b3:") else "", version.members


def frames(state: Mapping[str, Version], store: Store) -> dict[str, Any]:
    """Return the tables among the values of a state."""
    found = {}
    for key, version in state.items():
        if version.kind in ("DataFrame", "Series") and version.loadable:
            group = [state[f"var:{name}"] for name in version.members or (key.removeprefix("var:"),)]
            with suppress(LoadError):  # it holds what only its kernel has
                found[key] = load(group, store.fetch, {}, {}).values[key.removeprefix("var:")]
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two tables are equal in all that pandas shows of them.

    Their digests also tell which columns share memory. After a load others do, and nobody sees that, as pandas copies
    it before it is written (`docs/limits.md`).
    """
    if type(one) is not type(other) or one is None:
        return False
    check = pd.testing.assert_frame_equal if isinstance(one, pd.DataFrame) else pd.testing.assert_series_equal
    try:
        check(one, other, check_exact=True, check_flags=True)
    except AssertionError:
        return False
    return bool(one.attrs == other.attrs)


def alike(store: Store, one: Any, other: Any) -> bool:
    """Whether two runs came out the same."""
    made = [{version.key: exact(version) for version in run.writes} for run in (one, other)]
    shown = [form(store.outputs(run.id)) for run in (one, other)]
    return one.status == other.status and made[0] == made[1] and shown[0] == shown[1]


def plain(reason: str) -> str:
    """Return a reason without names of variables and numbers of cells."""
    return re.sub(r"\d+", "N", re.sub(rf"\b({'|'.join([*VARIABLES, 'file', 'line'])})\b", "x", reason))
