"""Does a recorded run answer a cell here? If not, the first reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from nbrewind.model import ABSENT, DEFAULT, CellAnalysis, Input, Run, Version
from nbrewind.planning.trace import ALL_NAMES, ambient_inputs, names_input, read_names

PackagePolicy = Literal["exact", "compatible", "ignore"]
Cause = Literal["unknown", "failed", "source", "upstream", "input", "variable", "order"]


class Outside(Protocol):
    """The world that a plan meets: files, environment, packages, as they are now."""

    def digest(self, key: str) -> str:
        """Return the present digest of a ``file:``, ``dir:``, ``env:`` or ``package:`` key, or ``python:``."""
        ...  # pragma: no cover


@dataclass(frozen=True)
class Doubt:
    """A key whose content is not known until a cell has run."""

    cell: str
    label: str
    """The cell as people know it (``cell 7``)."""
    expected: bool = True
    """False: the cell can change it, but nothing says that it will."""

    def about(self, key: str) -> str:
        """Say what the doubt means for a reader of ``key``."""
        return f"reads {describe(key)}, which {self.label} {'changes' if self.expected else 'may change'}"


@dataclass
class PlanState:
    """What a plan knows at one point of the notebook: versions, and what is in doubt."""

    items: dict[str, Version] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    names_doubt: Doubt | None = None
    """Set once a cell that will run may bind names that nobody can foresee."""

    def copy(self) -> PlanState:
        """Return an independent copy."""
        return PlanState(dict(self.items), dict(self.doubts), self.names_doubt)

    def apply(self, writes: Iterable[Version], removed: Iterable[str]) -> None:
        """Take over the results of a run: what it wrote is known now."""
        for key in removed:
            self.items.pop(key, None)
            self.doubts.pop(key, None)
        for version in writes:
            self.items[version.key] = version
            self.doubts.pop(version.key, None)

    def doubt(self, keys: Iterable[str], doubt: Doubt) -> None:
        """Mark keys as changed by a cell that will run."""
        for key in keys:
            self.doubts[key] = doubt


@dataclass(frozen=True)
class Mismatch:
    """Why a recorded run does not answer."""

    cause: Cause
    key: str
    reason: str


def describe(key: str) -> str:
    """Return a key as people say it: ``df``, ``file data.csv``, ``the working directory``."""
    kind, _, name = key.partition(":")
    words = {
        "var": name,
        "file": f"file {name}",
        "dir": f"folder {name or '.'}",
        "env": f"environment variable {name}",
        "package": f"package {name}",
        "python": "Python",
        "names": "the set of variables",
        "ambient": f"setting {name}",
    }
    return words.get(kind, key)


def mismatch(
    run: Run,
    analysis: CellAnalysis,
    source: str,
    state: PlanState,
    outside: Outside,
    policy: PackagePolicy = "compatible",
) -> Mismatch | None:
    """Judge whether ``run`` may stand for a new run of a cell in ``state``. Returns None if it may.

    ``source`` is the digest of the cell's exact text. A run holds where its normalised code is the cell's and every
    recorded input equals what is there, and where nothing else that the code may read has come into being since.
    """
    if run.code != analysis.code:
        return Mismatch("source", "", "its code was edited since")
    if run.stderr and run.source != source:
        return Mismatch("source", "", "its text was edited since, and what it printed may quote lines of it")
    if run.status != "ok":
        return Mismatch("failed", "", f"its last run ended with {run.error or run.status}")
    if run.unknown:
        return Mismatch("unknown", "", run.unknown[0])
    for entry in run.inputs:
        found = _compare(entry, analysis, state, outside, policy)
        if found is not None:
            return found
    return _come_into_being(run, analysis, state)


def _compare(
    entry: Input, analysis: CellAnalysis, state: PlanState, outside: Outside, policy: PackagePolicy
) -> Mismatch | None:
    doubt = state.doubts.get(entry.key)
    if doubt is None and entry.key == ALL_NAMES:
        doubt = state.names_doubt or next(iter(state.doubts.values()), None)
    if doubt is not None:
        return Mismatch("upstream" if doubt.expected else "unknown", entry.key, doubt.about(entry.key))
    kind = entry.key.partition(":")[0]
    if entry.key == ALL_NAMES:
        now = names_input(analysis, state.items)[0].digest if analysis.opaque else entry.digest
    elif entry.key in state.items:
        now = state.items[entry.key].digest
    elif kind == "var":
        now = ABSENT
    elif kind == "ambient":
        now = DEFAULT
    elif kind == "env":
        now = outside.digest(entry.key)
    else:
        now = outside.digest(entry.key)
        if kind in ("package", "python"):
            return _compare_version(entry, now, policy)
    if now == entry.digest:
        return None
    if kind == "var":
        if now == ABSENT:
            return Mismatch("variable", entry.key, f"{describe(entry.key)} does not exist here")
        return Mismatch("variable", entry.key, f"{describe(entry.key)} has another value than when it ran")
    if now == ABSENT:
        return Mismatch("input", entry.key, f"{describe(entry.key)} is gone")
    return Mismatch("input", entry.key, f"{describe(entry.key)} changed since it ran")


def _compare_version(entry: Input, now: str, policy: PackagePolicy) -> Mismatch | None:
    def relevant(digest: str) -> tuple[str, ...]:
        parts = tuple(digest.split("."))
        return parts if policy == "exact" else parts[:2]

    if policy == "ignore" or relevant(now) == relevant(entry.digest):
        return None
    then, here = entry.digest.removeprefix("v:"), now.removeprefix("v:")
    return Mismatch("input", entry.key, f"{describe(entry.key)} is {here} here and was {then}")


def _come_into_being(run: Run, analysis: CellAnalysis, state: PlanState) -> Mismatch | None:
    """Find something that the code may read here and that did not exist for the recorded run."""
    recorded = {entry.key for entry in run.inputs}
    for name in sorted(read_names(analysis, state.items)):
        key = "var:" + name
        if key in state.items and key not in recorded:
            return Mismatch("variable", key, f"{name} exists here and did not when it ran")
    for name in sorted({*analysis.reads, *analysis.strings}):
        doubt = state.doubts.get("var:" + name)
        if doubt is not None and "var:" + name not in recorded:
            return Mismatch("upstream" if doubt.expected else "unknown", "var:" + name, doubt.about("var:" + name))
    packages = {key[8:] for key in recorded if key.startswith("package:")} | _stdlib_users(analysis)
    for entry in ambient_inputs(packages, state.items):
        if entry.key not in recorded:
            return Mismatch("variable", entry.key, f"{describe(entry.key)} was changed and was not when it ran")
    return None


def _stdlib_users(analysis: CellAnalysis) -> set[str]:
    return {module.partition(".")[0] for module in analysis.imports}


def answer(
    candidates: Iterable[Run],
    analysis: CellAnalysis,
    source: str,
    state: PlanState,
    outside: Outside,
    policy: PackagePolicy = "compatible",
) -> Run | Mismatch | None:
    """Return the first candidate that answers, else the mismatch of the first, else None where there is none."""
    first: Mismatch | None = None
    for run in candidates:
        found = mismatch(run, analysis, source, state, outside, policy)
        if found is None:
            return run
        first = first or found
    return first


def state_of(items: Mapping[str, Version]) -> PlanState:
    """Return a plan state in which everything is known."""
    return PlanState(dict(items))
