"""Parts of values: items of a plain dictionary, columns of a frame, where a run took or set only some of them.

The text says which (`nbrewind.analysis.parts`). What it takes is all that the run read of the value if no other code in
the run can have looked up the name, and no item leads back to the value. What it sets is all that the run changed if
all the rest is the same after as before: that is compared, whatever the text says.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from xxhash import xxh3_128_digest

from nbrewind.kernel import facts
from nbrewind.kernel.head import renew
from nbrewind.kernel.hooks import Entry
from nbrewind.kernel.watch import held_code
from nbrewind.model import CellAnalysis, Input, PartUse, Version
from nbrewind.planning.trace import digest_of, history_names, sees_all
from nbrewind.state import is_fixed

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

_MANY_KEYS = 10_000
_MANY_COLUMNS = 90
"""A frame of more blocks warns when a column is added: what a cell shows depends on how many there are."""
_MANY_ROWS = 200_000
_MANY_BYTES = 32 * 1024 * 1024
_TEXT = 100_000
_PLAIN = (bool, bytes, float, int, str, type(None))


Rest = Mapping[str, object]
"""What a text sets nothing of, in a form that can be compared."""


def look(analysis: CellAnalysis, namespace: Mapping[str, Any]) -> dict[str, Rest | None]:
    """Look, before a cell runs, at the values of which it takes or sets parts that can be told apart.

    Returns for each what the text sets nothing of; None where it sets nothing, or that is too much.
    """
    found: dict[str, Rest | None] = {}
    for name, use in analysis.parts.items():
        value = namespace.get(name)
        if type(value) is dict and _is_plain(value, use):
            found[name] = _other_items(value, use) if use.sets else None
        elif _is_frame(value) and _has_columns(value, use):
            found[name] = _other_columns(value, use) if use.sets else None
    return found


def _is_plain(value: dict[Any, Any], use: PartUse) -> bool:
    """Whether all keys are texts, and no item that is taken leads back to the dictionary."""
    if len(value) > _MANY_KEYS or any(type(key) is not str for key in value):
        return False
    return all(is_fixed(item) or _is_numbers(item) for item in (value[key] for key in use.reads if key in value))


def _other_items(value: dict[str, Any], use: PartUse) -> dict[str, object] | None:
    rest = {key: item for key, item in value.items() if key not in use.sets}
    return rest if all(map(is_fixed, rest.values())) else None


def _is_frame(value: object) -> bool:
    cls = type(value)
    return cls.__name__ == "DataFrame" and cls.__module__.partition(".")[0] == "pandas"


def _has_columns(value: Any, use: PartUse) -> bool:
    """Whether all columns have names that are texts, and none that is taken holds objects."""
    columns = value.columns
    if columns.nlevels > 1 or value.attrs or any(type(label) is not str for label in columns) or not columns.is_unique:
        return False
    return all(_holds_no_objects(_column(value, key)) for key in use.reads if key in columns)


def _other_columns(value: Any, use: PartUse) -> dict[str, object] | None:
    """Return digests of the index and of all columns that the text does not set."""
    if len(value.columns) > _MANY_COLUMNS:
        return None
    series = {key: _column(value, key) for key in value.columns if key not in use.sets}
    if sum(column.nbytes for column in series.values()) + value.index.nbytes > _MANY_BYTES:
        return None
    if not all(map(_holds_no_objects, series.values())):
        return None
    marks: dict[str, object] = {key: _mark(column.array) for key, column in series.items()}
    return marks | {"": _mark(value.index)}


def _column(frame: Any, key: str) -> Any:
    """Return a column: by its place, for what is taken by name a frame may keep."""
    return frame.iloc[:, frame.columns.get_loc(key)]


def _holds_no_objects(column: Any) -> bool:
    if column.dtype != object:
        return True
    from pandas.api.types import infer_dtype

    return len(column) <= _MANY_ROWS and infer_dtype(column, skipna=True) == "string"


def _mark(value: Any) -> bytes:
    buffers: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(value, 5, buffer_callback=buffers.append)
    return b"".join([xxh3_128_digest(stream), *(xxh3_128_digest(buffer.raw()) for buffer in buffers)])


def _is_numbers(value: Any) -> bool:
    cls = type(value)
    return cls.__name__ == "ndarray" and cls.__module__ == "numpy" and not value.dtype.hasobject and value.base is None


def read_parts(
    inputs: Iterable[Input], recorder: Recorder, entry: Entry, changed: Mapping[str, tuple[str, ...]], *, done: bool
) -> list[Input]:
    """Say of each input which parts of it were read, where that is known.

    ``changed``: the names with a new value, each with its group; ``done``: the run ended well. Notes under ``sets`` of
    the entry which parts the run set, for `set_parts`.
    """
    analysis: CellAnalysis = entry.extra["analysis"]
    sets: dict[str, PartUse] = {}
    entry.extra["sets"] = sets
    known: dict[str, Rest | None] = entry.extra.pop("wholes", {})
    entries = list(inputs)
    names = [item.key[4:] for item in entries]
    if not known or sees_all(analysis, recorder.state) or history_names(analysis, names):
        return entries
    elsewhere = _looked_up(recorder, entry, names)
    for index, item in enumerate(entries):
        name = names[index]
        version = recorder.state.get(item.key)
        if name not in known or version is None or version.members != (name,) or name in elsewhere:
            continue
        use, group = analysis.parts[name], changed.get(name)
        parts = {key: version.part(key) for key in use.reads}
        if use.sets:
            if not done or group not in (None, (name,)) or not _same_rest(known[name], recorder, name, use):
                continue
            sets[name] = use
            parts[""] = version.part("")
        elif group is not None:
            continue
        entries[index] = msgspec.structs.replace(item, parts=parts)
    return entries


def _same_rest(before: Rest | None, recorder: Recorder, name: str, use: PartUse) -> bool:
    value = recorder.namespace.get(name)
    if before is None:
        return False
    if type(value) is dict:
        now = {key: item for key, item in value.items() if key not in use.sets}
        same = all(item is before.get(key, now) for key, item in now.items())
        return same and list(now) == list(before)
    if not _is_frame(value) or not _has_columns(value, use):
        return False
    marks = _other_columns(value, use)
    return marks is not None and list(marks.items()) == list(before.items())


def _looked_up(recorder: Recorder, entry: Entry, names: Collection[str]) -> set[str]:
    """Return the names that code other than the cell's own text may have looked up."""
    found = facts.started_globals(entry.extra["started"])
    for name in names:
        if not recorder.watch.active:
            found |= facts.started_globals(held_code(recorder.namespace.get(name)))
        version = recorder.state.get("var:" + name)
        if version is not None:
            found.update(version.refs, version.needs)
    return found


