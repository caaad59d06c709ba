"""The logs of managers, as far as they have come since they were read last; without keys and passwords.

The folder of the logs is the user's: it is only read. Of each task that runs, TaskVine is told to log our key, which
joins its log with our records. The log of all that TaskVine does (``debug``) is left alone: it may hold anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nbrewind import unpatched
from nbrewind.store.task_logs import TaskLog
from nbrewind.store.usage import parse_size
from nbrewind.tasks.parts import Key
from nbrewind.tasks.scrub import scrubbed

from .parts import ManagerState, TaskState

LIMIT = "NBREWIND_TASK_LOGS"
"""The environment variable that says how much of logs is kept with one run; 0: nothing."""
DEFAULT_LIMIT = 4 * 1024 * 1024
NAMES = ("transactions", "taskgraph", "performance")
SECRETS = {"set_password": "password", "set_password_file": "file"}
"""Settings by which a manager is told a secret, and what they call it."""


@dataclass(eq=False)
class LogFolder:
    """Where a manager logs."""

    kept: ManagerState
    path: str
    read: dict[str, int] = field(default_factory=dict)
    """By file, how many bytes of it were read."""


_folders: dict[str, LogFolder] = {}


def limit() -> int:
    """Return how many bytes of logs are kept with one run; what the environment says that is no size is ignored."""
    text = os.environ.get(LIMIT, "").strip()
    if text == "0":
        return 0
    try:
        return parse_size(text) if text else DEFAULT_LIMIT
    except ValueError:
        return DEFAULT_LIMIT


def opened(manager: Any, kept: ManagerState) -> None:
    """Take note of a manager that is open; one that has taken over the socket of another goes on with its logs."""
    path = str(manager.logging_directory)
    known = _folders.get(path)
    _folders[path] = LogFolder(kept, path, known.read if known is not None else {})


def name_key(cvine: Any, manager: Any, state: TaskState) -> None:
    """Have the manager log the key of a task that it runs."""
    if isinstance(state.key, Key):
        cvine.vine_log_txn_app(manager._taskvine, f"nbrewind task={state.id} key={state.key.digest}")


def collect(most: int) -> Iterator[TaskLog]:
    """Yield what has come to the logs of this process's managers, up to ``most`` bytes; the rest is left out.

    Only whole lines, but of a manager that is closed.
    """
    for folder in list(_folders.values()):
        if folder.kept.closed:
            del _folders[folder.path]
        for name in NAMES:
            log = _new(folder, name, most)
            if log is not None:
                most -= len(log.text)
                yield log._replace(text=scrubbed(log.text, _secrets(folder.kept)))


def _new(folder: LogFolder, name: str, most: int) -> TaskLog | None:
    """Return what has come to one log, as it is; None if nothing has."""
    start = folder.read.get(name, 0)
    try:
        with unpatched.open(os.path.join(folder.path, name), "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            stream.seek(start)
            text = stream.read(min(size - start, most)) if size > start else b""
    except OSError:
        return None
    if size - start <= most and not folder.kept.closed:
        text = text[: text.rfind(b"\n") + 1]
        folder.read[name] = start + len(text)
        left_out = 0
    else:
        folder.read[name] = size
        left_out = max(size - start - len(text), 0)
        text = text[: text.rfind(b"\n") + 1] if left_out else text
    return TaskLog(folder.kept.number, name, text, left_out) if text or left_out else None


def _secrets(kept: ManagerState) -> list[str]:
    found = []
    for name, value in kept.secrets:
        if name == "set_password_file":
            try:
                with unpatched.open(value, encoding="utf-8", errors="surrogateescape") as stream:
                    found += [line.strip() for line in stream]
            except OSError:
                continue
        else:
            found.append(value)
    return found
