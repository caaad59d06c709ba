"""Digests of files that are remembered: never that of an older content."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nbrewind.state.files import Digests, file_digest

pytestmark = pytest.mark.py311


def test_changes_in_one_tick_of_the_clock_are_noticed(tmp_path: Path) -> None:
    place, digests = tmp_path / "a", Digests()
    for number in range(200):
        place.write_text(f"{number:04}")
        assert digests(str(place)) == file_digest(place)


def test_what_stays_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, digests, read = tmp_path / "a", Digests(), list[object]()
    place.write_text("text")
    os.utime(place, (time.time() - 10,) * 2)
    monkeypatch.setattr("nbrewind.state.files.SETTLED", -(10**12))
    monkeypatch.setattr("nbrewind.state.files.file_digest", lambda path: read.append(path) or file_digest(path))
    assert digests(str(place)) == digests(str(place)) == file_digest(place)
    assert len(read) == 1
