"""Secrets: recognised by the names under which they stand, and by their form.

Two sets of rules. *Forms* (`forms.py`): texts that are a secret wherever they are, such as an access key or a private
key. *Names* (`named.py`): what is assigned to, or stands beside, a name that says so. What was found by a name is then
looked for everywhere, since it may be printed or passed on without that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from nbrewind.packages.forms import forms
from nbrewind.packages.literals import LONG, Filter, Needed, Possible, Spelled, needed
from nbrewind.packages.named import ENDS, LAST, LEAST_KNOWN, PLACEHOLDER, named
from nbrewind.packages.searched import Searched
from nbrewind.state.secret_names import is_secret_name

MARK = "[secret-removed]"
"""Stands where a secret was."""
MOST_KNOWN = 1000
COLUMN = 256
"""Capitals in turn that are taken for a column of codes."""
AMINO_ACIDS = frozenset("ACDEFGHIKLMNPQRSTVWY")
_CAPITALS = re.compile("[A-Z]*")


class Found(NamedTuple):
    """Where in a text a secret is."""

    start: int
    end: int
    kind: str


@cache
def _filter() -> Filter:
    """Return what tells which forms, ends of names, and anchors, in this order, a text may have in it."""
    whole, parts = [], []
    for form in forms():
        anchors = [needed(anchor.pattern) for anchor in form.anchors]
        words = [one.literals if one.literals and min(map(len, one.literals)) >= LONG else None for one in anchors]
        parts += [one if found else Needed(None, 0) for one, found in zip(anchors, words, strict=True)]
        literals, run = needed(form.pattern)
        if words and (literals is None or min(map(len, literals)) < LONG) and all(words):
            literals = frozenset(word for found in words for word in found or ())
        whole.append(Needed(literals, run))
    return Filter([*whole, *(needed(re.compile(word)) for word in LAST), *parts])


class Scanner:
    """Finds secrets in texts, and takes them out."""

    def __init__(self) -> None:
        """Know no secret yet; `learn` tells some."""
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._spelled: Spelled | None = None

    @property
    def known(self) -> frozenset[str]:
        """Texts that are secret wherever they stand."""
        return frozenset(self._known)

    @property
    def spelled(self) -> Spelled:
        """The same as bytes."""
        if self._spelled is None:
            self._spelled = Spelled(self._known)
        return self._spelled

    @staticmethod
    def possible(data: bytes | str) -> Possible:
        """Return what `find` may find in a text, or in texts of ASCII that are in ``data``, but for what is known."""
        found = _filter().possible(data)
        return found if found and next(iter(found)) < len(forms()) + len(ENDS) else {}

    def learn(self, texts: Iterable[str]) -> None:
        """Look for these texts from now on, wherever they may stand."""
        for text in texts:
            if LEAST_KNOWN <= len(text) <= 10_000 and not PLACEHOLDER.search(text) and len(self._known) < MOST_KNOWN:
                self._known.add(text)
                self._pattern = self._spelled = None

    def learn_from(self, text: str) -> None:
        """Look from now on for what stands in a text beside a name that says that it is secret."""
        anywhere = dict.fromkeys(range(len(ENDS)))
        self.learn(text[start:end] for start, end in named(Searched(text), anywhere))

    def find(self, text: str, possible: Possible | None = None) -> list[Found]:
        """Return where secrets are, in order, none within another.

        Args:
            text: to be searched.
            possible: what `possible` has told of it, or of more than it, if that was asked already.
        """
        if len(text) < 4 or text.isspace():
            return []
        if possible is None:
            possible = self.possible(text)
        searched = Searched(text)
        first, second = len(forms()), len(forms()) + len(ENDS)
        ends = {number - first: at for number, at in possible.items() if first <= number < second}
        found = [Found(*at, "value under a name that says so") for at in named(searched, ends)]
        for number, form in enumerate(forms()):
            wanted = [
                (anchor, possible[place]) for place, anchor in enumerate(form.anchors, second) if place in possible
            ]
            second += len(form.anchors)
            if number in possible:
                found += [Found(*at, form.kind) for at in form.spans(searched, wanted) if _is_secret(text, *at)]
        if self._known:
            if self._pattern is None:
                longest = sorted(self._known, key=lambda one: (-len(one), one))
                self._pattern = re.compile("|".join(map(re.escape, longest)))
            found += [Found(*match.span(), "value that is secret elsewhere") for match in self._pattern.finditer(text)]
        whole: list[Found] = []
        for one in sorted(found, key=lambda one: (one.start, -one.end)):
            if whole and one.start < whole[-1].end:
                whole[-1] = whole[-1]._replace(end=max(whole[-1].end, one.end))
            elif text[one.start : one.end] not in ("", MARK):
                whole.append(one)
        return whole

    def clean(self, text: str) -> tuple[str, list[str]]:
        """Return a text with marks where secrets were, and of what kinds these were."""
        found = self.find(text)
        for one in reversed(found):
            text = text[: one.start] + MARK + text[one.end :]
        return text, [one.kind for one in found]

    def clean_all(self, value: Any) -> tuple[Any, list[str]]:
        """Return plain data with marks where secrets were, also as values of keys that say so; see `clean`."""
        kinds: list[str] = []

        def walk(one: Any, name: str) -> Any:
            if isinstance(one, str):
                if name and len(one) >= 4 and is_secret_name(name) and one != MARK and not PLACEHOLDER.search(one):
                    kinds.append("value under a name that says so")
                    return MARK
                text, more = self.clean(one)
                kinds.extend(more)
                return text
            if isinstance(one, dict):
                return {walk(key, ""): walk(part, key if isinstance(key, str) else "") for key, part in one.items()}
            if isinstance(one, list | tuple):
                return type(one)([walk(part, name) for part in one]) if type(one) in (list, tuple) else one
            return one

        return walk(value, ""), kinds


def _is_secret(text: str, start: int, end: int) -> bool:
    return end - start >= 4 and not _is_in_words(text, start, end)


def _is_in_words(text: str, start: int, end: int) -> bool:
    """Whether a piece of a text is nothing but capitals amid others, as in columns of codes of airports or in proteins.

    Columns lie in memory as one long run of capitals; proteins are written in lines of letters of amino acids. A key
    that lies so among others has a digit, but for one of AWS in 28, and of these one in 65 has letters of amino acids
    alone.
    """
    left = _capitals(text[max(start - COLUMN, 0) : start][::-1])
    right = _capitals(text[end : end + COLUMN])
    piece = text[start:end]
    if not left + right or _capitals(piece) < len(piece):
        return False
    return left + right >= COLUMN or AMINO_ACIDS.issuperset(piece)


def _capitals(text: str) -> int:
    """Return with how many capitals a text begins."""
    match = _CAPITALS.match(text)
    assert match is not None
    return match.end()
