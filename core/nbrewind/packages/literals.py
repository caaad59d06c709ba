"""Which of many patterns a text may match at all, by words that their matches can't be without.

To search a text with each of some 60 patterns takes a second a megabyte; nearly no text has a word in it of which one
of these is made. So from each pattern a set of *literals* is taken, of which at least one is in every text that it
matches; all of these are looked for at once (Aho-Corasick, `ahocorasick_rs`), and only the patterns that are left are
searched with. The method is that of RE2's filtered search. A pattern of which no such set is known is always left.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from nbrewind.packages.runs import folded, has_run
from nbrewind.packages.searched import FOLDED

if hasattr(re, "_parser"):
    parser: Any = re._parser
else:  # Python 3.10
    import sre_parse as parser

MOST = 1024
"""Literals of one pattern while they are put together."""
LONG = 3
"""Letters of a literal from which on it is looked for with the others, whatever its case; shorter ones one by one."""
LEAST_RUN = 10
"""Characters of a run that are worth a look."""
FAST = 64
"""Words for which the processor's instructions for vectors are used (Teddy), two to ten times as fast."""
GROUP = 16
"""Words that these find among texts of all kinds without being misled."""
SLICE = 128 * 1024
"""Bytes that are looked at at once for all words, so that a text that is full of them takes little memory."""
MOST_HITS = 512
"""Words in these whose places are told: to try something at more takes longer than to search."""
BEGINNING = 4096
"""Of these so many bytes tell which words are there often."""
OFTEN = 8
"""More than so many times in these: it is enough to know that such a word is there."""
_IN_RUNS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-/+=")
_RUNS = bytes(1 if code in _IN_RUNS or code > 127 else 0 for code in range(256))

Literals = frozenset[str]
Possible = dict[int, list[int] | None]
"""Places of patterns among others, to where in a text the words begin that they need; None: that is not known."""
_NOTHING: Literals = frozenset({""})
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


class Needed(NamedTuple):
    """What is in every text that a pattern matches."""

    literals: Literals | None
    """One of these, in lower case if the pattern ignores that; None: not known."""
    run: int
    """So many characters of tokens in turn."""