def set_parts(recorder: Recorder, entry: Entry, run: str, versions: dict[str, Version]) -> None:
    """Say of each version of which the run only set parts, which these are and what they are digests of.

    A part that was set to an equal value was still made by this run.
    """
    sets: Mapping[str, PartUse] = entry.extra["sets"]
    for name, use in sets.items():
        before, live = recorder.state["var:" + name], recorder.live.versions.get(name)
        version = versions.get(name)
        if version is not None:
            value = recorder.namespace[name]
            told = not recorder.limits.secret(name, version.kind)
            new = {key: (told and _digest(value, key)) or version.digest for key in use.sets}
        elif live is not None:
            version, new = renew(live, run), {key: before.part(key) for key in use.sets}
        else:
            continue
        parts = {**before.parts, **new}
        versions[name] = msgspec.structs.replace(
            version, sets=use.sets, base=before.run, rest=before.part(""), parts=parts
        )


def _digest(value: Any, key: str) -> str:
    """Return the digest of a dictionary's item where that costs nothing; else empty."""
    if type(value) is not dict or key not in value:
        return ""
    item = value[key]
    if type(item) not in _PLAIN or (isinstance(item, (str, bytes)) and len(item) > _TEXT):
        return ""
    return digest_of("part", type(item).__name__, repr(item))


__all__ = ["look", "read_parts", "set_parts"]
