"""Providers of the interpreter's own state."""

from __future__ import annotations

import decimal
import locale
import logging
import os
import random
import re
import sys
import warnings
from typing import Any

from ..kinds import is_importable
from .base import Provider


class PythonRandom(Provider):
    """State of the module ``random``."""

    key = "ambient:rng.python"

    def read(self) -> Any:
        """Return version, words and the pending normal deviate."""
        return random.getstate()

    def write(self, data: Any) -> None:
        """Set the state."""
        version, words, pending = data
        random.setstate((version, tuple(words), pending))


class WorkingDirectory(Provider):
    """The working directory."""

    key = "ambient:cwd"

    def read(self) -> Any:
        """Return its path: relative to the notebook's folder if it lies there, which may be another one tomorrow."""
        path = os.getcwd()
        relative = os.path.relpath(path, self.folder) if self.folder else path
        return path if relative.partition(os.sep)[0] == os.pardir else relative

    def write(self, data: Any) -> None:
        """Change to it."""
        try:
            os.chdir(os.path.join(self.folder, data))
        except OSError as error:
            raise ValueError(f"can't change to {data}: {error.strerror}") from error


class Environment(Provider):
    """Environment variables; `Ambient` reports each by itself."""

    key = "ambient:environ"

    def signature(self) -> Any:
        """Return a copy of the raw table."""
        return dict(os.environ._data)  # type: ignore[attr-defined]

    def read(self) -> Any:
        """Return all variables."""
        return dict(os.environ)

    def write(self, data: Any) -> None:
        """Set the given variables; None deletes one."""
        for name, value in data.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class SearchPath(Provider):
    """``sys.path``."""

    key = "ambient:sys.path"

    def read(self) -> Any:
        """Return the entries that are strings."""
        return [entry for entry in sys.path if type(entry) is str]

    def write(self, data: Any) -> None:
        """Set the entries; the list stays the same object."""
        sys.path[:] = data


class WarningFilters(Provider):
    """The filters of the module ``warnings``."""

    key = "ambient:warnings"

    def signature(self) -> Any:
        """Return the filters themselves: they are immutable."""
        return tuple(warnings.filters)

    def read(self) -> Any:
        """Return the filters with categories by import name; None if one can't be named."""
        found = []
        filters: list[Any] = list(warnings.filters)
        for action, message, category, module, line in filters:
            if not is_importable(category, category.__module__, category.__qualname__):
                return None
            name = f"{category.__module__}:{category.__qualname__}"
            found.append([action, _pattern(message), name, _pattern(module), line])
        return found

    def write(self, data: Any) -> None:
        """Set the filters."""
        made: list[Any] = []
        for action, message, name, module, line in data:
            home, _, qualname = name.partition(":")
            category: Any = sys.modules.get(home)
            for part in qualname.split("."):
                category = getattr(category, part, None)
            if category is not None:
                made.append((action, _compiled(message), category, _compiled(module), line))
        warnings.filters[:] = made  # type: ignore[index]
        mutated = getattr(warnings, "_filters_mutated", None) or getattr(warnings, "_filters_mutated_lock_held", None)
        if mutated is not None:
            mutated()


def _pattern(found: Any) -> Any:
    return found if found is None or isinstance(found, str) else [found.pattern, found.flags]


def _compiled(data: Any) -> Any:
    return data if data is None or isinstance(data, str) else re.compile(*data)


class LogLevels(Provider):
    """Levels of the loggers, and which are disabled or keep what they log to themselves."""

    key = "ambient:logging"

    def read(self) -> Any:
        """Return the global threshold, the root's level, and what is set of other loggers: see `_set_of`."""
        loggers = list(logging.root.manager.loggerDict.items())
        found = {name: _set_of(logger) for name, logger in loggers if isinstance(logger, logging.Logger)}
        levels = {name: told for name, told in found.items() if told != [0, False]}
        return [logging.root.manager.disable, logging.root.level, levels]

    def write(self, data: Any) -> None:
        """Set all levels."""
        threshold, root, levels = data
        logging.disable(threshold)
        logging.root.setLevel(root)
        for name in levels:
            logging.getLogger(name)
        for name, logger in list(logging.root.manager.loggerDict.items()):
            if isinstance(logger, logging.Logger):
                level, disabled, *stays = levels.get(name, (0, False))
                if logger.level != level:
                    logger.setLevel(level)
                logger.disabled, logger.propagate = disabled, not stays


def _set_of(logger: logging.Logger) -> list[Any]:
    """Return a logger's level, whether it is disabled, and False if what it logs does not go to those above it."""
    return [logger.level, bool(logger.disabled), *([] if logger.propagate else [False])]


class Locale(Provider):
    """The C locale."""

    key = "ambient:locale"

    def read(self) -> Any:
        """Return the names of all categories."""
        return locale.setlocale(locale.LC_ALL)

    def write(self, data: Any) -> None:
        """Set the locale."""
        try:
            locale.setlocale(locale.LC_ALL, data)
        except locale.Error as error:
            raise ValueError(f"the locale {data} does not exist here") from error


class DecimalContext(Provider):
    """The context of the module ``decimal`` in this thread."""

    key = "ambient:decimal.context"

    def signature(self) -> Any:
        """Return all of it as text."""
        return repr(decimal.getcontext())

    def read(self) -> Any:
        """Return precision, rounding, limits, flags and traps."""
        found = decimal.getcontext()
        raised = sorted(signal.__name__ for signal, on in found.flags.items() if on)
        trapped = sorted(signal.__name__ for signal, on in found.traps.items() if on)
        return [found.prec, found.rounding, found.Emin, found.Emax, found.capitals, found.clamp, raised, trapped]

    def write(self, data: Any) -> None:
        """Set the context; it stays the same object."""
        found = decimal.getcontext()
        found.prec, found.rounding, found.Emin, found.Emax, found.capitals, found.clamp, raised, trapped = data
        for signal in found.flags:
            found.flags[signal] = signal.__name__ in raised
            found.traps[signal] = signal.__name__ in trapped


INTERPRETER: tuple[type[Provider], ...] = (
    PythonRandom,
    WorkingDirectory,
    Environment,
    SearchPath,
    WarningFilters,
    LogLevels,
    Locale,
    DecimalContext,
)
