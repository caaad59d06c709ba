"""Texts of cells by their digests, so that a browser sends each only once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from nbrewind.analysis import source_digest


def has_digest(text: str, digest: str) -> bool:
    """Whether a text has the digest that a browser says: half a surrogate pair counts as U+FFFD there."""
    return digest == source_digest(text) or digest == source_digest(
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


class Texts:
    """The texts used last. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        """Keep texts of ``size`` characters in all."""
        self._size = size
        self._held = 0
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, texts: Mapping[str, str]) -> list[str]:
        """Take texts; returns the digests that are wrong, of which none is taken."""
        wrong = [digest for digest, text in texts.items() if not has_digest(text, digest)]
        if not wrong:
            with self._lock:
                for digest, text in texts.items():
                    self._put(digest, text)
        return wrong

    def find(
        self, digests: Iterable[str], given: Mapping[str, str], elsewhere: Callable[[list[str]], Mapping[str, str]]
    ) -> tuple[dict[str, str], list[str]]:
        """Return the texts of some digests, and those that are neither given, nor here, nor ``elsewhere``."""
        wanted = dict.fromkeys(digests)
        found = {digest: given[digest] for digest in wanted if digest in given}
        with self._lock:
            for digest in (wanted.keys() - found.keys()) & self._texts.keys():
                found[digest] = self._texts[digest]
                self._texts.move_to_end(digest)
        others = elsewhere([digest for digest in wanted if digest not in found])
        with self._lock:
            for digest, text in others.items():
                self._put(digest, text)
        found |= others
        return found, [digest for digest in wanted if digest not in found]

    def _put(self, digest: str, text: str) -> None:
        if digest in self._texts:
            self._texts.move_to_end(digest)
            return
        self._texts[digest] = text
        self._held += len(text)
        while self._held > self._size and len(self._texts) > 1:
            self._held -= len(self._texts.popitem(last=False)[1])
