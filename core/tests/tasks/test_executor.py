"""`MemoExecutor` is the executor below it, but for what it does not run again."""

from __future__ import annotations

import contextlib
import functools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tasks import calls

import nbrewind
from nbrewind.store import Store
from nbrewind.tasks import Memo, Policies, current_memo, set_memo
from nbrewind.tasks.effects import effect_of
from nbrewind.tasks.journal import Journal
from nbrewind.tasks.listed import unpack
from nbrewind.tasks.memo import DIFFERS

KINDS: dict[str, Callable[[], Executor]] = {
    "threads": lambda: ThreadPoolExecutor(2),
    "processes": lambda: ProcessPoolExecutor(1),
}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def executor(store: Store, kind: str = "threads", **policies: Any) -> nbrewind.MemoExecutor:
    """Return an executor of a new session."""
    return nbrewind.MemoExecutor(KINDS[kind](), memo=Memo(store, policies=Policies(**policies)))


@pytest.mark.py311
def test_what_was_called_before_is_answered(store: Store, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for session in range(3):
        with executor(store, kind) as pool:
            assert list(pool.map(calls.scale, range(20))) == [n * 3 for n in range(20)]
            assert (pool.answered, pool.ran) == ((0, 20) if session == 0 else (20, 0))
    with executor(store, kind) as pool:
        assert pool.submit(calls.scale, n=4).result() == 12
        assert pool.submit(calls.scale, 4.0).result() == 12.0  # type: ignore[arg-type]
        assert pool.ran == 2
    monkeypatch.setattr(calls, "SCALE", 5)
    with executor(store) as pool:
        assert pool.submit(calls.scale, 4).result() == 20
        assert pool.ran == 1


def test_records_of_one_kind_answer_the_other(store: Store) -> None:
    for kind in KINDS:
        with executor(store, kind) as pool:
            assert pool.submit(calls.pair, 4).result() == [[4], [4]]
            assert pool.answered == (kind == "processes")


@pytest.mark.py311
def test_what_comes_back_is_nobody_elses(store: Store, kind: str) -> None:
    for _ in range(2):
        with executor(store, kind) as pool:
            for _ in range(2):
                first = pool.submit(calls.pair, 4).result()
                assert first == [[4], [4]] and first[0] is first[1]
                first[0].append(5)  # who changes it changes no record
                assert first == [[4, 5], [4, 5]]


def test_exceptions_are_raised_each_time(store: Store, kind: str) -> None:
    for _ in range(2):
        with executor(store, kind) as pool:
            future = pool.submit(calls.fail, 1)
            with pytest.raises(ValueError, match="no 1"):
                future.result()
            assert isinstance(future.exception(), ValueError)
            with pytest.raises(TypeError):
                pool.submit(calls.scale, 1, 2, 3).result()  # type: ignore[call-arg]
            assert pool.answered == 0


def test_what_is_printed_in_a_process_is_printed_again(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with executor(store, "processes") as pool:
        assert pool.submit(calls.say, 3).result() == 3
    capsys.readouterr()
    with executor(store, "processes") as pool:
        assert pool.submit(calls.say, 3).result() == 3
        assert pool.answered == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("said 3\nmore\n", "warned 3\n")


@pytest.mark.parametrize("function", [calls.say, calls.keep, calls.change, calls.set_last, calls.draw, calls.note])
def test_what_does_more_in_this_process_than_to_return_runs(
    store: Store, function: Callable[..., Any], tmp_path: Path
) -> None:
    argument: Any = {calls.change: [1], calls.note: str(tmp_path)}.get(function, 5)
    for _ in range(2):
        calls.HISTORY.clear()
        if function is calls.change:
            argument = [1]
        with executor(store) as pool:
            pool.submit(function, argument).result()
            assert pool.answered == 0
    assert len(calls.HISTORY) == (function is calls.keep)
    assert function is not calls.change or argument == [1, 1]


@pytest.mark.parametrize("function", [calls.note, calls.start])
def test_what_changes_the_world_from_another_process_runs(
    store: Store, function: Callable[[str], Any], tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    for session in (1, 2):
        with executor(store, "processes") as pool:
            pool.submit(function, str(tmp_path / "made")).result()
            assert pool.answered == 0
        assert len(list((tmp_path / "made").iterdir())) == session


def test_effects() -> None:
    def outer() -> Callable[[], int]:
        count = 0

        def inner() -> int:
            nonlocal count
            count += 1
            return count

        return inner

    class Local:
        def go(self) -> int:
            return calls.set_last(1)

    def uses_local() -> int:
        return Local().go()

    assert effect_of(outer) == "", "what it sets is its own"
    assert effect_of(outer()) == "it sets the variable `count`"
    assert effect_of(uses_local) == effect_of(Local().go) == "it sets the global name `last`"
    assert effect_of(calls.say) == "it uses `print`"
    assert effect_of(print) == "it prints"
    assert effect_of(calls.scale) == effect_of(len) == effect_of(3) == ""


@pytest.mark.py311
def test_three_identical_draws_are_three_calls(store: Store) -> None:
    found = []
    for session in range(2):
        memo = Memo(store)
        values = []
        for _ in range(3):
            with nbrewind.MemoExecutor(KINDS["processes"](), memo=memo) as pool:
                values.append(pool.submit(calls.draw, 1).result())
                assert pool.answered == session
        found.append(values)
    assert found[0] == found[1]
    assert len(set(found[0])) == 3


def test_arguments_that_change_while_a_call_waits_make_no_record(store: Store) -> None:
    with executor(store) as pool:
        block = threading.Event()
        blockers = [pool.inner.submit(block.wait) for _ in range(2)]
        items = [1, 2]
        future = pool.submit(sum, items)
        items.append(10)
        block.set()
        assert future.result() == 13
        wait(blockers)
    with executor(store) as pool:
        assert pool.submit(sum, [1, 2]).result() == 3
        assert pool.submit(sum, [1, 2, 10]).result() == 13
        assert pool.answered == 0


def test_what_no_record_can_hold_is_handed_over(store: Store) -> None:
    for _ in range(2):
        with executor(store) as pool:
            function: Any = pool.submit(calls.give_function, 7).result()
            assert function() == 7 and pool.answered == 0


def test_what_is_tied_to_something_is_handed_over_itself(store: Store, kind: str) -> None:
    partd = pytest.importorskip("partd")
    for _ in range(2):
        with executor(store, kind) as pool:
            folder = pool.submit(partd.File).result()
            pool.submit(partd.File.append, folder, {"name": b"text"}).result()
            assert pool.submit(partd.File.get, folder, "name").result() == b"text"
            assert pool.answered == 0


def test_what_has_no_key_runs(store: Store) -> None:
    for _ in range(2):
        with executor(store) as pool:
            assert pool.submit(next, iter([5])).result() == 5
            assert (pool.answered, pool.ran) == (0, 1)


def test_cancelling(store: Store) -> None:
    pool = executor(store)
    block = threading.Event()
    running = [pool.inner.submit(block.wait) for _ in range(2)]
    waiting = pool.submit(calls.scale, 1)
    told: list[Future[int]] = []
    waiting.add_done_callback(told.append)
    assert not waiting.running() and not waiting.done() and not waiting.cancelled()
    assert waiting.cancel() and waiting.cancel()
    assert waiting.cancelled() and waiting.done() and told == [waiting]
    with pytest.raises(CancelledError):
        waiting.result()
    assert wait([waiting], timeout=5).done == {waiting}
    later = pool.submit(calls.scale, 2)
    threading.Timer(0.2, block.set).start()
    pool.shutdown(cancel_futures=True)
    assert later.cancelled()
    wait(running)
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(calls.scale, 1)


def test_a_call_that_runs_can_not_be_cancelled(store: Store) -> None:
    with executor(store, "processes") as pool:
        future = pool.submit(calls.wait, 0.3)
        while not future.running():
            time.sleep(0.01)
        assert not future.cancel()
        assert future.result() == 0.3
        assert not future.running() and future.done()


def test_order_and_callbacks(store: Store, kind: str) -> None:
    for _ in range(2):
        told: list[Any] = []
        with executor(store, kind) as pool:
            futures = [pool.submit(calls.scale, n) for n in range(8)]
            for future in futures:
                future.add_done_callback(lambda done, told=told: told.append(done.result()))  # type: ignore[misc]
            assert {future.result() for future in as_completed(futures, timeout=30)} == set(range(0, 24, 3))
            assert [future.result() for future in futures] == list(range(0, 24, 3))
        assert sorted(told) == list(range(0, 24, 3))


def test_the_users_store_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBREWIND_STORE", str(tmp_path / "mine"))
    set_memo(None)
    try:
        for answered in (0, 1):
            with nbrewind.MemoExecutor(ThreadPoolExecutor()) as pool:
                assert pool.submit(calls.scale, 1).result() == 3
                assert pool.answered == answered
        assert current_memo().store.directory == tmp_path / "mine"
        current_memo().store.close()
    finally:
        set_memo(None)
    monkeypatch.setenv("NBREWIND_STORE", str(tmp_path / "store" / "traces.sqlite"))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "traces.sqlite").touch()
    with nbrewind.MemoExecutor(ThreadPoolExecutor()) as pool:
        assert pool.submit(calls.scale, 1).result() == 3, "no store is no reason not to run"


def test_by_default_functions_of_a_notebook_run_in_processes(store: Store) -> None:
    with nbrewind.MemoExecutor(memo=Memo(store)) as pool:
        assert type(pool.inner).__module__.startswith("loky")
        k = 4
        assert pool.submit(lambda n: n + k, 5).result() == 9
        assert pool.submit(lambda n: n + k, 5).result() == 9


def test_what_a_function_is_given_or_decorated_with_counts_for_what_it_does(store: Store) -> None:
    def noted(call: Callable[..., Any]) -> Any:
        return contextlib.contextmanager(call)  # a decorator of a package

    for function, args in ((map, (calls.say, [1])), (functools.partial(min, key=calls.say), ([1, 2],))):
        for called in (function, noted(calls.say)):
            assert effect_of((called, args, {})) == "it uses `print`"
    assert effect_of((noted(calls.scale), (calls.pair, {"a": [calls.scale]}), {})) == ""


def test_policies_of_functions_and_of_a_block(store: Store, kind: str) -> None:
    for session in range(3):
        with executor(store, kind, categories={"scale": "never"}) as pool:
            assert [pool.submit(calls.scale, 2).result(), pool.submit(calls.pair, 2).result()] == [6, [[2], [2]]]
            assert (pool.answered, pool.ran) == (min(session, 1), 2 - min(session, 1))
            with nbrewind.task_policy("refresh"):
                assert pool.submit(calls.pair, 2).result() == [[2], [2]]
            assert pool.ran == 3 - min(session, 1)
    with executor(store, kind) as pool:
        pool.submit(calls.scale, 2).result()
        assert pool.answered == 0, "it was never recorded"


def test_what_is_verified_and_differs_is_told(store: Store) -> None:
    notes = []
    for _ in range(2):
        memo = Memo(store)
        memo.journal = Journal(memo)
        with nbrewind.MemoExecutor(KINDS["processes"](), memo=memo) as pool, nbrewind.task_policy(verify=1):
            pool.submit(calls.draw, 1).result()
            pool.submit(calls.scale, 2).result()
        notes += [(task.action, task.note) for task in unpack(memo.journal.take())]
    assert notes == [("ran", "")] * 2 + [("ran", DIFFERS), ("ran", "")]
    assert len(memo.differing) == 1


@pytest.mark.py311
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    numbers=st.lists(st.integers(0, 5) | st.sampled_from([0.0, 1.0, True]), max_size=12),
    policies=st.lists(st.sampled_from(["reuse", "refresh", "never"]), min_size=2, max_size=4),
    seed=st.integers(0, 5),
)
def test_any_calls_give_what_a_plain_executor_gives(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[Any], policies: list[Any], seed: int
) -> None:
    with Store.open(tmp_path_factory.mktemp("store") / "store") as store, ThreadPoolExecutor(2) as plain:
        wanted = [plain.submit(calls.pair, n).result() for n in numbers]
        for use in policies:
            with executor(store, use=use) as pool:
                futures = [pool.submit(calls.pair, n) for n in random.Random(seed).sample(numbers, len(numbers))]
                order = random.Random(seed).sample(range(len(numbers)), len(numbers))
                for place, future in zip(order, futures, strict=True):
                    assert repr(future.result()) == repr(wanted[place])
                if use != "reuse":
                    assert pool.answered == 0
