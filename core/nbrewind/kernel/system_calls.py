"""What `strace` has written of system calls: which process opened, listed, changed or started what.

The lines are those that ``strace -f -y -o FILE`` writes: the number of the thread, the call with its arguments, what it
returned. Handles are followed by their paths (``3</data/a.csv>``). A call during which another thread made one stands
in two lines, ``... <unfinished ...>`` and ``<... NAME resumed> ...``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

Deed = Literal["read", "write", "update", "remove", "move", "list", "ask", "start", "connect", "hide"]
"""``update``: what was there counts for what will be; ``ask``: whether there is something at a path; ``hide``: more may
be done from now on than is told."""

_LINE = re.compile(rb"(\d+) +(.*)")
_RESUMED = re.compile(rb"<\.\.\. (\w+) resumed>(.*)")
_CALL = re.compile(rb"(\w+)\((.*)\) += (-?\d+|\?)(?:<((?:[^>])*)>)?(?: ([A-Z]+) \(.*\)| .*)?$")
_ARGUMENT = re.compile(rb'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
"""A path, after the handle of the folder from which it is told, if there is one."""
_HANDLE = re.compile(rb"\d+<(/[^>]*)>")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
_ADDRESS = re.compile(rb'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]*)"')
_UNFINISHED = b" <unfinished ...>"

_ASKING = frozenset({b"stat", b"lstat", b"newfstatat", b"statx", b"access", b"faccessat", b"faccessat2"})
_OPENING = frozenset({b"open", b"openat", b"openat2", b"creat"})
_STARTING = frozenset({b"execve", b"execveat"})
_REMOVING = frozenset({b"unlink", b"unlinkat", b"rmdir"})
_MOVING = frozenset({b"rename", b"renameat", b"renameat2"})
_LINKING = frozenset({b"link", b"linkat", b"symlink", b"symlinkat"})
_CLONING = frozenset({b"clone", b"clone3", b"fork", b"vfork"})
_HIDING = frozenset({b"io_uring_setup", b"open_by_handle_at", b"chroot", b"setns"})


class Call(NamedTuple):
    """One thing that one process did."""

    inside: bool
    """The traced process itself did it, not one that it has started."""
    deed: Deed
    path: str
    """Absolute; of a connection the address, ``HOST:PORT``."""
    found: bool = True
    """Whether there was something at the path."""
    relative: bool = False
    """It was told from the working folder."""


class Calls:
    """Reads lines one after another; knows which thread is of which process, and where each works."""

    def __init__(self, process: int, folder: str) -> None:
        """Read what ``process`` and all that it starts do; ``folder``: where that works now."""
        self.process = process
        self._owner: dict[int, int] = {process: process}
        """Thread to process."""
        self._folders: dict[int, bytes] = {process: os.fsencode(folder)}
        """Process to the folder in which it works."""
        self._halves: dict[int, bytes] = {}
        """Calls that have not returned, by thread."""

    def read(self, lines: Iterable[bytes]) -> Iterator[Call]:
        """Yield what they tell, in the order in which it was done."""
        whole = [found for line in lines if (found := self._whole(line))]
        for (
            thread,
            name,
            arguments,
            returned,
            _,
            _,
        ) in whole:  # a new one may speak before the call that made it returns
            if name in _CLONING and returned > 0:
                self._owner[returned] = self._owner.get(thread, thread) if b"CLONE_THREAD" in arguments else returned
                self._folders.setdefault(self._owner[returned], self._folder(thread))
        for thread, name, arguments, returned, place, error in whole:
            inside = self._owner.get(thread, thread) == self.process
            for deed, path, there, relative in self._deeds(thread, name, arguments, returned, place, error):
                yield Call(inside, deed, os.fsdecode(path), there, relative)

    def _whole(self, line: bytes) -> tuple[int, bytes, bytes, int, bytes, bytes] | None:
        """Return thread, name, arguments, result, the path of a returned handle, and the error; None if not whole."""
        parts = _LINE.match(line)
        if parts is None:
            return None
        thread, text = int(parts[1]), parts[2]
        if text.endswith(_UNFINISHED):
            self._halves[thread] = text.removesuffix(_UNFINISHED)
            return None
        resumed = _RESUMED.match(text)
        if resumed is not None:
            text = self._halves.pop(thread, resumed[1] + b"(") + resumed[2]
        call = _CALL.match(text)
        if call is None or call[3] == b"?":
            return None
        return thread, call[1], call[2], int(call[3]), _plain(call[4] or b""), call[5] or b""

    def _folder(self, thread: int) -> bytes:
        return self._folders.get(self._owner.get(thread, thread), self._folders[self.process])

    def _deeds(
        self, thread: int, name: bytes, arguments: bytes, returned: int, place: bytes, error: bytes
    ) -> Iterator[tuple[Deed, bytes, bool, bool]]:
        if name in _HIDING:
            yield "hide", name, True, False
            return
        if name == b"connect":
            address = _ADDRESS.search(arguments)
            if address is not None and address[1] != b"0":
                yield "connect", address[2] + b":" + address[1], True, False
            return
        if name == b"fchdir":
            if (handle := _HANDLE.match(arguments)) and returned >= 0:
                self._folders[self._owner.get(thread, thread)] = _plain(handle[1])
            return
        paths = [self._path(thread, found) for found in _ARGUMENT.finditer(arguments) if found[2]]
        if not paths or error not in (b"", b"ENOENT", b"ENOTDIR"):
            return
        found = returned >= 0
        path, relative = paths[0]
        if name == b"chdir" and found:
            self._folders[self._owner.get(thread, thread)] = path
        elif name in _OPENING:
            yield from _opened(name, arguments, path, place, found, relative)
        elif name in _STARTING:
            if found:
                yield "start", path, True, relative
        elif name in _ASKING:
            yield "ask", path, found, relative
        elif found and name in _REMOVING:
            yield "remove", path, True, relative
        elif found and name in (*_MOVING, *_LINKING) and len(paths) > 1:
            if name in _MOVING:
                yield "move", path, True, relative
            yield "write", paths[1][0], True, paths[1][1]
        elif found and name == b"truncate":
            yield "update", path, True, relative

    def _path(self, thread: int, found: re.Match[bytes]) -> tuple[bytes, bool]:
        """Return a path that a call was given, absolute, and whether it was told from the working folder."""
        path = _plain(found[2])
        base = _plain(found[1]) if found[1] is not None else self._folder(thread)
        return os.path.normpath(os.path.join(base, path)), not path.startswith(b"/")


def _opened(
    name: bytes, arguments: bytes, path: bytes, place: bytes, found: bool, relative: bool
) -> Iterator[tuple[Deed, bytes, bool, bool]]:
    flags = set(re.findall(rb"O_\w+", arguments[arguments.rfind(b'"') :]))
    if b"O_TMPFILE" in flags or b"O_PATH" in flags:
        return
    deed: Deed = "list" if b"O_DIRECTORY" in flags and found else "read"
    if found and (name == b"creat" or not flags.isdisjoint((b"O_WRONLY", b"O_RDWR"))):
        anew = name == b"creat" or not flags.isdisjoint((b"O_TRUNC", b"O_EXCL"))
        deed = "write" if anew else "update"
    if deed == "write" and b"O_EXCL" in flags:
        yield "read", path, False, relative
    yield deed, path, found, relative
    if found and place.startswith(b"/") and place != path:  # through a link
        yield deed, place, True, relative


def _plain(text: bytes) -> bytes:
    """Return text without strace's escapes."""
    return _ESCAPE.sub(_unescaped, text) if b"\\" in text else text


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8)]) if code.isdigit() else _ESCAPED.get(code, code)
