"""``nbrewind graph``, ``status`` and ``history``: what the records say, without a kernel."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from nbformat import NotebookNode
from rich.text import Text

from nbrewind.cli.common import POLICY, Records, Usage, command_options, emit, load_notebook, read_policies, records_of
from nbrewind.cli.pictures import PICTURES
from nbrewind.cli.show import Row, at_work, console, count, duration, plain, rows, say, shorten, size
from nbrewind.model import CellState, Edge, HistoryRow
from nbrewind.planning.edges import edges
from nbrewind.planning.freshness import freshness
from nbrewind.planning.history import history_rows
from nbrewind.planning.notebook import code_cells
from nbrewind.planning.outside import World
from nbrewind.planning.policies import Policies, policies_of

MARKS = {"fresh": ("✓", "green"), "never run": ("○", "dim"), "failed": ("✗", "red"), "unknown": ("?", "yellow")}
STALE = ("●", "yellow")


def _states(content: NotebookNode, path: Path, records: Records, policies: Policies) -> list[CellState]:
    checkpoints = records.index.checkpoints() if records.index else ()
    cells, world = code_cells(content.cells), World(path.parent)
    return freshness(cells, records.history, world, policies=policies, checkpoints=checkpoints)


@click.command()
@click.argument("notebook")
@POLICY
@command_options
def status(notebook: str, policies: tuple[str, ...], store_dir: str | None, as_json: bool) -> None:
    """Show the state of every cell of NOTEBOOK against the records, with the reason.

    Example: nbrewind status analysis.ipynb
    """
    content, path = load_notebook(notebook)
    chosen = read_policies(content, notebook, policies)
    with records_of(store_dir, content, path) as records, at_work("Comparing with the records"):
        states = _states(content, path, records, chosen)
    if as_json:
        emit({"cells": [msgspec.to_builtins(state) for state in states]})
        return
    if states:
        rows(("cell", "state", "time", "size", "code"), [_state_row(state) for state in states], right=(0, 2, 3))
        say()
    fresh = sum(1 for state in states if state.freshness == "fresh")
    say(f"{fresh} of {count(len(states), 'cell')} {'is' if fresh == 1 else 'are'} fresh")


def _state_row(state: CellState) -> Row:
    mark, style = MARKS.get(state.freshness, STALE)
    reason = state.reason
    if state.freshness in ("fresh", "never run") and state.checkpoint not in ("lost", "evicted"):
        reason = reason.partition("; ")[2] if state.freshness == "fresh" else ""
    columns: list[str | Text] = [str(state.index + 1), Text(f"{mark} {state.freshness}", style=style)]
    columns += [duration(state.seconds), size(state.bytes)] if state.run else ["", ""]
    return Row(columns, state.label, reason)


@click.command()
@click.argument("notebook")
@click.option("--static", is_flag=True, help="From the sources alone, without records.")
@click.option(
    "--format", "form", type=click.Choice(["json", *PICTURES]), help="Print the graph in this form, for other programs."
)
@command_options
def graph(notebook: str, static: bool, form: str | None, store_dir: str | None, as_json: bool) -> None:
    """Show which cell of NOTEBOOK reads what from which.

    Edges are those observed where a cell's code is as it ran, and those that its text tells elsewhere (dashed in
    pictures).

    Example: nbrewind graph analysis.ipynb --format svg > graph.svg
    """
    if as_json and form not in (None, "json"):
        raise Usage(f"--json and --format {form} exclude each other")
    content, path = load_notebook(notebook)
    cells = code_cells(content.cells)
    with records_of(store_dir, content, path) as records, at_work("Reading the records"):
        states = _states(content, path, records, policies_of(content.metadata, place=notebook))
        found = edges(cells, None if static else records.history)
    if as_json or form == "json":
        emit({"cells": [msgspec.to_builtins(state) for state in states], "edges": [edge_json(edge) for edge in found]})
    elif form is not None:
        click.echo(PICTURES[form](states, found))
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
    to = console()
    number = {state.id: state.index + 1 for state in states}
    shown = [edge for edge in found if edge.kind != "ambient"]  # settings made once reach nearly every cell
    for state in states:
        code = shorten(plain(state.label), to.width - 5)
        to.print(Text(f"{number[state.id]:>3}  ", style="bold") + Text(code, style=""))
        for edge in shown:
            if edge.to == state.id:
                words: list[str] = [] if edge.kind == "variable" else [edge.kind]
                words += [] if edge.evidence == "observed" else ["from the text"]
                remark = f"  ({', '.join(words)})" if words else ""
                names = shorten(plain(", ".join(edge.names)), max(to.width - 32 - len(remark), 12))
                to.print(Text(f"       ← cell {number[edge.from_]}: {names}") + Text(remark, style="dim"))
    say()
    say(f"{count(len(shown), 'edge')} between {count(len(states), 'cell')}")
    if len(shown) < len(found):
        say(f"Not shown: {count(len(found) - len(shown), 'edge')} of settings; --json has them")


@click.command()
@click.argument("notebook")
@command_options
def history(notebook: str, store_dir: str | None, as_json: bool) -> None:
    """Show the checkpoint tree of NOTEBOOK, newest first.

    Example: nbrewind history analysis.ipynb
    """
    content, path = load_notebook(notebook)
    with records_of(store_dir, content, path) as records:
        heads = records.index.heads() if records.index else {}
        found = _history(records)
    if as_json:
        ends = [{"session": session, "checkpoint": head} for session, head in sorted(heads.items())]
        emit({"heads": ends, "checkpoints": [msgspec.to_builtins(row) for row in found]})
    elif found:
        _print_history(found, heads, {cell.id: index + 1 for index, cell in enumerate(content.cells)})
    else:
        say(f"No checkpoints yet: `nbrewind audit {notebook}` records a run.")


def _history(records: Records) -> list[HistoryRow]:
    """Return the checkpoints, oldest first."""
    if records.index is None or records.store is None:
        return []
    runs = {run.id: run for run in records.index.runs()}
    store = records.store
    return history_rows(records.index.checkpoints(), lambda run: runs.get(run) or store.run(run), store.source)


def _print_history(found: list[HistoryRow], heads: dict[str, str], places: dict[str, int]) -> None:
    """Print newest first; the parent is named where it is not the next line."""
    ends = {checkpoint: session for session, checkpoint in heads.items()}
    listed = []
    for number, row in reversed(list(enumerate(found))):
        below = found[number - 1].id if number else None
        local = datetime.fromisoformat(row.time.replace("Z", "+00:00")).astimezone()
        columns = (row.id, str(places.get(row.cell or "", "-")), f"{local:%Y-%m-%d %H:%M:%S}", size(row.bytes))
        words = ", ".join(row.written) + (f" (removed {', '.join(row.removed)})" if row.removed else "")
        listed.append(Row(columns, words or "-", "; ".join(_marks(row, below, ends))))
    rows(("checkpoint", "cell", "time", "stored", "wrote"), listed, right=(1, 3))
    say()
    say(f"{count(len(found), 'checkpoint')} of {count(len(heads), 'session')}")


def _marks(row: HistoryRow, below: str | None, ends: dict[str, str]) -> list[str]:
    marks = [f"labelled {row.label}"] if row.label else []
    marks += [f"head of session {ends[row.id]}"] if row.id in ends else []
    marks += ["kept"] if row.keep else []
    marks += [f"answered by run {row.run}"] if row.action != "run" else []
    if row.parent != below:
        marks.append(f"follows {row.parent}" if row.parent else "start of a session")
    unsaved = ["not saved"] if row.action == "run" and not row.saved else []
    marks += [row.evicted] if row.evicted else []
    return marks + ([f"lost: {row.lost}"] if row.lost else unsaved)
