"""``nbrewind graph``, ``status`` and ``history``: what the records say, without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec
from nbformat import NotebookNode
from rich.table import Table

from nbrewind.cli.common import command_options, duration, emit, instant, load_notebook, open_store, out, size
from nbrewind.cli.pictures import dot, mermaid, svg
from nbrewind.driver.repeat import history_of
from nbrewind.model import CellState, Checkpoint, Edge, Run
from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.notebook import code_cells
from nbrewind.planning.outside import World
from nbrewind.store import Notebook, Store


def _index(store: Store, path: Path, content: NotebookNode) -> Notebook | None:
    return store.notebook(path, cells=[cell.id for cell in content.cells], create=False)


def _states(content: NotebookNode, path: Path, store: Store) -> list[CellState]:
    index = _index(store, path, content)
    return freshness(
        code_cells(content.cells),
        history_of(index, store),
        World(path.parent),
        checkpoints=index.checkpoints() if index else (),
    )


@click.command()
@click.argument("notebook")
@command_options
def status(notebook: str, store_dir: str | None, as_json: bool) -> None:
    """Show the state of every cell of NOTEBOOK against the records, with the reason.

    Example: nbrewind status analysis.ipynb
    """
    content, path = load_notebook(notebook)
    with open_store(store_dir) as store:
        states = _states(content, path, store)
    if as_json:
        emit({"cells": [msgspec.to_builtins(state) for state in states]})
        return
    marks = {"fresh": "[green]✓ fresh[/]", "never run": "[dim]○ never run[/]", "failed": "[red]✗ failed[/]"}
    table = Table(box=None, pad_edge=False)
    table.add_column("cell", justify="right")
    table.add_column("")
    table.add_column("checkpoint")
    table.add_column("time", justify="right")
    table.add_column("bytes", justify="right")
    table.add_column("", no_wrap=True, max_width=40, overflow="ellipsis")
    table.add_column("why", overflow="fold")
    for state in states:
        table.add_row(
            str(state.index + 1),
            marks.get(state.freshness, f"[yellow]● {state.freshness}[/]"),
            state.checkpoint,
            duration(state.seconds) if state.run else "",
            size(state.bytes) if state.run else "",
            state.label.replace("[", r"\["),
            state.reason.replace("[", r"\["),
        )
    out.print(table)
    fresh = sum(1 for state in states if state.freshness == "fresh")
    out.print(f"{fresh} of {len(states)} cells are fresh")


@click.command()
@click.argument("notebook")
@click.option("--static", is_flag=True, help="From the sources alone, without records.")
@click.option(
    "--format", "form", type=click.Choice(["json", "mermaid", "dot", "svg"]), help="Print the graph in this form."
)
@command_options
def graph(notebook: str, static: bool, form: str | None, store_dir: str | None, as_json: bool) -> None:
    """Show which cell of NOTEBOOK reads what from which.

    Example: nbrewind graph analysis.ipynb --format svg > graph.svg
    """
    content, path = load_notebook(notebook)
    cells = code_cells(content.cells)
    with open_store(store_dir) as store:
        states = _states(content, path, store)
        found = edges(cells, None if static else history_of(_index(store, path, content), store))
    if as_json or form == "json":
        emit({"cells": [msgspec.to_builtins(state) for state in states], "edges": [edge_json(edge) for edge in found]})
    elif form is not None:
        out.out({"mermaid": mermaid, "dot": dot, "svg": svg}[form](states, found), highlight=False)
    else:
        _print_graph(states, found)


def edge_json(edge: Edge) -> dict[str, Any]:
    """Return an edge with all its fields."""
    return {
        "from": edge.from_,
        "to": edge.to,
        "names": list(edge.names),
        "kind": edge.kind,
        "evidence": edge.evidence,
    }


def _print_graph(states: list[CellState], found: list[Edge]) -> None:
    number = {state.id: state.index + 1 for state in states}
    for state in states:
        out.print(f"[bold]{number[state.id]:>3}[/] {state.label}".replace("[(", r"\[("), markup=True)
        for edge in found:
            if edge.to == state.id:
                kind = "" if edge.kind == "variable" else f" ({edge.kind})"
                guess = "" if edge.evidence == "observed" else " [dim]static[/]"
                out.print(f"      reads {', '.join(edge.names)} of cell {number[edge.from_]}{kind}{guess}")


@click.command()
@click.argument("notebook")
@command_options
def history(notebook: str, store_dir: str | None, as_json: bool) -> None:
    """Show the checkpoint tree of NOTEBOOK, newest first.

    Example: nbrewind history analysis.ipynb
    """
    content, path = load_notebook(notebook)
    with open_store(store_dir) as store:
        index = _index(store, path, content)
        checkpoints = index.checkpoints() if index else []
        heads = index.heads() if index else {}
        runs = {run.id: run for run in index.runs()} if index else {}
        rows = [_row(checkpoint, runs.get(checkpoint.run) or store.run(checkpoint.run)) for checkpoint in checkpoints]
    if as_json:
        emit(
            {
                "heads": [{"session": session, "checkpoint": head} for session, head in sorted(heads.items())],
                "checkpoints": [msgspec.to_builtins(row) for row in rows],
            }
        )
        return
    if not rows:
        out.print("No checkpoints yet. `nbrewind audit NOTEBOOK` records a run.")
        return
    places = {cell.id: index + 1 for index, cell in enumerate(content.cells)}
    table = Table(box=None, pad_edge=False)
    for title in ("checkpoint", "parent", "cell", "time", "stored", "wrote", ""):
        table.add_column(title, justify="right" if title == "stored" else "left", overflow="fold")
    ends = {checkpoint: session for session, checkpoint in heads.items()}
    for row in reversed(rows):
        words = ", ".join(row.written) + (f" (removed {', '.join(row.removed)})" if row.removed else "")
        marks = [f"head of {ends[row.id]}"] if row.id in ends else []
        marks += [f"labelled {row.label}"] if row.label else []
        marks += ["kept"] if row.keep else []
        marks += [f"lost: {row.lost}"] if row.lost else ([] if row.saved else ["not saved"])
        place = str(places.get(row.cell or "", "-"))
        table.add_row(row.id, row.parent or "", place, row.time, size(row.bytes), words, ", ".join(marks))
    out.print(table)


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One checkpoint of a history."""

    id: str
    parent: str | None
    session: str
    cell: str | None
    run: str | None
    action: str
    time: str
    label: str
    keep: bool
    saved: bool
    lost: str
    bytes: int
    seconds: float
    written: list[str]
    removed: list[str]


def _row(checkpoint: Checkpoint, run: Run | None) -> HistoryRow:
    def names(made: bool) -> list[str]:
        return sorted(key[4:] for key, to in checkpoint.delta.items() if bool(to) is made and key.startswith("var:"))

    return HistoryRow(
        id=checkpoint.id,
        parent=checkpoint.parent or None,
        session=checkpoint.session,
        cell=checkpoint.cell or None,
        run=checkpoint.run or None,
        action=checkpoint.action,
        time=instant(checkpoint.time),
        label=checkpoint.label,
        keep=checkpoint.keep,
        saved=checkpoint.saved,
        lost=checkpoint.lost,
        bytes=checkpoint.stored,
        seconds=run.seconds if run else 0.0,
        written=names(True),
        removed=names(False),
    )
