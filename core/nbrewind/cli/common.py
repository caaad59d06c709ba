"""What all commands share: options, exit statuses, errors as one line, JSON, and access to the records."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from nbformat import NotebookNode

from nbrewind.cli.show import note, plain
from nbrewind.driver.notebook_file import NotebookError, is_python, read_notebook
from nbrewind.packages.form import PackageError
from nbrewind.planning.notebook import History
from nbrewind.planning.policies import Policies, PolicyError, parse, policies_of
from nbrewind.store import Notebook, Store, StoreError
from nbrewind.store.layout import Layout, default_directory

FAILED = 1
USAGE = 2
INTERRUPTED = 130

Command = TypeVar("Command", bound=Callable[..., Any])


class Usage(click.ClickException):
    """Wrong usage or unreadable input: one line, exit status 2."""

    exit_code = USAGE

    def show(self, file: Any = None) -> None:
        """Print the line to standard error."""
        click.echo(f"nbrewind: {plain(self.format_message())}", err=True)


class Failed(Usage):
    """The work failed: one line, exit status 1."""

    exit_code = FAILED


class Interrupted(Usage):
    """Ctrl-C, or a request to end: one line, exit status 130."""

    exit_code = INTERRUPTED


def command_options(function: Command) -> Command:
    """Add ``--store`` and ``--json``, and turn known errors into one line and an exit status.

    With ``--json`` such an error is also the document on standard output: ``{"error": MESSAGE}``.
    """

    @click.option(
        "--store", "store_dir", metavar="DIR", help="The store (default: $NBREWIND_STORE, else Jupyter's data)."
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
    @wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (KeyboardInterrupt, asyncio.CancelledError):
            error: Usage = Interrupted("interrupted; what was saved until then is kept")
        except (Usage, NotebookError, PackageError, PolicyError, StoreError) as problem:
            error = problem if isinstance(problem, Usage) else Usage(str(problem))
        except Exception as problem:
            error = _of_kernel(problem)
        if options["as_json"]:
            emit({"error": error.format_message()})
        raise error

    return wrapped  # type: ignore[return-value]


def _of_kernel(problem: Exception) -> Usage:
    """Return what to say of a kernel's failure; anything else is a bug, and is raised again with its traceback."""
    engine = sys.modules.get("nbrewind.driver.engines.engine")
    if engine is not None and isinstance(problem, engine.EngineError):
        return Usage(str(problem))
    module = sys.modules.get("nbrewind.driver.session")  # without a kernel it need not be loaded, which takes a while
    if module is None or not isinstance(problem, module.KernelError):
        raise problem
    return Usage(str(problem)) if isinstance(problem, module.StartError) else Failed(str(problem))


def open_store(directory: str | None, *, create: bool = True) -> Store:
    """Open the store of a command."""
    return Store.open(directory, create=create)


def place_of(directory: str | None) -> Layout:
    """Return where a command's store is, whether or not there is one."""
    return Layout(Path(directory).expanduser() if directory else default_directory())


@contextmanager
def records_of(directory: str | None, content: NotebookNode, path: Path) -> Iterator[Records]:
    """Open what is recorded of a notebook, for reading; where there is no store, nothing is, and none is made."""
    if not place_of(directory).traces.exists():
        yield Records(None, None)
        return
    with open_store(directory, create=False) as store:
        yield Records(store, store.notebook(path, cells=[cell.id for cell in content.cells], create=False))


class Records:
    """What is recorded of a notebook; nothing at all if there is no store, no history of its own if it has none."""

    def __init__(self, store: Store | None, index: Notebook | None) -> None:
        """Take the store and the notebook's index in it, where they exist."""
        self.store = store
        self.index = index

    @property
    def history(self) -> History:
        """The notebook's runs, and a look-up in all records."""
        if self.store is None:
            return History((), lambda code: ())
        return History(self.index.runs() if self.index else (), self.store.candidates, self.store.messages)


def load_notebook(path: str) -> tuple[NotebookNode, Path]:
    """Read a notebook for a command; warnings go to standard error."""
    notebook, warnings = read_notebook(path)
    for text in warnings:
        note(text)
    if not is_python(notebook):
        raise NotebookError(f"{path} is a notebook of another language than Python; nothing is recorded of those")
    return notebook, Path(path).resolve()


ENV = click.option(
    "--env", type=click.Choice(["create"]), help="Build the environment that a package records, and work in it."
)
POLICY = click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME=VALUE",
    help="Which records may answer (clock=run, packages=exact).",
)


def read_policies(content: NotebookNode, notebook: str, given: tuple[str, ...]) -> Policies:
    """Return the policies of a command: those ``given`` with ``--policy`` win over the notebook's own."""
    chosen = {name: value for text in given for name, value in parse(text, "--policy").items()}
    return policies_of(content.metadata, chosen, place=notebook)


def emit(document: Any) -> None:
    """Print one JSON document; in ASCII where standard output takes nothing else."""
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(msgspec.to_builtins(document), indent=2, ensure_ascii=ascii_only)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair in somebody's source
        text = json.dumps(msgspec.to_builtins(document), indent=2)
    click.echo(text)
