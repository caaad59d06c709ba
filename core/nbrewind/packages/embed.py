"""A package inside the notebook that it is about: one ``.ipynb`` that opens anywhere, and can be repeated by itself."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from nbrewind.packages import cells
from nbrewind.packages.form import KEY, MOST_DOCUMENT, PackageError

FIELD = "embedded"
MOST = 64 * 1024**2
"""Bytes of a package that goes into a notebook: editors and diffs read all of it."""
_LINE = 3 * 16 * 1024


def embedded(notebook: NotebookNode, package: bytes) -> bytes:
    """Return the text of a notebook, as it is in a package, with that package in it.

    Raises:
        PackageError: it is too large for that.
    """
    if len(package) > MOST:
        raise PackageError(f"the package is of {len(package)} bytes, too many to be embedded; export it as a file")
    parts = [base64.b64encode(package[at : at + _LINE]).decode() for at in range(0, len(package), _LINE)]
    notebook.metadata[KEY] = {**notebook.metadata[KEY], FIELD: parts}
    return cells.written(notebook)


def has_package(path: Path) -> bool:
    """Whether a notebook at a path has a package in it."""
    try:
        return bool(_parts(path))
    except (OSError, ValueError, RecursionError):
        return False


def package_in(path: Path) -> bytes:
    """Return the package in a notebook.

    Raises:
        PackageError: there is none.
    """
    try:
        return b"".join(base64.b64decode(part, validate=True) for part in _parts(path))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise PackageError(f"it is a notebook without a package that can be read ({str(error)[:100]})") from error


def _parts(path: Path) -> list[str]:
    if path.stat().st_size > MOST_DOCUMENT:
        raise ValueError("too large")
    data = path.read_bytes()
    if b'"embedded"' not in data:
        raise ValueError("nothing embedded")
    found: Any = json.loads(data)
    for name in ("metadata", KEY, FIELD):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list) or not all(isinstance(part, str) for part in found):
        raise ValueError("nothing embedded")
    return found