class Filter:
    """Tells which of some patterns a text may match."""

    def __init__(self, patterns: Sequence[Needed]) -> None:
        """Take what the patterns need; by their places here they are told."""
        self._patterns = patterns
        self._short: list[tuple[int, re.Pattern[bytes]]] = []
        self._always: set[int] = set()
        words: dict[str, list[int]] = {}
        for number, (found, _) in enumerate(patterns):
            if found is None:
                self._always.add(number)
            elif min(map(len, found)) < LONG:
                self._short.append((number, re.compile("|".join(map(re.escape, sorted(found))).encode())))
            else:
                for word in found:
                    words.setdefault(word.lower(), []).append(number)
        self._words = Words(words)

    def possible(self, text: str | bytes) -> Possible:
        """Return the places of the patterns that a text may match, in order; of bytes, those that its ASCII may."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        latin = data
        if isinstance(text, str) and not text.isascii():
            for letter, stands_for in FOLDED:
                latin = latin.replace(letter.encode(), stands_for.encode())
        found: Possible = dict.fromkeys((*self._always, *(number for number, _ in self._short)))
        found |= self._words.of(latin) if len(text) == len(data) else dict.fromkeys(self._words.of(latin))
        runs = {run for number in found if (run := self._patterns[number].run)}
        if runs:
            marks = data.translate(_RUNS)
            missing = next((run for run in sorted(runs) if not has_run(marks, run)), math.inf)
            found = {number: at for number, at in found.items() if self._patterns[number].run < missing}
        for number, words in self._short:
            if number in found and not words.search(data):
                del found[number]
        return dict(sorted(found.items()))


class Words:
    """Words in lower case that are looked for all at once, with what each stands for."""

    def __init__(self, words: Mapping[str, Iterable[int]]) -> None:
        """Look for ``words``."""
        least = sorted(_fewer(_least(frozenset(words))))
        groups = [least[start : start + GROUP] for start in range(0, len(least), GROUP)]
        self._least = [_automaton(group, matchkind=MatchKind.LeftmostFirst) for group in groups]
        self._words = list(words)
        self._stands_for = list(map(tuple, words.values()))
        self._overlap = max(map(len, words)) - 1
        self._but = lru_cache(maxsize=16)(self._make)

    def any(self, data: bytes) -> bool:
        """Whether one of the words may be in ``data``, in upper or lower case."""
        return any(self._may_be_in(part) for _, part in self._slices(data))

    def of(self, data: bytes) -> Possible:
        """Return what the words that may be in ``data``, in upper or lower case, stand for, and where these begin."""
        found: dict[int, list[int]] = {}
        often: frozenset[int] = frozenset()
        for start, part in self._slices(data):
            if self._may_be_in(part[:BEGINNING]):
                often = self._often(often, part[:BEGINNING])
            elif not often and not self._may_be_in(part):
                continue
            words, automaton = self._but(often)
            hits = automaton.find_matches_as_indexes(part, overlapping=True)
            if len(hits) > MOST_HITS:
                often |= {words[word] for word in {hit[0] for hit in hits}}
            else:
                for word, at, _ in hits:
                    for number in self._stands_for[words[word]]:
                        found.setdefault(number, []).append(start + at)
        return {**found, **dict.fromkeys(number for word in often for number in self._stands_for[word])}

    def _often(self, often: frozenset[int], part: memoryview) -> frozenset[int]:
        """Return ``often`` and the words that are in a part so often that to list all their places takes long."""
        words, automaton = self._but(often)
        counts = Counter(hit[0] for hit in automaton.find_matches_as_indexes(part, overlapping=True))
        return often.union(words[word] for word, count in counts.items() if count > OFTEN)

    def _make(self, left_out: frozenset[int]) -> tuple[list[int], BytesAhoCorasick]:
        """Return which words are looked for if some are not, and what looks for these."""
        words = [number for number in range(len(self._words)) if number not in left_out]
        return words, _automaton([self._words[number] for number in words], implementation=Implementation.DFA)

    def _may_be_in(self, part: memoryview) -> bool:
        return any(automaton.find_matches_as_indexes(part) for automaton in self._least)

    def _slices(self, data: bytes) -> Iterator[tuple[int, memoryview]]:
        view = memoryview(data)
        for end in range(SLICE, len(data) + SLICE, SLICE):
            start = max(end - SLICE - self._overlap, 0)
            yield start, folded(view[start:end])


def _automaton(words: Iterable[str], **kind: Any) -> BytesAhoCorasick:
    return BytesAhoCorasick([bytes(folded(word.encode())) for word in words], **kind)


class Spelled:
    """Some texts as bytes, in one, two and four bytes a character, looked for all at once."""

    BEGINNING = 64
    """Bytes of each that are looked for first."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Look for ``texts``."""
        codes = "utf-8", "utf-16-le", "utf-32-le"
        self._words = sorted({text.encode(code, "surrogatepass") for text in texts for code in codes})
        beginnings = sorted({word[: self.BEGINNING] for word in self._words})
        self._automaton = BytesAhoCorasick(beginnings, matchkind=MatchKind.LeftmostFirst) if beginnings else None
        self.longest = max(map(len, self._words), default=0)
        """Bytes of the longest."""

    def are_in(self, data: bytes) -> bool:
        """Whether one of them is in ``data``."""
        if self._automaton is None or not self._automaton.find_matches_as_indexes(data):
            return False
        return any(word in data for word in self._words)


def needed(pattern: re.Pattern[str]) -> Needed:
    """Return what is in every text that a pattern matches."""
    items = list(parser.parse(pattern.pattern, pattern.flags))
    ignore = bool(pattern.flags & re.IGNORECASE)
    found = _Reader(ignore).best(items)
    if not found or min(map(len, found)) < (LONG if ignore else 1):
        found = None
    run = _run(items)
    return Needed(found, run if run >= LEAST_RUN else 0)


def _run(items: Iterable[Any]) -> int:
    """Return how many characters of tokens are in turn in each text that a sequence matches, as far as that is told."""
    most = now = 0
    for item in items:
        kind, value = str(item[0]), item[1]
        count = _all_in_runs(item)
        if count or kind in ("AT", "ASSERT_NOT"):
            now += count
        elif kind == "SUBPATTERN":
            most, now = max(most, _run(value[3])), 0
        elif kind in _REPEATS and value[0] > 0:
            most, now = max(most, _run(value[2])), 0
        elif kind == "ASSERT":
            most = max(most, _run(value[1]))
        else:
            now = 0
        most = max(most, now)
    return most


def _all_in_runs(item: Any) -> int:
    """Return how many characters an item matches at least, if all that it matches are such of tokens; else 0."""
    kind, value = str(item[0]), item[1]
    if kind in _REPEATS and len(value[2]) == 1:
        return int(value[0]) * _all_in_runs(value[2][0])
    if kind == "LITERAL":
        return int(_in_runs(item))
    return int(kind == "IN" and all(map(_in_runs, value)))


