"""A text in which secrets are looked for, in the forms in which that is fast."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

OTHER = "\u00ff"
"""Stands for a character that is no ASCII."""
FOLDED = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u212a", "k"))
"""Letters that are no ASCII, and that patterns which ignore case take for some that are."""
Span = tuple[int, int]
"""Beginning and end in a text."""
_NO_ASCII = re.compile(r"[^\x00-\x7f]+")


class Searched:
    """A text, and the same, character by character, in ASCII."""

    def __init__(self, whole: str) -> None:
        """Take the text."""
        self.whole = whole
        self._is_ascii = whole.isascii()

    @cached_property
    def plain(self) -> str:
        """The text, with `OTHER` for each character that is no ASCII."""
        return self.whole if self._is_ascii else _in_ascii(self.whole)

    @cached_property
    def lower(self) -> str:
        """The same in lower case, with letters for those that patterns which ignore case take for these."""
        if self._is_ascii:
            return self.whole.lower()
        text = self.whole
        for letter, stands_for in FOLDED:
            text = text.replace(letter, stands_for)
        return _in_ascii(text).lower()


def _in_ascii(text: str) -> str:
    return _NO_ASCII.sub(lambda found: OTHER * len(found[0]), text)


def starts_of(pattern: re.Pattern[str], text: str, places: Iterable[int] | None) -> Iterator[int]:
    """Yield where matches of a pattern begin; only of those that begin at ``places``, unless that is None."""
    if places is None:
        return (match.start() for match in pattern.finditer(text))
    return (place for place in places if pattern.match(text, place))
