"""`dask_get` gives what dask's own schedulers give, and runs only what no record answers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tasks import calls
from tasks.programs import cell

import nbrewind
from nbrewind.store import Store
from nbrewind.tasks import Memo, Policies, set_memo, task_policy
from nbrewind.tasks.journal import Journal
from nbrewind.tasks.listed import unpack
from nbrewind.tasks.memo import DIFFERS

dask = pytest.importorskip("dask")

WORK = """
import dask
K = 2
def load(n): return list(range(n))
def double(values): return [K * value for value in values]
def total(parts): return sum(sum(part) for part in parts)
def graph():
    parts = [dask.delayed(double)(dask.delayed(load)(n)) for n in (2, 3, 4)]
    return dask.delayed(total)(parts)
"""


class Computing:
    """Computes in a new session each time, and says what became of tasks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.policies = Policies()

    def __call__(self, made: Any, **options: Any) -> tuple[Any, dict[str, str]]:
        """Return what a collection of dask computes to, and by function, sorted letters for what became of tasks."""
        self.memo = Memo(self.store, policies=self.policies)
        self.memo.journal = Journal(self.memo)
        set_memo(self.memo)
        found = made.compute(scheduler=nbrewind.dask_get, **options)
        self.entries = unpack(self.memo.journal.take())
        actions: dict[str, str] = {}
        for one in self.entries:
            actions[one.name] = "".join(sorted(actions.get(one.name, "") + one.action[0]))
        return found, actions

    def reasons(self) -> set[str]:
        """Return why tasks were not answered, or are not recorded."""
        return {text for one in self.entries for text in (one.reason, one.note) if text}


@pytest.fixture
def compute(store: Store) -> Iterator[Computing]:
    yield Computing(store)
    set_memo(None)


@pytest.mark.py311
def test_a_chain_is_answered_before_any_of_it_exists_and_an_edit_runs_what_it_touches(compute: Computing) -> None:
    assert compute(cell(WORK)["graph"]()) == (20, {"load": "rrr", "double": "rrr", "total": "r"})
    assert compute(cell(WORK)["graph"]()) == (20, {"total": "a"}), "nothing else is needed"
    edited = WORK.replace("K = 2", "K = 3")
    assert compute(cell(edited)["graph"]()) == (30, {"load": "aaa", "double": "rrr", "total": "r"})
    same = WORK.replace("list(range(n))", "[*range(n)]")
    assert compute(cell(same)["graph"]()) == (20, {"load": "rrr", "double": "aaa", "total": "a"}), "it gives the same"
    other = WORK.replace("sum(sum(part)", "-sum(sum(part)")
    assert compute(cell(other)["graph"]()) == (-20, {"double": "aaa", "total": "r"})


def test_old_graphs_and_nested_keys(store: Store, compute: Computing) -> None:
    old = {"x": 1, "y": (operator.add, "x", 2), "z": (sum, ["x", "y", (operator.mul, "y", 10)]), "w": "z"}
    for _ in range(2):
        memo = Memo(store)
        set_memo(memo)
        for keys in ("z", ["z"], [["z", "x"], "w"]):
            assert nbrewind.dask_get(old, keys) == dask.get(old, keys), keys
    lazy = dask.delayed(calls.scale)(4)
    with dask.config.set(scheduler=nbrewind.dask_get):
        assert dask.compute(lazy, lazy + 1, {"a": [lazy]}) == (12, 13, {"a": [12]})
        assert (lazy.persist() + 1).compute() == 13


def _bag() -> Any:
    bag = pytest.importorskip("dask.bag")
    numbers = bag.from_sequence(range(20), npartitions=3)
    return numbers.map(calls.scale).filter(lambda n: n % 2).foldby(lambda n: n % 5, operator.add, 0)


def _array() -> Any:
    array, numpy = pytest.importorskip("dask.array"), pytest.importorskip("numpy")
    values = array.from_array(numpy.arange(40.0).reshape(8, 5), chunks=3)
    return (values.T @ values).mean(axis=0)[1:] + array.ones(4, chunks=2)


