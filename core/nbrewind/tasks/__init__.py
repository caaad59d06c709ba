"""Distributed tasks: their keys, which say when the record of one may answer another, and the memo of records."""

from __future__ import annotations

from nbrewind.store.tasks import Place

from .current import current_memo, set_memo
from .executor import MemoExecutor
from .explain import explain
from .key import Keys, task_key
from .memo import Differing, Memo
from .parts import Key, Mark, NoKey, Pending, Policy, settled
from .policies import Occurrences, Policies, Rule, Trust, Use, task_policy
from .records import Elsewhere, Outcome, Output, Record
from .scheduler import dask_get

__all__ = [
    "Differing",
    "Elsewhere",
    "Key",
    "Keys",
    "Mark",
    "Memo",
    "MemoExecutor",
    "NoKey",
    "Occurrences",
    "Outcome",
    "Output",
    "Pending",
    "Place",
    "Policies",
    "Policy",
    "Record",
    "Rule",
    "Trust",
    "Use",
    "current_memo",
    "dask_get",
    "explain",
    "set_memo",
    "settled",
    "task_key",
    "task_policy",
]
