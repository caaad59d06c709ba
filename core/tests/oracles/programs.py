"""Whole notebooks made by chance: few names, so that cells share, rebind and delete each other's values often.

They follow from a seed alone, whatever else changes in the project: hypothesis would take constants from its sources.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from . import templates

ONLY = os.environ.get("ORACLES_ONLY", "")
"""The number of the one notebook of a part that is tried."""

NAMES = {
    "N": ("a", "b", "c"),
    "S": ("s", "t"),
    "L": ("xs", "ys", "zs"),
    "D": ("d", "e"),
    "F": ("f", "g", "h"),
    "C": ("Base", "Other"),
    "O": ("o", "p"),
    "G": ("it", "jt"),
    "A": ("v", "w"),
    "P": ("df", "dg"),
    "T": ("'one.txt'", "'two.txt'"),
    "E": ("'ORACLE_ONE'", "'ORACLE_TWO'"),
    "M": ("helper", "tooling"),
    "K": ("0", "1", "2", "3"),
}
NAMES["V"] = tuple(name for kind in "NSLDFCOGAP" for name in NAMES[kind])
PLACE = re.compile(rf"\b[{''.join(NAMES)}][1-3]\b")


def statements(text: str) -> list[str]:
    """Return the templates of a family."""
    return [line.replace("|", "\n") for line in text.strip().splitlines()]


FAMILIES = [
    statements(text)
    for text in (
        templates.NUMBERS, templates.CONTAINERS, templates.FUNCTIONS, templates.CLASSES, templates.ITERATORS,
        templates.DELETIONS, templates.ARRAYS, templates.FRAMES, templates.OUTSIDE,
    )
]  # fmt: skip
BESIDE = [*FAMILIES, *[statements(text) for text in (templates.INPUTS, templates.MODULES)] * 3]
"""For notebooks beside which ``templates.FILES`` lie: these are read in every other one."""
LAST = templates.SHOWS.strip().splitlines()


class Program(NamedTuple):
    """A notebook, and texts that somebody may put in."""

    cells: list[str]
    spare: list[str]


def statement(random: Random, forms: list[str]) -> str:
    """One statement with its names."""
    text = random.choice(forms)
    names = {place: random.choice(NAMES[place[0]]) for place in sorted(set(PLACE.findall(text)))}
    return PLACE.sub(lambda found: names[found[0]], text)


def guarded(text: str) -> str:
    """The statement so that it does not end the cell."""
    if text.startswith(("%", "!")) or "!cat" in text:
        return text
    return "try:" + "".join(f"\n    {line}" for line in text.splitlines()) + "\nexcept Exception: print('failed')"


def cell(random: Random, forms: list[str]) -> str:
    """A few statements, and perhaps one that shows something."""
    steps = [statement(random, forms) for _ in range(random.randint(1, 3))]
    steps = [guarded(step) if random.random() < 2 / 3 else step for step in steps]
    return "\n".join([*steps, *[guarded(statement(random, LAST))] * random.randint(0, 1)])


def programs(seed: int, count: int, of: list[list[str]] = FAMILIES) -> Iterator[tuple[int, Program]]:
    """Yield notebooks with their numbers, each a mixture of a few of the families; only one if `ONLY` says so."""
    for number in range(count) if not ONLY else [int(ONLY)]:
        random = Random(f"{seed}:{number}")
        forms = [template for _ in range(random.randint(2, 4)) for template in random.choice(of)]
        cells = [cell(random, forms) for _ in range(random.randint(3, 9))]
        spare = [cell(random, forms) for _ in range(random.randint(0, 3))]
        yield number, Program([templates.IMPORTS, templates.START, *cells], spare)
