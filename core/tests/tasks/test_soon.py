"""What is recorded with others, later, is recorded as it would be at once; and it is there as soon as anybody asks."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tasks.memos import again, key_of

from nbrewind.store import Store
from nbrewind.store.tasks import NEAR, TaskRow
from nbrewind.tasks import Keys, Memo, NoKey, Outcome, Place, Policies, Rule
from nbrewind.tasks.records import SHORT

pytestmark = pytest.mark.py311
HERE = Place()


def soon(memo: Memo, number: object, outcome: Outcome) -> bool:
    """Record what became of a made-up call, later."""
    size = max(len(bytes(outcome.result or b"")), len(bytes(outcome.stdout)))
    return memo.record_soon(key_of(number), lambda: outcome, size, occurrence=0, place=HERE)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(st.none(), st.binary(max_size=60)), st.binary(max_size=60), st.integers(0, 255), st.floats(0, 9),
    st.dictionaries(st.sampled_from(["cores", "addrport"]), st.one_of(st.integers(-1, 9), st.text(max_size=5))),
)  # fmt: skip
def test_it_is_the_record_that_there_would_be_at_once(tmp_path_factory, result, stdout, code, began, resources):
    outcome = Outcome(result, stdout, code, started=began, finished=began + 1, host="node-3", resources=resources)
    found = []
    for way in (lambda memo: memo.record(key_of(), outcome), lambda memo: soon(memo, 1, outcome)):
        with Store.open(tmp_path_factory.mktemp("store")) as store:
            memo = Memo(store)
            assert way(memo)
            found.append(memo.find(key_of()))
            memo.flush()
            found.append(again(store).find(key_of()))
    assert found[0] is not None and found[0].facts.host == "node-3"
    assert found == found[:1] * 4


def test_what_may_not_wait(tmp_path: Path, memo: Memo) -> None:
    (tmp_path / "data.txt").write_text("a")
    plain = Rule()
    assert memo.may_wait(key_of(), plain)
    assert not memo.may_wait(NoKey("for a reason"), plain)
    assert not memo.may_wait(key_of(), Rule("refresh"))
    assert not memo.may_wait(key_of(), Rule("never"))
    assert not memo.may_wait(key_of(), Rule(category="\udcff"))  # whether it can be written shows when it is
    keys = Keys(tmp_path)
    assert memo.may_wait(keys.key(pow, ("no file",)), plain)
    assert not memo.may_wait(keys.key(pow, ("data.txt",)), plain)  # the file is looked at when the task has ended


def test_what_is_long_or_to_be_compared_is_left_to_others(store: Store, memo: Memo) -> None:
    assert not soon(memo, 1, Outcome(b"x" * (SHORT + 1)))
    assert memo.find(key_of()) is None
    assert soon(memo, 1, Outcome(b"x" * SHORT))
    checking = Memo(store, policies=Policies(verify=1.0))
    assert checking.find(key_of()) is None  # it runs, to see whether it gives the same
    assert not soon(checking, 1, Outcome(b"other"))
    found = memo.find(key_of())
    assert found is not None and found.result == b"x" * SHORT


def test_what_others_ask_for_is_made_first(store: Store, memo: Memo) -> None:
    missing: list[int] = []

    def work(first: int) -> None:
        for number in range(first, first + 150):
            assert soon(memo, number, Outcome(b"%d" % number))
            if memo.find(key_of(number)) is None:
                missing.append(number)

    threads = [threading.Thread(target=work, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    memo.flush()
    other = again(store)
    assert all(other.find(key_of(1000 * n + k)) is not None for n in range(4) for k in range(150))


def test_a_record_that_another_process_writes_is_found_after_it_was_missed(store: Store, memo: Memo) -> None:
    for number in range(5):
        assert memo.find(key_of(number)) is None
        assert memo.why(key_of(number)) == ["nothing like it is recorded"]
    other = again(store)
    assert soon(other, 4, Outcome(b"4"))
    other.flush()
    for _ in range(2):
        found = memo.find(key_of(4))
        assert found is not None and found.result == b"4"
        assert memo.find(key_of(9)) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.builds(lambda high, low: (high << NEAR) + low, st.integers(-3, 3), st.integers(0, 2**32 - 1))),
    st.lists(st.integers(-3, 3), min_size=1),
)
def test_what_is_near_is_known(tmp_path_factory, slots, asked):
    with Store.open(tmp_path_factory.mktemp("store")) as store:
        for slot in slots:
            store.tasks.add(TaskRow((slot, 0), HERE, b"", 1.0, b"r", b"", ()))
        store.tasks.flush()
        for high in asked:
            wanted = sum(slot >> NEAR == high for slot in set(slots))
            assert store.tasks.has_near((high << NEAR, 1)) is bool(wanted)
            assert len(list(store.tasks.near(high << NEAR, 50))) == wanted
            assert store.tasks.find((high << NEAR, 1)) is None
