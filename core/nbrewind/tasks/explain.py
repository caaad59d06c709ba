"""In words, what two keys differ in; and which record has a key that is close to another one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from nbrewind.store import Store
from nbrewind.store.tasks import Found

from .parts import Key
from .records import joined, parted, read

LOOKED = 0.1
"""Seconds for which the newest records of a function are the closest to each of its tasks, without another look."""


class _Alike(NamedTuple):
    """The keys of the newest records that have a part in common."""

    part: bytes
    turns: int
    """Of the database: whether this process has written since."""
    until: float
    keys: tuple[Key, ...]


class Closest:
    """Finds the records that are closest to a task."""

    def __init__(self, store: Store) -> None:
        """Look among the records of a store."""
        self._tasks = store.tasks
        self._alike: _Alike | None = None
        self._part: tuple[int | bytes, bytes | None] | None = None

    def differences(self, key: Key, *, is_near: bool) -> list[str]:
        """Return a sentence for each difference from the closest record that differs; empty if there is none.

        Args:
            key: the task's.
            is_near: whether there is a record near to its slot (`Tasks.has_near`).

        Raises:
            StoreError: the records can't be read.
            ValueError: one of them is damaged.
        """
        parts = parted(key)
        closest: list[str] = []
        near = self._keys(self._tasks.near(parts.slot)) if is_near else ()
        for other in chain(near, self._newest(parts.common(key))):
            found = explain(key, other)
            if found and (not closest or len(found) < len(closest)):
                closest = found
            if len(closest) == 1:
                break
        return closest

    def _newest(self, part: bytes) -> Iterator[Key]:
        """Yield the keys of the newest records that have a part in common, as they were a moment ago."""
        alike, now, turns = self._alike, time.monotonic(), self._tasks.database.turns
        if alike is None or alike.part != part or alike.turns != turns or now > alike.until:
            keys = tuple(self._keys(self._tasks.newest(part)))
            alike = self._alike = _Alike(part, turns, now + LOOKED, keys)
        yield from alike.keys

    def _keys(self, records: Iterable[Found]) -> Iterator[Key]:
        for one in records:
            facts, part = read(one.record), self._common(one.part)
            if facts is not None and part is not None:
                yield joined(facts, part)

    def _common(self, part: int | bytes) -> bytes | None:
        """Return what the key of a record has in common with others, which many records have in turn."""
        if self._part is None or self._part[0] != part:
            self._part = part, self._tasks.part(part)
        return self._part[1]


def explain(one: Key, other: Key) -> list[str]:
    """Return a sentence for each difference of ``one`` from ``other``; empty if they are equal."""
    found = []
    for name in dict.fromkeys((*one.components, *other.components)):
        mine, theirs = one.components.get(name), other.components.get(name)
        if mine == theirs:
            continue
        subject = _subject(name)
        if theirs is None:
            found.append(f"{subject} is new")
        elif mine is None:
            found.append(f"{subject} is gone")
        elif name in one.previews and name in other.previews and one.previews[name] != other.previews[name]:
            found.append(f"{subject} is {one.previews[name]} instead of {other.previews[name]}")
        else:
            found.append(f"{subject} changed")
    return found


def _subject(name: str) -> str:
    kind, _, rest = name.partition(" ")
    if not rest:
        return name
    return f"`{rest}()`" if kind == "function" else f"{kind} `{rest}`"
