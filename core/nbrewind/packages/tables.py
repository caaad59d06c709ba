"""Printed tables with a column whose name says that it is secret: what stands below that name is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from nbrewind.packages.secrets import MARK
from nbrewind.state.secret_names import is_secret_name

KIND = "column whose name says so"
MOST_WORDS = 50
"""In a line that may be the head of a table."""
_WORD = re.compile(r"\S+")
_HEADER = re.compile(r"<th[^>]*>\s*([^<]{2,99}?)\s*</th>")
_CELL = re.compile(r"<td[^>]*>\s*([^<]{2,9999}?)\s*</td>")


def clean_tables(value: Any) -> tuple[Any, list[str]]:
    """Return plain data in which no printed table has a secret column, and of what kinds the secrets were."""
    kinds: list[str] = []

    def walk(one: Any) -> Any:
        if isinstance(one, str):
            found = _clean_text(one)
            if found != one:
                kinds.append(KIND)
            return found
        if isinstance(one, dict):
            return {key: walk(part) for key, part in one.items()}
        return [walk(part) for part in one] if isinstance(one, list) else one

    return walk(value), kinds


def column_values(text: str) -> Iterator[str]:
    """Yield what stands in secret columns of the tables in a text; of one in HTML, what stands in any column."""
    if _has_header(text):
        yield from _CELL.findall(text)
    for line, spans in _columns(text.split("\n")):
        for start, end in spans:
            yield text.split("\n")[line][start:end]


def _has_header(text: str) -> bool:
    return "<th" in text and any(is_secret_name(name) for name in _HEADER.findall(text))


def _clean_text(text: str) -> str:
    if _has_header(text):
        return MARK
    lines = text.split("\n")
    for number, spans in _columns(lines):
        for start, end in reversed(spans):
            lines[number] = lines[number][:start] + MARK + lines[number][end:]
    return "\n".join(lines)


def _columns(lines: list[str]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the lines of tables with secret columns, with the places of what stands in these.

    A head is a line of words of which one is a name of a secret; the lines of its table begin with a number each.
    Columns are told by their places from the right, since an index has no name.
    """
    places: list[int] = []
    for number, line in enumerate(lines):
        words = list(_WORD.finditer(line))
        names = [place for place, word in enumerate(words) if is_secret_name(word.group())]
        if names and len(words) <= MOST_WORDS and "=" not in line and not line.rstrip().endswith((".", ":", ")")):
            places = [len(words) - place for place in names]
        elif places and len(words) > 1 and words[0].group().isdigit():
            found = [words[-place] for place in places if place < len(words)]
            spans = sorted(word.span() for word in found if word.group() != MARK)
            if spans:
                yield number, spans
        else:
            places = []
