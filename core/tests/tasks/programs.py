"""Programs as cells of a notebook: functions of `__main__` whose text is known to `linecache`, as in a kernel."""

from __future__ import annotations

import itertools
import linecache
from typing import Any

from nbrewind.tasks import Key, NoKey, task_key

_numbers = itertools.count()


def cell(text: str, namespace: dict[str, Any] | None = None, *, filename: str = "") -> dict[str, Any]:
    """Run a text as a cell; return the namespace."""
    filename = filename or f"<cell {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(compile(text, filename, "exec", dont_inherit=True), namespace)
    return namespace


def made(function: Any, *args: Any, **kwargs: Any) -> Key:
    """Return the key of a call, which must have one."""
    key = task_key(function, args, kwargs)
    assert isinstance(key, Key), key
    return key


def digest(function: Any, *args: Any, **kwargs: Any) -> str:
    """Return the digest of the key of a call, which must have one."""
    return made(function, *args, **kwargs).digest


def reason(function: Any, *args: Any, **kwargs: Any) -> str:
    """Return why a call has no key."""
    key = task_key(function, args, kwargs)
    assert isinstance(key, NoKey), key
    return key.reason


def program(text: str, *args: Any, **kwargs: Any) -> str:
    """Return the digest of the key of a call of ``run`` in a program."""
    return digest(cell(text)["run"], *args, **kwargs)
