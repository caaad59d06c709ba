"""Values under hidden names, read beside the live ones."""

from __future__ import annotations

from collections.abc import Collection

from .changes import GroupChange
from .limit import OverLimit
from .links import walked
from .live import LiveState, no_collection
from .snapshot import ScanInterrupted


def apart(live: LiveState, names: Collection[str]) -> tuple[list[GroupChange], dict[str, set[str]]]:
    """Read hidden names that share nothing with live ones; return also what the others share with whom.

    Nothing is read where walking the values takes too long. Raise `ScanInterrupted` on an interrupt.
    """
    live.limit.start()
    hidden, found = set(names), []
    shared: dict[str, set[str]] = {}
    try:
        with no_collection():
            others = live.names()
            definitions = live.defined(others)
            walker = walked([*others, *names], live.bound, definitions, live.limit)
            for group in walker.groups():
                theirs = hidden.intersection(group.members)
                if theirs and len(theirs) < len(group.members):
                    shared |= dict.fromkeys(theirs, set(group.members) - theirs)
                elif theirs and (change := live.read_group(group, None, "", definitions, walker)) is not None:
                    found.append(change)
    except OverLimit:
        return [], {}
    except KeyboardInterrupt:
        raise ScanInterrupted("interrupted while values were being read") from None
    return found, shared
