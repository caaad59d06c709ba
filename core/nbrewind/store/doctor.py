"""Checks a whole store, and mends it: ``nbrewind doctor``.

A crash at any point leaves nothing that is found here, except ``leftover`` findings, which are harmless and also go by
themselves: half-written blobs and traces without a run, both once they are old enough to belong to nobody. Checkpoints
that were never saved, and contents that nothing refers to, are no damage.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nbrewind.store import task_doctor
from nbrewind.store.layout import BLOB_MODE, DATABASE_MODE, DIRECTORY_MODE, mode_of
from nbrewind.store.task_logs import examine_logs
from nbrewind.store.traces import GRACE_SECONDS, Trace
from nbrewind.store.types import ContentError, Finding, MissingError, StoreError

if TYPE_CHECKING:
    from nbrewind.store.database import Database
    from nbrewind.store.notebook import Notebook
    from nbrewind.store.store import Store

SETTLE_SECONDS = 0.2
"""Another process may be between the two commits of a run; what differs for longer than this is a finding."""


def examine(store: Store, *, repair: bool = False, deep: bool = False) -> list[Finding]:
    """Return what is wrong with a store; see ``Store.doctor``."""
    store.contents.rows.write()
    with contextlib.suppress(StoreError):
        store.tasks.commit()
    findings = [*_permissions(store, repair), *_database(store.database)]
    if any(finding.kind == "database" for finding in findings):
        return findings  # nothing else can be told from damaged tables
    known: dict[str, ContentError | None] = {}
    listed = set()
    for entry in store.registry.all():
        listed.add(store.layout.index(entry.id))
        try:
            notebook = store.open_notebook(entry)
        except StoreError as error:
            findings.append(_unusable(store, entry.id, str(error), repair))
            continue
        damage = list(_database(notebook.database))
        findings += damage
        if not damage:
            findings += _traces(store, notebook, repair)
            findings += _contents(store, notebook, known, repair=repair, deep=deep)
            findings += examine_logs(notebook, repair=repair)
    findings += _tasks(store, known, repair=repair, deep=deep)
    findings += _leftovers(store, listed, repair)
    return findings


def _permissions(store: Store, repair: bool) -> Iterator[Finding]:
    place = store.layout
    wanted = [(folder, DIRECTORY_MODE) for folder in (place.directory, place.notebooks, place.blobs, place.temporary)]
    wanted += [
        (path, DATABASE_MODE)
        for path in (place.lease, *place.directory.glob("*.sqlite*"), *place.notebooks.glob("*.sqlite*"))
    ]
    for path, mode in wanted:
        found = mode_of(path)
        if found is not None and found & ~mode:
            fixed = repair and _chmod(path, mode)
            yield Finding(
                kind="permissions",
                where=str(path),
                what=f"others can use it: mode {found:o}, not {mode:o}",
                fixed=fixed,
            )
    wrong = [path for path in place.blobs.glob("*/*") if mode_of(path) not in (BLOB_MODE, None)]
    if wrong:
        changed = [_chmod(path, BLOB_MODE) for path in wrong] if repair else [False]
        yield Finding(
            kind="permissions",
            where=str(wrong[0]),
            what=f"{len(wrong)} blobs can be changed, or read by others: mode not {BLOB_MODE:o}",
            fixed=all(changed),
        )


def _chmod(path: Path, mode: int) -> bool:
    try:
        path.chmod(mode)
    except OSError:
        return False
    return True


def _database(database: Database) -> Iterator[Finding]:
    try:
        problems = [str(row[0]) for row in database.read("PRAGMA integrity_check(5)") if row[0] != "ok"]
        problems += [f"row without its parent in {row[0]}" for row in database.read("PRAGMA foreign_key_check")]
    except StoreError as error:
        problems = [str(error)]
    if problems:
        yield Finding(
            kind="database",
            where=str(database.path),
            what=f"damaged ({'; '.join(problems[:3])}); restore it from a backup, or remove it and lose its history",
        )


def _unusable(store: Store, notebook: str, why: str, repair: bool) -> Finding:
    runs = [run for run, (answerable, _) in store.traces.of(notebook).items() if answerable]
    if repair:
        store.traces.set_answerable(runs, False)
    consequence = f"its {len(runs)} runs must not answer" if runs else "none of its runs answers"
    return Finding(
        kind="database",
        where=str(store.layout.index(notebook)),
        what=f"{why}; {consequence}",
        fixed=repair and not runs,
    )


def _traces(store: Store, notebook: Notebook, repair: bool) -> Iterator[Finding]:
    if not notebook.agreement.holds():
        time.sleep(SETTLE_SECONDS)
    if notebook.agreement.holds():
        return
    unlike, truth, traces = _unlike(store, notebook)
    if unlike:  # of a run that is being recorded, one may have been read before it changed, and the other after
        time.sleep(SETTLE_SECONDS)
        again, truth, traces = _unlike(store, notebook)
        unlike &= again
    missing = sum(run not in traces for run in truth)
    differing = len(unlike)
    extra = sum(run not in truth and trace.recorded < time.time() - GRACE_SECONDS for run, trace in traces.items())
    if repair:
        notebook.agreement.restore()
    where = str(notebook.database.path)
    if missing:
        yield Finding(
            kind="trace", where=where, what=f"{missing} runs have no trace, so they can't answer", fixed=repair
        )
    if differing:
        yield Finding(kind="trace", where=where, what=f"{differing} traces differ from the index", fixed=repair)
    if extra:
        yield Finding(
            kind="leftover", where=where, what=f"{extra} traces of runs that were never recorded", fixed=repair
        )


def _unlike(store: Store, notebook: Notebook) -> tuple[set[tuple[str, bool]], dict[str, bool], dict[str, Trace]]:
    """Return the runs whose trace and index differ, with what the index says; and all of both."""
    truth = notebook.agreement.truth()
    traces = store.traces.of(notebook.id)  # in this order: somebody may be recording, and a trace comes before its run
    unlike = {(run, told) for run, told in truth.items() if run in traces and traces[run].answerable != told}
    return unlike, truth, traces


def _contents(
    store: Store, notebook: Notebook, known: dict[str, ContentError | None], *, repair: bool, deep: bool
) -> Iterator[Finding]:
    broken: dict[str, str] = {}
    snapshots: set[str] = set()
    for checkpoint, version in notebook.saved_versions():
        if not version.snapshot:
            continue
        if version.snapshot not in known:
            known[version.snapshot] = _check(store, version.snapshot, deep)
        error = known[version.snapshot]
        if error:
            broken[version.id] = str(error)
            snapshots.add(version.snapshot)
            yield Finding(
                kind="missing" if isinstance(error, MissingError) else "damaged",
                where=f"{notebook.path}, checkpoint {checkpoint}, {version.key}",
                what=str(error),
                fixed=repair,
            )
    if broken and repair:
        notebook.mark_damaged(broken)
        for snapshot in snapshots:
            with contextlib.suppress(ContentError):  # without its manifest nothing of it is known
                store.contents.discard_damaged(snapshot)


def _tasks(store: Store, known: dict[str, ContentError | None], *, repair: bool, deep: bool) -> Iterator[Finding]:
    def check(snapshot: str) -> ContentError | None:
        if snapshot not in known:
            known[snapshot] = _check(store, snapshot, deep)
        error = known[snapshot]
        if error is not None and repair:
            with contextlib.suppress(ContentError):
                store.contents.discard_damaged(snapshot)
        return error

    yield from task_doctor.examine(store, check, repair=repair)


def _check(store: Store, snapshot: str, deep: bool) -> ContentError | None:
    """Return what is wrong with a snapshot, if anything is."""
    try:
        store.contents.rows.manifest(snapshot)
        if deep or not store.contents.has(snapshot):
            store.contents.verify(snapshot)
    except ContentError as error:
        return error
    return None


def _leftovers(store: Store, listed: set[Path], repair: bool) -> Iterator[Finding]:
    for path in store.contents.blobs.leftovers():
        yield Finding(kind="leftover", where=str(path), what="a blob left half written", fixed=repair)
    if repair:
        store.contents.blobs.clean()
    for path in sorted(set(store.layout.notebooks.glob("*.sqlite")) - listed):
        yield Finding(kind="leftover", where=str(path), what="the index of no known notebook; it can be removed")
