"""Source text → syntax tree, through IPython's transformer where magics may be."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nbrewind.analysis.tables import AUTOMAGIC_PYTHON, LINE_MAGICS

FILENAME = "<cell>"

_MAGIC = re.compile(
    r"^[ \t]*(?:[%!?,;/]|>>>|\.\.\.|(?:\[\w+\] ?)? ?In \[)|=[ \t]*[%!](?!=)|\?[ \t]*(?:$|#)", re.MULTILINE
)
_WARNS = re.compile(r"\\|[0-9.]_?(?:and|else|for|if|in|is|not|or)\b|\bfinally\b")
_WORD = re.compile(r"([A-Za-z_]\w*)(?:[ \t]+([^\s=,].*))?$")


@dataclass(frozen=True)
class Parsed:
    """A text and its tree."""

    text: str
    """The Python that the kernel would run."""
    tree: ast.Module


class Unparsable(Exception):
    """The text is no Python, even after IPython's transformer. The message is for people."""


def parse(source: str) -> Parsed:
    """Return the tree of a cell's source. Raises `Unparsable`."""
    error: Exception | None = None
    if not _MAGIC.search(source):
        try:
            return Parsed(source, parse_python(source))
        except (SyntaxError, ValueError, MemoryError, RecursionError) as caught:
            error = caught
            if _hopeless(caught):
                raise Unparsable(_words(caught)) from caught
    try:
        text = _transformed(source)
    except Exception:  # its errors are many; without IPython there are no magics either
        text = source
    try:
        return Parsed(text, parse_python(text))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as caught:
        error = error or caught
    line = source.strip()
    word = _WORD.match(line)
    if word and word[1] in LINE_MAGICS and "\n" not in line:
        name, rest = word[1], word[2] or ""
        text = f"get_ipython().run_line_magic({name!r}, {rest!r})"
        return Parsed(text, parse_python(text))
    raise Unparsable(_words(error)) from error


def _hopeless(error: Exception) -> bool:
    return isinstance(error, (MemoryError, RecursionError)) or not isinstance(error, SyntaxError)


def _words(error: Exception) -> str:
    if isinstance(error, SyntaxError):
        where = f" (line {error.lineno})" if error.lineno else ""
        return f"{type(error).__name__}: {error.msg}{where}"
    if isinstance(error, UnicodeError):
        return "SyntaxError: the text is not valid Unicode"
    return f"{type(error).__name__}: {error}".rstrip(": ")


def parse_python(text: str) -> ast.Module:
    """Return the tree of Python text, without a warning to the user."""
    if not _WARNS.search(text):
        return ast.parse(text, FILENAME)
    with silent():
        return ast.parse(text, FILENAME)


@contextmanager
def silent() -> Iterator[None]:
    """Keep warnings of the parser, which the kernel has shown already, from the user.

    `warnings.catch_warnings` would make Python forget which warnings were shown before, so that others came twice.
    """
    kept = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        yield
    finally:
        warnings.filters = kept


@lru_cache(maxsize=1)
def _manager() -> Any:
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager
    return manager()


def _transformed(source: str) -> str:
    manager = _manager()
    with silent():
        return str(manager.transform_cell(source))


def automagic(text: str) -> str:
    """Return the magic that a line of Python is as well, where it changes or lists names (``reset -f``)."""
    line = text.strip()
    word, _, rest = line.partition(" ")
    if word in AUTOMAGIC_PYTHON and "\n" not in line and rest.lstrip()[:1] in ("", "-"):
        return word
    return ""
