"""How IPython shows values, and what of the user's it runs beside the cells."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from itertools import chain
from typing import Any

from .base import Provider

SHELL_MODULE = "IPython.core.interactiveshell"
_SHOWN = ("ast_node_interactivity",)
_OPTIONS = ("pprint", "float_format", "max_width", "max_seq_length", "newline", "verbose")
_TABLES = ("singleton_printers", "type_printers", "deferred_printers")


_HOOKS = ("input_transformers_cleanup", "input_transformers_post", "ast_transformers")


def _traits(obj: Any, names: tuple[str, ...]) -> list[Any]:
    """Return attributes; those that were set are read where traitlets keep them, as asking costs ten times as much."""
    held = obj._trait_values
    return [held[name] if name in held else getattr(obj, name) for name in names]


def running() -> Any:
    """Return the running shell; None where there is none."""
    found = sys.modules.get(SHELL_MODULE)
    return None if found is None else found.InteractiveShell._instance


class ShellDisplay(Provider):
    """Which expressions of a cell show their values, options of the text form, and formatters of the user's."""

    key = "ambient:ipython.display"
    module = SHELL_MODULE

    def signature(self) -> Any:
        """Return the options, and which functions format what, by identity."""
        shell = running()
        if shell is None:
            return None
        formatters = shell.display_formatter.formatters
        formats: list[int] = []
        for formatter in formatters.values():
            for table in _traits(formatter, _TABLES):
                if table:
                    formats += map(id, table)
                    formats += map(id, table.values())
        return [*_traits(shell, _SHOWN), *_traits(formatters["text/plain"], _OPTIONS), *formats]

    def read(self) -> Any:
        """Return the options; None if the user's own functions format something."""
        return None if any(self._printers()) else self._options()

    def write(self, data: Any) -> None:
        """Set the options."""
        shell = running()
        shell.ast_node_interactivity, *options = data
        for name, value in zip(_OPTIONS, options, strict=True):
            setattr(shell.display_formatter.formatters["text/plain"], name, value)

    def _options(self) -> list[Any]:
        shell = running()
        return [*_traits(shell, _SHOWN), *_traits(shell.display_formatter.formatters["text/plain"], _OPTIONS)]

    def _printers(self) -> Iterator[tuple[str, str, int]]:
        for kind, formatter in running().display_formatter.formatters.items():
            for table in _TABLES:
                for shown, function in getattr(formatter, table).items():
                    if getattr(function, "__module__", "") == "__main__":
                        yield kind, str(shown), id(function)


class InlineFigures(Provider):
    """How the inline backend shows figures: what ``%config InlineBackend`` sets, the formats, and whether it is on.

    That is no default: where a cell imports pyplot first, what it draws itself is not shown.
    """

    key = "ambient:matplotlib.inline"
    module = "matplotlib_inline.config"

    def signature(self) -> Any:
        """Return the options and formats."""
        return None if self.module not in sys.modules or self._backend() is None else self.read()

    def begin(self) -> None:
        """Import the backend, which turns itself on if it is matplotlib's."""
        if "matplotlib" in sys.modules:
            importlib.import_module("matplotlib_inline.backend_inline")

    def read(self) -> Any:
        """Return the options and formats."""
        return [self._options(), self._formats(), self._is_on()]

    def write(self, data: Any) -> None:
        """Set the options, then the formats. Once on, it stays so: pyplot is not imported a second time."""
        options, formats, on = data
        if on and not self._is_on():
            self.begin()
            sys.modules["matplotlib_inline.backend_inline"].configure_inline_support(running(), "inline")
        backend = self._backend()
        for name, value in options.items():
            setattr(backend, name, set(value) if name == "figure_formats" else value)
        chosen = {keywords.get("fmt", "retina") for _, keywords in formats}
        more = {name: value for _, keywords in formats for name, value in keywords.items()}
        more = {name: value for name, value in more.items() if name not in ("base64", "fmt")}
        sys.modules["IPython.core.pylabtools"].select_figure_formats(running(), chosen, **more)

    def default(self) -> Any:
        """Return what pyplot begins with."""
        keywords = {"bbox_inches": "tight"}
        options = {"close_figures": True, "figure_formats": ["png"], "print_figure_kwargs": keywords, "rc": {}}
        return [options, [["image/png", {"base64": True, "fmt": "png", **keywords}]], False]

    def _is_on(self) -> bool:
        calls = running().events.callbacks["post_execute"]
        return any(getattr(call, "__name__", "") == "flush_figures" for call in calls)

    def _backend(self) -> Any:
        return sys.modules[self.module].InlineBackend._instance

    def _options(self) -> dict[str, Any]:
        backend = self._backend()
        options = {name: getattr(backend, name) for name in ("close_figures", "print_figure_kwargs", "rc")}
        return {**options, "figure_formats": sorted(backend.figure_formats)}

    def _formats(self) -> list[Any]:
        """Return the formatters that show figures, each with the arguments of its function."""
        figure = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
        formatters = running().display_formatter.formatters.items()
        printers = [(kind, formatter.type_printers.get(figure)) for kind, formatter in formatters]
        return [[kind, dict(getattr(printer, "keywords", {}))] for kind, printer in printers if printer is not None]


