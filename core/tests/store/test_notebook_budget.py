"""A notebook's own budget: what it holds is kept to it, by the same choice; what has none is not touched."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbrewind.model import Checkpoint, Version, new_id
from nbrewind.store import Notebook, Store
from nbrewind.store.ledger import Ledger
from tests.store.conftest import History

KB = 1000


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def held(store: Store) -> dict[str, int]:
    return {Path(each.path).stem: each.bytes for each in store.usage().notebooks}


def gone(notebook: Notebook) -> list[str]:
    return [checkpoint.id for checkpoint in notebook.checkpoints() if checkpoint.evicted]


@pytest.fixture
def other(store: Store, tmp_path: Path, new_history: Any) -> Any:
    """Return an author of another notebook."""
    return new_history(store, store.notebook(tmp_path / "b.ipynb"))


@pytest.mark.py311
def test_it_is_kept_until_it_is_lifted(store: Store, history: Any, directory: Path) -> None:
    notebook = history.notebook
    assert notebook.budget is None and store.usage().notebooks[0].budget is None
    assert store.info().notebook_budgets == []
    history.run({"x": noise(1, 100 * KB)})
    notebook.set_budget(50 * KB)
    assert notebook.budget == store.usage().notebooks[0].budget == 50 * KB
    with Store.open(directory) as again:
        (found,) = again.info().notebook_budgets
        assert (found.notebook, found.bytes, found.budget) == (notebook.path, 100 * KB, 50 * KB)
    notebook.set_budget(None)
    assert notebook.budget is None and store.info().notebook_budgets == []


def test_a_forgotten_notebook_has_none(store: Store, history: Any) -> None:
    history.run({"x": noise(1, 100 * KB)})
    history.notebook.set_budget(50 * KB)
    store.forget(history.notebook)
    found = store.notebook(history.notebook.path)
    assert found is not None and found.budget is None


@pytest.mark.py311
def test_what_is_cheapest_goes_of_this_notebook_only(store: Store, history: Any, other: Any) -> None:
    for author in (history, other):
        for seconds in (0.1, 9.0, 0.5):
            author.run({"x": noise(author.number + len(author.notebook.path), 100 * KB)}, seconds=seconds)
        author.run({}, removed=["x"])
    other.run({"own": noise(99, 300 * KB)}, seconds=0.0)
    other.run({}, removed=["own"])
    history.notebook.set_budget(100 * KB)
    planned = store.plan_cleanup()
    assert not gone(history.notebook), "a preview changes nothing"
    done = store.clean()
    assert done == planned and done.over == []
    assert [entry.seconds for entry in done.evictions] == [0.1, 0.5]
    assert held(store)["a"] == 100 * KB and not gone(other.notebook)
    assert store.clean().evictions == []
    assert store.doctor(deep=True) == [] and history.notebook.agreement.holds()


@pytest.mark.py311
def test_what_another_notebook_holds_too_counts_and_frees_nothing(store: Store, history: Any, other: Any) -> None:
    other.run({"x": noise(1, 100 * KB)})
    shared = history.run({"x": noise(1, 100 * KB)}, seconds=0.1)
    history.run({"x": noise(2, 60 * KB)}, seconds=1.0)
    history.run({}, removed=["x"])
    history.notebook.set_budget(60 * KB)
    done = store.clean()
    assert [(entry.checkpoint, entry.bytes) for entry in done.evictions] == [(shared.id, 0)]
    assert held(store) == {"a": 60 * KB, "b": 100 * KB} and done.after == done.before == 160 * KB
    assert other.values(other.head) == {"x": noise(1, 100 * KB)}
    assert store.doctor(deep=True) == []


def test_what_is_needed_stays_and_it_is_said(store: Store, history: Any) -> None:
    kept = history.run({"x": noise(1, 100 * KB)})
    middle = history.run({"x": noise(2, 50 * KB)})
    history.run({"x": noise(3, 80 * KB)})
    history.notebook.keep(kept.id, True)
    history.notebook.set_budget(1 * KB)
    done = store.clean()
    assert [entry.checkpoint for entry in done.evictions] == [middle.id]
    ((path, size, budget),) = [(one.notebook, one.bytes, one.budget) for one in done.over]
    assert (path, size, budget) == (history.notebook.path, 180 * KB, 1 * KB)
    assert history.values(kept.id) == {"x": noise(1, 100 * KB)}
    assert history.values(history.head) == {"x": noise(3, 80 * KB)}


@pytest.mark.py311
def test_the_stores_budget_comes_on_top(store: Store, history: Any, other: Any) -> None:
    """What goes for a notebook counts for the store: no more goes than must."""
    for author, size in ((history, 100 * KB), (other, 90 * KB)):
        for number in range(3):
            author.run({"x": noise(number + size, size)}, seconds=1.0 if author is history else 5.0)
        author.run({}, removed=["x"])
    history.notebook.set_budget(200 * KB)
    assert len(store.plan_cleanup(470 * KB).evictions) == 1
    done = store.clean(380 * KB)
    assert [Path(entry.notebook).stem for entry in done.evictions] == ["a", "a"]
    assert done.after == 370 * KB == store.bytes_on_disk()


def test_with_something_to_spare(store: Store, history: Any) -> None:
    for number in range(12):
        history.run({"x": noise(number, 10 * KB)})
    history.run({}, removed=["x"])
    history.notebook.set_budget(130 * KB)
    assert store.clean(spare=10).evictions == [], "more than half of a tenth is free"
    history.notebook.set_budget(120 * KB)
    assert len(store.clean(spare=10).evictions) == 2
    assert store.bytes_held(history.notebook) == held(store)["a"] == 100 * KB


SIZES = st.sampled_from([1, 500, 70 * KB, 200 * KB])
RUN = st.tuples(
    st.integers(0, 2),
    st.dictionaries(st.sampled_from("xyz"), st.tuples(st.integers(0, 3), SIZES), max_size=2),
    st.sets(st.sampled_from("xyz"), max_size=1),
    st.sampled_from([0.0, 0.5, 20.0]),
    st.booleans(),
    st.booleans(),
)


def load(author: History, cited: Checkpoint, versions: tuple[Version, ...]) -> None:
    """Take over another notebook's run."""
    checkpoint = Checkpoint(
        id=new_id(), parent=author.head, notebook=author.notebook.id, session=author.session, cell="c", run=cited.run,
        action="load", time=2.0, delta={version.key: version.id for version in versions},
    )  # fmt: skip
    author.notebook.add_checkpoint(checkpoint, versions=versions)
    author.head = checkpoint.id


