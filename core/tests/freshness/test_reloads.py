"""A module of the user's own is edited while its kernel runs, and loaded anew or not: nothing is fresh that is not."""

from __future__ import annotations

import os

import pytest

OLD = "N = 1\ndef value(): return N, 'old'\nclass K:\n    def m(self): return 'old'\n"
AUTO = "%load_ext autoreload\n%autoreload 2\n"
USES = ("import nbr_auto\nfrom nbr_auto import K", "k = K(); v = nbr_auto.value", "print(v(), k.m())", "print(1)")


@pytest.fixture
def edit(notebook_path):
    """Return a function that writes the module, never twice within one tick of its file's time."""
    path = notebook_path.with_name("nbr_auto.py")

    def write(text: str) -> None:
        path.write_text(text)
        write.ticks += 5
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime + write.ticks))

    write.ticks = 0
    write(OLD)
    return write


def words(cells) -> dict[str, str]:
    return {name: said[0] for name, said in cells.said().items()}


@pytest.mark.py311
def test_what_was_loaded_anew_by_itself_makes_its_users_stale(book, edit) -> None:
    cells = book(AUTO + USES[0], *USES[1:])
    edit(OLD.replace("old", "new"))
    assert words(cells)["c3"] != "fresh" and words(cells)["c4"] == "fresh"
    cells.run("c4")
    assert words(cells)["c3"] != "fresh"
    cells.run("c3")
    assert cells.kernel.value("(v(), k.m())") == ((1, "new"), "new")


@pytest.mark.py311
def test_what_was_not_loaded_anew_is_not_called_fresh(book, edit) -> None:
    cells = book(*USES)
    edit(OLD.replace("old", "new"))
    assert words(cells)["c3"] != "fresh" and words(cells)["c4"] == "fresh"
    cells.run("c3")
    assert cells.kernel.value("(v(), k.m())") == ((1, "old"), "old")
    assert words(cells)["c3"] != "fresh"
