"""Somebody edits a notebook: what they do follows from a seed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from nbrewind.planning.notebook import SourceCell

NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")


def edited(source: str, random: Random, others: Sequence[str]) -> str:
    """Return the text after one edit, which may leave its meaning as it is. ``others`` are texts to take over."""
    kind = random.choice(["comment", "number", "number", "line", "another", "another"])
    numbers = list(NUMBER.finditer(source))
    found = source.splitlines()
    if kind == "number" and numbers:
        return counted_up(source, random.choice(numbers))
    if kind == "line" and len(found) > 1:
        del found[random.randrange(len(found))]
        return "\n".join(found)
    if kind == "another" and others:
        return random.choice(others)
    return source + "\n# edited"


def counted_up(source: str, number: re.Match[str]) -> str:
    """Return the text with a number one larger."""
    return source[: number.start()] + str(int(number[0]) + 1) + source[number.end() :]


class Draft:
    """A notebook that is edited, and what was done to it."""

    def __init__(self, sources: Sequence[str], seed: int, spare: Sequence[str] = ()) -> None:
        """``spare`` are texts that may be put in."""
        self.random, self.spare = Random(seed), list(spare)
        self.sources = [(f"c{number}", source) for number, source in enumerate(sources)]
        self.before: dict[str, str] = {}
        """Cell id to its source before it was edited."""
        self.count = len(sources)
        self.log = [f"seed {seed}"]

    @property
    def cells(self) -> list[SourceCell]:
        """The notebook as it is now."""
        return [SourceCell(cell, index, source) for index, (cell, source) in enumerate(self.sources)]

    def place(self) -> int:
        """Choose a cell: most work is done at the end."""
        return max(self.random.randrange(len(self.sources)) for _ in range(2))

    def change(self, kind: str, where: int) -> None:
        """Do one thing to a cell: ``edit``, ``undo``, ``move``, ``delete``, ``insert`` before or after it, ``copy``."""
        cell, source = self.sources[where]
        if kind == "edit":
            self._edit(where, edited(source, self.random, [*self.spare, *(text for _, text in self.sources)]))
        elif kind == "undo" and cell in self.before:
            self._edit(where, self.before[cell])
        elif kind == "move":
            del self.sources[where]
            self._insert(cell, source, "move")
        elif kind == "delete" and len(self.sources) > 2:
            self.log.append(f"delete {cell}")
            del self.sources[where]
        elif kind == "insert" and self.spare:
            self._insert(self._new_id(), self.random.choice(self.spare), "insert")
        elif kind == "copy":
            self._insert(self._new_id(), source, "insert")

    def _edit(self, where: int, source: str) -> None:
        cell, old = self.sources[where]
        self.before[cell] = old
        self.sources[where] = (cell, source)
        self.log.append(f"edit {cell}" + indented(source))

    def _insert(self, cell: str, source: str, word: str) -> None:
        where = self.random.randint(0, len(self.sources))
        self.sources.insert(where, (cell, source))
        self.log.append(f"{word} {cell} at place {where}" + (indented(source) if word == "insert" else ""))

    def _new_id(self) -> str:
        self.count += 1
        return f"c{self.count - 1}"

    def text(self) -> str:
        """Return what was done, and the notebook as it is now."""
        cells = [cell + indented(source) for cell, source in self.sources]
        return "\n".join([*self.log, "", "the notebook is now", *cells, ""])


def indented(text: str) -> str:
    """Return a text below what names it."""
    return "".join(f"\n    {line}" for line in text.splitlines())
