"""Providers of settings of the standard library that one function tells and another one changes."""

from __future__ import annotations

import _signal
import gc
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from ..kinds import belongs_to_kernel, module_of
from .base import Provider


class Setting(Provider):
    """One setting of a module."""

    def __init__(self, module: str, name: str, getter: str, setter: str, default: Any = None) -> None:
        """``getter``, ``setter``: functions of ``module``; ``default``: what it is right after the import."""
        self.key, self.module = f"ambient:{module}.{name}", module
        self._getter, self._setter, self._default = getter, setter, default

    def read(self) -> Any:
        """Return the value, in a list: None is one."""
        return [getattr(sys.modules[self.module], self._getter)()]

    def write(self, data: Any) -> None:
        """Set the value."""
        getattr(sys.modules[self.module], self._setter)(data[0])

    def default(self) -> Any:
        """Return what it is right after the import."""
        return [self._default]


class Collector(Provider):
    """Settings of the garbage collector."""

    key = "ambient:gc"
    module = "gc"

    def read(self) -> Any:
        """Return whether it is on, its thresholds and its flags."""
        return [gc.isenabled(), list(gc.get_threshold()), gc.get_debug()]

    def write(self, data: Any) -> None:
        """Set all of them."""
        on, thresholds, flags = data
        (gc.enable if on else gc.disable)()
        gc.set_threshold(*thresholds)
        gc.set_debug(flags)


class Handlers(Provider):
    """What signals do that ipykernel leaves alone."""

    key = "ambient:signal.handlers"
    module = "signal"

    _SIGNALS = tuple(
        getattr(signal, name)
        for name in ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGPIPE", "SIGTERM", "SIGUSR1", "SIGUSR2")
        if hasattr(signal, name)
    )

    def __init__(self) -> None:
        self._first = list(map(signal.getsignal, self._SIGNALS))

    def signature(self) -> Any:
        """Return the handlers, by identity where they are functions."""
        return [handler if type(handler) is int else id(handler) for handler in map(_signal.getsignal, self._SIGNALS)]

    def read(self) -> Any:
        """Return what each is: as at first (empty), or a number; None if a function was set since."""
        found = list(zip(map(signal.getsignal, self._SIGNALS), self._first, strict=True))
        if any(handler is not first and type(handler) is not signal.Handlers for handler, first in found):
            return None
        return ["" if handler is first else int(handler) for handler, first in found]  # type: ignore[arg-type]

    def write(self, data: Any) -> None:
        """Set them."""
        for number, handler, first in zip(self._SIGNALS, data, self._first, strict=True):
            wanted = first if handler == "" else handler
            if wanted is not None and signal.getsignal(number) is not wanted:
                signal.signal(number, wanted)


class Streams(Provider):
    """Where what is printed goes, and what is typed comes from."""

    key = "ambient:sys.streams"
    module = "sys"

    _NAMES = ("stdin", "stdout", "stderr")

    def __init__(self) -> None:
        self._first = [getattr(sys, name) for name in self._NAMES]

    def signature(self) -> Any:
        """Return the streams, by identity."""
        return [id(getattr(sys, name, None)) for name in self._NAMES]

    def read(self) -> Any:
        """Return nothing; None if there is another than the kernel's."""
        found = [getattr(sys, name, None) for name in self._NAMES]
        pairs = zip(found, self._first, strict=True)
        return [] if all(one is first or belongs_to_kernel(module_of(type(one))) for one, first in pairs) else None

    def write(self, data: Any) -> None:
        """Give the kernel's own back."""
        for name, first in zip(self._NAMES, self._first, strict=True):
            setattr(sys, name, first)


class TimeZone(Provider):
    """The time zone that the C library took over with ``time.tzset``."""

    key = "ambient:time.zone"
    module = "time"

    def read(self) -> Any:
        """Return offsets and names."""
        time = sys.modules["time"]
        return [time.timezone, time.altzone, time.daylight, list(time.tzname)]

    def write(self, data: Any) -> None:
        """Take over what the environment says: it is brought back apart."""
        sys.modules["time"].tzset()


SETTINGS: tuple[Callable[[], Provider], ...] = (
    partial(Setting, "csv", "field_size_limit", "field_size_limit", "field_size_limit", 131072),
    Collector,
    Handlers,
    partial(Setting, "socket", "timeout", "getdefaulttimeout", "setdefaulttimeout"),
    partial(Setting, "sys", "recursionlimit", "getrecursionlimit", "setrecursionlimit"),
    partial(Setting, "sys", "switchinterval", "getswitchinterval", "setswitchinterval"),
    Streams,
    partial(Setting, "sys", "int_max_str_digits", "get_int_max_str_digits", "set_int_max_str_digits"),
    TimeZone,
)
