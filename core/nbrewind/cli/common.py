"""What all commands share: options, exit statuses, JSON, progress, words for numbers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nbrewind.driver.notebook_file import NotebookError, is_python, read_notebook
from nbrewind.driver.session import KernelError
from nbrewind.store import Store, StoreError

FAILED = 1
USAGE = 2

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Command = TypeVar("Command", bound=Callable[..., Any])


class Usage(click.ClickException):
    """Wrong usage or unreadable input: one line, exit status 2."""

    exit_code = USAGE

    def show(self, file: Any = None) -> None:
        """Print the line to standard error."""
        click.echo(f"nbrewind: {self.format_message()}", err=True)


class Failed(Usage):
    """The work failed: one line, exit status 1."""

    exit_code = FAILED


def command_options(function: Command) -> Command:
    """Add ``--store`` and ``--json``, and turn known errors into one line and an exit status."""

    @click.option(
        "--store", "store_dir", metavar="DIR", help="The store (default: $NBREWIND_STORE, else Jupyter's data)."
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (NotebookError, StoreError) as error:
            raise Usage(str(error)) from error
        except KernelError as error:
            raise Failed(str(error)) from error

    return wrapped  # type: ignore[return-value]


def open_store(directory: str | None, *, create: bool = True) -> Store:
    """Open the store of a command."""
    return Store.open(directory, create=create)


def load_notebook(path: str) -> tuple[NotebookNode, Path]:
    """Read a notebook for a command; warnings go to standard error."""
    notebook, warnings = read_notebook(path)
    for text in warnings:
        err.print(f"[yellow]note:[/] {text}")
    if not is_python(notebook):
        raise NotebookError(f"{path} is a notebook of another language than Python; nothing is recorded of those")
    return notebook, Path(path).resolve()


def emit(document: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(document), indent=2, ensure_ascii=False) + "\n")


def instant(seconds: float) -> str:
    """Return an RFC 3339 instant in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def size(count: float) -> str:
    """Return a number of bytes in words (``1.5 MB``)."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""  # not reached: the loop ends at GB


def duration(seconds: float) -> str:
    """Return seconds in words (``12 ms``, ``3.4 s``, ``2 min 5 s``)."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:.0f} s"


@contextmanager
def progress_bar(title: str, total: int, *, quiet: bool) -> Iterator[Callable[[Any], None]]:
    """Show progress over cells on a terminal; yields what to call when a cell begins."""
    if quiet or not err.is_terminal:
        yield lambda cell: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(title, total=total)
        begun = 0

        def begin(cell: Any) -> None:
            nonlocal begun
            progress.update(task, completed=begun, description=f"{title}: {cell.label} {cell.title[:40]}")
            begun += 1

        yield begin
