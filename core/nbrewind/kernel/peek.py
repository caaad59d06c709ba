"""The first lines of a value as it was at a checkpoint: loaded beside the namespace, and dropped at once."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from nbrewind.kernel.head import belonging, variables
from nbrewind.kernel.log import quiet
from nbrewind.kernel.rewind import load_all
from nbrewind.store import StoreError

if TYPE_CHECKING:
    from nbrewind.kernel.recorder import Recorder

MAX_TEXT = 2000
"""Characters of text at most."""
MAX_BYTES = 200_000_000
"""Bytes of content at most: larger values are only described."""
LINES = 6
PLAIN = (bool, bytes, complex, dict, float, frozenset, int, list, set, str, tuple, type(None))


def look(recorder: Recorder, checkpoint: str, name: str) -> tuple[str, str]:
    """Return a text of a value, or why there is none. No code of the user's own classes is called to show it."""
    try:
        known = variables(recorder.notebook.state(checkpoint))
    except StoreError as error:
        return "", str(error)
    version = known.get(name)
    if version is None:
        return "", f"{name} did not exist there"
    words = " ".join(part for part in (version.kind, version.preview) if part)
    live = recorder.live.versions.get(name)
    bound = name in recorder.live.bound and not {name, *version.members} & (recorder.virtual | recorder.live.deferred)
    if live is not None and live.id == version.id and bound:
        return _text(recorder.live.bound[name], words), ""
    if not version.loadable:
        return "", version.reason or "it can't be loaded"
    wanted = {other: known[other] for other in belonging([name], known)}
    if sum(other.bytes for other in wanted.values()) > MAX_BYTES:
        return words, ""
    loaded, lost = load_all(recorder, wanted)
    if name not in loaded.values:
        return "", lost.get(name, "it can't be loaded")
    return _text(loaded.values[name], words), ""


def _text(value: Any, words: str) -> str:
    try:
        found = _shown(value)
    except Exception as error:
        quiet("showing a value", error)
        found = ""
    return (found or words)[:MAX_TEXT]


def _shown(value: Any) -> str:
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if package == "pandas" and hasattr(value, "head") and hasattr(value, "to_string"):
        return str(
            value.head(LINES).to_string(max_rows=LINES, **({"max_cols": 8} if hasattr(value, "columns") else {}))
        )
    if package == "numpy" and kind.__name__ == "ndarray" and value.dtype.kind in "biufcSUmM":
        return repr(value[:LINES] if value.ndim else value)
    if kind in PLAIN:
        short = reprlib.Repr()
        short.maxstring = short.maxother = short.maxlong = 300
        short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxdict = 20
        return short.repr(value) if _is_plain(value, 4) else ""
    return ""


def _is_plain(value: Any, depth: int) -> bool:
    """Whether a value holds nothing but plain values, as far as it is shown."""
    if type(value) not in PLAIN or depth == 0:
        return type(value) in PLAIN
    parts = [*value.keys(), *value.values()] if type(value) is dict else value
    if type(value) in (dict, list, tuple, set, frozenset):
        return len(parts) < 10_000 and all(_is_plain(part, depth - 1) for part in parts)
    return True
