"""What several runs left in files and folders, one after the other: of each only what lasts is brought back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbrewind.model import Effect, Run, Version
from nbrewind.planning.keeper import FileKeeper, lasting
from nbrewind.planning.outside import World, shape_of
from nbrewind.state.files import file_digest
from nbrewind.store import Store

pytestmark = pytest.mark.py311

FILES, OTHERS = ("a", "b"), ("d", "l")
STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(FILES), st.sampled_from("123")),
    st.tuples(st.just("remove"), st.sampled_from(FILES)),
    st.tuples(st.just("mode"), st.sampled_from(FILES), st.sampled_from((0o600, 0o644))),
    st.tuples(st.just("folder"), st.just("d")),
    st.tuples(st.just("link"), st.just("l")),
    st.tuples(st.just("away"), st.just("d")),
)


def done(step: tuple, folder: Path, store: Store, number: int) -> Run | None:
    """Do a step, and return the record that a kernel makes of it; None where it does nothing."""
    kind, name, *more = step
    path = folder / name
    writes, removed, effects = [], [], []
    if kind == "write":
        path.write_text(more[0])
        digest, snapshot = file_digest(path), store.put_file(path).id
        writes = [Version(id=f"v{number}", key=f"file:{name}", run=f"r{number}", digest=digest, snapshot=snapshot)]
    elif not os.path.lexists(path) if kind in ("remove", "mode", "away") else os.path.lexists(path):
        return None
    elif kind == "remove":
        path.unlink()
        removed = [f"file:{name}"]
    elif kind == "mode":
        path.chmod(more[0])
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("a")
    else:
        path.rmdir()
    if kind in ("mode", "folder", "link", "away"):
        effects = [Effect(kind="file", subject=name, detail=shape_of(path))]
    return Run(
        id=f"r{number}", notebook="n", session="s", cell="c", number=number, code="c", source="s", started=0.0,
        writes=tuple(writes), removed=tuple(removed), effects=tuple(effects),
    )  # fmt: skip


def looks(folder: Path) -> dict[str, tuple[str, str]]:
    """What is in a folder."""
    names = (*FILES, *OTHERS)
    return {name: (shape_of(folder / name), file_digest(folder / name) if name in FILES else "") for name in names}


@settings(deadline=None)
@given(steps=st.lists(STEPS, min_size=1, max_size=9), start=st.integers(0, 8))
def test_from_any_state_in_between_the_last_one_is_reached(tmp_path_factory, steps, start) -> None:
    folder = tmp_path_factory.mktemp("folder")
    with Store.open(folder / "store") as store:
        runs = [run for number, step in enumerate(steps) if (run := done(step, folder, store, number))]
        last = looks(folder)
        for name in (*FILES, *OTHERS):  # as it was before all, and then after some of the steps
            path = folder / name
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        for number, step in enumerate(steps[:start]):
            done(step, folder, store, number)
        keeper = FileKeeper(store, World(folder))
        left = lasting(runs, folder)
        for run in left:
            assert not keeper.hindrance(run)
            keeper.make_so(run)
        assert looks(folder) == last
        assert sum(len(run.writes) + len(run.removed) for run in left) <= len(FILES) + len(OTHERS)
