"""``nbrewind verify``: a package is checked; and, if asked for, run again and compared cell by cell."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from itertools import count as count_from
from pathlib import Path
from typing import Any

import click
from nbformat import NotebookNode

from nbrewind.cli.common import ENV, Failed, Usage, command_options, emit, load_notebook
from nbrewind.cli.environment import build_from, go_on
from nbrewind.cli.package import open_package, state_of
from nbrewind.cli.run import end
from nbrewind.cli.show import Row, count, note, rows, say, share_bar
from nbrewind.driver.closeness import Shown, compare
from nbrewind.driver.side_by_side import draw
from nbrewind.packages.form import PackageError, stem
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
    picture: str = ""
    """The file that shows where two pictures differ."""

    @property
    def reason(self) -> str:
        """What is said of it in a list."""
        return f"{self.what}; see {self.picture}" if self.picture else self.what


@click.command()
@click.argument("package")
@click.option(
    "--repeat", "again", is_flag=True, help="Also run all of it anew, beside, and compare what each cell shows."
)
@click.option("--kernel", default="", metavar="NAME", help="Kernelspec for --repeat (default: the notebook's own).")
@click.option(
    "--pictures", metavar="DIR", help="Where --repeat shows how pictures differ (default: a new folder beside PACKAGE)."
)
@ENV
@command_options
@click.pass_context
def verify(
    context: click.Context,
    package: str,
    again: bool,
    kernel: str,
    pictures: str | None,
    env: str | None,
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Check all digests, documents and records of PACKAGE. Nothing of it is run or loaded, but with --repeat.

    --repeat runs the code of the notebook: do that only with one that you would run. Of pictures that came out
    otherwise it writes one beside PACKAGE that shows both, and where they differ.

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
        drawings = Drawings(Path(pictures) if pictures else _beside(Path(package)))
        compared = _run_again(found, kernel, drawings) if again else []
        differing = [_told(one, "cell", "index", "what", "picture") for one in compared if one.verdict in BAD]
        trusted = state_of(found, store_dir)
        document = {
            "id": found.id,
            "ok": not differing,
            "trust": trusted,
            "bytes": found.size,
            "differences": differing,
            "cells": [_told(one, "cell", "index", "verdict", "what", "picture") for one in compared],
        }
    if as_json:
        emit(document)
    else:
        if compared:
            found_rows = [Row((str(one.index + 1), WORDS[one.verdict]), one.title, one.reason) for one in compared]
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


class Drawings:
    """Pictures of how others differ, in a folder that is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        """Write them into ``folder``."""
        self._folder = folder

    def add(self, index: int, shown: Shown, tolerance: Tolerance) -> str:
        """Draw how the pictures of a cell differ; returns the file's name, empty if there is nothing to see."""
        if shown.pictures is None or shown.verdict not in BAD:
            return ""
        target = self._folder / f"cell-{index + 1}.png"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draw(*shown.pictures, tolerance.levels, target)
        except OSError as error:
            note(f"can't show how the picture of cell {index + 1} differs: {error}")
            return ""
        return str(target)


def _beside(package: Path) -> Path:
    """Return a folder beside a package that is not there yet."""
    first = package.with_name(f"{stem(package.resolve().name)}-differences")
    numbered = (first.with_name(f"{first.name}-{number}") for number in count_from(2))
    return next(one for one in chain([first], numbered) if not one.exists())


def _told(compared: Compared, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(compared, name)) != "" or name != "picture"}


def _run_again(package: Package, kernel: str, drawings: Drawings) -> list[Compared]:
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
        picture = ""
        if run is None:
            verdict, what = "not run", BEFORE
        elif run.ends:
            verdict, what = "failed", run.error
        else:
            one = compare(shown[cell.id], content.cells[cell.index].outputs, tolerances[cell.id])
            verdict, what = one.verdict, one.what
            picture = drawings.add(cell.index, one, tolerances[cell.id])
        found.append(Compared(cell.id, cell.index, cell.title, verdict, what, picture))
    return found


def _tolerances(notebook: NotebookNode) -> Iterator[tuple[str, Tolerance]]:
    for index, cell in enumerate(notebook.cells):
        try:
            yield cell.id, tolerance_of(cell)
        except PackageError as error:
            raise PackageError(f"cell {index + 1}: {error}") from error
