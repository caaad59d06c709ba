"""Digests of files' contents."""

from __future__ import annotations

import os

from blake3 import blake3

from nbrewind import unpatched
from nbrewind.model import ABSENT

CHUNK = 1 << 20
FOLDER = "folder"
"""What is told of a folder where only its being there counts."""


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return ``b3:HEX`` of a file's content, read in pieces; ``folder`` for one, ``absent`` if nothing can be read."""
    hasher = blake3()
    try:
        with unpatched.open(path, "rb") as stream:
            while piece := stream.read(CHUNK):
                hasher.update(piece)
    except IsADirectoryError:
        return FOLDER
    except OSError:
        return ABSENT
    return "b3:" + hasher.hexdigest(length=16)
