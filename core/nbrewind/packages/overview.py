"""What is in a package, for people: by kind with sizes, and cell by cell with what a repeat would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from nbrewind.analysis import analyze, source_digest
from nbrewind.model import Record, Run
from nbrewind.packages import form
from nbrewind.packages.opened import Package
from nbrewind.store.moved import MovedRun

Kind = Literal["notebook", "records", "contents", "data", "software", "descriptions"]
_KINDS: tuple[tuple[str, Kind], ...] = (
    (form.WORKFLOW, "notebook"),
    (form.BLOBS, "contents"),
    (form.DATA, "data"),
    (form.SOFTWARE, "software"),
    (form.COMPUTE, "software"),
    ("nbrewind/", "records"),
)
"""First parts of names, and what such files are; the others describe the package to other programs."""

NOT_RECORDED = "nothing is recorded of it"
EDITED = "its text was edited after it ran"
FAILED = "its recorded run failed"
PRELUDE = "imports, options and definitions run in every new kernel"
CONTENT = "what it made was left out of the package"


class KindSize(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What files of one kind take."""

    kind: Kind
    files: int
    bytes: int
    """Before they are packed."""


class CellOutlook(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What a repeat would do with a code cell if nothing else is in the way."""

    answers: bool
    """Its record answers, if files, software and settings are here as they were there."""
    reason: str = ""
    """Why it runs; empty if its record answers."""


def sizes(files: Mapping[str, int]) -> tuple[KindSize, ...]:
    """Return what files take by kind, from their names and sizes; kinds without files are left out."""
    found: dict[Kind, tuple[int, int]] = {}
    for name, size in files.items():
        kind: Kind = next((kind for start, kind in _KINDS if name.startswith(start)), "descriptions")
        count, taken = found.get(kind, (0, 0))
        found[kind] = count + 1, taken + size
    order: dict[Kind, None] = dict.fromkeys([*(kind for _, kind in _KINDS), "descriptions"])
    return tuple(KindSize(kind=kind, files=found[kind][0], bytes=found[kind][1]) for kind in order if kind in found)


def outlook(package: Package) -> dict[str, CellOutlook]:
    """Return what a repeat would do with each code cell, by its id; nothing is run, loaded or compared for that.

    Raises:
        PackageError: the package can't be read.
    """
    code = [cell for cell in package.notebook.cells if cell.cell_type == "code"]
    wanted = {run: cell.id for cell in code if (run := recorded(cell))}
    runs = {
        wanted[moved.run.id]: moved.run
        for moved in package.records()
        if isinstance(moved, MovedRun) and moved.run.id in wanted
    }
    contents = package.contents
    return {cell.id: _outlook(cell.source, runs.get(cell.id), contents) for cell in code}


def recorded(cell: Any) -> str:
    """Return the run that a cell of a package says it shows; empty if it says none."""
    own = cell.metadata.get(form.KEY)
    run = own.get("run") if isinstance(own, dict) else None
    return run if isinstance(run, str) else ""


def _outlook(source: str, run: Run | None, contents: Mapping[str, object]) -> CellOutlook:
    reason = next(_reasons(source, run, contents), "")
    return CellOutlook(answers=not reason, reason=reason)


def _reasons(source: str, run: Run | None, contents: Mapping[str, object]) -> Iterator[str]:
    """Yield why a cell runs."""
    if not source.strip():
        return
    if run is None:
        yield NOT_RECORDED
        return
    if run.status != "ok":
        yield FAILED
    if run.unknown:
        yield run.unknown[0]
    if source_digest(source) != run.source and analyze(source).code != run.code:
        yield EDITED
    if run.prelude:
        yield PRELUDE
    if any(version.snapshot and version.snapshot not in contents for version in run.writes):
        yield CONTENT
