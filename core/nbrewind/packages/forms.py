"""Forms of secrets: texts that are one wherever they stand, such as an access key or a private key.

Each is an expression (`_OWN`, and those of `detect-secrets`). To try one at each place of a text takes 5 to 70 ns a
byte, and for a few the square of its length where a text is made for that. `re` looks 20 times as fast for what begins
with given letters; so most forms have *anchors*: expressions that begin so, and of which one is found at a known
distance from each match. The form itself is tried there only. What has no anchors begins with given letters itself, or
needs a word that hardly any text has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from nbrewind.packages.searched import Searched, Span, starts_of


class Anchor(NamedTuple):
    """What is looked for in place of a form, in `Searched.plain`, or `Searched.lower` if the form ignores case."""

    pattern: re.Pattern[str]
    far: int = 0
    """A match begins at most so many characters before the anchor; below zero: at least so many after it."""
    near: int = 0
    """The same the other way round."""
    at_words: bool = True
    """It begins with the words that it needs, and may be tried there; else it must be searched for."""


class Form(NamedTuple):
    """A form of secrets."""

    kind: str
    pattern: re.Pattern[str]
    anchors: tuple[Anchor, ...]

    def spans(self, text: Searched, wanted: Iterable[tuple[Anchor, Iterable[int] | None]]) -> Iterator[Span]:
        """Yield where the form is in a text: just what `pattern.finditer` finds.

        Args:
            text: to be searched.
            wanted: those of the anchors that may be in it, with the places where they may be; None: anywhere.
        """
        if not self.anchors:
            yield from (match.span() for match in self.pattern.finditer(text.whole))
            return
        where = text.lower if self.pattern.flags & re.IGNORECASE else text.plain
        starts: set[int] = set()
        for (pattern, far, near, at_words), places in wanted:
            found = list(starts_of(pattern, where, places if at_words else None))
            for before in range(near, far + 1):
                starts.update(at - before for at in found if at >= before)
        end = 0
        for start in sorted(starts):
            if start >= end and (match := self.pattern.match(text.whole, start)):
                end = match.end()
                yield start, end


def _at(*patterns: str, far: int = 0, near: int = 0, at_words: bool = True) -> tuple[Anchor, ...]:
    return tuple(Anchor(re.compile(pattern), far, near, at_words) for pattern in patterns)


def _words(words: str, after: str, far: int = 0) -> tuple[Anchor, ...]:
    return _at(*(f"{word}(?={after})" for word in words.split()), far=far)


_KEYS_IN_URL = (
    *("token", "secret", "passwd", "password", "pwd", "signature", "credential"),
    *("apikey", "api_key", "accesskey", "access_key"),
)
_NAMED_IN_URL = (
    r"(?=[\w.-]*=(?:"
    + "|".join([*(f"(?<={key}=)" for key in _KEYS_IN_URL), *(f"(?<=[?&]{key}=)" for key in ("key", "sig", "auth"))])
    + r")[^&\s'\"#\\<>]{6})"
)

_OWN: tuple[tuple[str, str, tuple[Anchor, ...]], ...] = (
    (
        "private key",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[\s\S]{0,20000}?-----END [A-Z0-9 ]*-----|[\s\S]*)",
        (),
    ),
    ("PuTTY key", r"PuTTY-User-Key-File-\d(?:[\s\S]{0,20000}?Private-MAC: \w+|[\s\S]*)", ()),
    (
        "AWS access key",
        r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])",
        _at(*(rf"{word}(?<![A-Z0-9]{word})(?=[A-Z0-9]{{16}})" for word in ("AKIA", "ASIA", "ABIA", "ACCA"))),
    ),
    (
        "GitHub token",
        r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255})",
        _words("ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{30}") + _words("github_pat_", "[A-Za-z0-9_]{30}"),
    ),
    ("GitLab token", r"gl(?:pat|ptt|dt|rt|cbt|oas|soat|ft|imt|agent)-[A-Za-z0-9_-]{20,}", ()),
    ("Slack token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}", ()),
    ("Slack webhook", r"(?<=hooks\.slack\.com/services/)T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]+", ()),
    (
        "Google key",
        r"AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}",
        _at(r"AIza(?=[A-Za-z0-9_-]{35})", r"ya29\.(?=[A-Za-z0-9_-]{20})", r"GOCSPX-(?=[A-Za-z0-9_-]{20})"),
    ),
    (
        "model provider's key",
        r"(?<![A-Za-z0-9])sk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}|(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}",
        _at(r"sk-(?<![A-Za-z0-9]sk-)(?=[A-Za-z0-9_-]{20})", r"hf_(?<![A-Za-z0-9]hf_)(?=[A-Za-z0-9]{30})"),
    ),
    (
        "Stripe key",
        r"(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{20,}",
        _at(*(rf"{word}_(?=(?:live_|test_)?[A-Za-z0-9]{{20}})" for word in ("sk", "rk", "whsec"))),
    ),
    (
        "package index token",
        r"pypi-AgE[A-Za-z0-9_-]{40,}|npm_[A-Za-z0-9]{36}",
        _at(r"pypi-AgE(?=[A-Za-z0-9_-]{40})", r"npm_(?=[A-Za-z0-9]{36})"),
    ),
    (
        "JSON web token",
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        # All before the point: where a match fails, it fails from anywhere else in that, too.
        _at(r"eyJ[A-Za-z0-9_-]{8,}", at_words=False),
    ),
    ("SendGrid key", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}", _at(r"SG\.(?=[A-Za-z0-9_-]{16})")),
    ("DigitalOcean token", r"do[opr]_v1_[a-f0-9]{64}", ()),
    (
        "Databricks token",
        r"(?<![A-Za-z0-9])dapi[0-9a-f]{32}",
        _at("dapi(?<![A-Za-z0-9]dapi)(?=[0-9a-f]{32})"),
    ),
    (
        "connection string",
        r"(?i)(?<=AccountKey=)[A-Za-z0-9+/=]{20,}|(?<=SharedAccessKey=)[A-Za-z0-9+/=]{20,}",
        _at("accountkey=(?=[a-z0-9+/=]{20})", far=-11, near=-11)
        + _at("sharedaccesskey=(?=[a-z0-9+/=]{20})", far=-16, near=-16),
    ),
    ("age key", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}", ()),
    (
        "password in a URL",
        r"(?<=://)[^\s:/?#@'\"\\]*:[^\s/?#@'\"\\]+(?=@)",
        _at(r"://(?=[^\s:/?#@'\"\\]*:[^\s/?#@'\"\\]+@)", far=-3, near=-3),
    ),
    (
        "secret in a URL",
        r"(?i)(?<=[?&])(?:[\w.-]*(?:token|secret|passw(?:or)?d|pwd|api_?key|access_?key|signature|credential)|key|sig|auth)"
        r"=[^&\s'\"#\\<>]{6,}",
        _at(rf"\?{_NAMED_IN_URL}", rf"&{_NAMED_IN_URL}", far=-1, near=-1, at_words=False),
    ),
    (
        "authorisation",
        r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{12,}|(?<=basic )[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z0-9])",
        _at("bearer (?=[a-z0-9._~+/=-]{12})", far=-7, near=-7) + _at("basic (?=[a-z0-9+/]{12})", far=-6, near=-6),
    ),
)

_ONCE = r"""["']?\]?(?: *(?:=>?|:=|::?) *| +)["']?"""
"""Stands between a name and its value in what `_assigned` gives, which tries spaces in all ways."""
_KEYWORD = "(?:key|pwd|pw|password|pass|token)"
_KEYWORD_BUT_PW = "(?:key|pwd|password|pass|token)"


def _assigned(names: str, value: str) -> str:
    """Return what `detect-secrets` makes of names and what is assigned to these."""
    between = r"""(?:"|\'|)(?:\]|)(?: *)(?:=|:|:=|=>| +|::)(?: *)(?:"|\'|)"""
    return rf"""(?:(?<=\W)|(?<=^))(?:\[|)(?:"|\'|){names}{between}({value})(?:"|\'|)"""


_CLOUDANT = rf"(?:cloudant|cl|clou)(?:_|-|)(?:api|){_KEYWORD}"
_AFTER_CL = rf"(?:oudant|ou)?[_-]?(?:api)?{_KEYWORD}{_ONCE}"
_COS = r"(?:(?:ibm)?[-_]?cos[-_]?(?:hmac)?|)(?:_|-|)(?:secret[-_]?(?:access)?[-_]?key)"
_IAM = (
    r"(?:ibm(?:_|-|)cloud(?:_|-|)iam|cloud(?:_|-|)iam|ibm(?:_|-|)cloud|ibm(?:_|-|)iam|ibm|iam|cloud|)(?:_|-|)"
    rf"(?:api|)(?:_|-|){_KEYWORD_BUT_PW}"
)
_SOFTLAYER = rf"(?:softlayer|sl)(?:_|-|)(?:api|)(?:_|-|){_KEYWORD_BUT_PW}"

_DETECTORS: dict[str, tuple[Anchor, ...]] = {
    r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}": _words("A3T ABIA ACCA AKIA ASIA", "[0-9A-Z]{16}"),
    r"aws.{0,20}?(?:key|pwd|pw|password|pass|token).{0,20}?[\'\"]([0-9a-zA-Z/+]{40})[\'\"]": _at(
        r"aws(?=.{2,48}['\"][0-9a-z/+]{40}['\"])"
    ),
    r'(?:\s|=|:|"|^)AKC[a-zA-Z0-9]{10,}(?:\s|"|$)': _at("AKC(?=[a-zA-Z0-9]{10})", far=1),
    r'(?:\s|=|:|"|^)AP[\dABCDEF][a-zA-Z0-9]{8,}(?:\s|"|$)': _at(r"AP(?=[0-9A-F\xff][a-zA-Z0-9]{8})", far=1),
    _assigned(_CLOUDANT, "[0-9a-f]{64}"): _words("cl", _AFTER_CL + "[0-9a-f]{64}", 2),
    _assigned(_CLOUDANT, "[a-z]{24}"): _words("cl", _AFTER_CL + "[a-z]{24}", 2),
    r"[MNO][a-zA-Z\d_-]{23,25}\.[a-zA-Z\d_-]{6}\.[a-zA-Z\d_-]{27}": _at(r"\.(?=[\w-]{6}\.[\w-]{27})", far=26, near=24),
    _assigned(_COS, "[a-f0-9]{48}(?![a-f0-9])"): _words(
        "secret", rf"[-_]?(?:access)?[-_]?key{_ONCE}[a-f0-9]{{48}}(?![a-f0-9])", 15
    ),
    _assigned(_IAM, r"[a-zA-Z0-9_\-]{44}(?![a-zA-Z0-9_\-])"): _words(
        "key pwd pass token", rf"(?:word)?{_ONCE}[a-z0-9_-]{{44}}(?![a-z0-9_-])", 20
    ),
    r"[0-9a-z]{32}-us[0-9]{1,2}": _at("-us(?=[0-9])", far=32, near=32),
    r"\/\/.+\/:_authToken=\s*((npm_.+)|([A-Fa-f0-9-]{36})).*": _at("//.*", at_words=False),
    r"sk-[A-Za-z0-9-_]*[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}": _at(
        "sk-(?:[A-Za-z0-9_-]*T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9_-]*)", at_words=False
    ),
    _assigned(_SOFTLAYER, "[a-z0-9]{64}"): _words(
        "softlayer sl", rf"[_-]?(?:api)?[_-]?{_KEYWORD}{_ONCE}[a-z0-9]{{64}}", 2
    ),
    r"\d{8,10}:[0-9A-Za-z_-]{35}": _at(":(?=[0-9A-Za-z_-]{35})", far=10, near=8),
}
"""The expressions of `detect-secrets` that have anchors, to these."""


@cache
def forms() -> tuple[Form, ...]:
    """Return all forms."""
    found = [(kind, re.compile(pattern), anchors) for kind, pattern, anchors in _OWN]
    found += [(kind, pattern, _DETECTORS.get(pattern.pattern, ())) for kind, pattern in _of_detector()]
    return tuple(Form(*one) for one in found)


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
