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

    def signature(self) -> Any:
        """Return the options, and which functions of the user's format what."""
        if self.module not in sys.modules or _shell() is None:
            return None
        return [*self._options(), *self._printers()]

    def read(self) -> Any:
        """Return the options; None if the user's own functions format something."""
        return None if any(self._printers()) else self._options()

    def write(self, data: Any) -> None:
        """Set the options."""
        shell = _shell()
        shell.ast_node_interactivity, *options = data
        for name, value in zip(_OPTIONS, options, strict=True):
            setattr(shell.display_formatter.formatters["text/plain"], name, value)

    def _options(self) -> list[Any]:
        shell = _shell()
        plain = shell.display_formatter.formatters["text/plain"]
        return [shell.ast_node_interactivity, *(getattr(plain, name) for name in _OPTIONS)]

    def _printers(self) -> Iterator[tuple[str, str, int]]:
        for kind, formatter in _shell().display_formatter.formatters.items():
            for table in _TABLES:
                for shown, function in getattr(formatter, table).items():
                    if getattr(function, "__module__", "") == "__main__":
                        yield kind, str(shown), id(function)


class InlineFigures(Provider):
    """How the inline backend shows figures: what ``%config InlineBackend`` sets, and the formats."""

    key = "ambient:matplotlib.inline"
    module = "matplotlib_inline.config"

    def signature(self) -> Any:
        """Return the options and formats."""
        return None if self.module not in sys.modules or self._backend() is None else [self._options(), self._formats()]

    def read(self) -> Any:
        """Return the options and formats."""
        return [self._options(), self._formats()]

    def write(self, data: Any) -> None:
        """Set the options, then the formats."""
        options, formats = data
        backend = self._backend()
        for name, value in options.items():
            setattr(backend, name, set(value) if name == "figure_formats" else value)
        chosen = {keywords.get("fmt", "retina") for _, keywords in formats}
        more = {name: value for _, keywords in formats for name, value in keywords.items()}
        more = {name: value for name, value in more.items() if name not in ("base64", "fmt")}
        sys.modules["IPython.core.pylabtools"].select_figure_formats(_shell(), chosen, **more)

    def default(self) -> Any:
        """Return what importing pyplot sets."""
        keywords = {"bbox_inches": "tight"}
        options = {"close_figures": True, "figure_formats": ["png"], "print_figure_kwargs": keywords, "rc": {}}
        return [options, [["image/png", {"base64": True, "fmt": "png", **keywords}]]]

    def _backend(self) -> Any:
        return sys.modules[self.module].InlineBackend._instance

    def _options(self) -> dict[str, Any]:
        backend = self._backend()
        options = {name: getattr(backend, name) for name in ("close_figures", "print_figure_kwargs", "rc")}
        return {**options, "figure_formats": sorted(backend.figure_formats)}

    def _formats(self) -> list[Any]:
        """Return the formatters that show figures, each with the arguments of its function."""
        figure = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
        formatters = _shell().display_formatter.formatters.items()
        printers = [(kind, formatter.type_printers.get(figure)) for kind, formatter in formatters]
        return [[kind, dict(getattr(printer, "keywords", {}))] for kind, printer in printers if printer is not None]


def _shell() -> Any:
    return sys.modules["IPython.core.interactiveshell"].InteractiveShell._instance
