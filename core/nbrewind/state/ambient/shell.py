"""How IPython shows values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from .base import Provider

_OPTIONS = ("pprint", "float_format", "max_width", "max_seq_length", "newline", "verbose")
_TABLES = ("singleton_printers", "type_printers", "deferred_printers")


class ShellDisplay(Provider):
    """Which expressions of a cell show their values, options of the text form, and formatters of the user's."""

    key = "ambient:ipython.display"
    module = "IPython.core.interactiveshell"

    def _shell(self) -> Any:
        return sys.modules[self.module].InteractiveShell._instance

    def signature(self) -> Any:
        """Return the options, and which functions of the user's format what."""
        if self.module not in sys.modules or self._shell() is None:
            return None
        return [*self._options(), *self._printers()]

    def read(self) -> Any:
        """Return the options; None if the user's own functions format something."""
        return None if any(self._printers()) else self._options()

    def write(self, data: Any) -> None:
        """Set the options."""
        shell = self._shell()
        shell.ast_node_interactivity, *options = data
        for name, value in zip(_OPTIONS, options, strict=True):
            setattr(shell.display_formatter.formatters["text/plain"], name, value)

    def _options(self) -> list[Any]:
        shell = self._shell()
        plain = shell.display_formatter.formatters["text/plain"]
        return [shell.ast_node_interactivity, *(getattr(plain, name) for name in _OPTIONS)]

    def _printers(self) -> Iterator[tuple[str, str, int]]:
        for kind, formatter in self._shell().display_formatter.formatters.items():
            for table in _TABLES:
                for shown, function in getattr(formatter, table).items():
                    if getattr(function, "__module__", "") == "__main__":
                        yield kind, str(shown), id(function)
