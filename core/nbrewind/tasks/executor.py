"""`MemoExecutor`: any executor of `concurrent.futures`, whose calls are answered by records where these hold."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import Any, NamedTuple, TypeVar

from nbrewind.store import StoreError
from nbrewind.store.tasks import Place

from .calls import answerable, ended, name_of, runs_apart, submitted
from .current import current_memo
from .journal import Tracked
from .key import Keys
from .memo import DIFFERS, Memo
from .parts import Key, NoKey
from .policies import Rule
from .printed import Printed, captured, print_again, texts_of
from .records import Outcome, Record
from .tied import Tied, pickled

T = TypeVar("T")
_MISS = object()


class MemoFuture(Future[T]):
    """The future of a call that runs: done once what it gave is kept."""

    def __init__(self, inner: Future[Any]) -> None:
        """Follow ``inner``."""
        super().__init__()
        self._inner = inner

    def cancel(self) -> bool:
        """Cancel the call, unless it runs or has ended."""
        return self._inner.cancel()

    def running(self) -> bool:
        """Return whether the call runs."""
        return not self.done() and not self._inner.cancelled() and (self._inner.running() or self._inner.done())


class MemoExecutor(Executor):
    """Answers calls that were recorded, and has others run by another executor, and recorded.

    Order, exceptions, cancelling and callbacks are those of the other executor. What a call gives is handed over as
    between processes: a copy, also where it runs in a thread.
    """

    def __init__(self, inner: Executor | None = None, *, memo: Memo | None = None, keys: Keys | None = None) -> None:
        """Use an executor, which is shut down together with this one.

        Args:
            inner: runs calls; by default a pool of processes that takes functions of notebooks (loky).
            memo: answers and records; by default that of the kernel that records, else one on the user's store.
            keys: makes keys of calls; by default with the packages' and Python's versions as the policies say.
        """
        if inner is None:
            from loky import ProcessPoolExecutor as Pool

            inner = Pool()
        self.inner: Executor = inner
        self._memo = self._used = memo
        self._keys = keys or Keys()
        self._follows = keys is None
        self._apart = runs_apart(inner)
        self._shut = False
        self._lock = threading.Lock()
        self.answered = self.ran = 0
        """How many calls were answered, and how many were not."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Have a function called, unless a record answers."""
        if self._shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        memo, key = self._known(fn, args, kwargs)
        if memo is None or isinstance(key, NoKey):
            self.ran += 1
            return self._plainly(memo, key, fn, args, kwargs)
        mine, place, rule = memo.scoped(key), memo.place, memo.policies.rule(function=name_of(fn))
        occurrence = memo.occurrences.next(mine)
        record = memo.find(mine, occurrence=occurrence, rule=rule)
        value = _MISS if record is None else _value(record)
        if value is not _MISS:
            self.answered += 1
            assert record is not None
            submitted(memo, place, fn, rule, mine, occurrence, record)
            answer: Future[T] = Future()
            answer.set_running_or_notify_cancel()
            answer.set_result(value)  # type: ignore[arg-type]
            return answer
        tracked = submitted(memo, place, fn, rule, mine, occurrence)
        call = _Call(
            memo, self._key, key, mine, place, occurrence, rule, (fn, args, kwargs), self._apart, time.time(), tracked
        )
        inner = self.inner.submit(captured, fn, args, kwargs) if self._apart else self.inner.submit(fn, *args, **kwargs)
        self.ran += 1
        if tracked is not None:
            tracked.watch(inner.running)
        future: MemoFuture[T] = MemoFuture(inner)
        inner.add_done_callback(lambda _: call.end(inner, future))
        return future

    def _plainly(
        self,
        memo: Memo | None,
        key: Key | NoKey,
        fn: Callable[..., T],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Future[T]:
        """Have a function called that is not recorded."""
        tracked = None
        if memo is not None:
            tracked = submitted(memo, memo.place, fn, memo.policies.rule(function=name_of(fn)), key)
        future = self.inner.submit(fn, *args, **kwargs)
        if memo is not None and tracked is not None:
            reason = tracked.reason

            def end(done: Future[Any]) -> None:
                ended(memo, tracked, _error_of(done), note=reason)

            tracked.watch(future.running, lambda: end(future) if future.done() else None)
            future.add_done_callback(end)
        return future

    def _known(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Memo | None, Key | NoKey]:
        """Return the memo, and the key of a call; no memo if there is none to be had."""
        try:
            memo = self._used = self._memo or current_memo()
        except StoreError as error:
            return None, NoKey(str(error))
        if self._follows:
            self._keys.count_versions(memo.policies.packages, memo.policies.python)
        key = self._key(fn, args, kwargs)
        return memo, key if isinstance(key, NoKey) else answerable(memo, key, (fn, args, kwargs), apart=self._apart)

    def _key(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Key | NoKey:
        with self._lock:  # calls end in other threads
            return self._keys.key(fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut the other executor down, and make sure of what was recorded."""
        self._shut = True
        if cancel_futures:
            self.inner.shutdown(wait, cancel_futures=True)
        else:
            self.inner.shutdown(wait)
        if wait and self._used is not None:
            self._used.close()


class _Call(NamedTuple):
    """A call that runs."""

    memo: Memo
    key_of: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Key | NoKey]
    key: Key
    mine: Key
    """The key with which it was looked for."""
    place: Place
    occurrence: int
    rule: Rule
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
    apart: bool
    submitted: float
    tracked: Tracked | None

    def end(self, inner: Future[Any], future: Future[Any]) -> None:
        """Hand over what became of it, once it is recorded."""
        if inner.cancelled():
            ended(self.memo, self.tracked, CancelledError())
            Future.cancel(future)
            future.set_running_or_notify_cancel()
            return
        future.set_running_or_notify_cancel()
        error = inner.exception()
        if error is not None:
            ended(self.memo, self.tracked, error)
            future.set_exception(error)
            return
        value = inner.result()
        printed = value if isinstance(value, Printed) else Printed(value, [])
        note = ""
        try:
            printed = printed.here()
        except Exception as failed:  # what it gave can't be loaded here
            ended(self.memo, self.tracked, failed)
            future.set_exception(failed)
            return
        try:
            result = self._record(printed)
            note = self.memo.trouble or (DIFFERS if self.memo.differs(self.mine, self.occurrence) else "")
        except Tied as why:
            result, note = printed.value, str(why)
        except Exception:  # what is returned can't be pickled, or loaded: nothing that concerns the user
            result, note = printed.value, "what it returned can't be saved"
        ended(self.memo, self.tracked, note=note, began=printed.began, seconds=printed.seconds)
        future.set_result(result)

    def _record(self, printed: Printed) -> Any:
        """Record what a call has given; return that, or a copy where it may be known to others."""
        data = pickled(printed.value) if printed.data is None else printed.data
        result = printed.value if self.apart else pickle.loads(data)
        # Was it given what the key says? Who runs in another process gets its arguments some time after `submit`.
        if self.key_of(*self.call) == self.key:
            started = printed.began or self.submitted
            finished = printed.began + printed.seconds if printed.began else time.time()
            outcome = Outcome(
                data,
                printed.written(),
                submitted=self.submitted,
                started=started,
                finished=finished,
                category=self.rule.category,
            )
            self.memo.record(self.mine, outcome, occurrence=self.occurrence, rule=self.rule, place=self.place)
        return result


def _value(record: Record) -> Any:
    """Return what a call gave, and print again what it printed; `_MISS` if it can't be loaded."""
    if record.result is None:
        return _MISS
    try:
        value = pickle.loads(record.result)
        texts = texts_of(record.stdout)
    except Exception:  # of a class that is not there any more, or has changed
        return _MISS
    print_again(texts)
    return value


def _error_of(done: Future[Any]) -> BaseException | None:
    return CancelledError() if done.cancelled() else done.exception()
