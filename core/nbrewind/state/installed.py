"""Versions of what is installed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from functools import cache

DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "IPython": "ipython", "dateutil": "python-dateutil"}
"""Top-level modules whose distribution has another name: found here without reading all metadata (0.1 s)."""


def installed_version(name: str) -> str:
    """Return the version of the distribution that brings top-level module ``name``; empty if none does."""
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        pass
    for distribution in _distributions().get(name, ()):
        return importlib.metadata.version(distribution)
    return ""


@cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return importlib.metadata.packages_distributions()
