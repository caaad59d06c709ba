"""Source text → syntax tree, through IPython's transformer where magics may be."""

from __future__ import annotations

import ast
import re
import warnings
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
        return Parsed(text, parse_python(text))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as caught:
        error = error or caught
    except Exception as caught:  # the transformer's own errors are many
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
    # The kernel has warned of an invalid escape already. `catch_warnings` would make it forget which warnings were
    # shown before, so that others came twice.
    kept = warnings.filters
    warnings.filters = [("ignore", None, Warning, None, 0)]
    try:
        return ast.parse(text, FILENAME)
    finally:
        warnings.filters = kept


@lru_cache(maxsize=1)
def _manager() -> Any:
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager()


def _transformed(source: str) -> str:
    return str(_manager().transform_cell(source))


def automagic(text: str) -> str:
    """Return the magic that a line of Python is as well, where it changes or lists names (``reset -f``)."""
    line = text.strip()
    word, _, rest = line.partition(" ")
    if word in AUTOMAGIC_PYTHON and "\n" not in line and rest.lstrip()[:1] in ("", "-"):
        return word
    return ""
