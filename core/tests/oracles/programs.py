"""Whole notebooks made by hypothesis: few names, so that cells share, rebind and delete each other's values often."""

from __future__ import annotations

import re
from typing import NamedTuple

from hypothesis import strategies as st

from . import templates

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


@st.composite
def statement(draw: st.DrawFn, forms: list[str]) -> str:
    """One statement with its names."""
    text = draw(st.sampled_from(forms))
    names = {place: draw(st.sampled_from(NAMES[place[0]])) for place in sorted(set(PLACE.findall(text)))}
    return PLACE.sub(lambda found: names[found[0]], text)


def guarded(text: str) -> str:
    """The statement so that it does not end the cell."""
    if text.startswith(("%", "!")) or "!cat" in text:
        return text
    return "try:" + "".join(f"\n    {line}" for line in text.splitlines()) + "\nexcept Exception: print('failed')"


@st.composite
def programs(draw: st.DrawFn, of: list[list[str]] = FAMILIES) -> Program:
    """A notebook that mixes a few of the families."""
    families = draw(st.lists(st.sampled_from(of), min_size=2, max_size=4))
    one = statement([template for family in families for template in family])
    shown = statement(LAST)
    step = st.one_of(one, one.map(guarded), one.map(guarded))
    body = st.lists(step, min_size=1, max_size=3)
    cell = st.builds(lambda steps, last: "\n".join([*steps, *last]), body, st.lists(shown.map(guarded), max_size=1))
    cells = draw(st.lists(cell, min_size=3, max_size=9))
    return Program([templates.IMPORTS, templates.START, *cells], draw(st.lists(cell, max_size=3)))
