"""Files and folders that arguments name: their content counts, and the path as far as it is the same elsewhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator

from blake3 import blake3

from nbrewind.model import ABSENT
from nbrewind.state.files import Digests

from .parts import Refused

MOST = 10_000
"""Entries of a folder that is an argument or input: more are not read for each task."""
LONGEST = 4096


class Files:
    """Digests of files as they are seen from a working folder; remembers those whose times have not changed."""

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        """Look from ``folder``, by default the process's working folder at the time of each question."""
        self._folder = None if folder is None else os.path.abspath(folder)
        self._base = "" if self._folder is None else os.path.join(self._folder, "")
        self._digests = Digests()

    def place(self, path: str) -> str:
        """Return the absolute path of one that was given."""
        return os.path.join(self._folder or os.getcwd(), path)

    def names(self, text: str) -> bool:
        """Tell whether a text names a file or folder. Dots and slashes alone, such as a separator, never do."""
        if len(text) > LONGEST or "\0" in text or not text.strip("./"):
            return False
        try:
            return os.access(self._base + text if self._base and text[0] != "/" else text, os.F_OK)
        except ValueError:  # it can't be encoded
            return False

    def shown(self, path: str) -> str:
        """Return a path as it is the same on two machines: relative to the working folder, if it lies below that."""
        if not os.path.isabs(path):
            return path
        base = (self._folder or os.getcwd()) + os.sep
        return path[len(base) :] if path.startswith(base) else path

    def digest(self, path: str) -> str:
        """Return the digest of a file or folder with what it holds; raise `Refused` if that can't be read."""
        full = os.path.realpath(self.place(path))
        try:
            found = os.stat(full)
        except OSError as error:
            raise Refused(f"the file `{path}` can't be read: {error.strerror}") from None
        if stat.S_ISDIR(found.st_mode):
            return self._tree(path, full)
        return self._file(path, full, found)

    def _file(self, path: str, full: str, found: os.stat_result) -> str:
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"`{path}` is no ordinary file")
        content = self._digests(full)
        if content == ABSENT:
            raise Refused(f"the file `{path}` can't be read")
        return f"{content} {'x' if found.st_mode & stat.S_IXUSR else '-'}"

    def _tree(self, path: str, full: str) -> str:
        hasher = blake3()
        for count, (name, text) in enumerate(self._entries(path, full, "", (full,))):
            if count == MOST:
                raise Refused(f"the folder `{path}` has more than {MOST} entries")
            for part in (name, text):
                data = part.encode("utf-8", "surrogateescape")
                hasher.update(len(data).to_bytes(8, "little") + data)
        return "tree:" + hasher.hexdigest(length=16)

    def _entries(self, path: str, full: str, prefix: str, above: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield what lies in a folder, sorted: relative path, and what is there. Links are followed."""
        try:
            names = sorted(os.listdir(full))
        except OSError as error:
            raise Refused(f"the folder `{path}` can't be read: {error.strerror}") from None
        for name in names:
            inner = os.path.realpath(os.path.join(full, name))
            try:
                found = os.stat(inner)
            except OSError:
                yield prefix + name, ABSENT  # a link to nothing
                continue
            if not stat.S_ISDIR(found.st_mode):
                yield prefix + name, self._file(os.path.join(path, prefix + name), inner, found)
            elif inner in above:
                raise Refused(f"links in the folder `{path}` go in a circle")
            else:
                yield prefix + name, "folder"
                yield from self._entries(path, inner, prefix + name + "/", (*above, inner))
