"""The SSH keys of this user that can sign without being asked for anything."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SECONDS = 10.0
_FINGERPRINT = re.compile(r"SHA256:\S+")
_NAME = re.compile(r"[\w.@+-]{1,100}")


class Key(NamedTuple):
    """A key that can sign."""

    name: str
    """Of its file in the user's folder of SSH."""
    fingerprint: str
    path: Path


def usable_keys(folder: Path | None = None) -> list[Key]:
    """Return the keys that have a public part beside them and need no passphrase, or whose agent has them.

    Args:
        folder: where they are; by default ``~/.ssh``.
    """
    place = Path.home() / ".ssh" if folder is None else folder
    try:
        public = sorted(path for path in place.glob("*.pub") if _NAME.fullmatch(path.stem))
    except OSError:
        return []
    held = set(_FINGERPRINT.findall(_answer("ssh-add", "-l"))) if os.environ.get("SSH_AUTH_SOCK") and public else set()
    return list(_usable(public, held))


def _usable(public: list[Path], held: set[str]) -> Iterator[Key]:
    for path in public:
        found = _FINGERPRINT.search(_answer("ssh-keygen", "-l", "-f", str(path)))
        private = path.with_suffix("")
        if found is None:
            continue
        if found[0] in held:
            yield Key(path.stem, found[0], path)
        elif private.is_file() and _answer("ssh-keygen", "-y", "-P", "", "-f", str(private)):
            yield Key(path.stem, found[0], private)


def _answer(*command: str) -> str:
    """Return what a program prints; empty if it fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""