def _frame() -> Any:
    frame, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [0, 1, 2, 0, 1], "b": [1.5, 2.5, 3.5, 4.5, 5.5]})
    return frame.from_pandas(table, npartitions=2).groupby("a").b.mean()


@pytest.mark.parametrize("make", [_bag, _array, _frame])
def test_collections(compute: Computing, make: Callable[[], Any]) -> None:
    wanted = make().compute(scheduler="sync")
    for turn in range(2):
        found, actions = compute(make())
        assert type(found) is type(wanted) and repr(found) == repr(wanted)
        assert "r" in "".join(actions.values()) if turn == 0 else set(actions.values()) == {"a"}, compute.reasons()


def _sums_of_groups(first: int) -> Any:
    """Groups by way of files: a task makes a folder that goes with it, others write there, others read."""
    bag = pytest.importorskip("dask.bag")
    numbers = bag.from_sequence([first, 1, 2, 3, 4, 5], npartitions=3).map(calls.scale)
    return numbers.groupby(calls.parity).map(calls.total)


def _shuffled(first: int) -> Any:
    frame, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [first, 1, 2, 3, 4, 5], "b": [1, 2, 3, 4, 5, 6]})
    return frame.from_pandas(table, npartitions=3).shuffle("a", shuffle_method="disk").b.map_partitions(sorted)


@pytest.mark.parametrize("make", [_sums_of_groups, _shuffled])
@pytest.mark.parametrize(("kind", "workers"), [("threads", 1), ("threads", 4), ("processes", 2)])
def test_tasks_that_write_files_which_others_read_run_each_time(
    compute: Computing, make: Callable[[int], Any], kind: str, workers: int
) -> None:
    with ProcessPoolExecutor(workers) as pool:
        options = {"pool": pool} if kind == "processes" else {"num_workers": workers}
        for first in (0, 0, 7, 0):
            found, actions = compute(make(first), **options)
            assert repr(found) == repr(make(first).compute(scheduler="sync")), first
        if make is _sums_of_groups:
            assert any("does something when it is let go" in text for text in compute.reasons())
        assert any("a" in letters for letters in actions.values()), "what comes before them is answered"


def test_files_that_a_collection_reads_are_read_each_time(compute: Computing, tmp_path: Path) -> None:
    bag = pytest.importorskip("dask.bag")
    for text, wanted in (("b a", 2), ("b a", 2), ("c d e", 3)):
        (tmp_path / "in.txt").write_text(text)
        assert compute(bag.read_text(str(tmp_path / "*.txt")).str.split().flatten().count())[0] == wanted


def test_exceptions_are_those_of_dask_and_recorded_is_what_came_before(compute: Computing) -> None:
    for turn in range(2):
        failing = dask.delayed(calls.fail)(dask.delayed(calls.scale)(1))
        with pytest.raises(ValueError, match="no 3"):
            compute(failing)
        entries = unpack(compute.memo.journal.take())  # type: ignore[union-attr]
        assert sorted((one.name, one.action) for one in entries) == [
            ("fail", "failed"),
            ("scale", "answered" if turn else "ran"),
        ]


@pytest.mark.parametrize("function", [calls.say, calls.set_last, calls.draw])
def test_what_does_more_than_to_return_runs_and_what_is_given_it_counts_as_it_is(
    compute: Computing, function: Callable[..., Any]
) -> None:
    for turn in range(2):
        _, actions = compute(dask.delayed(calls.pair)(dask.delayed(function)(3)))
        assert actions[function.__name__] == "r"
        assert actions["pair"] == ("r" if turn == 0 or function is calls.draw else "a")