def _in_runs(part: Any) -> bool:
    kind, value = str(part[0]), part[1]
    if kind == "LITERAL":
        return value in _IN_RUNS or value > 127
    if kind == "RANGE":
        return all(code in _IN_RUNS or code > 127 for code in range(value[0], min(value[1], 128) + 1))
    return kind == "CATEGORY" and str(value) in ("CATEGORY_DIGIT", "CATEGORY_WORD")


class _Reader:
    """Reads what `re` makes of a pattern."""

    def __init__(self, ignore: bool) -> None:
        self._ignore = ignore

    def best(self, items: Iterable[Any]) -> Literals | None:
        """Return the best set for a sequence: the one whose shortest literal is longest."""
        found: list[Literals] = []
        run: Literals = _NOTHING
        for item in items:
            exact = self._exact(item)
            if run == _NOTHING and exact is not None and "" in exact:
                continue
            joined = _joined(run, exact) if exact is not None else None
            if joined is not None:
                run = joined
                continue
            found.append(run)
            run = exact if exact is not None and "" not in exact else _NOTHING
            if exact is None and (inside := self._needed(item)) is not None:
                found.append(inside)
        return max(map(_least, [*found, run]), key=lambda one: (min(map(len, one)), -len(one)))

    def _exact(self, item: Any) -> Literals | None:
        """Return all texts that an item matches; None if they are too many, or not to be told."""
        kind, value = str(item[0]), item[1]
        if kind == "LITERAL":
            return self._letters([value])
        if kind == "IN":
            return self._letters(list(_codes(value)))
        if kind in ("AT", "ASSERT_NOT"):
            return _NOTHING
        if kind == "SUBPATTERN":
            return None if value[1] or value[2] else self._sequence(value[3])
        if kind == "BRANCH":
            parts = [self._sequence(part) for part in value[1]]
            whole = [one for part in parts if part is not None for one in part]
            return frozenset(whole) if None not in parts and len(whole) <= MOST else None
        if kind in _REPEATS and value[1] == 1:
            once = self._sequence(value[2])
            return once if once is None or value[0] else once | {""}
        return None

    def _sequence(self, items: Iterable[Any]) -> Literals | None:
        run: Literals | None = _NOTHING
        for item in items:
            exact = self._exact(item)
            run = _joined(run, exact) if run is not None and exact is not None else None
        return run

    def _needed(self, item: Any) -> Literals | None:
        """Return the best set for an item of which not all texts are told."""
        kind, value = str(item[0]), item[1]
        if kind == "SUBPATTERN" and not value[1] and not value[2]:
            return self.best(value[3])
        if kind in _REPEATS and value[0] > 0:
            return self.best(value[2])
        if kind == "ASSERT":
            return self.best(value[1])
        if kind == "BRANCH":
            parts = [self.best(part) for part in value[1]]
            whole = [one for part in parts if part is not None for one in part]
            return frozenset(whole) if None not in parts and len(whole) <= MOST else None
        return None

    def _letters(self, codes: list[int]) -> Literals | None:
        if not codes or any(code > 127 for code in codes):
            return None
        return frozenset(chr(code).lower() if self._ignore else chr(code) for code in codes)


def _codes(parts: Iterable[Any]) -> Iterator[int]:
    """Yield the characters of a set; one that is no ASCII for those that are not told one by one."""
    for kind, value in parts:
        if str(kind) == "LITERAL":
            yield value
        elif str(kind) == "RANGE" and value[1] - value[0] < 16:
            yield from range(value[0], value[1] + 1)
        else:
            yield 0x10FFFF


def _joined(some: Literals, more: Literals) -> Literals | None:
    """Return each of some followed by each of more; None if that is too many."""
    return frozenset(map("".join, product(some, more))) if len(some) * len(more) <= MOST else None


def _least(words: Literals) -> Literals:
    """Return the words without those that have another in them."""
    kept: list[str] = []
    for word in sorted(words, key=len):
        if not any(other in word for other in kept):
            kept.append(word)
    return frozenset(kept)


def _fewer(words: Literals) -> Literals:
    """Return no more words than are looked for fast: of those that begin alike, the beginning."""
    for length in (4, 3):
        while len(words) > FAST:
            beginning, count = Counter(word[:length] for word in sorted(words)).most_common(1)[0]
            if count == 1:
                break
            words = frozenset(word for word in words if word[:length] != beginning) | {beginning}
    return words
