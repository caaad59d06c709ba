"""`MemoExecutor`: any executor of `concurrent.futures`, whose calls are answered by records where these hold."""

from __future__ import annotations

import contextlib
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import IO, Any, NamedTuple, TypeVar, cast

import msgspec

from nbrewind.store import StoreError
from nbrewind.store.tasks import Place

from .current import current_memo
from .effects import effect_of
from .journal import Journal, Tracked
from .key import Keys
from .memo import DIFFERS, Memo
from .parts import Key, Mark, NoKey
from .policies import Rule
from .records import Outcome, Record

T = TypeVar("T")
PROTOCOL = 5
OUTSIDE: frozenset[Mark] = frozenset({"files", "network", "subprocess"})
"""What a call in another process can change, too."""
_MISS = object()
_texts = msgspec.msgpack.Decoder(list[tuple[str, str]])


class Printed(NamedTuple):
    """What a call in another process has given."""

    value: Any
    texts: list[tuple[str, str]]
    """What it printed there, by the names of the streams."""
    began: float = 0.0
    """Seconds since the epoch; 0 where that is not known."""
    seconds: float = 0.0


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
        self._apart = _runs_apart(inner)
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
        mine, place, rule = memo.scoped(key), memo.place, _rule(memo, fn)
        occurrence = memo.occurrences.next(mine)
        record = memo.find(mine, occurrence=occurrence, rule=rule)
        value = _MISS if record is None else _value(record)
        if value is not _MISS:
            self.answered += 1
            assert record is not None
            _submitted(memo, fn, mine, occurrence, record)
            answer: Future[T] = Future()
            answer.set_running_or_notify_cancel()
            answer.set_result(value)  # type: ignore[arg-type]
            return answer
        tracked = _submitted(memo, fn, mine, occurrence)
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
        tracked = _submitted(memo, fn, key)
        future = self.inner.submit(fn, *args, **kwargs)
        if memo is not None and memo.journal is not None and tracked is not None:
            journal, reason = memo.journal, tracked.reason

            def end(done: Future[Any]) -> None:
                _ended(journal, tracked, done, reason)

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
        return memo, key if isinstance(key, NoKey) else self._answerable(memo, key, fn)

    def _answerable(self, memo: Memo, key: Key, fn: Callable[..., Any]) -> Key | NoKey:
        """Return the key of a call, unless it may do something that its record would leave out."""
        told = {mark for mark, trust in memo.policies.marks.items() if trust == "as-recorded"}
        outside = (key.marks & OUTSIDE if self._apart else key.marks) - told
        if outside:
            return NoKey(f"it can reach {', '.join(sorted(outside))}, and what it does there is not seen")
        effect = "" if self._apart else effect_of(fn)
        return NoKey(f"it runs in this process, and {effect}") if effect else key

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
            self._tell(inner, None)
            Future.cancel(future)
            future.set_running_or_notify_cancel()
            return
        future.set_running_or_notify_cancel()
        error = inner.exception()
        if error is not None:
            self._tell(inner, None)
            future.set_exception(error)
            return
        value = inner.result()
        printed = value if isinstance(value, Printed) else Printed(value, [])
        note = ""
        try:
            result = self._record(printed)
            note = self.memo.trouble or (DIFFERS if self.memo.differs(self.mine, self.occurrence) else "")
        except Exception:  # what is returned can't be pickled, or loaded: nothing that concerns the user
            result, note = printed.value, "what it returned can't be saved"
        self._tell(inner, printed, note)
        future.set_result(result)

    def _tell(self, inner: Future[Any], printed: Printed | None, note: str = "") -> None:
        """Tell the journal, before anybody else is told."""
        if self.memo.journal is not None and self.tracked is not None:
            try:
                _ended(self.memo.journal, self.tracked, inner, note, printed)
            except Exception:  # whatever it is, what it gave is handed over
                pass

    def _record(self, printed: Printed) -> Any:
        """Record what a call has given; return that, or a copy where it may be known to others."""
        data = pickle.dumps(printed.value, PROTOCOL)
        result = printed.value if self.apart else pickle.loads(data)
        # Was it given what the key says? Who runs in another process gets its arguments some time after `submit`.
        if self.key_of(*self.call) == self.key:
            text = msgspec.msgpack.encode(printed.texts) if printed.texts else b""
            started = printed.began or self.submitted
            finished = printed.began + printed.seconds if printed.began else time.time()
            outcome = Outcome(
                data, text, submitted=self.submitted, started=started, finished=finished, category=self.rule.category
            )
            self.memo.record(self.mine, outcome, occurrence=self.occurrence, rule=self.rule, place=self.place)
        return result


