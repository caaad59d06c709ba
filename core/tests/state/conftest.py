"""Fixtures of the tests of live state."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from nbrewind.state import pages


@pytest.fixture(autouse=True)
def main() -> Iterator[None]:
    """Put the module ``__main__`` back, which sessions replace."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="module", autouse=True)
def any_number_of_files() -> Iterator[None]:
    """Track pages however many files the tests before have left open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "_MOST_FILES", 100_000)
        yield
