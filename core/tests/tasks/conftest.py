"""A store and the memo in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbrewind.store import Store
from nbrewind.tasks import Memo


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def memo(store: Store) -> Memo:
    return Memo(store)
