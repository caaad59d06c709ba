"""Fixtures of the tests of live state."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def main() -> Iterator[None]:
    """Put the module ``__main__`` back, which sessions replace."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
