"""The cell dependency graph: observed edges where a cell's newest run is of its present source, static ones elsewhere.

Edges are reads of versions. A cell that only overwrites a name has no edge to who wrote it before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from nbrewind.model import Edge, EdgeKind, Evidence, Run
from nbrewind.planning.match import describe
from nbrewind.planning.notebook import Records, SourceCell

Found = dict[tuple[str, str, EdgeKind, Evidence], set[str]]


def edges(cells: Sequence[SourceCell], records: Records | None = None) -> list[Edge]:
    """Return the edges between the cells, in notebook order. Without ``records`` only the sources count."""
    found: Found = defaultdict(set)
    present = {cell.id for cell in cells}
    static = _static_sources(cells)
    for cell in cells:
        own = records.last_run(cell.id) if records else None
        if records is not None and own is not None and own.code == cell.analysis.code and own.status == "ok":
            _observed(cell, own, records, present, found)
        else:
            for producer, name, kind in static[cell.id]:
                found[producer, cell.id, kind, "static"].add(name)
    order = {cell.id: cell.index for cell in cells}
    return [
        Edge(from_=producer, to=consumer, names=tuple(sorted(names)), kind=kind, evidence=evidence)
        for (producer, consumer, kind, evidence), names in sorted(
            found.items(), key=lambda item: (order[item[0][1]], order[item[0][0]], item[0][2])
        )
    ]


def _observed(cell: SourceCell, run: Run, records: Records, present: set[str], found: Found) -> None:
    for entry in run.inputs:
        producer = records.producer(entry.run)
        if producer not in present or producer == cell.id:
            continue
        kind, _, name = entry.key.partition(":")
        words: dict[str, EdgeKind] = {"file": "file", "dir": "file", "ambient": "ambient", "env": "ambient"}
        edge = words.get(kind, "variable")
        if edge == "variable" and name not in cell.analysis.reads and name not in cell.analysis.strings:
            edge = "call"
        found[producer, cell.id, edge, "observed"].add(name if edge in ("variable", "call") else describe(entry.key))


def _static_sources(cells: Sequence[SourceCell]) -> dict[str, list[tuple[str, str, EdgeKind]]]:
    """For every cell, the cells above that its text may read from: (producer, name, kind)."""
    writers: dict[str, str] = {}
    late: dict[str, tuple[str, ...]] = {}
    found: dict[str, list[tuple[str, str, EdgeKind]]] = {}
    for cell in cells:
        analysis = cell.analysis
        direct = set(writers) if analysis.opaque else {*analysis.reads, *analysis.strings}
        called = _called(direct, late)
        found[cell.id] = [(writers[name], name, "variable") for name in direct if name in writers]
        found[cell.id] += [(writers[name], name, "call") for name in called - direct if name in writers]
        for name in (*analysis.writes, *(name for name in analysis.mutates if name in writers)):
            writers[name] = cell.id
        for name in analysis.writes:
            late[name] = analysis.late_reads
    return found


def _called(names: set[str], late: dict[str, tuple[str, ...]]) -> set[str]:
    """Return the names that functions bound to ``names`` may read when called, at any depth."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        for name in late.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found
