"""``nbrewind audit`` and ``nbrewind repeat``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
from nbformat import NotebookNode
from rich.table import Table

from nbrewind.cli.common import (
    FAILED,
    Usage,
    command_options,
    duration,
    emit,
    err,
    load_notebook,
    open_store,
    out,
    progress_bar,
    size,
)
from nbrewind.driver.audit import Audit, AuditedRun
from nbrewind.driver.audit import audit as run_audit
from nbrewind.driver.notebook_file import cell_index, inject_parameters, parameter_value, write_notebook
from nbrewind.driver.repeat import Repeat, preview
from nbrewind.driver.repeat import repeat as run_repeat
from nbrewind.model import Step
from nbrewind.planning.notebook import code_cells

PARAMETER = click.option(
    "-p", "--parameter", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter (papermill)."
)
OUTPUT = click.option("-o", "--output", metavar="OUT", help="Write the executed notebook to OUT.")
INPLACE = click.option("--inplace", is_flag=True, help="Write the executed notebook back to NOTEBOOK.")
KERNEL = click.option("--kernel", default="", metavar="NAME", help="Kernelspec to use (default: the notebook's own).")


@click.command()
@click.argument("notebook")
@OUTPUT
@INPLACE
@PARAMETER
@KERNEL
@click.option("--allow-errors", is_flag=True, help="Go on after a cell that raises.")
@command_options
def audit(
    notebook: str,
    output: str | None,
    inplace: bool,
    parameters: tuple[tuple[str, str], ...],
    kernel: str,
    allow_errors: bool,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Run the whole NOTEBOOK in a new kernel and record it.

    Example: nbrewind audit analysis.ipynb -o done.ipynb -p YEAR 2013
    """
    content, path = _prepare(notebook, output, inplace, parameters)
    total = len(code_cells(content.cells))
    with open_store(store_dir) as store, progress_bar("Auditing", total, quiet=as_json) as begin:
        result = asyncio.run(run_audit(content, path, store, kernel=kernel, allow_errors=allow_errors, progress=begin))
    _write(content, output, path if inplace else None)
    if as_json:
        emit({"runs": [_audited(run) for run in result.runs if run.run], "seconds": result.seconds})
    else:
        _print_audit(result)
    if result.failed and not allow_errors:
        raise SystemExit(FAILED)


def _prepare(
    notebook: str, output: str | None, inplace: bool, parameters: tuple[tuple[str, str], ...]
) -> tuple[NotebookNode, Path]:
    if output and inplace:
        raise Usage("-o and --inplace exclude each other")
    content, path = load_notebook(notebook)
    inject_parameters(content, {name: parameter_value(value) for name, value in parameters})
    return content, path


def _write(content: NotebookNode, output: str | None, path: Path | None) -> None:
    target = Path(output) if output else path
    if target is not None:
        write_notebook(content, target)


def _audited(done: AuditedRun) -> dict[str, Any]:
    assert done.run is not None
    return {
        "cell": done.cell.id,
        "index": done.cell.index,
        "run": done.run.id,
        "seconds": done.run.seconds,
        "overhead": done.run.overhead,
        "bytes": done.stored,
        "status": done.run.status,
    }