@given(
    runs=st.lists(RUN, min_size=1, max_size=12),
    budgets=st.tuples(*[st.none() | st.sampled_from([1, 1000, 80 * KB, 300 * KB])] * 3),
    whole=st.sampled_from([1, 150 * KB, 10**9]),
)
@settings(max_examples=60, deadline=None)
def test_any_history(runs: list[Any], budgets: tuple[int | None, ...], whole: int) -> None:
    """Every limited notebook holds at most its budget, or only what is needed; what is not limited is not touched."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "store") as store:
        notebooks = [store.notebook(Path(folder) / f"{number}.ipynb") for number in range(3)]
        authors = [History(store, notebook, "s") for notebook in notebooks if notebook is not None]
        for at, values, removed, seconds, keep, taken in runs:
            writes = {name: noise(seed, size) for name, (seed, size) in values.items()}
            made = authors[at].run(writes, removed=sorted(removed - writes.keys()), seconds=seconds)
            authors[at].notebook.keep(made.id, keep)
            if taken:
                load(authors[at - 1], made, authors[at].notebook.runs()[-1].writes)
        for author, budget in zip(authors, budgets, strict=True):
            author.notebook.set_budget(budget)
        limited = [author for author, budget in zip(authors, budgets, strict=True) if budget]
        evicted = [gone(author.notebook) for author in authors if author not in limited]
        planned = store.plan_cleanup()
        assert store.clean() == planned
        assert [gone(author.notebook) for author in authors if author not in limited] == evicted
        check(store, limited)
        store.clean(whole)
        check(store, limited)
        if store.bytes_on_disk() > whole:
            assert store.plan_cleanup(whole).evictions == []
        for author in authors:
            states = [author.head, *(each.id for each in author.notebook.checkpoints() if each.keep)]
            for state in filter(None, states):
                author.values(state)
            assert author.notebook.agreement.holds()
        assert store.doctor(deep=True) == []


def check(store: Store, limited: list[History]) -> None:
    """See that notebooks hold at most their budgets, or nothing but what is needed."""
    usage = {each.id: each for each in store.usage().notebooks}
    ledger = Ledger(store)
    ledger.refresh()
    for author in limited:
        found = usage[author.notebook.id]
        assert found.budget
        if found.bytes > found.budget:
            book = ledger.books[found.id]
            needed = {each.snapshot for each in book.versions.values() if each.id in book.protected}
            assert found.bytes == sum(ledger.pieces(needed).values())
