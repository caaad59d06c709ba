"""``nbrewind tasks``: the tasks that a cell submitted, and what their managers logged."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
import msgspec

from nbrewind.cli.common import Records, Usage, command_options, emit, load_notebook, records_of
from nbrewind.cli.show import Row, count, duration, rows, say, size
from nbrewind.model import Run
from nbrewind.store.task_logs import TaskLog, logs_of
from nbrewind.tasks.provenance import TaskProvenance, provenance


@click.command()
@click.argument("notebook")
@click.argument("cell")
@click.option(
    "--log", "name", default="", help="Print a log of its managers instead: transactions, taskgraph, performance."
)
@command_options
def tasks(notebook: str, cell: str, name: str, store_dir: str | None, as_json: bool) -> None:
    """Show the tasks that the last run of CELL of NOTEBOOK submitted: where they ran, when, and with what.

    A cell is named by its id, or by its number counted from 1. Keys and passwords are taken out of logs before they are
    kept; tasks stand there with their keys, in lines with the words `nbrewind task=`.

    Example: nbrewind tasks analysis.ipynb 4
    """
    content, path = load_notebook(notebook)
    cells = content.cells
    wanted = str(cells[int(cell) - 1].id) if cell.isdigit() and 1 <= int(cell) <= len(cells) else cell
    with records_of(store_dir, content, path) as records:
        run = _last(records, wanted)
        if run is None or records.index is None or records.store is None:
            raise Usage(f"no run of cell {cell} is recorded; `nbrewind history` lists what is")
        logs = logs_of(records.index, run.id)
        found = [] if name else provenance(records.store, run)
    if name:
        _print_log(logs, name)
    elif as_json:
        kept = [
            {"manager": log.manager, "name": log.name, "bytes": len(log.text), "left_out": log.left_out} for log in logs
        ]
        emit({"run": run.id, "tasks": [msgspec.to_builtins(one) for one in found], "logs": kept})
    else:
        _print(found, logs)


def _last(records: Records, cell: str) -> Run | None:
    runs = records.index.runs(cell) if records.index is not None else []
    return runs[-1] if runs else None


def _print_log(logs: list[TaskLog], name: str) -> None:
    chosen = [log for log in logs if log.name == name]
    if not chosen:
        kept = ", ".join(sorted({log.name for log in logs})) or "none"
        raise Usage(f"no log {name} is kept with that run; there are: {kept}")
    for log in chosen:
        click.echo(log.text.decode("utf-8", "replace"), nl=False)
        if log.left_out:
            click.echo(
                f"[{size(log.left_out)} more were left out: NBREWIND_TASK_LOGS says how much is kept]", sys.stderr
            )


def _used(resources: Mapping[str, Any]) -> str:
    """Return in words what a task had of its worker. A call has what its library has, of which TaskVine says 0."""
    cores, memory = (resources.get(name) for name in ("cores", "memory"))
    words = [f"{cores:g} {'core' if cores == 1 else 'cores'}"] if isinstance(cores, int | float) and cores > 0 else []
    if isinstance(memory, int | float) and memory > 0:
        words.append(f"{memory:g} MB of memory")
    return ", ".join(words)


def _print(found: list[TaskProvenance], logs: list[TaskLog]) -> None:
    listed = []
    for one in found:
        when = f"{datetime.fromtimestamp(one.started):%Y-%m-%d %H:%M:%S}" if one.started else ""
        columns = (str(one.id or one.number), one.action, when, duration(one.seconds) if one.seconds else "", one.host)
        listed.append(Row(columns, one.name, "; ".join(filter(None, (_used(one.resources), one.note)))))
    if listed:
        rows(("task", "state", "started", "time", "host", "name"), listed, right=(0, 3))
        say()
    kept = "; ".join(f"{log.name} of manager {log.manager}, {size(len(log.text))}" for log in logs)
    say(f"{count(len(found), 'task')}; logs: {kept or 'none'}")