def _print_audit(result: Audit) -> None:
    table = Table(box=None, pad_edge=False)
    for title, justify in (("cell", "right"), ("time", "right"), ("overhead", "right"), ("stored", "right")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    table.add_column("", no_wrap=True, overflow="ellipsis")
    recorded = [done for done in result.runs if done.run is not None]
    for done in recorded:
        assert done.run is not None
        mark = "" if done.status == "ok" else f"  [red]{done.status}: {_plain(done.error)}[/]"
        table.add_row(
            str(done.cell.index + 1),
            duration(done.run.seconds),
            duration(done.run.overhead),
            size(done.stored),
            _plain(done.cell.title) + mark,
        )
    out.print(table)
    overhead = sum(done.run.overhead for done in recorded if done.run)
    stored = sum(done.stored for done in recorded)
    share = f" ({overhead / result.seconds:.1%} of the time)" if result.seconds else ""
    out.print(
        f"{len(recorded)} cells recorded in {duration(result.seconds)}; "
        f"overhead {duration(overhead)}{share}; {size(stored)} stored"
    )
    for done in recorded:
        if done.run and done.run.unknown:
            out.print(f"[yellow]cell {done.cell.index + 1}[/] will always run again: {_plain(done.run.unknown[0])}")


@click.command()
@click.argument("notebook")
@OUTPUT
@INPLACE
@PARAMETER
@KERNEL
@click.option("--to", "target", metavar="CELL", help="Only up to this cell: an id, or a number counted from 1.")
@click.option("--dry-run", is_flag=True, help="Show the plan and run nothing.")
@click.option("--files", is_flag=True, help="Put recorded files back also over files that are not recorded.")
@command_options
def repeat(
    notebook: str,
    output: str | None,
    inplace: bool,
    parameters: tuple[tuple[str, str], ...],
    kernel: str,
    target: str | None,
    dry_run: bool,
    files: bool,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Bring NOTEBOOK up to date in a new kernel, running only what must run.

    Example: nbrewind repeat analysis.ipynb -o done.ipynb -p YEAR 2014
    """
    content, path = _prepare(notebook, output, inplace, parameters)
    last = cell_index(content, target) if target else None
    with open_store(store_dir) as store:
        if dry_run:
            steps = preview(content, path, store, last=last).steps
            result = Repeat(steps=steps, seconds=sum(step.seconds for step in steps))
        else:
            with progress_bar("Repeating", len(code_cells(content.cells)), quiet=as_json) as begin:
                result = asyncio.run(
                    run_repeat(content, path, store, last=last, kernel=kernel, files=files, progress=begin)
                )
            _write(content, output, path if inplace else None)
    if as_json:
        emit(
            {
                "steps": [_step(step) for step in result.steps],
                "tasks": {"answered": 0, "ran": 0},
                "seconds": result.seconds,
                "failed": result.failed,
                "notes": result.notes,
            }
        )
    else:
        _print_steps(result, content, dry_run)
    if result.failed:
        raise SystemExit(FAILED)


def _step(step: Step) -> dict[str, Any]:
    return {
        "cell": step.cell,
        "index": step.index,
        "action": step.action,
        "reason": step.reason,
        "seconds": step.seconds,
        "prelude": step.prelude,
    }


def _print_steps(result: Repeat, content: NotebookNode, dry_run: bool) -> None:
    titles = {cell.id: cell.title for cell in code_cells(content.cells)}
    table = Table(box=None, pad_edge=False)
    table.add_column("cell", justify="right")
    table.add_column("")
    table.add_column("expected" if dry_run else "time", justify="right")
    table.add_column("", no_wrap=True, max_width=44, overflow="ellipsis")
    table.add_column("why", overflow="fold")
    colours = {"run": "bold", "load": "cyan", "skip": "dim"}
    for step in result.steps:
        action = f"{step.action} (prelude)" if step.prelude else step.action
        table.add_row(
            str(step.index + 1),
            f"[{colours[step.action]}]{action}[/]",
            duration(step.seconds),
            _plain(titles.get(step.cell, "")),
            _plain(step.reason),
        )
    out.print(table)
    for note in result.notes:
        out.print(_plain(note))
    count = {action: sum(1 for step in result.steps if step.action == action) for action in ("run", "load", "skip")}
    verb = "would run" if dry_run else "ran"
    out.print(
        f"{count['run']} cells {verb}, {count['load']} loaded, {count['skip']} skipped; "
        f"{'expected ' if dry_run else ''}{duration(result.seconds)}"
    )
    if result.failed:
        err.print(f"[red]nbrewind:[/] {_plain(result.failed)}")


def _plain(text: str) -> str:
    """Keep brackets of the user's text from being read as markup."""
    return text.replace("[", r"\[")
