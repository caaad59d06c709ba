"""The memo answers with what was recorded, or not at all."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tasks.memos import again, key_of

from nbrewind.store import Store, StoreError
from nbrewind.tasks import (
    Elsewhere,
    Key,
    Keys,
    Memo,
    NoKey,
    Occurrences,
    Outcome,
    Pending,
    Place,
    Policies,
    Rule,
    settled,
    task_policy,
)
from nbrewind.tasks.memo import Differing
from nbrewind.tasks.records import SHORT

pytestmark = pytest.mark.py311


@pytest.mark.parametrize("size", [0, 1, SHORT, SHORT + 1, 70_000, 5_000_000])
def test_what_was_recorded_answers_here_and_elsewhere(store: Store, memo: Memo, size: int) -> None:
    result, stdout = os.urandom(size), b"out" * (size // 5)
    facts: dict[str, Any] = {"exit_code": 3, "order": 7, "submitted": 1.0, "started": 2.0, "finished": 4.5}
    outcome = Outcome(result, stdout, host="node-3", resources={"cores": 2, "memory": 1.5}, category="fit", **facts)
    memo.record(key_of(), outcome)
    assert memo.trouble == ""
    memo.flush()
    for asked in (memo, again(store)):
        found = asked.find(key_of())
        assert found is not None
        assert (bytes(found.result or b""), found.stdout, found.exit_code) == (result, stdout, 3)
        assert (found.facts.host, found.facts.resources, found.facts.category) == (
            "node-3",
            {"cores": 2, "memory": 1.5},
            "fit",
        )
        assert found.when == (4.5, 7)
        assert (found.facts.submitted, found.facts.started) == (1.0, 2.0)
        assert found.digest == asked.made(key_of())
        assert asked.find(key_of(2)) is None
    assert again(store).find(key_of(salt="x")) is None


def test_it_answers_before_anything_is_written(memo: Memo) -> None:
    memo.record(key_of(), Outcome(b"1"))
    found = memo.find(key_of())
    assert found is not None and found.result == b"1"
    assert found.facts.seen is None


def test_a_record_is_on_disk_soon_by_itself(store: Store, memo: Memo) -> None:
    other = again(store)
    memo.record(key_of(), Outcome(b"1"))
    end = time.monotonic() + 10
    while other.find(key_of()) is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_many_records_are_written_by_who_makes_them(store: Store, memo: Memo) -> None:
    for n in range(1200):
        memo.record(key_of(n), Outcome(b"%d" % n))
    memo.flush()
    other = again(store)
    for n in range(0, 1200, 7):
        found = other.find(key_of(n))
        assert found is not None and found.result == b"%d" % n
    assert other.store.database.read("SELECT tasks, bytes > 100000 FROM task_places") == [(1200, 1)]


def test_no_result_is_not_an_empty_one(memo: Memo) -> None:
    memo.record(key_of(1), Outcome())
    memo.record(key_of(2), Outcome(b""))
    none, empty = memo.find(key_of(1)), memo.find(key_of(2))
    assert none is not None and none.result is None
    assert empty is not None and empty.result == b""
    assert none.digest != empty.digest


def test_what_failed_or_has_no_key_is_not_recorded(memo: Memo) -> None:
    memo.record(key_of(), Outcome(b"1", ok=False))
    memo.record(NoKey("because"), Outcome(b"1"))
    assert memo.find(key_of()) is None
    assert memo.find(NoKey("because")) is None
    assert memo.why(NoKey("because")) == ["because"]


def test_a_later_record_takes_the_place_of_an_earlier_one(store: Store, memo: Memo) -> None:
    for content in (b"1" * 100_000, b"2", b"3" * 10_000, b"4" * 100_000):
        memo.record(key_of(), Outcome(content))
        memo.flush()
        found = again(store).find(key_of())
        assert found is not None and found.result == content
        referred = store.database.read("SELECT COUNT(*) FROM task_contents")
        assert referred == [(int(len(content) > SHORT),)]
    assert store.database.read("SELECT COUNT(*) FROM tasks") == [(1,)]


def test_a_chain_is_answered_before_its_inputs_exist_and_cut_off_early(store: Store, memo: Memo) -> None:
    keys = Keys()
    load = keys.key(pow, ("load",))
    count = keys.key(pow, ("count",), inputs={"x": Pending("x")})
    assert isinstance(load, Key) and isinstance(count, Key)
    assert memo.made(load) is None
    memo.record(load, Outcome(outputs={"temp": Elsewhere("sha256:1")}))
    given = memo.made(load, output="temp")
    assert given == "sha256:1"
    memo.record(settled(count, {"x": given}), Outcome(b"3"))
    memo.flush()
    other = again(store)
    given = other.made(load, output="temp")
    assert given is not None
    found = other.find(settled(count, {"x": given}))
    assert found is not None and found.result == b"3"
    changed = keys.key(pow, ("load", "edited"))
    assert isinstance(changed, Key)
    assert other.made(changed) is None
    other.record(changed, Outcome(outputs={"temp": Elsewhere("sha256:1")}))  # it makes the same
    again_given = other.made(changed, output="temp")
    assert again_given is not None
    assert other.find(settled(count, {"x": again_given})) is not None
    assert other.find(settled(count, {"x": "sha256:2"})) is None
    assert other.why(settled(count, {"x": "sha256:2"})) == ["given `x` changed"]


# -- repetition and policies ------------------------------------------------------------------------------------------


def test_three_identical_draws_are_three_tasks(store: Store, memo: Memo) -> None:
    draw, plain = key_of(marks=("randomness",)), key_of(2)
    for session in (memo, again(store)):
        turns = Occurrences()
        numbers = [turns.next(draw) for _ in range(3)]
        assert numbers == [0, 1, 2]
        assert [turns.next(plain) for _ in range(3)] == [0, 0, 0]
        if session is memo:
            for number in numbers:
                assert memo.find(draw, occurrence=number) is None
                memo.record(draw, Outcome(b"drawn %d" % number), occurrence=number)
            memo.flush()
        found = [session.find(draw, occurrence=number) for number in numbers]
        assert [one and one.result for one in found] == [b"drawn 0", b"drawn 1", b"drawn 2"]
        assert session.find(draw, occurrence=turns.next(draw)) is None


def test_what_one_cell_draws_is_not_given_to_another(store: Store, memo: Memo) -> None:
    draw, plain = key_of(marks=("randomness",)), key_of(2)
    asked: dict[str, list[Any]] = {"a": [], "b": []}
    for cell in ("a", "b"):
        memo.begin(Place("", cell))
        for _ in range(2):
            key, number = memo.scoped(draw), memo.occurrences.next(draw)
            assert memo.find(key, occurrence=number) is None
            asked[cell].append((key, number))
    for cell in ("b", "a"):  # they end while another cell runs
        for key, number in asked[cell]:
            memo.record(key, Outcome(f"{cell}{number}".encode()), occurrence=number, place=Place("", cell))
    memo.begin(Place("", "a"))
    memo.record(memo.scoped(plain), Outcome(b"plain"))
    memo.flush()
    other = again(store)
    other.begin(Place("", "b"))  # the other one is skipped
    found = [other.find(other.scoped(draw), occurrence=other.occurrences.next(draw)) for _ in range(2)]
    assert [one and one.result for one in found] == [b"b0", b"b1"]
    assert other.find(other.scoped(plain)) is not None, "what follows from its arguments alone is the same in any cell"
    owners = "SELECT cell, tasks FROM task_places ORDER BY cell"
    assert store.database.read(owners) == [("a", 3), ("b", 2)]


def test_policies(memo: Memo) -> None:
    memo.record(key_of(), Outcome(b"1"))
    memo.policies = Policies(use="refresh", categories={"old": "reuse"})
    assert memo.find(key_of()) is None
    assert memo.find(key_of(), rule=memo.policies.rule("old")) is not None
    assert memo.find(key_of(), rule=memo.policies.rule(function="old")) is not None
    assert memo.find(key_of(), rule=Rule("reuse")) is not None
    memo.record(key_of(), Outcome(b"2"))
    memo.record(key_of(3), Outcome(b"3"), rule=Rule("never"))
    memo.record(key_of(4), Outcome(b"4", category="new"))
    memo.policies = Policies(categories={"new": "never"})
    assert (memo.find(key_of()) or pytest.fail()).result == b"2"
    assert memo.find(key_of(3)) is None
    assert memo.find(key_of(4)) is not None
    assert memo.find(key_of(4), rule=memo.policies.rule("new")) is None
    memo.record(key_of(5), Outcome(b"4", category="new"))
    assert memo.find(key_of(5)) is None
    memo.policies = Policies(answers=False)
    assert memo.find(key_of(), rule=Rule("reuse")) is None


def test_what_is_said_for_a_block_wins_for_tasks_that_are_submitted_in_it() -> None:
    policies = Policies(use="refresh", categories={"fit": "never", "load": "reuse"}, verify=0.5)
    assert policies.rule() == Rule("refresh", 0.5, "")
    assert policies.rule("fit", "load") == Rule("never", 0.5, "fit"), "the category counts before the function"
    assert policies.rule("other", "load") == Rule("reuse", 0.5, "other")
    with task_policy("reuse", verify=0):
        assert policies.rule("fit") == Rule("reuse", 0, "fit")
        with task_policy(category="load"), pytest.raises(ZeroDivisionError), task_policy("never"):
            assert policies.rule("fit") == Rule("never", 0, "load")
            1 / 0
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(policies.rule).result() == Rule("refresh", 0.5, ""), "in this thread only"
        assert policies.rule() == Rule("reuse", 0, "")
    assert policies.rule() == Rule("refresh", 0.5, "")
    for wrong in ({"use": "again"}, {"verify": 2}):
        with pytest.raises(ValueError, match="use "), task_policy(**wrong):  # type: ignore[arg-type]
            pytest.fail("not entered")


def test_what_can_reach_more_answers_as_the_policy_says(memo: Memo, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("1")
    seen = {f"file:{tmp_path}/data": "", "env:MEMO_TEST": ""}
    seen = {name: memo._look(name) for name in seen}
    clock, reads = key_of(1, marks=("clock",)), key_of(2, marks=("files", "clock"))
    memo.record(clock, Outcome(b"1"))
    memo.record(reads, Outcome(b"2"))
    assert memo.find(clock) is not None
    assert memo.find(reads) is None and memo.made(reads) is None
    assert memo.why(reads) == ["it can reach clock, files, and nobody saw what it did"]
    memo.record(reads, Outcome(b"2", seen=seen))
    assert memo.find(reads) is not None and memo.made(reads) is not None
    (tmp_path / "data").write_text("2")
    assert memo.find(reads) is None and memo.made(reads) is None
    assert memo.why(reads) == [f"file `{tmp_path}/data` changed, which it was seen to read"]
    (tmp_path / "data").unlink()
    assert memo.find(reads) is None
    memo.policies = Policies(marks={"clock": "run"})
    assert memo.find(clock) is None
    assert memo.why(clock) == ["tasks that can reach clock always run, by policy"]
    memo.policies = Policies(marks={"files": "as-recorded"})
    memo.record(reads, Outcome(b"2"))
    assert memo.find(reads) is not None


def test_what_is_verified_runs_and_a_difference_is_told(store: Store, memo: Memo) -> None:
    for n in range(100):
        memo.record(key_of(n), Outcome(b"%d" % n))
    memo.policies = Policies(verify=0.3)
    ran = 0
    for n in range(100):
        if memo.find(key_of(n)) is None:
            ran += 1
            memo.record(key_of(n), Outcome(b"%d" % n if n % 2 else b"changed"))
    assert 5 < ran < 70
    assert 0 < len(memo.differing) < ran
    memo.policies = Policies()
    for one in memo.differing:
        found = memo.find(one.key)
        assert found is not None and found.facts.unstable and found.result == b"changed"
        assert isinstance(one, Differing) and one.given == found.digest != one.recorded
    memo.policies = Policies(use="refresh")
    memo.differing.clear()
    memo.record(key_of(1), Outcome(b"other"))
    assert [one.key for one in memo.differing] == [key_of(1)]


def test_why_not(store: Store, memo: Memo) -> None:
    space: dict[str, Any] = {}
    keys, found = Keys(), []
    for text in ("return n * k", "return n + k"):
        path = store.directory / "code.py"
        source = f"def run(n, k):\n    {text}\n"
        import linecache

        linecache.cache[f"<ipython-input-{len(found)}>"] = (len(source), None, source.splitlines(True), "")
        exec(compile(source, f"<ipython-input-{len(found)}>", "exec"), space)
        found.append(space["run"])
        del path
    first = keys.key(found[0], (1, 2))
    assert isinstance(first, Key)
    assert memo.why(first) == ["nothing like it is recorded"]
    memo.record(first, Outcome(b"2"))
    for asked in (memo, again(store)):
        memo.flush()
        assert asked.why(keys.key(found[1], (1, 2))) == ["`run()` changed"]
        assert asked.why(keys.key(found[0], (1, 3))) == ["argument `1` is 3 instead of 2"]
        assert asked.why(keys.key(max, (5,))) == ["nothing like it is recorded"]


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_any_changed_bit_of_a_row_is_a_miss(store: Store, memo: Memo) -> None:
    memo.record(key_of(), Outcome(b"result", b"stdout"), occurrence=1)
    memo.flush()
    columns = ("record", "data")
    [before] = store.database.read("SELECT record, data FROM tasks")
    for column, data in zip(columns, before, strict=True):
        for place in range(len(data)):
            damaged = bytearray(data)
            damaged[place] ^= 1 << place % 8
            with store.database.write() as connection:
                connection.execute(f"UPDATE tasks SET {column} = ?", (bytes(damaged),))
            assert memo.find(key_of(), occurrence=1) is None
        for other in (data[:-1], data + b"x", b"", 5, "text", None if column == "x" else 2.5):
            with store.database.write() as connection:
                connection.execute(f"UPDATE tasks SET {column} = ?", (other,))
            found = memo.find(key_of(), occurrence=1)
            assert found is None or (found.result, found.stdout) == (b"result", b"stdout")
        with store.database.write() as connection:
            connection.execute(f"UPDATE tasks SET {column} = ?", (data,))
    assert memo.find(key_of(), occurrence=1) is not None
    with store.database.write() as connection:
        connection.execute("UPDATE tasks SET occurrence = 0")
    assert memo.find(key_of()) is None, "it is the record of another occurrence"


def test_keys_that_share_a_slot_never_answer_for_each_other(
    store: Store, memo: Memo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbrewind.tasks import memo as module

    true = module.parted
    monkeypatch.setattr(module, "parted", lambda key: true(key)._replace(slot=-5))
    memo.record(key_of(1), Outcome(b"1"))
    assert memo.find(key_of(2)) is None
    memo.record(key_of(2), Outcome(b"2"))
    memo.flush()
    assert memo.find(key_of(1)) is None
    assert (memo.find(key_of(2)) or pytest.fail()).result == b"2"


def test_a_store_that_can_not_be_read_is_a_miss(memo: Memo, store: Store) -> None:
    memo.record(key_of(), Outcome(b"1"))
    store.close()
    assert memo.find(key_of()) is None
    assert memo.made(key_of()) is None
    assert memo.why(key_of())
    memo.record(key_of(2), Outcome(b"1"))
    assert "closed" in memo.trouble
    with Store.open(store.directory) as opened:
        assert Memo(opened).find(key_of()) is not None, "what waited was written when the store was closed"


def test_what_can_not_be_written_is_tried_again(store: Store, memo: Memo, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(store.layout.traces, isolation_level=None) as other:
        pages = other.execute("PRAGMA page_count").fetchone()[0]
    other.close()
    store.database.read(f"PRAGMA max_page_count = {pages}")
    memo.record(key_of(), Outcome(os.urandom(SHORT)))
    monkeypatch.setattr("nbrewind.store.tasks.PAUSE", 0.05)
    for n in range(40):
        memo.record(key_of(n), Outcome(os.urandom(SHORT)))
    with pytest.raises(StoreError, match="full"):
        memo.flush()
    assert memo.find(key_of(7)) is not None, "it is in memory"
    store.database.read("PRAGMA max_page_count = 1000000000")
    memo.flush()
    assert store.tasks.trouble == ""
    other_memo = again(store)
    assert all(other_memo.find(key_of(n)) for n in range(40))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_finds_nothing_and_changes_nothing(store: Store, memo: Memo) -> None:
    memo.record(key_of(), Outcome(b"1"))
    child = os.fork()
    if not child:
        code = 1
        try:
            missed = memo.find(key_of(2)) is None
            memo.record(key_of(3), Outcome(b"1"))
            memo.close()
            code = 0 if missed and memo.trouble else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    memo.flush()
    other = again(store)
    assert other.find(key_of()) is not None and other.find(key_of(3)) is None


def test_many_threads(store: Store, memo: Memo) -> None:
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(300):
            n = rng.randrange(60)
            found = memo.find(key_of(n))
            if found is None:
                memo.record(key_of(n), Outcome(b"%d" % n * (1 + n % 3 * 3000)))
            elif found.result != b"%d" % n * (1 + n % 3 * 3000):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memo.flush()
    assert wrong == [] and memo.trouble == ""
    other = again(store)
    assert all(other.find(key_of(n)) for n in range(60))


@pytest.mark.parametrize("name", ["plain", "größe", "lone \udc80"])
def test_a_record_that_cant_be_written_is_told_of_at_once(store: Store, memo: Memo, name: str) -> None:
    """And rows that are made together, later, are there for who asks."""
    odd = key_of()._replace(previews={"argument 0": name})
    other = key_of(2)
    assert memo.record(other, Outcome(b"2"))
    is_written = memo.record(odd, Outcome(b"1"))
    assert is_written == (name != "lone \udc80") == (memo.trouble == "")
    assert (memo.find(odd) is not None) == is_written
    assert memo.made(other) and memo.made(other) == Memo(store).made(other)
    memo.flush()
    assert again(store).find(other) is not None
    assert (again(store).find(odd) is not None) == is_written
