"""What a second thread reads ahead: to read, hash and unpack large parts lets go of the interpreter meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 1024 * 1024
"""Bytes that are handed over at once."""
FEW = 8
"""Items: of these many at once are large enough. With smaller ones threads wait for each other more than they help."""
WAITING = 2
"""How often as much may wait."""

T = TypeVar("T")


def ahead(items: Iterator[T], size: Callable[[T], int]) -> Iterator[T]:
    """Yield the items of an iterator in their order; once they are large, another thread takes them, some in advance.

    Who stops early closes the generator: then nothing more is taken. What the iterator raises is raised here, perhaps
    before items that came shortly before it.

    Args:
        items: used by one thread at a time.
        size: of an item, in bytes.
    """
    small = True
    while small:
        found, last = _some(items, size)
        yield from found
        if last:
            return
        small = len(found) > FEW
    with ThreadPoolExecutor(1, "nbrewind-ahead") as pool:
        waiting = deque(pool.submit(_some, items, size) for _ in range(WAITING))
        try:
            while not last:
                found, last = waiting.popleft().result()
                waiting.append(pool.submit(_some, items, size))
                yield from found
        finally:
            for one in waiting:
                one.cancel()


def _some(items: Iterator[T], size: Callable[[T], int]) -> tuple[list[T], bool]:
    """Return the next items, and whether these were the last."""
    found: list[T] = []
    left = AT_ONCE
    for item in items:
        found.append(item)
        left -= size(item)
        if left <= 0:
            return found, False
    return found, True
