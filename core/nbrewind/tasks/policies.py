"""What records may be used for: as a whole, by category of tasks, and by what their code can reach."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .parts import Key, Mark

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


@dataclass(frozen=True)
class Policies:
    """The policies of a notebook."""

    use: Use = "reuse"
    categories: Mapping[str, Use] = field(default_factory=dict)
    """For tasks of a category: instead of ``use``."""
    marks: Mapping[Mark, Trust] = field(default_factory=dict)
    """By what code can reach; else as in `DEFAULT`."""
    verify: float = 0.0
    """The share of tasks, 0 to 1, that run though a record would answer, to see whether they give the same."""

    def use_of(self, category: str, asked: Use | None = None) -> Use:
        """Return what records of a category may be used for; ``asked``: what was said for the one task."""
        return asked or self.categories.get(category, self.use)

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
