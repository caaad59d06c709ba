"""Names that say that what they stand for is secret: such values are kept live only, and in no package."""

from __future__ import annotations

import re
from functools import lru_cache

WORDS = (
    "pass(?:word|wd|phrase|code)",
    "pwd",
    "secret",
    "credentials?",
    "(?:api|access|private|secret|account|encryption|signing|ssh)[_.-]?key",
    "(?:auth|access|api|bearer|refresh|session|id|github|gitlab|slack|hf|bot|oauth)[_.-]?tok(?:en)?|(?:^|[_.-])token",
)
"""One of these, in upper or lower case, is in every name that is found, and only `MORE` behind it."""
MORE = r"[_.-]?(?:value|text|str|\d+)"
_SECRET_NAME = rf"(?:^|[^A-Za-z])[A-Za-z0-9_.-]*?(?:{'|'.join(WORDS)})(?:{MORE})?$"
_NOT_SECRET = r"(?:num|max|n|len|count|first|last|pad|eos|bos|unk|sep|cls|mask|next|prev|stop)[_.-]?token$"
_HINTS = ("pass", "pwd", "secret", "cred", "key", "tok")
"""One of these is in every name that is found: all others cost next to nothing."""
PLAIN = frozenset(
    {
        "int",
        "float",
        "complex",
        "bool",
        "NoneType",
        "function",
        "builtin_function_or_method",
        "method",
        "module",
        "type",
    }
    | {"ABCMeta", "ndarray", "DataFrame", "Series", "Tensor"}
)
"""Kinds of values that are no secret, whatever their name is."""


def is_secret_name(name: str) -> bool:
    """Whether a name says that what it stands for is secret."""
    lower = name.lower()
    return any(hint in lower for hint in _HINTS) and _says_so(name)


@lru_cache(maxsize=4096)
def _says_so(name: str) -> bool:
    found = 2 < len(name) < 100 and re.search(_SECRET_NAME, name, re.IGNORECASE) is not None
    return found and re.search(_NOT_SECRET, name, re.IGNORECASE) is None
