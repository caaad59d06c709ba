"""Secrets by the names beside which they stand in a text: ``password = "..."``, ``{'token': '...'}``, ``KEY=...``.

Three expressions say what beside a name is its value. Each is meant to be searched for from the beginning of a text,
at 100 to 300 ns a byte: a match also takes what stands beside any other name, and the next begins behind it. So first
names are looked for that say that they are secret, with a value beside them. Hardly any text has one; where there is
one, the search begins at a line before it into which no match reaches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from nbrewind.packages.searched import Searched, Span, starts_of
from nbrewind.state.secret_names import WORDS, is_secret_name

LEAST_KNOWN = 6
"""Characters of a text that is looked for wherever it may stand."""
FIELD = "password", "token", "secret", "key", "credential", "passw", "pwd", "passphrase", "passcode"
"""One of these is in a text in which names are looked at."""
PLACEHOLDER = re.compile(
    r"(?i)^[<{$%]|\*{3}|\.{3}|^(?:none|null|true|false|str|string|xxx+|redacted)$"
    r"|^(?:your[ _-]|change ?me|example)|^\[secret-removed\]"
)
"""In what is no value."""
NAME = r"(?:(?<![A-Za-z_])|(?=[\w.-]{101}(?![\w.-])))(?P<name>[A-Za-z_][\w.-]{0,100})(?![\w.-])"
"""A name of up to 101 characters that ends where letters and the like do: the longest one alone is looked at."""
LONGEST = 101
FEW = 64
"""To look at single names is faster if there is at most one in so many characters."""
QUOTED = re.compile(
    NAME + r"""(?P<sep>\\?['"]?\]?\)?\s*(?::\s*\w+\s*)?(?:=|:|=>|,)\s*[rbfuRBFU]{0,2})"""
    r"""(?P<quote>\\?['"]{1,3})(?P<value>(?:(?!(?P=quote)|\n).)+)(?P=quote)"""
)
LISTED = re.compile(NAME + r"['\"]?\]?\s*[:=]\s*(?:[\w.]+\()?[\[({](?P<values>\s*(?:(['\"])(?:(?!\3|\n).)*\3[\s,]*)+)")
BARE = re.compile(
    r"(?m)" + NAME + r"(?:=|[ \t]*:[ \t]+|[ \t]+=[ \t]+)"
    r"(?P<value>[^\s'\",;(){}\[\]=\\]{6,})(?=[\s,;)}\]'\"\\]|$)"
)
_TEXT = re.compile(r"(['\"])(?P<value>(?:(?!\1|\n).)*)\1")
_CODE = re.compile(r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")

_SPACE = r"[\s\xff]*"
_BESIDE = (
    r"(?:[_.-]?(?:value|text|str|[0-9\xff]+))?(?![a-z0-9_.-])(?:"
    rf"""\\?['"]?\]?\)?{_SPACE}(?::{_SPACE}\w+{_SPACE})?"""
    rf"""(?:(?:=|:|=>){_SPACE}[rbfu]{{0,2}}\\?['"][^\n]{{4}}|,{_SPACE}(?:[rbfu]{{1,2}}\\?['"][^\n]{{4}}|\\?['"]\S{{6}}))"""
    rf"""|['"]?\]?{_SPACE}[:=]{_SPACE}(?:[\w.]+\()?[\[({{]{_SPACE}['"]"""
    r"""|(?:=|[ \t]*:[ \t]+|[ \t]+=[ \t]+)[^\s'",;(){}\[\]=\\]{6})"""
)
"""The end of a name, and the beginning of a value beside it that may be secret, in `Searched.lower`."""
LAST = (*WORDS[:-1], "tok(?:en)?")
"""With one of these a name ends that says that it is secret, in lower case, or with more behind it."""
ENDS = tuple(
    (re.compile(f"(?:{word})(?={_BESIDE})"), re.compile(f"{anchor}{_BESIDE})"))
    for word, anchor in zip(
        LAST,
        (
            "pass(?=(?:word|wd|phrase|code)",
            "pwd(?=",
            "secret(?=",
            "credential(?=s?",
            "key(?<=[isetngh_.-]key)(?=",
            "tok(?=(?:en)?",
        ),
        strict=True,
    )
)
"""Each of these with what stands beside it: to be tried where it may be, and to be searched for."""
_NAME = re.compile(NAME)
_OF_NAME = re.compile(r"[\w.-]*")
_LINE = re.compile(r"(?<![\s:=>,])\r?\n\s*(?=[^\s:=,'\"\[({\\])")
"""Between two lines across which no match reaches."""

Values = Callable[[re.Match[str]], Iterator[Span]]


def named(text: Searched, places: Mapping[int, Iterable[int] | None]) -> Iterator[Span]:
    """Yield where what stands beside a name that says that it is secret.

    Args:
        text: to be searched.
        places: which of `ENDS` may be in it, to where; None: anywhere.
    """
    ends = (starts_of(ENDS[number][at is None], text.lower, at) for number, at in places.items())
    hits = list(chain.from_iterable(ends))
    if not hits or not any(word in text.whole.casefold() for word in FIELD):
        return
    starts = _starts(text.whole, hits) if len(hits) * FEW < len(text.whole) else None
    for pattern, values in _KINDS:
        for match in pattern.finditer(text.whole) if starts is None else _met(pattern, values, text.whole, starts):
            yield from values(match)


def looks_made(text: str) -> bool:
    """Whether a text is rather a secret than a word or a number: no spaces, and of two kinds of characters."""
    if len(text) < LEAST_KNOWN or any(char.isspace() for char in text):
        return False
    kinds = (str.isdigit, str.islower, str.isupper, lambda char: not char.isalnum())
    return sum(any(kind(char) for char in text) for kind in kinds) >= 2


def _starts(text: str, ends: Iterable[int]) -> list[int]:
    """Return where names begin that say that they are secret, in order; in each of ``ends`` is the end of a name."""
    found: set[int] = set()
    for start in ends:
        end = _end(text, start)
        least = max(end - LONGEST - 1, 0)
        begin = start - _end(text[least:start][::-1], 0)
        name = _NAME.search(text, max(begin, least), end)
        if name is not None and is_secret_name(name["name"]):
            found.add(name.start())
    return sorted(found)


def _end(text: str, start: int) -> int:
    """Return where the characters of names end that stand in a row from ``start`` on."""
    match = _OF_NAME.match(text, start)
    assert match is not None
    return match.end()


def _met(pattern: re.Pattern[str], values: Values, text: str, starts: Iterable[int]) -> Iterator[re.Match[str]]:
    """Yield those of the matches of a pattern, found in turn from the beginning of a text, that begin at ``starts``.

    Args:
        pattern: `QUOTED`, `LISTED` or `BARE`.
        values: only matches in which this finds something are wanted.
        text: to be searched.
        starts: in order.
    """
    at = 0
    for start in starts:
        alone = pattern.match(text, start) if start >= at else None
        if alone is None or not any(values(alone)):
            continue
        at = _line(text, at, start)
        while at <= start:
            match = pattern.search(text, at)
            assert match is not None
            at = match.end()
            if match.start() == start:
                yield match


def _line(text: str, least: int, start: int) -> int:
    """Return where the last line up to ``start`` begins into which no match reaches; ``least`` if there is none."""
    end = start
    while (end := text.rfind("\n", least, end)) >= 0:
        line = _LINE.match(text, end - (text[end - 1 : end] == "\r"))
        if line is not None and least <= line.end() <= start:
            return line.end()
    return least


def _quoted(match: re.Match[str]) -> Iterator[Span]:
    value = match["value"]
    if len(value) < 4 or not is_secret_name(match["name"]) or PLACEHOLDER.search(value) or not value.strip():
        return
    if match["sep"].strip().endswith(",") and not looks_made(value):
        return
    if not is_secret_name(value):
        yield match.span("value")


def _listed(match: re.Match[str]) -> Iterator[Span]:
    if is_secret_name(match["name"]):
        for one in _TEXT.finditer(match.string, *match.span("values")):
            if looks_made(one["value"]) and not PLACEHOLDER.search(one["value"]):
                yield one.span("value")


def _bare(match: re.Match[str]) -> Iterator[Span]:
    value = match["value"]
    if is_secret_name(match["name"]) and not PLACEHOLDER.search(value) and not _CODE.match(value) and looks_made(value):
        yield match.span("value")


_KINDS: tuple[tuple[re.Pattern[str], Values], ...] = (
    (QUOTED, _quoted),
    (LISTED, _listed),
    (BARE, _bare),
)
"""What says what is beside a name, and which of that is secret."""
