"""What a package holds, said before it is written and without loading it; work that is given up leaves nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cli_tools import Place

from nbrewind.driver.notebook_file import read_notebook
from nbrewind.packages import overview
from nbrewind.packages.export import export, preview
from nbrewind.packages.form import SUFFIX, stem
from nbrewind.packages.opened import Package
from nbrewind.store import Store


class GivenUpError(Exception):
    """Nobody waits any more."""


@pytest.fixture
def opened(sent: Place):
    path = sent.folder / "a.ipynb"
    with Store.open(sent.store, create=False) as store:
        index = store.notebook(path, create=False)
        assert index is not None
        yield store, index, read_notebook(path)[0], path


def test_a_preview_says_what_an_export_writes(opened, sent: Place) -> None:
    before = sorted(os.listdir(sent.folder))
    made = preview(*opened)
    assert sorted(os.listdir(sent.folder)) == before
    with Package(sent.folder / "a.zip") as found:
        assert found.manifest == made.manifest
        wanted = overview.sizes({name: size for name, size in found.files.items() if "/signatures/" not in name})
        assert overview.sizes(made.files) == wanted
    assert [one.kind for one in wanted] == ["notebook", "contents", "data", "software", "records", "descriptions"]


@pytest.mark.parametrize("doing", ["Looking through contents", "Writing"])
def test_what_is_given_up_leaves_nothing(opened, tmp_path: Path, doing: str) -> None:
    def tell(what: str, share: float) -> None:
        if what == doing:
            raise GivenUpError

    with pytest.raises(GivenUpError):
        export(*opened, tmp_path / "b.zip", progress=tell)
    assert os.listdir(tmp_path) == []


def test_only_the_user_can_read_a_package(sent: Place) -> None:
    assert stat.S_IMODE((sent.folder / "a.zip").stat().st_mode) == 0o600
    assert stat.S_IMODE((sent.folder / "folder").stat().st_mode) == 0o700


def test_what_a_repeat_would_do(sent: Place) -> None:
    with Package(sent.folder / "a.zip") as found:
        ahead = overview.outlook(found)
    runs = {name: one.reason for name, one in ahead.items() if not one.answers}
    assert runs == dict.fromkeys(["imports", "function"], overview.PRELUDE)


def test_names() -> None:
    assert [stem(name) for name in ("a" + SUFFIX, "a.b.zip", "a.ipynb", "a")] == ["a", "a.b", "a", "a"]
