"""The records as the server reads them: the store, opened when there is one. Blocking: not for the event loop."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from pathlib import Path

from nbrewind.state.files import Digests
from nbrewind.store import Notebook, Store, StoreError
from nbrewind.store.layout import Layout, default_directory
from nbrewind_server.messages import StoreStatus
from nbrewind_server.problem import Refused
from nbrewind_server.texts import Texts

FILES = 10_000
"""Digests of files that are remembered at most."""


class Records:
    """One store, and what is remembered of it. Safe to use from several threads."""

    def __init__(self, directory: str, texts: Texts) -> None:
        """Read the store in ``directory``; the default one if that is empty. None is ever made."""
        self._chosen = directory
        self.texts = texts
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._inode = 0
        self._files = Digests()

    @property
    def directory(self) -> Path:
        """Where the store is, or would be."""
        return Path(os.path.abspath(Path(self._chosen).expanduser() if self._chosen else default_directory()))

    def status(self) -> StoreStatus:
        """Say whether the store can be read."""
        where = str(self.directory)
        try:
            found = self.store()
        except StoreError as error:
            return StoreStatus(directory=where, state="unreadable", reason=str(error))
        if found is None:
            return StoreStatus(directory=where, state="absent", reason="Nothing has been recorded yet.")
        return StoreStatus(directory=where, state="ready")

    def store(self) -> Store | None:
        """Return the store; None if there is none.

        Raises:
            StoreError: it can't be read.
        """
        with self._lock:
            place = Layout(self.directory)
            try:
                inode = os.stat(place.traces).st_ino
            except OSError:
                inode = 0
            if self._store is not None and (self._inode != inode or self._store.directory != place.directory):
                self._store = None  # it was removed, or replaced: whoever still reads it keeps it open
            if self._store is None and inode:
                self._store, self._inode = Store.open(place.directory, create=False), inode
            return self._store

    def notebook(self, path: Path, cells: Collection[str] = ()) -> Notebook | None:
        """Return the index of a notebook; None if it has no history. By ``cells`` a renamed notebook is known."""
        store = self.store()
        return store.notebook(path, cells=cells, create=False) if store is not None else None

    def recorded(self, path: Path) -> tuple[Store, Notebook]:
        """Return the store, and a notebook's index in it.

        Raises:
            Refused: nothing is recorded of the notebook.
        """
        store = self.store()
        index = self.notebook(path)
        if store is None or index is None:
            raise Refused("unknown", f"nothing is recorded of {path.name} yet")
        return store, index

    def text(self, digest: str) -> str | None:
        """Return a text by its digest."""
        return self.find_texts([digest], {})[0].get(digest)

    def find_texts(self, digests: Collection[str], given: dict[str, str]) -> tuple[dict[str, str], list[str]]:
        """Return texts by digest, and the digests whose texts nobody here has."""
        wrong = self.texts.add(given)
        if wrong:
            raise Refused("request", f"the text that was sent for digest {wrong[0]} has another one")
        store = self.store()
        return self.texts.find(digests, given, store.sources if store is not None else lambda digests: {})

    def file_digests(self) -> Digests:
        """Return the memory of files' digests, which grows as it is used."""
        if len(self._files) > FILES:
            self._files = Digests()
        return self._files

    def close(self) -> None:
        """Close the store; other threads are refused from then on."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
