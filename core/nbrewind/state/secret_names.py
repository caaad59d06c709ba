"""Names that say that what they stand for is secret: such values are kept live only, and in no package."""

from __future__ import annotations

import re

_WORDS = (
    r"pass(?:word|wd|phrase|code)|pwd|secret|credentials?|(?:api|access|private|secret|account|encryption|signing|ssh)[_.-]?key"
    r"|(?:auth|access|api|bearer|refresh|session|id|github|gitlab|slack|hf|bot|oauth)[_.-]?tok(?:en)?|(?:^|[_.-])token"
)
_SECRET_NAME = re.compile(rf"(?:^|[^A-Za-z])[A-Za-z0-9_.-]*?(?:{_WORDS})(?:[_.-]?(?:value|text|str|\d+))?$", re.I)
_NOT_SECRET = re.compile(
    r"(?:num|max|n|len|count|first|last|pad|eos|bos|unk|sep|cls|mask|next|prev|stop)[_.-]?token$", re.I
)
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
    return 2 < len(name) < 100 and _SECRET_NAME.search(name) is not None and _NOT_SECRET.search(name) is None
