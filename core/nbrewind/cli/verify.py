"""``nbrewind verify``: a package is checked; and, if asked for, run again and compared cell by cell."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from nbformat import NotebookNode

from nbrewind.cli.common import ENV, Failed, Usage, command_options, emit, load_notebook
from nbrewind.cli.environment import build_from, go_on
from nbrewind.cli.package import open_package, state_of
from nbrewind.cli.run import end
from nbrewind.cli.show import Row, count, rows, say, share_bar
from nbrewind.driver.closeness import compare
from nbrewind.packages.form import PackageError
from nbrewind.packages.opened import Package
from nbrewind.packages.receive import receive
from nbrewind.packages.tolerance import Tolerance, tolerance_of
from nbrewind.store import Store

WORDS = {
    "same": "same",
    "close": "within tolerance",
    "by nature": "same, but for addresses",
    "differs": "differs",
    "failed": "failed",
    "not run": "not run",
}
"""What became of a cell, in words."""
BAD = ("differs", "failed", "not run")
BEFORE = "a cell before it failed"


@dataclass(frozen=True)
class Compared:
    """A code cell that was run again."""

    cell: str
    index: int
    title: str
    verdict: str
    """Of `WORDS`."""
    what: str
    """In what it shows something else; the error of one that failed."""


@click.command()
@click.argument("package")
@click.option(
    "--repeat", "again", is_flag=True, help="Also run all of it anew, beside, and compare what each cell shows."
)
@click.option("--kernel", default="", metavar="NAME", help="Kernelspec for --repeat (default: the notebook's own).")
@ENV
@command_options
@click.pass_context
def verify(
    context: click.Context,
    package: str,
    again: bool,
    kernel: str,
    env: str | None,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Check all digests, documents and records of PACKAGE. Nothing of it is run or loaded, but with --repeat.

    --repeat runs the code of the notebook: do that only with one that you would run.

    Example: nbrewind verify analysis.nbrewind.zip
    """
    if env:
        _in_environment(context, package)
    with open_package(package) as found:
        with share_bar() as progress:
            try:
                found.check(lambda share: progress("Verifying", share))
            except PackageError as error:
                raise Failed(str(error)) from error
        compared = _run_again(found, kernel) if again else []
        differing = [{"cell": one.cell, "index": one.index, "what": one.what} for one in compared if one.verdict in BAD]
        trusted = state_of(found, store_dir)
        document = {
            "id": found.id,
            "ok": not differing,
            "trust": trusted,
            "bytes": found.size,
            "differences": differing,
            "cells": [
                {"cell": one.cell, "index": one.index, "verdict": one.verdict, "what": one.what} for one in compared
            ],
        }
    if as_json:
        emit(document)
    else:
        if compared:
            found_rows = [Row((str(one.index + 1), WORDS[one.verdict]), one.title, one.what) for one in compared]
            rows(("cell", "run again", "code"), found_rows, right=(0,))
            say()
        say(f"All that {package} says of itself holds; {'run again' if again else 'not run'}; trust: {trusted}")
    if differing:
        end(f"{count(len(differing), 'cell')} came out otherwise than the package shows")


def _in_environment(context: click.Context, package: str) -> None:
    """Have it verified in the environment that it records, which is there only for that; end as that ends."""
    if not context.params["again"]:
        raise Usage("--env create is for --repeat: without it, nothing is run")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "environment"
        with open_package(package) as found:
            found.check()
            build_from(found, folder)
        go_on(folder, context, {}, without={"env"})


def _run_again(package: Package, kernel: str) -> list[Compared]:
    """Run a package's notebook in a store and a folder of its own; return how each code cell compares."""
    from nbrewind.driver.audit import audit, to_execute

    shown = {cell.id: cell.outputs for cell in package.notebook.cells if cell.cell_type == "code"}
    tolerances = dict(_tolerances(package.notebook))
    with tempfile.TemporaryDirectory() as name:
        with Store.open(Path(name) / "store") as store:
            made = receive(package, Path(name) / "work", store)
            content, path = load_notebook(str(made.notebook))
            for cell in content.cells:
                if cell.cell_type == "code":
                    cell.outputs = []
        with Store.open(Path(name) / "fresh") as fresh:
            result = asyncio.run(audit(content, path, fresh, kernel=kernel))
    done = {one.cell.index: one for one in result.runs}
    found = []
    for cell in to_execute(content):
        run = done.get(cell.index)
        if not cell.source.strip():
            continue
        if run is None:
            verdict, what = "not run", BEFORE
        elif run.ends:
            verdict, what = "failed", run.error
        else:
            one = compare(shown[cell.id], content.cells[cell.index].outputs, tolerances[cell.id])
            verdict, what = one.verdict, one.what
        found.append(Compared(cell.id, cell.index, cell.title, verdict, what))
    return found


def _tolerances(notebook: NotebookNode) -> Iterator[tuple[str, Tolerance]]:
    for index, cell in enumerate(notebook.cells):
        try:
            yield cell.id, tolerance_of(cell)
        except PackageError as error:
            raise PackageError(f"cell {index + 1}: {error}") from error