def test_a_function_that_is_an_argument_counts_and_what_it_prints_is_printed(
    compute: Computing, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = pytest.importorskip("dask.bag")
    for _ in range(2):
        assert compute(bag.from_sequence([1, 2], npartitions=1).map(calls.say).sum())[0] == 3
        assert capsys.readouterr().out.count("said") == 2


OWN = """
import dask
class Box:
    def __init__(self, n): self.n = n
    def value(self): return self.n + 1
def make(n): return Box(n)
def take(box): return box.value()
def graph(): return dask.delayed(take)(dask.delayed(make)(1))
"""


def test_a_class_of_the_users_counts_with_its_code(compute: Computing, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    def graph(source: str) -> Any:
        made = cell(source)
        monkeypatch.setattr(sys.modules["__main__"], "Box", made["Box"], raising=False)  # pickles look there
        return made["graph"]()

    assert compute(graph(OWN)) == (2, {"make": "r", "take": "r"})
    assert compute(graph(OWN)) == (2, {"take": "a"})
    assert compute(graph(OWN.replace("self.n + 1", "self.n + 5"))) == (6, {"make": "r", "take": "r"})


def test_what_can_not_be_saved_is_handed_on(compute: Computing) -> None:
    for _ in range(2):
        assert compute(dask.delayed(operator.call)(dask.delayed(calls.give_function)(7)))[0] == 7
        assert "what it returned can't be saved" in compute.reasons()


def test_each_is_given_a_copy(compute: Computing) -> None:
    for _ in range(2):
        shared = dask.delayed(calls.pair)(1)
        changing, reading = dask.delayed(calls.change)(shared), dask.delayed(len)(shared)
        assert compute(dask.delayed(list)([changing, reading, shared]))[0] == [3, 2, [[1], [1]]]


def test_a_pool_of_processes_and_one_of_threads(compute: Computing, capsys: pytest.CaptureFixture[str]) -> None:
    for turn in range(2):
        with ProcessPoolExecutor(1) as pool:
            found = compute(dask.delayed(calls.scale)(dask.delayed(calls.say)(3)), pool=pool)
            assert found == (9, {"say": "r", "scale": "r"} if turn == 0 else {"scale": "a"})
    with ProcessPoolExecutor(1) as pool:
        assert compute(dask.delayed(calls.say)(3), pool=pool) == (3, {"say": "a"})
        assert capsys.readouterr().out.endswith("said 3\nmore\n")
    with ThreadPoolExecutor(1) as pool:
        assert compute(dask.delayed(calls.pair)(3), pool=pool)[0] == [[3], [3]]


def test_a_record_that_is_gone_when_it_is_needed(compute: Computing, monkeypatch: pytest.MonkeyPatch) -> None:
    compute(cell(WORK)["graph"]())
    found = Memo.find

    def lost(memo: Memo, key: Any, **options: Any) -> Any:
        return (
            None
            if "given result 0" not in key.components or "global K" in key.components
            else found(memo, key, **options)
        )

    monkeypatch.setattr(Memo, "find", lost)
    other = WORK.replace("sum(sum(part)", "-sum(sum(part)")
    assert compute(cell(other)["graph"]()) == (-20, {"load": "rrr", "double": "rrr", "total": "r"})


def test_policies_and_callbacks(compute: Computing) -> None:
    from dask.callbacks import Callback

    compute(cell(WORK)["graph"]())
    with task_policy("refresh"):
        assert set(compute(cell(WORK)["graph"]())[1].values()) == {"rrr", "r"}
    compute.policies = Policies(categories={"double": "never"})
    assert compute(cell(WORK)["graph"]()) == (20, {"load": "aaa", "double": "rrr", "total": "r"})
    seen: list[str] = []
    with task_policy(verify=1), Callback(posttask=lambda key, *_: seen.append(key)):
        _, actions = compute(cell(WORK)["graph"]())
    assert (actions, len(seen)) == ({"load": "rrr", "double": "rrr", "total": "r"}, 7)
    compute.policies = Policies(marks={"randomness": "as-recorded"})
    for turn in range(2):
        with task_policy(verify=turn):
            compute(dask.delayed(calls.draw)(1))
    assert {one.note for one in compute.entries} == {DIFFERS}
