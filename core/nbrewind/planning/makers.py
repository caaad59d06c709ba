"""Which runs made what an input saw."""

from __future__ import annotations

from nbrewind.model import Input, Run
from nbrewind.planning.notebook import Records


def makers(entry: Input, records: Records) -> list[str]:
    """Return the runs that made what a run read under one key, newest first.

    Usually that is one. Where the parts of a value were set one by one, it is every run that set one of those that were
    read, and for parts that none of them set the run that made the value. Where a run let one name of a group go, it
    made a new version of the others and need not have read any: whoever made the version before counts too.
    """
    found: list[str] = []
    left = None if entry.parts is None else set(entry.parts)
    covered: set[str] = set()
    passed: set[str] = set()
    run = entry.run
    while run and run not in passed and (left is None or left):
        passed.add(run)
        made = records.run(run)
        version = made.written(entry.key) if made is not None else None
        if version is not None and version.sets:
            new = set(version.sets) - covered
            if new if left is None else new & left:
                found.append(run)
            covered |= new
            left = None if left is None else left - new
            run = version.base
        elif found and left is None and covered:
            break  # who set the parts needed the value
        else:
            found.append(run)
            run = _before(made, entry.key, records)
    return found


def _before(run: Run | None, key: str, records: Records) -> str:
    """Return the run that made the value which ``run`` only took out of a group, or left in one of fewer names."""
    inputs = run.inputs if run is not None else ()
    kept = next((entry for entry in inputs if entry.kept and entry.key == key), None)
    maker = records.run(kept.run) if kept is not None else None
    before = maker.written(key) if maker is not None else None
    members = before.members if before is not None else ()
    if kept is None or any(not other.kept and other.key.removeprefix("var:") in members for other in inputs):
        return ""
    return kept.run
