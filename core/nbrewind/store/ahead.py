"""Large pieces of work done ahead by other threads: reading, hashing and packing let go of the interpreter."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = min(4, os.cpu_count() or 1)
"""Results that wait, and threads that make them: parts are of up to 2 MiB, so this takes little memory."""

T = TypeVar("T")
R = TypeVar("R")


class Ahead:
    """Some threads, which begin with the first large piece of work and end with the block."""

    def __init__(self) -> None:
        """Start none yet."""
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[[T], R], items: Iterable[T], large: Callable[[T], bool]) -> Iterator[tuple[T, R]]:
        """Yield items with what ``work`` makes of them, in order. What is not large is done by this thread, in turn.

        What ``work`` raises is raised when it is the turn of its item.
        """
        waiting: deque[tuple[T, Future[R] | None]] = deque()
        for item in items:
            waiting.append((item, self._begin(work, item) if large(item) else None))
            if len(waiting) > THREADS:
                yield self._end(work, *waiting.popleft())
        while waiting:
            yield self._end(work, *waiting.popleft())

    def _begin(self, work: Callable[[T], R], item: T) -> Future[R]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, "nbrewind-ahead")
        return self._pool.submit(work, item)

    @staticmethod
    def _end(work: Callable[[T], R], item: T, begun: Future[R] | None) -> tuple[T, R]:
        return item, work(item) if begun is None else begun.result()
