"""The cell dependency graph: observed edges where a run of a cell's present source is recorded, static ones elsewhere.

What a run read before it failed is observed; what it would have read after that, only its source says.

Edges are reads of versions. A cell that only overwrites a name has no edge to who wrote it before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from nbrewind.model import CellAnalysis, Edge, EdgeKind, Evidence, Input, Run
from nbrewind.planning.known import describe
from nbrewind.planning.makers import makers
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.tables import AMBIENT_SETTERS

Found = dict[tuple[str, str, EdgeKind, Evidence], set[str]]
OUTSIDE_KINDS: dict[str, EdgeKind] = {
    "file": "file", "dir": "file", "ambient": "ambient", "env": "ambient", "module": "ambient", "import": "ambient"
}  # fmt: skip

WARNING_WORDS = AMBIENT_SETTERS["ambient:warnings"] | {"warnings", "catch_warnings"}


class Writers:
    """From top to bottom: who may have made the present value of each name, by the sources alone."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, EdgeKind]] = {}
        """Name to the cells that may have made its value, and whether they bound or changed it."""
        self._late: dict[str, CellAnalysis] = {}
        """Name to the analysis of the cell that bound it, where functions of that cell use global names."""

    def read(self, cell: SourceCell) -> Iterator[tuple[str, str, EdgeKind]]:
        """Yield what a cell may read from the cells above: (producer, name, kind)."""
        analysis = cell.analysis
        direct = set(self._of) if analysis.opaque else {*analysis.reads, *analysis.strings}
        for name in direct:
            for producer, kind in self._of.get(name, {}).items():
                yield producer, name, kind
        for name in self._called(direct) - direct:
            for producer in self._of.get(name, ()):
                yield producer, name, "call"

    def write(self, cell: SourceCell) -> None:
        """Take over what a cell may bind, delete or change in place."""
        analysis = cell.analysis
        bound = {*analysis.writes, *analysis.deletes}
        for name in set(analysis.mutates) - bound:
            if name in self._of and name not in self._late:
                self._of[name] = {**self._of[name], cell.id: "mutation"}
        for name in bound:
            if name in analysis.must_writes or name not in self._of:
                self._of[name] = {}
            self._of[name] = {**self._of[name], cell.id: "variable"}
            self._late.pop(name, None)
            if analysis.late_reads:
                self._late[name] = analysis

    def _called(self, names: set[str]) -> set[str]:
        """Return the names that functions bound to ``names`` may read when called, at any depth."""
        found: set[str] = set()
        todo = list(names)
        while todo:
            analysis = self._late.get(todo.pop())
            for name in analysis.late_reads if analysis else ():
                if name not in found:
                    found.add(name)
                    todo.append(name)
        return found


def edges(cells: Sequence[SourceCell], records: Records | None = None) -> list[Edge]:
    """Return the edges between the cells, in notebook order. Without ``records`` only the sources count."""
    found: Found = defaultdict(set)
    present = {cell.id: cell for cell in cells}
    writers = Writers()
    for cell in cells:
        runs = []
        if records is not None:
            runs = _runs(cell, records)
            for run in runs:
                _observed(cell, run, records, present, writers, found)
        if not any(run.status == "ok" for run in runs):
            for producer, name, kind in writers.read(cell):
                if name not in found.get((producer, cell.id, kind, "observed"), ()):
                    found[producer, cell.id, kind, "static"].add(name)
        writers.write(cell)
    return [
        Edge(from_=producer, to=consumer, names=tuple(sorted(names)), kind=kind, evidence=evidence)
        for (producer, consumer, kind, evidence), names in sorted(
            found.items(), key=lambda item: (present[item[0][1]].index, present[item[0][0]].index, item[0][2])
        )
    ]


def _flowed(entry: Input, producer: CellAnalysis) -> bool:
    """Whether what a run read of a setting is an edge.

    Libraries add filters of warnings when they are imported, which concern nearly every cell and hardly ever matter:
    only those count that a cell set on purpose.
    """
    return entry.key != "ambient:warnings" or not WARNING_WORDS.isdisjoint((*producer.attributes, *producer.reads))


def _makes(producer: SourceCell, made: Run, key: str, records: Records) -> bool:
    """Whether a cell still makes (or deletes) what a run of it did, though it may have another text since."""
    analysis, name = producer.analysis, key.partition(":")[2]
    if made.code == analysis.code:
        return True
    run = records.last_run_of(producer.id, analysis.code)
    if run is not None:
        return key in run.removed or run.written(key) is not None
    named = name in {*analysis.writes, *analysis.mutates, *analysis.deletes}
    return named or "." in name or bool(analysis.opaque or analysis.calls) or not key.startswith("var:")


def _runs(cell: SourceCell, records: Records) -> list[Run]:
    """Return the newest run of a cell's present code that went well, and the one that failed since.

    That one says what it read before it failed: others may have read what it left.
    """
    good, last = records.last_run_of(cell.id, cell.analysis.code), records.last_run(cell.id)
    found = [good] if good is not None else []
    if last is not None and last.status != "ok" and last.code == cell.analysis.code:
        found.append(last)
    return found


def _observed(
    cell: SourceCell, run: Run, records: Records, present: Mapping[str, SourceCell], writers: Writers, found: Found
) -> None:
    """Add what a run read, by the runs that made it: not by names, so that a later rebinding moves no edge (rule 1).

    Where a variable's maker is no longer there, or makes it no more, the text says who would make it: cells are split,
    merged and deleted, and editors use their ids again. So it is for a run that read what the cell itself had made.
    """
    moved = set()
    seen = ((entry, maker) for entry in run.inputs for maker in makers(entry, records))
    for entry, maker in seen:
        if (entry.kept and entry.key not in run.removed) or entry.implicit:  # what was deleted had to exist
            continue
        prefix, _, name = entry.key.partition(":")
        made = records.run(maker)
        producer = present.get(made.cell) if made is not None else None
        if made is None or producer in (None, cell) or not _makes(producer, made, entry.key, records):
            if prefix == "var":
                moved.add(name)
            continue
        if not _flowed(entry, producer.analysis):
            continue
        kind: EdgeKind = OUTSIDE_KINDS.get(prefix, "variable")
        if kind == "variable":
            if producer.index > cell.index:
                kind = "order"
            elif "." in name:  # what a module holds, and the producer changed
                kind = "mutation"
            elif name not in cell.analysis.reads and name not in cell.analysis.strings:
                kind = "call"
            elif name not in producer.analysis.writes:
                kind = "mutation"
            found[producer.id, cell.id, kind, "observed"].add(name)
        else:
            found[producer.id, cell.id, kind, "observed"].add(describe(entry.key))
    for above, name, kind in writers.read(cell) if moved else ():
        if name in moved:
            found[above, cell.id, kind, "static"].add(name)
