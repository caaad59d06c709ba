"""Edits that somebody could make to a cell of any notebook."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")


def edited(source: str, random: Random, others: Sequence[str]) -> str:
    """Return the text after one edit, which may leave its meaning as it is. ``others`` are texts to take over."""
    kind = random.choice(["comment", "number", "number", "line", "another", "another"])
    numbers = list(NUMBER.finditer(source))
    found = source.splitlines()
    if kind == "number" and numbers:
        number = random.choice(numbers)
        return source[: number.start()] + str(int(number[0]) + 1) + source[number.end() :]
    if kind == "line" and len(found) > 1:
        del found[random.randrange(len(found))]
        return "\n".join(found)
    if kind == "another" and others:
        return random.choice(others)
    return source + "\n# edited"
