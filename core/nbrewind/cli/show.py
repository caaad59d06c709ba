"""How commands look on a terminal: rows that fit its width, notes, progress, words for numbers.

On a terminal (or where ``COLUMNS`` says how wide one is) lines are cut and folded; into a pipe everything goes on one
line per row, whole. Colours follow the terminal and ``NO_COLOR``; nothing is said by colour alone.
"""

from __future__ import annotations

import os
import textwrap
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

GAP = "  "
WIDE = 100
"""Columns from which reasons stand beside the code instead of below it."""
CODE = 44
ENDLESS = 100_000
PATIENCE = 1.0
"""Seconds until a command that is at work says so."""


def console(*, error: bool = False) -> Console:
    """Return a console for standard output or error, as they are now."""
    found = Console(stderr=error, highlight=False, emoji=False, markup=False, soft_wrap=True)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = ENDLESS
    return found


def plain(text: str) -> str:
    """Return text of a user's notebook as one harmless line: control characters can't reach the terminal."""
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in text)


def say(text: str | Text = "") -> None:
    """Print one paragraph on standard output, folded to its width."""
    to = console()
    to.print(text if isinstance(text, Text) or to.width == ENDLESS else textwrap.fill(text, to.width))


def note(text: str) -> None:
    """Print a remark on standard error."""
    to = console(error=True)
    line = f"note: {plain(text)}"
    to.print(Text(line if to.width == ENDLESS else textwrap.fill(line, to.width), style="yellow"))


@dataclass
class Row:
    """One line of a list: short columns, then the code, then the reason."""

    columns: Sequence[str | Text]
    code: str = ""
    reason: str = ""


def rows(titles: Sequence[str], found: Sequence[Row], *, right: Sequence[int] = ()) -> None:
    """Print rows under ``titles``; ``right`` are the columns to align on the right. The last title is the code's."""
    to = console()
    short = [[column if isinstance(column, Text) else Text(plain(column)) for column in row.columns] for row in found]
    widths = [
        max([cell_len(title), *(column[number].cell_len for column in short)])
        for number, title in enumerate(titles[: len(short[0]) if short else 0])
    ]
    head = [Text(title) for title in titles[: len(widths)]]
    to.print(Text(_line(head, widths, right).plain + titles[-1], style="dim"))
    indent = sum(widths) + len(GAP) * len(widths)
    for row, columns in zip(found, short, strict=True):
        for line in _with_reason(_line(columns, widths, right), plain(row.code), plain(row.reason), indent, to.width):
            to.print(line)


def _line(columns: Sequence[Text], widths: Sequence[int], right: Sequence[int]) -> Text:
    line = Text()
    for number, (column, width) in enumerate(zip(columns, widths, strict=True)):
        space = " " * (width - column.cell_len)
        line = line + space + column if number in right else line + column + space
        line.append(GAP)
    return line


def _with_reason(line: Text, code: str, reason: str, indent: int, width: int) -> Iterator[Text]:
    if width < WIDE:
        yield line + shorten(code, width - indent)
        for part in textwrap.wrap(reason, max(width - indent - 2, 20)):
            yield Text(" " * (indent + 2) + part, style="dim")
        return
    left = shorten(code, CODE)
    parts = textwrap.wrap(reason, max(width - indent - CODE - len(GAP), 20)) if width < ENDLESS else [reason]
    pad = " " * (CODE - cell_len(left)) + GAP
    yield line + left + Text((pad + parts[0]) if parts and parts[0] else "", style="dim")
    for part in parts[1:]:
        yield Text(" " * (indent + CODE + len(GAP)) + part, style="dim")


def shorten(text: str, width: int) -> str:
    """Cut text to a number of terminal columns, with dots where something was cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 1)).rstrip() + "…"


def size(count: float) -> str:
    """Return a number of bytes in words (``1.5 MB``)."""
    for unit in ("B", "kB", "MB"):
        if abs(count) < (1000 if unit == "B" else 999.95):
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def duration(seconds: float) -> str:
    """Return seconds in words (``12 ms``, ``3.4 s``, ``2 min 5 s``)."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.00095 else f"{seconds * 1000:.1f} ms"
    whole = round(seconds)
    return f"{seconds:.1f} s" if seconds < 59.95 else f"{whole // 60} min {whole % 60} s"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun (``1 cell``, ``2 cells``)."""
    return f"{number} {one if number == 1 else many or one + 's'}"


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[Any], None]]:
    """Show progress over cells on a terminal; yields what to call when a cell begins."""
    to = console(error=True)
    if not to.is_terminal:
        yield lambda cell: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = BarColumn(bar_width=20)
    columns = (TextColumn("{task.fields[title]}"), bar, MofNCompleteColumn(), TimeElapsedColumn())
    what = TextColumn("{task.fields[cell]}", style="dim")
    with Progress(*columns, what, console=to, transient=True) as progress:
        task = progress.add_task("", total=total, title=title, cell="starting the kernel")
        begun = 0

        def begin(cell: Any) -> None:
            nonlocal begun
            text = shorten(plain(f"{cell.label}  {cell.title}"), max(to.width - len(title) - 42, 8))
            progress.update(task, completed=begun, cell=text)
            begun += 1

        yield begin


@contextmanager
def share_bar() -> Iterator[Callable[[str, float], None]]:
    """Show on a terminal how much of something is done; yields what is told that: what, and how much, from 0 to 1."""
    to = console(error=True)
    if not to.is_terminal:
        yield lambda what, share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=to, transient=True) as progress:
        task = progress.add_task("", total=1.0)
        yield lambda what, share: progress.update(task, completed=share, description=plain(what))


@contextmanager
def at_work(title: str) -> Iterator[None]:
    """Say on a terminal what is being done, if it takes longer than a moment."""
    to = console(error=True)
    if not to.is_terminal:
        yield
        return
    status = to.status(title)
    timer = threading.Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