class ShellHooks(Provider):
    """What of the user's transforms the text of every cell, runs before or after it, or shows what it raises."""

    key = "ambient:ipython.hooks"
    module = SHELL_MODULE

    def __init__(self) -> None:
        self._first = {id(hook): hook for hooks in self._lists() for hook in hooks}

    def signature(self) -> Any:
        """Return all that there are, in their order."""
        if running() is None:
            return None
        hooks = self._lists()
        handled = [running().CustomTB, *running().custom_exceptions]
        return [list(map(len, hooks)), list(map(id, chain.from_iterable(hooks))), list(map(id, handled))]

    def read(self) -> Any:
        """Return nothing; None if there are any."""
        some = any(self._is_new(hook) for hooks in self._lists() for hook in hooks)
        return None if some or running().custom_exceptions else []

    def write(self, data: Any) -> None:
        """Remove them."""
        for hooks in self._lists():
            hooks[:] = [hook for hook in hooks if not self._is_new(hook)]
        running().set_custom_exc((), None)

    def _is_new(self, hook: object) -> bool:
        return id(hook) not in self._first and _is_users(hook)

    def _lists(self) -> list[list[Any]]:
        shell = running()
        if shell is None:
            return []
        manager = shell.input_transformer_manager
        transformers = [manager.line_transforms, manager.token_transformers]
        return [*_traits(shell, _HOOKS), *transformers, *shell.events.callbacks.values()]


class CompilerFlags(Provider):
    """What cells imported from ``__future__``: it counts for all that come after them."""

    key = "ambient:ipython.future"
    module = SHELL_MODULE

    def signature(self) -> Any:
        """Return the flags with which cells are compiled."""
        return None if running() is None else self.read()

    def read(self) -> Any:
        """Return the flags with which cells are compiled."""
        return running().compile.flags

    def write(self, data: Any) -> None:
        """Set them."""
        running().compile.flags = data


class ShellMagics(Provider):
    """Magics of the user's, and aliases."""

    key = "ambient:ipython.magics"
    module = SHELL_MODULE

    def __init__(self) -> None:
        self._first = {id(magic): magic for magics in self._tables() for magic in magics.values()}

    def signature(self) -> Any:
        """Return the functions of all magics."""
        if running() is None:
            return None
        return [list(magics.values()) for magics in running().magics_manager.magics.values()]

    def read(self) -> Any:
        """Return nothing; None if there are any."""
        return None if any(True for _ in self._own()) else []

    def write(self, data: Any) -> None:
        """Remove them."""
        for magics, name in list(self._own()):
            del magics[name]

    def _own(self) -> Iterator[tuple[dict[str, Any], str]]:
        for magics in self._tables():
            for name, function in magics.items():
                if id(function) not in self._first and (_is_users(function) or type(function).__name__ == "Alias"):
                    yield magics, name

    def _tables(self) -> list[dict[str, Any]]:
        shell = running()
        return [] if shell is None else list(shell.magics_manager.magics.values())


def _is_users(hook: object) -> bool:
    """Whether a function, method or object was made by a notebook."""
    cls = type(hook)
    if cls is types.MethodType:
        return _is_users(hook.__func__)  # type: ignore[attr-defined]
    return (hook.__module__ if cls is types.FunctionType else cls.__module__) == "__main__"


SHELL: tuple[type[Provider], ...] = (ShellDisplay, InlineFigures, ShellHooks, CompilerFlags, ShellMagics)
