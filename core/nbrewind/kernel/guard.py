"""Code that runs again, or ahead of its turn, must do nothing to the world: audit events stop what it tries."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nbrewind.kernel import effects

DEEDS = {
    "_thread.start_new_thread": "starts a thread",
    "builtins.input": "asks for input",
    "os.chflags": "changes a file",
    "os.chmod": "changes a file",
    "os.chown": "changes a file",
    "os.exec": "starts a program",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.kill": "sends a signal",
    "os.killpg": "sends a signal",
    "os.link": "makes a file",
    "os.mkdir": "makes a folder",
    "os.posix_spawn": "starts a program",
    "os.remove": "removes a file",
    "os.removexattr": "changes a file",
    "os.rename": "moves a file",
    "os.rmdir": "removes a folder",
    "os.setxattr": "changes a file",
    "os.spawn": "starts a program",
    "os.symlink": "makes a file",
    "os.system": "starts a program",
    "os.truncate": "changes a file",
    "os.utime": "changes a file",
    "signal.pthread_kill": "sends a signal",
    "socket.bind": "uses the network",
    "socket.connect": "uses the network",
    "socket.sendmsg": "uses the network",
    "socket.sendto": "uses the network",
    "subprocess.Popen": "starts a program",
    "syslog.syslog": "writes to the system's log",
    "urllib.Request": "uses the network",
    "webbrowser.open": "opens a page",
}
"""Audit events of what must not be done twice, with what that is in words."""


class Forbidden(Exception):
    """Raised where such code would do something to the world."""


class Guard:
    """Watches over the thread that runs something again, or ahead of its turn."""

    def __init__(self, when: str = "runs again for a rewind") -> None:
        """Watch this thread, while `held`; ``when``: what the code does that is watched, in words."""
        self.why = ""
        """What it tried to do first, in words; empty if it did nothing: the code may have caught `Forbidden`."""
        self._when = when
        self._thread = threading.get_ident()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Stop this thread from doing anything to the world inside."""
        effects.forbid(self.look)
        try:
            yield
        finally:
            effects.forbid(None)

    def look(self, event: str, args: Sequence[Any]) -> None:
        """Raise `Forbidden` at an audit event of what must not be done."""
        deed = DEEDS.get(event, "")
        if event == "open" and _writes(args):
            deed = "writes a file"
        elif event == "sqlite3.connect" and args[0] not in (":memory:", ""):
            deed = "opens a database"
        if deed and threading.get_ident() == self._thread and not _caches():
            self.why = self.why or deed
            raise Forbidden(f"this code {self._when}, and {deed}")


def _writes(args: Sequence[Any]) -> bool:
    path, mode, flags = args[:3]
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & ~_READING)
    return writes and path != os.devnull


_READING = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def _caches() -> bool:
    """Whether the import system writes what it has compiled."""
    frame = sys._getframe(3)  # who does what `effects` was told of
    return frame.f_code.co_filename.startswith("<frozen importlib")
