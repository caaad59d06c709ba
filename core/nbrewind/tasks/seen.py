"""What a task was seen to reach beside its inputs, as it is now."""

from __future__ import annotations

import os
from collections.abc import Callable

from blake3 import blake3

from nbrewind.model import ABSENT

from .files import Files
from .parts import Refused

Look = Callable[[str], str]
"""Returns the digest of ``file:PATH`` or ``env:NAME`` as it is now; ``absent`` if it is not there."""


def here(folder: str | os.PathLike[str] | None = None) -> Look:
    """Return a look at this machine and process; relative paths are those seen from ``folder``."""
    files = Files(folder)

    def look(key: str) -> str:
        kind, _, name = key.partition(":")
        if kind == "env":
            value = os.environ.get(name)
            return ABSENT if value is None else "b3:" + blake3(os.fsencode(value)).hexdigest(length=16)
        if not os.path.lexists(files.place(name)):
            return ABSENT
        try:
            return files.digest(name)
        except Refused as why:
            return f"unknown: {why}"

    return look
