"""Files from outside that cells which run need, and that are gone: said before anything runs.

A plan is only held up where a full run would fail as well: nothing that runs before the cell may make the file, and the
cell is known to read it again. Where that can't be told, the cell runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from nbrewind.model import ABSENT, Run
from nbrewind.planning.match import Meeting, Outside
from nbrewind.planning.notebook import Records, SourceCell
from nbrewind.planning.policies import Policies
from nbrewind.planning.simulate import Judgement, recorded_runs, simulate
from nbrewind.planning.trace import LOCAL

FILE, FOLDER = "file:", "dir:"
TESTS = re.compile(r"\b(except|l?exists|is_?file|access|l?stat)\b")
"""What code has in it that may do well without a file."""


def gone(
    cells: Sequence[SourceCell], running: Collection[str], records: Records, outside: Outside, policies: Policies
) -> list[str]:
    """Return a sentence for each file that is gone and without which a cell can't run.

    ``running``: ids of the cells that will run, of those given in notebook order.
    """
    if policies.missing == "run":
        return []
    absent = _absent(cells, running, records, outside)
    found: list[str] = []
    if not absent:
        return found
    texts = {cell.id: cell.source for cell in cells}
    doubtful: list[str] = []
    """Texts of cells that will run and were never recorded so: each may make a file that it names."""
    for judged in simulate(cells, records, outside, policies=policies):
        cell = judged.cell
        if not cell.active:
            continue
        if cell.id not in running:
            if judged.answered is not None:
                absent.difference_update(version.key for version in judged.answered.writes)
            continue
        told = recorded_runs(cell, records)
        if any(run.unknown or any(effect.kind == "process" for effect in run.effects) for run in told):
            return found  # whatever is gone may be made by it
        own = records.last_run_of(cell.id, cell.analysis.code)
        if own is None:
            doubtful.append(cell.source)
        else:
            found += [
                _sentence(cell, key, own, records)
                for key in sorted(absent.intersection(_read(own)))
                if not _named(key, doubtful) and _needs(judged, own, key, texts, records, outside, policies)
            ]
        absent.difference_update(version.key for run in told for version in run.writes)
    return found


def _absent(cells: Iterable[SourceCell], running: Collection[str], records: Records, outside: Outside) -> set[str]:
    """Return the keys of the files that cells which run have read, and that are gone."""
    runs = (records.last_run_of(cell.id, cell.analysis.code) for cell in cells if cell.id in running)
    keys = {key for run in runs if run is not None for key in _read(run)}
    return {key for key in keys if outside.digest(key) == ABSENT}


def _read(run: Run) -> list[str]:
    """Return the keys of files of which a run read the content, and that no run made."""
    return [
        entry.key
        for entry in run.inputs
        if entry.key.startswith(FILE) and not entry.run and not entry.implicit and entry.digest.startswith("b3:")
    ]


def _needs(
    judged: Judgement,
    own: Run,
    key: str,
    texts: Mapping[str, str],
    records: Records,
    outside: Outside,
    policies: Policies,
) -> bool:
    """Whether the cell will read the file again: its text names it, or it meets all else as when it read it.

    Not so where a run of it is recorded that did well without the file, or that looked which files there are; nor where
    it, or code that it uses, looks like that; nor where it may raise.
    """
    cell = judged.cell
    if cell.may_raise:
        return False
    used = {records.producer(entry.run) for entry in own.inputs if entry.key.startswith("var:")}
    if any(TESTS.search(text) for name, text in texts.items() if name in (cell.id, *used)):
        return False
    for run in (own, *records.candidates(cell.analysis.code)):
        for entry in run.inputs:
            if entry.key.startswith(LOCAL) or (entry.key == key and entry.digest == ABSENT):
                return False
            if entry.key.startswith(FOLDER) and _lies_in(key, entry.key):
                return False
    if _named(key, [cell.source]):
        return True
    here = Meeting(cell.analysis, cell.digest, judged.before, outside, policies)
    rest = (entry for entry in own.inputs if not entry.key.startswith(FILE))
    return not here.doubted and not any(here.differs_in(entry) for entry in rest)


def _lies_in(file: str, folder: str) -> bool:
    name, above = file.removeprefix(FILE), folder.removeprefix(FOLDER)
    return name.startswith(above.rstrip(os.sep) + os.sep) if above else not os.path.isabs(name)


def _named(key: str, texts: Iterable[str]) -> bool:
    name = os.path.basename(key.removeprefix(FILE))
    return any(name in text for text in texts)


def _sentence(cell: SourceCell, key: str, own: Run, records: Records) -> str:
    digest = next(entry.digest for entry in own.inputs if entry.key == key)
    source = _source(key, digest, records)
    return (
        f"{cell.label} reads {key.removeprefix(FILE)}, which is gone: put it back (its content was {digest}{source}), "
        "or let the cell run without it: policy missing=run"
    )


def _source(key: str, digest: str, records: Records) -> str:
    """Say from where the file was fetched, where the run that did it is recorded."""
    for run in records.writers(key):
        version = run.written(key)
        places = [effect.subject for effect in run.effects if effect.kind == "network" and "://" in effect.subject]
        if version is not None and version.digest == digest and places:
            return f", from {places[-1]}"
    return ""
