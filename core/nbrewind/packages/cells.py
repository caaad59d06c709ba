"""The notebook as it is in a package: a valid notebook that opens anywhere, and says of each cell what was recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import nbformat
from nbformat import NotebookNode

from nbrewind.analysis import analyze, source_digest
from nbrewind.model import Checkpoint, Record, Run
from nbrewind.packages.form import KEY
from nbrewind.packages.tolerance import Tolerance
from nbrewind.store import Notebook
from nbrewind.store.codec import in_notebook
from nbrewind.store.moved import MovedRun

OF_USER = frozenset({"policy", "policies", "never_record", "tolerance"})
"""What the user may have set: it stays in a working copy."""
SCHEMA = 1


class TaskCounts(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What became of the tasks that a run submitted."""

    answered: int = 0
    ran: int = 0
    failed: int = 0


class CellFacts(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What is said of a cell in a package."""

    run: str
    checkpoint: str
    status: str
    seconds: float
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """That it read or wrote."""
    packages: dict[str, str] = {}
    """Top-level modules to versions."""
    tasks: TaskCounts | None = None


class NotebookFacts(Record, frozen=True, kw_only=True, omit_defaults=False):
    """What is said of the notebook."""

    schema: int = SCHEMA
    manifest: str
    """``sha256:HEX`` of the package's manifest."""
    embedded: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """The package itself, a zip in base64, where it was asked for."""


def label(cells: Sequence[str], cell: str) -> str:
    """Return a cell as people count it, by its place among the ids of a notebook; by its id if it is gone."""
    return f"cell {cells.index(cell) + 1}" if cell in cells else f"a removed cell ({cell})"


def last_checkpoints(branch: Sequence[Checkpoint]) -> dict[str, Checkpoint]:
    """Return of each cell the last checkpoint on a branch, oldest first."""
    return {checkpoint.cell: checkpoint for checkpoint in branch if checkpoint.cell and checkpoint.run}


def beside(notebook: NotebookNode, index: Notebook, head: str) -> list[str]:
    """Return the newest runs of cells that are not on the branch of ``head``: these go along, too."""
    known = {one.id: one for one in index.checkpoints()}
    there: set[str] = set()
    at = head
    while at in known:
        there.add(known[at].cell)
        at = known[at].parent
    found = {(run.cell, run.code): run.id for run in index.runs() if run.status == "ok"}
    wanted = [(cell.id, analyze(cell.source).code) for cell in notebook.cells if cell.cell_type == "code"]
    return [found[one] for one in wanted if one[0] not in there and one in found]


def facts(run: Run, checkpoint: Checkpoint) -> CellFacts:
    """Return what a package says of a cell."""

    def names(keys: Sequence[str], *kinds: str) -> tuple[str, ...]:
        return tuple(sorted({key.partition(":")[2] for key in keys if key.startswith(kinds)}))

    read = [entry.key for entry in run.inputs if not entry.kept and not entry.implicit]
    written = [version.key for version in run.writes]
    packages = {
        entry.key.removeprefix("package:"): entry.digest[2:]
        for entry in run.inputs
        if entry.key.startswith("package:") and entry.digest.startswith("v:")
    }
    tasks = run.tasks
    counts = TaskCounts(answered=tasks.answered, ran=tasks.ran, failed=tasks.failed) if tasks else None
    return CellFacts(
        run=run.id,
        checkpoint=checkpoint.id,
        status=run.status,
        seconds=run.seconds,
        reads=names(read, "var:"),
        writes=names(written, "var:"),
        files=names([*read, *written], "file:"),
        packages=packages,
        tasks=counts,
    )


def with_outputs(notebook: NotebookNode, records: Mapping[str, MovedRun]) -> NotebookNode:
    """Return a copy in which cells without outputs have those of the runs of just their text, by cell id."""
    copy: NotebookNode = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    for cell in copy.cells:
        moved = records.get(cell.id)
        if cell.cell_type != "code" or moved is None or cell.outputs:
            continue
        if moved.run.source == source_digest(cell.source) and moved.run.status == "ok":
            cell.outputs = [nbformat.from_dict(one) for one in in_notebook(moved.outputs)]  # type: ignore[no-untyped-call]
            cell.execution_count = moved.run.execution_count
    return copy


def described(notebook: NotebookNode, cells: Mapping[str, CellFacts], manifest: str) -> bytes:
    """Return the notebook's text with what a package says of it in its metadata."""
    copy: NotebookNode = plain(notebook)
    for cell in copy.cells:
        if cell.id in cells and cell.cell_type == "code":
            cell.metadata[KEY] = {**cell.metadata.get(KEY, {}), **msgspec.to_builtins(cells[cell.id])}
    told = msgspec.to_builtins(NotebookFacts(manifest=manifest))
    copy.metadata[KEY] = {**copy.metadata.get(KEY, {}), **told}
    return written(copy)


def plain(notebook: NotebookNode) -> NotebookNode:
    """Return a working copy: only what the user has set is in its metadata."""
    copy: NotebookNode = nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]
    for one in (copy, *copy.cells):
        own = one.metadata.get(KEY)
        if isinstance(own, dict):
            kept = {name: value for name, value in own.items() if name in OF_USER}
            if kept:
                one.metadata[KEY] = kept
            else:
                del one.metadata[KEY]
    return copy


def written(notebook: NotebookNode) -> bytes:
    """Return a notebook's text."""
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return (text if text.endswith("\n") else text + "\n").encode("utf-8", "replace")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what a package says in a notebook's metadata."""
    _, found = msgspec.json.schema_components([NotebookFacts, CellFacts, Tolerance])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Metadata of a notebook in a package of NBRewind",
        "oneOf": [{"$ref": "#/$defs/NotebookFacts"}, {"$ref": "#/$defs/CellFacts"}],
        "$defs": json.loads(json.dumps(found).replace("#/components/schemas/", "#/$defs/")),
    }
