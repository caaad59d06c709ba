"""Books for the tests of freshness."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .book import Book


@pytest.fixture
def book(kernel, notebook_path, store) -> Callable[..., Book]:
    """Return a function that makes a notebook of sources, whose cells are called c1, c2, ..., and runs all of them."""

    def make(*sources: str) -> Book:
        made = Book(kernel, notebook_path, store, sources)
        made.run()
        return made

    return make
