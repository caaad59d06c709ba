"""What a key is made of, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from blake3 import blake3

Mark = Literal["files", "environment", "clock", "randomness", "network", "subprocess"]
"""What the code of a task can reach beside its arguments, as far as its names tell."""

Policy = Literal["exact", "compatible", "ignore"]
"""How much of a version counts: all; of a package the major and minor number, of Python the major one; nothing."""


class Refused(Exception):
    """There is no key: the argument says why, in words that name the item."""


class Key(NamedTuple):
    """What stands for a task: two tasks with one digest give the same result, as far as `marks` allow."""

    digest: str
    """``task:HEX`` over all components."""
    components: Mapping[str, str]
    """What the task is made of, by readable names, each with its digest; in the order in which it was met."""
    marks: frozenset[Mark]
    previews: Mapping[str, str]
    """Short texts of components that are small values."""


class NoKey(NamedTuple):
    """A task that no record may answer."""

    reason: str


class Pending(NamedTuple):
    """The result of a task that may not have been made yet: something that names it stands for it."""

    digest: str


def of_cell(key: Key, cell: str) -> Key:
    """Return the key of a task of one cell: the same task of another cell has another."""
    digest = blake3(b"cell\0" + key.digest.encode() + cell.encode("utf-8", "surrogatepass")).hexdigest()
    return key._replace(digest="task:" + digest, components={**key.components, "cell": cell})


def settled(key: Key, given: Mapping[str, str]) -> Key:
    """Return the key of a task once it is known what it is given by others.

    Args:
        key: made with a `Pending` of some name for each thing that it is given, whoever makes that.
        given: by these names the digests of the contents (`Memo.made`), wherever they are.
    """
    hasher = blake3(b"settled\0" + key.digest.encode())
    components = dict(key.components)
    for name, digest in sorted(given.items()):
        for text in (name, digest):
            data = text.encode("utf-8", "surrogatepass")
            hasher.update(len(data).to_bytes(8, "little") + data)
        components[f"given {name}"] = digest
    return key._replace(digest="task:" + hasher.hexdigest(), components=components)
