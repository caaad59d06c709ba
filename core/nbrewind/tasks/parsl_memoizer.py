"""`ParslMemoizer`: what Parsl asks before it runs an app, and tells when one has ended."""

from __future__ import annotations

import pickle
import threading
import time
from concurrent.futures import Future
from typing import Any, NamedTuple

from parsl.dataflow.memoization import BasicMemoizer, Memoizer

from nbrewind.store.tasks import Place

from .calls import answerable, ended, name_of, submitted
from .current import current_memo
from .journal import Tracked
from .key import Keys
from .memo import DIFFERS, Memo
from .parts import Key, NoKey
from .policies import Rule
from .records import Outcome
from .tied import Tied, pickled

ELSEWHERE = ("outputs", "stdout", "stderr")
"""Arguments by which Parsl has an app write files."""


class _Call(NamedTuple):
    """An app that runs."""

    memo: Memo
    key: Key | NoKey
    """Before it is told of which cell it is."""
    mine: Key | NoKey
    occurrence: int
    rule: Rule
    place: Place
    began: float
    call: tuple[Any, tuple[Any, ...], dict[str, Any]]
    tracked: Tracked | None


class ParslMemoizer(Memoizer):
    """Answers apps of Parsl by records, and records what the others give: ``Config(memoizer=ParslMemoizer())``.

    All apps are looked for, whether they have ``cache=True`` or not. What no record answers is asked of another
    memoizer, and runs by whatever executor Parsl has for it.
    """

    def __init__(self, inner: Memoizer | None = None, *, memo: Memo | None = None) -> None:
        """Stand before another memoizer.

        Args:
            inner: by default Parsl's own, as it is without this.
            memo: answers and records; by default that of the kernel that records, else one on the user's store.
        """
        self._inner = inner or BasicMemoizer()
        self._memo = memo
        self._keys = Keys()
        self._calls: dict[int, _Call] = {}
        self._lock = threading.Lock()

    def start(self, *, run_dir: str, config_run_dir: str) -> None:
        """Begin."""
        self._inner.start(run_dir=run_dir, config_run_dir=config_run_dir)

    def close(self) -> None:
        """Make sure of what was recorded."""
        self._inner.close()
        if self._memo is not None:
            self._memo.close()

    def check_memo(self, task: Any) -> Future[Any] | None:
        """Return what a record holds, or the other memoizer; None if the app has to run."""
        try:
            answer = self._answer(task)
        except Exception:  # whatever it is, the app runs as without
            answer = None
        return answer if answer is not None else self._inner.check_memo(task)

    def update_memo_result(self, task: Any, r: Any) -> None:
        """Record what an app has given."""
        self._inner.update_memo_result(task, r)
        call = self._calls.pop(task["id"], None)
        if call is not None:
            try:
                note = "another memoizer answered it" if task["from_memo"] else self._record(call, r)
            except Tied as why:
                note = str(why)
            except Exception:  # what it gave can't be pickled: nothing that concerns the user
                note = "what it returned can't be saved"
            ended(call.memo, call.tracked, note=note, began=call.began, seconds=time.time() - call.began)

    def update_memo_exception(self, task: Any, e: BaseException) -> None:
        """Take note of an app that has failed."""
        self._inner.update_memo_exception(task, e)
        call = self._calls.pop(task["id"], None)
        if call is not None:
            ended(call.memo, call.tracked, e, began=call.began, seconds=time.time() - call.began)

    def _answer(self, task: Any) -> Future[Any] | None:
        memo = self._memo = self._memo or current_memo()
        function = task["func"]
        call = (function, tuple(task["args"]), dict(task["kwargs"]))
        again = self._calls.get(task["id"])  # it failed, and Parsl tries it once more
        rule, place = memo.policies.rule(function=name_of(function)), memo.place
        key = self._key(memo, task, call)
        mine, occurrence = key, 0
        if isinstance(key, Key):
            mine = memo.scoped(key)
            occurrence = memo.occurrences.next(mine) if again is None else again.occurrence
        record = memo.find(mine, occurrence=occurrence, rule=rule) if again is None else None
        if record is not None and record.result is not None:
            answer: Future[Any] = Future()
            answer.set_result(pickle.loads(record.result))
            submitted(memo, place, function, rule, mine, occurrence, record)
            return answer
        tracked = submitted(memo, place, function, rule, mine, occurrence) if again is None else again.tracked
        self._calls[task["id"]] = _Call(memo, key, mine, occurrence, rule, place, time.time(), call, tracked)
        return None

    def _key(self, memo: Memo, task: Any, call: tuple[Any, tuple[Any, ...], dict[str, Any]]) -> Key | NoKey:
        """Return the key of an app that is called, with arguments that are there by now."""
        from parsl.executors.threads import ThreadPoolExecutor

        if task["join"]:
            return NoKey("it starts other apps")
        for name in ELSEWHERE:
            if call[2].get(name):
                return NoKey(f"it is to write files (`{name}`), which are not seen")
        executor = task["dfk"].executors.get(task["executor"])
        known = type(executor).__module__.startswith("parsl.executors.")
        with self._lock:  # apps are launched, and end, in threads of Parsl's
            self._keys.count_versions(memo.policies.packages, memo.policies.python)
            key = self._keys.key(*call)
        if isinstance(key, NoKey):
            return key
        return answerable(memo, key, call, apart=known and not isinstance(executor, ThreadPoolExecutor))

    def _record(self, call: _Call, value: Any) -> str:
        """Record what an app has given; return why it is not recorded, or something else to be told."""
        if isinstance(call.key, NoKey) or isinstance(call.mine, NoKey):
            return call.key.reason if isinstance(call.key, NoKey) else ""
        data = pickled(value)
        pickle.loads(data)
        with self._lock:
            now = self._keys.key(*call.call)
        if now != call.key:
            return "what it was given, or what its code reads, changed while it ran"
        outcome = Outcome(data, started=call.began, finished=time.time(), category=call.rule.category)
        if not call.memo.record(call.mine, outcome, occurrence=call.occurrence, rule=call.rule, place=call.place):
            return call.memo.trouble or "it is not recorded, by policy"
        return DIFFERS if call.memo.differs(call.mine, call.occurrence) else ""
