"""Calls of functions, through whatever door: what hinders records from answering them, what the journal is told."""

from __future__ import annotations

import functools
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from typing import Any

from nbrewind.store.tasks import Place

from .effects import effect_of
from .journal import Tracked
from .listed import TaskAction
from .memo import Memo
from .parts import Key, Mark, NoKey
from .policies import Rule
from .records import Record

OUTSIDE: frozenset[Mark] = frozenset({"files", "network", "subprocess"})
"""What a call in another process can change, too."""


def name_of(function: Any) -> str:
    """Return the name of what is called; of a part of a call, that of its function."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def runs_apart(executor: Executor) -> bool:
    """Return whether an executor is known to run calls in other processes of this machine."""
    return isinstance(executor, ProcessPoolExecutor) or type(executor).__module__.split(".")[0] == "loky"


def answerable(memo: Memo, key: Key, called: Any, *, apart: bool) -> Key | NoKey:
    """Return the key of a call, unless it may do something that its record would leave out.

    Args:
        memo: whose policies may say that what it reaches is as recorded.
        key: as its code and arguments give it.
        called: the function, with all that it is given.
        apart: it runs in another process.
    """
    told = {mark for mark, trust in memo.policies.marks.items() if trust == "as-recorded"}
    outside = (key.marks & OUTSIDE if apart else key.marks) - told
    if outside:
        return NoKey(f"it can reach {', '.join(sorted(outside))}, and what it does there is not seen")
    effect = "" if apart else effect_of(called)
    return NoKey(f"it runs in this process, and {effect}") if effect else key


def submitted(
    memo: Memo,
    place: Place,
    function: Any,
    rule: Rule,
    key: Key | NoKey,
    occurrence: int = 0,
    record: Record | None = None,
) -> Tracked | None:
    """Tell the journal of a call; return what it keeps of it, None if there is none."""
    if memo.journal is None:
        return None
    answered = None if record is None else (record.facts.finished - record.facts.started, record.facts.host)
    try:
        why = "" if isinstance(key, NoKey) or memo.answers(rule) else "by policy, no record answers it"
        return memo.journal.submitted(
            place.cell, key, occurrence, name=name_of(function), category=rule.category, why=why, answered=answered
        )
    except Exception:  # whatever it is, the call goes on as without
        return None


def ended(
    memo: Memo,
    tracked: Tracked | None,
    error: BaseException | None = None,
    *,
    note: str = "",
    began: float = 0.0,
    seconds: float = 0.0,
) -> None:
    """Tell the journal how a call has ended, before anybody else is told."""
    if memo.journal is None or tracked is None:
        return
    action: TaskAction = "ran" if error is None else "failed"
    try:
        text = note
        if error is not None:
            text = "it was cancelled" if isinstance(error, CancelledError) else f"it raised {type(error).__name__}"
        memo.journal.ended(tracked, action, note=text, began=began, seconds=seconds)
    except Exception:  # whatever it is, what the call gave is handed over
        pass
