"""``nbrewind store`` and ``nbrewind doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from nbrewind.cli.common import FAILED, Usage, command_options, emit, open_store, place_of
from nbrewind.cli.show import at_work, console, count, plain, say, size
from nbrewind.cli.space import Size
from nbrewind.store import Finding, Store, StoreError
from nbrewind.store.types import NotebookBudget


@click.group()
def store() -> None:
    """Look at the store of records.

    Example: nbrewind store info
    """


@store.command()
@command_options
def info(store_dir: str | None, as_json: bool) -> None:
    """Show where the store is, what it holds and how large it is.

    Example: nbrewind store info --json
    """
    with open_store(store_dir, create=False) as opened:
        found = opened.info()
    if as_json:
        emit(found)
        return
    held = found.row_bytes + found.blob_bytes + found.task_bytes
    lines = {
        "directory": found.directory,
        "notebooks": str(found.notebooks),
        "runs": str(found.runs),
        "checkpoints": str(found.checkpoints),
        "tasks": f"{found.tasks} ({size(found.task_bytes)})",
        "contents": f"{size(held)} ({count(found.blobs, 'file')} of {size(found.blob_bytes)}, the rest in rows)",
        "garbage": f"{size(found.garbage)} that nothing refers to: `nbrewind gc` removes it",
        "budget": f"{size(found.budget)}{', exceeded' if held > found.budget else ''}",
        "schema": str(found.schema),
    }
    if found.notebook_budgets:
        lines["of notebooks"] = "; ".join(_own_budget(each) for each in found.notebook_budgets)
    for name, text in lines.items():
        console().print(f"{name:<13}{plain(text)}")


def _own_budget(found: NotebookBudget) -> str:
    exceeded = ", exceeded" if found.bytes > found.budget else ""
    return f"{Path(found.notebook).name} {size(found.bytes)} of {size(found.budget)}{exceeded}"


@store.command()
@click.argument("size_", metavar="SIZE", type=Size(none=True))
@click.option("--notebook", metavar="NOTEBOOK", help="Set how much this notebook may hold of it; none: as much as all.")
@command_options
def budget(size_: int, notebook: str | None, store_dir: str | None, as_json: bool) -> None:
    """Set how much the contents may take (500MB, 20GiB); NBREWIND_BUDGET in the environment wins over it.

    Example: nbrewind store budget 50GB

    Example: nbrewind store budget 2GB --notebook analysis.ipynb
    """
    if not size_ and notebook is None:
        raise Usage("none is for --notebook: a store has a budget in any case")
    with open_store(store_dir, create=False) as opened:
        found = _set_budget(opened, size_) if notebook is None else _set_own_budget(opened, notebook, size_ or None)
    if as_json:
        emit(found)
    elif found["budget"] is None:
        say(plain(f"{notebook} has no budget of its own"))
    else:
        say(plain(f"The budget {f'of {notebook} ' if notebook else ''}is {size(found['budget'])}"))


def _set_budget(opened: Store, wanted: int) -> dict[str, Any]:
    opened.set_budget(wanted)
    return {"budget": opened.budget}


def _set_own_budget(opened: Store, notebook: str, wanted: int | None) -> dict[str, Any]:
    index = opened.notebook(notebook, create=False)
    if index is None:
        raise Usage(f"nothing is recorded of {notebook}")
    index.set_budget(wanted)
    return {"notebook": index.path, "budget": index.budget}


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended; what can't is taken out of the saved history.")
@click.option("--deep", is_flag=True, help="Read every content and verify its digest.")
@command_options
def doctor(repair: bool, deep: bool, store_dir: str | None, as_json: bool) -> None:
    """Check the store, and say what is wrong where.

    Exit status 1 if something is wrong and was not mended.

    Example: nbrewind doctor --repair
    """
    with at_work("Checking the store"):
        findings = _examine(store_dir, repair=repair, deep=deep)
    if as_json:
        emit({"findings": [msgspec.to_builtins(finding) for finding in findings]})
    elif not findings:
        say("Nothing is wrong.")
    else:
        for finding in findings:
            say(plain(f"{finding.where}: {finding.what}{' (mended)' if finding.fixed else ''}"))
    if any(not finding.fixed for finding in findings):
        raise SystemExit(FAILED)


def _examine(directory: str | None, *, repair: bool, deep: bool) -> list[Finding]:
    """Check the store; one that is there but can't even be opened is a finding, with what to do."""
    place = place_of(directory)
    try:
        with open_store(directory, create=False) as opened:
            return opened.doctor(repair=repair, deep=deep)
    except StoreError as error:
        if "newer nbrewind" in str(error) or not place.traces.is_file():
            raise
        advice = "restore it from a backup, or move the store away and start a new one"
        what = str(error).replace("; run `nbrewind doctor`", f"; {advice}")
        return [Finding(kind="database", where=str(place.traces), what=what)]
