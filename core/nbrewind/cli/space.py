"""``nbrewind gc`` and ``nbrewind forget``: making room in the store, and removing what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from nbrewind.cli.common import Usage, command_options, emit, open_store
from nbrewind.cli.show import Row, at_work, count, duration, note, plain, rows, say, size
from nbrewind.store import Notebook, Store
from nbrewind.store.evict import Cleanup
from nbrewind.store.forget import Forgotten
from nbrewind.store.usage import parse_size

NEEDED = "it belongs to kept checkpoints, or to states in which kernels are"


class Size(click.ParamType):  # type: ignore[type-arg]
    """A number of bytes: ``500MB``, ``20GiB``; where ``none`` is one, it is 0."""

    name = "SIZE"

    def __init__(self, *, none: bool = False) -> None:
        """Take also the word ``none`` if asked to."""
        self._none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes."""
        if self._none and value == "none":
            return 0
        try:
            return value if isinstance(value, int) else parse_size(value)
        except ValueError as error:
            raise self.fail(str(error), param, ctx) from error


@click.command()
@click.option(
    "--budget", type=Size(), metavar="SIZE", help="Keep to this (500MB, 20GiB) instead of the store's budget."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@command_options
def gc(budget: int | None, dry_run: bool, store_dir: str | None, as_json: bool) -> None:
    """Remove what nothing refers to and, while the store is above its budget, contents that are cheap to make again.

    So, too, of each notebook that is above a budget of its own. Records of runs stay. Never removed are the contents of
    kept checkpoints, of states in which kernels are, and of what is not saved yet. Kernels may run meanwhile.

    Example: nbrewind gc --budget 5GB --dry-run
    """
    with open_store(store_dir, create=False) as opened, at_work("Cleaning the store"):
        found = opened.plan_cleanup(budget) if dry_run else opened.clean(budget)
    if as_json:
        emit(found)
    else:
        _print_cleanup(found, dry_run)


def _print_cleanup(found: Cleanup, dry_run: bool) -> None:
    if found.evictions:
        listed = [
            Row(
                (
                    Path(entry.notebook).name or "-",
                    entry.checkpoint or count(entry.tasks, "task"),
                    entry.cell or "-",
                    size(entry.bytes),
                ),
                duration(entry.seconds) if entry.seconds else "-",
                "" if entry.seconds else entry.reason,
            )
            for entry in found.evictions
        ]
        rows(("notebook", "checkpoint", "cell", "frees", "to make again"), listed, right=(3,))
        say()
    would = "would be " if dry_run else ""
    unused = f" ({size(found.garbage)} that nothing referred to)" if found.garbage else ""
    tasks = sum(entry.tasks for entry in found.evictions)
    evicted = count(sum(not entry.tasks for entry in found.evictions), "checkpoint")
    evicted += f" and the contents of {count(tasks, 'task')}" if tasks else ""
    freed = size(found.before - found.after)
    say(f"{evicted} {would}evicted, {freed} {would}freed{unused}; {size(found.after)} of {size(found.budget)} in use")
    if found.after > found.budget:
        note(f"more can't go: {NEEDED}")
    for each in found.over:
        held = f"{Path(each.notebook).name} {'would hold' if dry_run else 'holds'} {size(each.bytes)}"
        note(f"{held}, above its own budget of {size(each.budget)}; more can't go: {NEEDED}")


@click.command()
@click.argument("notebook")
@click.option("--cell", metavar="CELL", help="Only the runs of this cell: an id, or a number counted from 1.")
@click.option(
    "--name", metavar="NAME", help="Only the values of this variable, and of those that share objects with it."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@command_options
def forget(
    notebook: str, cell: str | None, name: str | None, dry_run: bool, store_dir: str | None, as_json: bool
) -> None:
    """Remove for good what is recorded of NOTEBOOK: runs, outputs, texts, values. The notebook itself is left alone.

    What another notebook recorded, too, stays there. A kernel that is running records what it holds again when a cell
    runs: shut it down first.

    Example: nbrewind forget analysis.ipynb --name password
    """
    if cell and name:
        raise Usage("--cell and --name exclude each other")
    with open_store(store_dir, create=False) as opened, at_work("Forgetting"):
        index = opened.notebook(notebook, create=False)
        if index is None:
            raise Usage(f"nothing is recorded of {notebook}")
        chosen = _cell_of(index, cell) if cell else ""
        _refuse_unknown(opened, index, chosen, name or "")
        found = opened.forget(index, cell=chosen, name=name or "", preview=dry_run)
    if as_json:
        emit(found)
    else:
        _print_forgotten(found, name, dry_run)


def _cell_of(index: Notebook, cell: str) -> str:
    """Return a cell's id: an exact one wins over a number."""
    if not cell.isdigit() or any(run.cell == cell for run in index.runs()):
        return cell
    try:
        with open(index.path, encoding="utf-8") as stream:
            return str(json.load(stream)["cells"][int(cell) - 1].get("id", cell))
    except (OSError, ValueError, LookupError, TypeError):
        return cell


def _refuse_unknown(store: Store, index: Notebook, cell: str, name: str) -> None:
    if cell and not any(checkpoint.cell == cell for checkpoint in index.checkpoints()):
        raise Usage(f"nothing is recorded of cell {cell}")
    if name and not store.forget(index, name=name, preview=True).checkpoints:
        raise Usage(f"nothing is recorded of a variable {name}")


def _print_forgotten(found: Forgotten, name: str | None, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    if name:
        say(
            plain(
                f"{name} {would}forgotten in {count(found.checkpoints, 'checkpoint')}; {size(found.bytes)} {would}freed"
            )
        )
    else:
        went = [count(found.runs, "run"), count(found.checkpoints, "checkpoint")]
        went += [count(found.tasks, "task")] if found.tasks else []
        say(f"{', '.join(went[:-1])} and {went[-1]} {would}forgotten; {size(found.bytes)} {would}freed")
