"""What records may be used for: as a whole, by category of tasks, by call, and by what their code can reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from .parts import Key, Mark, Policy

Use = Literal["reuse", "refresh", "never"]
"""A record answers, and what runs is recorded; all runs, and is recorded; all runs, and nothing is recorded."""

Trust = Literal["as-recorded", "seen", "run"]
"""Of tasks whose code can reach something: they answer; they answer where what they reached was seen, and is the same
now; they always run."""

DEFAULT: Mapping[Mark, Trust] = {
    "files": "seen",
    "environment": "seen",
    "clock": "as-recorded",
    "randomness": "as-recorded",
    "network": "as-recorded",
    "subprocess": "as-recorded",
}


class Rule(NamedTuple):
    """What holds for one task."""

    use: Use = "reuse"
    verify: float = 0.0
    category: str = ""
    """The task's."""


_rule = lru_cache(maxsize=64)(Rule)
"""Makes the rule of tasks of which nothing else is said: one for all that are alike."""


class _Asked(NamedTuple):
    """What `task_policy` says."""

    use: Use | None = None
    verify: float | None = None
    category: str = ""


_NOTHING = _Asked()
_asked: ContextVar[_Asked] = ContextVar("task policy", default=_NOTHING)


@contextmanager
def task_policy(use: Use | None = None, *, verify: float | None = None, category: str = "") -> Iterator[None]:
    """Say what records of the tasks may be used for that are submitted within the block, through whatever door.

    Args:
        use: ``reuse``, ``refresh`` (they run, and are recorded) or ``never`` (they run, and are not recorded).
        verify: the share of them, 0 to 1, that run though a record would answer, to see whether they give the same.
        category: they belong to it.

    Raises:
        ValueError: there is no such use, or it is no share.
    """
    if use is not None and use not in get_args(Use):
        raise ValueError(f"records of tasks can't be used for {use!r}: use {' or '.join(get_args(Use))}")
    if verify is not None and not 0 <= verify <= 1:
        raise ValueError(f"verify can't be {verify!r}: use a number from 0 to 1")
    outer = _asked.get()
    token = _asked.set(_Asked(use or outer.use, outer.verify if verify is None else verify, category or outer.category))
    try:
        yield
    finally:
        _asked.reset(token)


@dataclass(frozen=True)
class Policies:
    """The policies of a notebook."""

    use: Use = "reuse"
    categories: Mapping[str, Use] = field(default_factory=dict)
    """For tasks of a category, or else of a function, by its name: instead of ``use``."""
    marks: Mapping[Mark, Trust] = field(default_factory=dict)
    """By what code can reach; else as in `DEFAULT`."""
    verify: float = 0.0
    """The share of tasks, 0 to 1, that run though a record would answer, to see whether they give the same."""
    packages: Policy = "compatible"
    """How much of the versions of packages counts."""
    python: Policy = "compatible"
    answers: bool = True
    """Whether records answer at all, whatever else is said."""

    def rule(self, category: str = "", function: str = "") -> Rule:
        """Return what holds for a task that is submitted now: what `task_policy` says wins over all else."""
        asked = _asked.get()
        if asked is _NOTHING and not self.categories:
            return _rule(self.use, self.verify, category)
        category = asked.category or category
        use = asked.use or self.categories.get(category) or self.categories.get(function) or self.use
        return Rule(use, self.verify if asked.verify is None else asked.verify, category)

    def trust(self, key: Key) -> Trust:
        """Return how far records of a key answer."""
        found: set[Trust] = {self.marks.get(mark, DEFAULT[mark]) for mark in key.marks}
        return "run" if "run" in found else "seen" if "seen" in found else "as-recorded"


class Occurrences:
    """Counts identical tasks of one run. Tasks whose code reaches no more than its arguments all count as the first."""

    def __init__(self) -> None:
        """Begin."""
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def next(self, key: Key) -> int:
        """Return how many tasks with this key were submitted before."""
        if not key.marks:
            return 0
        with self._lock:
            count = self._counts.get(key.digest, 0)
            self._counts[key.digest] = count + 1
        return count
