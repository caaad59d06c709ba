"""The list of tasks in the record of a run: packed by columns, some 25 bytes a task."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from nbrewind.model import Record, RunTasks

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TaskAction = Literal["waiting", "answered", "ran", "failed"]
"""What became of a task: ``waiting`` as long as it has not ended, whether it runs or not."""

ACTIONS: tuple[TaskAction, ...] = get_args(TaskAction)
KEY_BYTES = 12
"""Of a task's key so much is kept: with the bytes before it, it finds the task's record."""
_NEAR_BYTES = 4
_LEVEL = 1
_SCALE = 1e4
"""Times are kept as multiples of 0.1 ms."""


class TaskEntry(Record, frozen=True, kw_only=True):
    """A task in the record of a run."""

    number: int
    """Counts the tasks of a session, through whatever door they were submitted; from 1."""
    id: int = 0
    """What the notebook knows it by; 0 if nothing."""
    manager: int = 0
    """Counts the managers of a session from 1; 0: an executor."""
    name: str = ""
    """Of its function; of a command, its beginning."""
    category: str = ""
    key: bytes = b""
    """The beginning of its key; empty if it has none."""
    near: bytes = b""
    """Of what is its own in the key: together with the key's first bytes that finds its record (`slot`)."""
    occurrence: int = 0
    action: TaskAction = "waiting"
    reason: str = ""
    """Why it was not answered, in words; empty if it was, or nobody looked."""
    note: str = ""
    """Why it is not recorded, in words; of one that failed, how."""
    began: float = 0.0
    """Seconds from the beginning of the run in whose record this is until the task began; 0 where that is unknown."""
    seconds: float = 0.0
    """For which it ran; of one that was answered, as recorded."""
    host: str = ""
    late: bool = False
    """It was submitted by an earlier run of the session, whose record tells the rest of it, and ended in this one."""

    @property
    def slot(self) -> tuple[int, int] | None:
        """Return where its record is among those of the store; None if it has no key."""
        if not self.key:
            return None
        return int.from_bytes(self.near + self.key[:4], "big", signed=True), self.occurrence


class _Columns(msgspec.Struct, array_like=True):
    texts: list[str]
    """All texts, each once; the first is empty. In the columns are their places."""
    numbers: list[int]
    ids: list[int]
    managers: list[int]
    names: list[int]
    categories: list[int]
    keys: bytes
    """Of each task that has one, its own bytes and those of its key."""
    keyed: bytes
    """1 for those, else 0."""
    occurrences: list[int]
    actions: bytes
    reasons: list[int]
    notes: list[int]
    began: list[int]
    seconds: list[int]
    hosts: list[int]
    late: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Columns).decode


def pack(entries: Sequence[TaskEntry], left_out: Mapping[str, int]) -> RunTasks:
    """Return what a run's record says of its tasks; ``left_out``: by action, how many others it has submitted."""
    texts: dict[str, int] = {"": 0}

    def places(found: Iterable[str]) -> list[int]:
        return [texts.setdefault(text, len(texts)) for text in found]

    def times(found: Iterable[float]) -> list[int]:
        return [max(round(seconds * _SCALE), 0) for seconds in found]

    columns = _Columns(
        texts=[],
        numbers=[one.number for one in entries],
        ids=[one.id for one in entries],
        managers=[one.manager for one in entries],
        names=places(one.name for one in entries),
        categories=places(one.category for one in entries),
        keys=b"".join(one.near + one.key for one in entries if one.key),
        keyed=bytes(bool(one.key) for one in entries),
        occurrences=[one.occurrence for one in entries],
        actions=bytes(ACTIONS.index(one.action) for one in entries),
        reasons=places(one.reason for one in entries),
        notes=places(one.note for one in entries),
        began=times(one.began for one in entries),
        seconds=times(one.seconds for one in entries),
        hosts=places(one.host for one in entries),
        late=bytes(one.late for one in entries),
    )
    columns.texts = [text.encode("utf-8", "replace").decode() for text in texts]  # MessagePack takes no surrogates
    counts = Counter(one.action for one in entries if not one.late) + Counter(left_out)
    return RunTasks(
        answered=counts["answered"],
        ran=counts["ran"],
        failed=counts["failed"],
        waiting=counts["waiting"],
        late=sum(one.late for one in entries),
        rows=zstd.compress(_encode(columns), level=_LEVEL),
    )


def unpack(tasks: RunTasks | None) -> list[TaskEntry]:
    """Return the tasks of a run; none where they were forgotten, or are of another version."""
    if tasks is None or not tasks.rows:
        return []
    try:
        columns = _decode(zstd.decompress(tasks.rows))
    except (zstd.ZstdError, msgspec.DecodeError):
        return []
    texts, found, at = columns.texts, [], 0
    size = _NEAR_BYTES + KEY_BYTES
    for place, number in enumerate(columns.numbers):
        key = b""
        if columns.keyed[place]:
            key, at = columns.keys[at : at + size], at + size
        found.append(
            TaskEntry(
                number=number,
                id=columns.ids[place],
                manager=columns.managers[place],
                name=texts[columns.names[place]],
                category=texts[columns.categories[place]],
                near=key[:_NEAR_BYTES],
                key=key[_NEAR_BYTES:],
                occurrence=columns.occurrences[place],
                action=ACTIONS[columns.actions[place]],
                reason=texts[columns.reasons[place]],
                note=texts[columns.notes[place]],
                began=columns.began[place] / _SCALE,
                seconds=columns.seconds[place] / _SCALE,
                host=texts[columns.hosts[place]],
                late=bool(columns.late[place]),
            )
        )
    return found