def _submitted(
    memo: Memo | None, fn: Callable[..., Any], key: Key | NoKey, occurrence: int = 0, record: Record | None = None
) -> Tracked | None:
    """Tell the journal of a call; return what it keeps of it, None if there is none."""
    if memo is None or memo.journal is None:
        return None
    answered = None if record is None else (record.facts.finished - record.facts.started, record.facts.host)
    try:
        rule = _rule(memo, fn)
        why = "" if isinstance(key, NoKey) or memo.answers(rule) else "by policy, no record answers it"
        return memo.journal.submitted(
            memo.place.cell, key, occurrence, name=_name(fn), category=rule.category, why=why, answered=answered
        )
    except Exception:  # whatever it is, the call goes on as without
        return None


def _name(fn: Callable[..., Any]) -> str:
    return str(getattr(fn, "__name__", type(fn).__name__))


def _rule(memo: Memo, fn: Callable[..., Any]) -> Rule:
    """Return what holds for a call that is submitted now."""
    return memo.policies.rule(function=_name(fn))


def _ended(
    journal: Journal, tracked: Tracked, inner: Future[Any], note: str = "", printed: Printed | None = None
) -> None:
    """Tell the journal how a call has ended."""
    if inner.cancelled():
        journal.ended(tracked, "failed", note="it was cancelled")
        return
    error = inner.exception()
    if error is not None:
        journal.ended(tracked, "failed", note=f"it raised {type(error).__name__}")
        return
    began, seconds = (printed.began, printed.seconds) if printed is not None else (0.0, 0.0)
    journal.ended(tracked, "ran", note=note, began=began, seconds=seconds)


def _value(record: Record) -> Any:
    """Return what a call gave, and print again what it printed; `_MISS` if it can't be loaded."""
    if record.result is None:
        return _MISS
    try:
        value = pickle.loads(record.result)
        texts = _texts.decode(record.stdout) if record.stdout else []
    except Exception:  # of a class that is not there any more, or has changed
        return _MISS
    for stream, text in texts:
        getattr(sys, stream).write(text)
    return value


def _runs_apart(inner: Executor) -> bool:
    """Return whether an executor is known to run calls in other processes of this machine."""
    return isinstance(inner, ProcessPoolExecutor) or type(inner).__module__.split(".")[0] == "loky"


class _Tee:
    """A stream that keeps what is written into it, and is in all else the one below it."""

    def __init__(self, stream: Any, name: str, texts: list[tuple[str, str]]) -> None:
        self._stream, self._name, self._texts = stream, name, texts

    def write(self, text: str) -> Any:
        """Write, and keep the text."""
        if self._texts and self._texts[-1][0] == self._name:
            text_before = self._texts.pop()[1]
            self._texts.append((self._name, text_before + text))
        else:
            self._texts.append((self._name, text))
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write, and keep the texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _kept(texts: list[tuple[str, str]]) -> Iterator[None]:
    out, err = sys.stdout, sys.stderr
    with (
        contextlib.redirect_stdout(cast(IO[str], _Tee(out, "stdout", texts))),
        contextlib.redirect_stderr(cast(IO[str], _Tee(err, "stderr", texts))),
    ):
        yield


def captured(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Printed:
    """Call a function in a worker process, and keep what it prints."""
    texts: list[tuple[str, str]] = []
    began, start = time.time(), time.perf_counter()
    with _kept(texts):
        value = fn(*args, **kwargs)
    return Printed(value, texts, began, time.perf_counter() - start)
