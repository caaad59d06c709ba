"""Secrets: recognised by the names under which they stand, and by their form.

Two sets of rules. *Forms* (`TOKENS`): texts that are a secret wherever they are, such as an access key or a private
key; those of `detect-secrets` are added. *Names* (`is_secret_name`): what is assigned to, or stands beside, a name that
says so. What was found by a name is then looked for everywhere, since it may be printed or passed on without that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from string import ascii_uppercase
from typing import Any, NamedTuple

from nbrewind.packages.literals import Filter, Needed, Spelled, needed
from nbrewind.state.secret_names import is_secret_name

MARK = "[secret-removed]"
"""Stands where a secret was."""
LEAST_KNOWN = 6
"""Characters of a text that is looked for wherever it may stand."""
MOST_KNOWN = 1000
COLUMN = 256
"""Capitals in turn that are taken for a column of codes."""
AMINO_ACIDS = frozenset("ACDEFGHIKLMNPQRSTVWY")

TOKENS: tuple[tuple[str, str], ...] = (
    (
        "private key",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,20000}?-----END [A-Z0-9 ]*-----|[\s\S]*)",
    ),
    ("PuTTY key", r"PuTTY-User-Key-File-\d(?:[\s\S]{0,20000}?Private-MAC: \w+|[\s\S]*)"),
    ("AWS access key", r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"),
    ("GitHub token", r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255})"),
    ("GitLab token", r"gl(?:pat|ptt|dt|rt|cbt|oas|soat|ft|imt|agent)-[A-Za-z0-9_-]{20,}"),
    ("Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("Slack webhook", r"(?<=hooks\.slack\.com/services/)T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]+"),
    ("Google key", r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}"),
    ("model provider's key", r"(?<![A-Za-z0-9])sk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}|(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}"),
    ("Stripe key", r"(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{20,}"),
    ("package index token", r"pypi-AgE[A-Za-z0-9_-]{40,}|npm_[A-Za-z0-9]{36}"),
    ("JSON web token", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    ("SendGrid key", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ("DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}"),
    ("Databricks token", r"(?<![A-Za-z0-9])dapi[0-9a-f]{32}"),
    ("connection string", r"(?i)(?<=AccountKey=)[A-Za-z0-9+/=]{20,}|(?<=SharedAccessKey=)[A-Za-z0-9+/=]{20,}"),
    ("age key", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    ("password in a URL", r"(?<=://)[^\s:/?#@'\"\\]*:[^\s/?#@'\"\\]+(?=@)"),
    (
        "secret in a URL",
        r"(?i)(?<=[?&])(?:[\w.-]*(?:token|secret|passw(?:or)?d|pwd|api_?key|access_?key|signature|credential)|key|sig|auth)"
        r"=[^&\s'\"#\\<>]{6,}",
    ),
    ("authorisation", r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{12,}|(?<=basic )[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9])"),
)
_NAME = r"(?:(?<![A-Za-z_])|(?=[\w.-]{101}(?![\w.-])))(?P<name>[A-Za-z_][\w.-]{0,100})(?![\w.-])"
"""A name of up to 101 characters that ends where letters and the like do: the longest one alone is looked at."""
_BESIDE = re.compile("[=:,]")
"""One of these stands between a name and its value."""
_QUOTED = re.compile(
    _NAME + r"""(?P<sep>\\?['"]?\]?\)?\s*(?::\s*\w+\s*)?(?:=|:|=>|,)\s*[rbfuRBFU]{0,2})"""
    r"""(?P<quote>\\?['"]{1,3})(?P<value>(?:(?!(?P=quote)|\n).)+)(?P=quote)"""
)
_BARE = re.compile(
    r"(?m)" + _NAME + r"(?:=|[ \t]*:[ \t]+|[ \t]+=[ \t]+)"
    r"(?P<value>[^\s'\",;(){}\[\]=\\]{6,})(?=[\s,;)}\]'\"\\]|$)"
)
_LISTED = re.compile(
    _NAME + r"['\"]?\]?\s*[:=]\s*(?:[\w.]+\()?[\[({](?P<values>\s*(?:(['\"])(?:(?!\3|\n).)*\3[\s,]*)+)"
)
_TEXT = re.compile(r"(['\"])(?P<value>(?:(?!\1|\n).)*)\1")
_PLACEHOLDER = re.compile(
    r"(?i)^[<{$%]|\*{3}|\.{3}|^(?:none|null|true|false|str|string|xxx+|redacted)$"
    r"|^(?:your[ _-]|change ?me|example)|^\[secret-removed\]"
)
_CODE = re.compile(r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")
_FIELD = "password", "token", "secret", "key", "credential", "passw", "pwd", "passphrase", "passcode"


class Found(NamedTuple):
    """Where in a text a secret is."""

    start: int
    end: int
    kind: str


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    found = [(kind, re.compile(pattern)) for kind, pattern in TOKENS]
    for kind, pattern in _of_detector():
        found.append((kind, pattern))
    return tuple(found)


@cache
def _filter() -> Filter:
    """Return what tells which forms, after what stands beside names (0), a text may have in it."""
    return Filter([Needed(frozenset(_FIELD), 0), *(needed(pattern) for _, pattern in _forms())])


def _of_detector() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Yield the forms that `detect-secrets` knows; names it judges by otherwise than we do, so these are left out."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector

    left_out = {"Secret Keyword", "Public IP (ipv4)", "Basic Auth Credentials", "Private Key", "JSON Web Token"}
    plugins: dict[str, Any] = get_mapping_from_secret_type_to_class()
    for kind, made in sorted(plugins.items()):
        if kind in left_out or not issubclass(made, RegexBasedDetector) or "High Entropy" in kind:
            continue
        for pattern in made.denylist:
            yield kind, pattern


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
    def may_find(data: bytes) -> bool:
        """Whether `find` may find something in texts of ASCII that are in ``data``, but for those that are known."""
        return bool(_filter().possible(data))

    def learn(self, texts: Iterable[str]) -> None:
        """Look for these texts from now on, wherever they may stand."""
        for text in texts:
            if LEAST_KNOWN <= len(text) <= 10_000 and not _PLACEHOLDER.search(text) and len(self._known) < MOST_KNOWN:
                self._known.add(text)
                self._pattern = self._spelled = None

    def learn_from(self, text: str) -> None:
        """Look from now on for what stands in a text beside a name that says that it is secret."""
        self.learn(text[one.start : one.end] for one in _named(text))

    def find(self, text: str) -> list[Found]:
        """Return where secrets are, in order, none within another."""
        if len(text) < 4 or text.isspace():
            return []
        found: list[Found] = []
        for number in _filter().possible(text):
            found += _formed(text, *_forms()[number - 1]) if number else _named(text)
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
                if name and len(one) >= 4 and is_secret_name(name) and one != MARK and not _PLACEHOLDER.search(one):
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


def _named(text: str) -> Iterator[Found]:
    folded = text.casefold()
    if not any(word in folded for word in _FIELD) or not _BESIDE.search(text):
        return
    for match in _QUOTED.finditer(text):
        value = match["value"]
        if len(value) >= 4 and is_secret_name(match["name"]) and not _PLACEHOLDER.search(value) and value.strip():
            if match["sep"].strip().endswith(",") and not _looks_made(value):
                continue
            if not is_secret_name(value):
                yield Found(*match.span("value"), "value under a name that says so")
    for match in _LISTED.finditer(text):
        if is_secret_name(match["name"]):
            for one in _TEXT.finditer(text, *match.span("values")):
                if _looks_made(one["value"]) and not _PLACEHOLDER.search(one["value"]):
                    yield Found(*one.span("value"), "value under a name that says so")
    for match in _BARE.finditer(text):
        value = match["value"]
        if is_secret_name(match["name"]) and not _PLACEHOLDER.search(value) and not _CODE.match(value):
            if _looks_made(value):
                yield Found(*match.span("value"), "value under a name that says so")


def _looks_made(text: str) -> bool:
    """Whether a text is rather a secret than a word or a number: no spaces, and of two kinds of characters."""
    if len(text) < LEAST_KNOWN or any(char.isspace() for char in text):
        return False
    kinds = (str.isdigit, str.islower, str.isupper, lambda char: not char.isalnum())
    return sum(any(kind(char) for char in text) for kind in kinds) >= 2


looks_made = _looks_made


def _formed(text: str, kind: str, pattern: re.Pattern[str]) -> Iterator[Found]:
    for match in pattern.finditer(text):
        if match.end() - match.start() >= 4 and not _is_in_words(text, *match.span()):
            yield Found(*match.span(), kind)


def _is_in_words(text: str, start: int, end: int) -> bool:
    """Whether a piece of a text is nothing but capitals amid others, as in columns of codes of airports or in proteins.

    Columns lie in memory as one long run of capitals; proteins are written in lines of letters of amino acids. A key
    that lies so among others has a digit, but for one of AWS in 28, and of these one in 65 has letters of amino acids
    alone.
    """
    piece = text[start:end]
    before, after = text[max(start - COLUMN, 0) : start], text[end : end + COLUMN]
    left, right = len(before) - len(before.rstrip(ascii_uppercase)), len(after) - len(after.lstrip(ascii_uppercase))
    if not left + right or piece.strip(ascii_uppercase):
        return False
    return left + right >= COLUMN or AMINO_ACIDS.issuperset(piece)
