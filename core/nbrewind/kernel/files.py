"""A run's file effects become inputs and versions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from nbrewind.kernel.effects import EffectLog, Mark, mark_of
from nbrewind.model import ABSENT, Effect, Version, new_id
from nbrewind.planning.outside import folder_digest, path_key, shape_of
from nbrewind.state.files import Digests
from nbrewind.store import Store, StoreError

MAX_FILE = 64 << 20
"""Bytes of a written file that are still kept in the store."""


@dataclass
class FileFacts:
    """What a run read and wrote in files."""

    inputs: dict[str, str] = field(default_factory=dict)
    """Key to the digest that the run saw."""
    writes: list[Version] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    """Keys of the folders that came or went, and of those in which files did."""
    open: dict[str, Mark | None] = field(default_factory=dict)
    """Files that are still open for writing, with their marks."""
    added: int = 0
    """Bytes that keeping the files added to the store."""


def conclude(
    log: EffectLog,
    digests: Digests,
    store: Store,
    run: str,
    state: Mapping[str, Version],
) -> FileFacts:
    """Judge the effects of the ended run ``run``, whose state before was ``state``; keep the files that it wrote."""
    log.compare()
    facts = FileFacts(unknown=list(log.doubts()))
    _reads(log, digests, facts)
    for path, digest in log.met.items():
        facts.inputs.setdefault(path_key(path, log.folder), digest)
    _probes(log, digests, facts)
    for path, digest in log.listings.items():
        facts.inputs[path_key(path, log.folder, "dir")] = digest
    for path in log.written:
        _write(path, log, digests, store, run, facts)
    for path in log.removed:
        key = path_key(path, log.folder)
        if not os.path.lexists(path) and (log.before.get(path, ABSENT) != ABSENT or key in state):
            facts.removed.append(key)
    new = [version.key for version in facts.writes if version.key not in state]
    facts.folders = {"dir:" + os.path.dirname(key.removeprefix("file:")) for key in (*new, *facts.removed)}
    facts.folders |= {path_key(path, log.folder) for path in log.folders}
    left = [path for path in log.temporary if os.path.lexists(path)]
    facts.unknown += [f"it makes {os.path.basename(path)}, which is temporary and not brought back" for path in left]
    _still_open(log, facts)
    for path in log.shaped:
        log.add("file", os.path.relpath(path, log.folder), shape_of(path))
    facts.effects = list(log.effects.values())
    return facts


def _reads(log: EffectLog, digests: Digests, facts: FileFacts) -> None:
    for path, digest in log.before.items():
        if path in log.written or path in log.reads or path in log.removed:
            facts.inputs[path_key(path, log.folder)] = digest
    for path, mark in log.reads.items():
        key = path_key(path, log.folder)
        if key in facts.inputs:
            continue
        if mark is None:
            facts.inputs[key] = ABSENT
            continue
        if mark_of(path) != mark and path not in log.written:
            facts.unknown.append(f"{key[5:]} changed while it was read")
        facts.inputs[key] = digests(path)


def _probes(log: EffectLog, digests: Digests, facts: FileFacts) -> None:
    log.ask()
    if not all(text for text, _ in log.probes):
        facts.unknown.append("it asks for a file that can't be told")
    for path, asked in log.asked.items():
        key = path_key(path, log.folder)
        facts.unknown += [f"it asks for the {word} of {key[5:]}" for word in sorted(asked - {"exists"})]
        if "exists" not in asked:
            continue
        if path in log.found:
            kind, digest = log.found[path]
            facts.inputs.setdefault(path_key(path, log.folder, kind), digest)
        elif path in log.written:
            facts.unknown.append(f"it asks for {key[5:]}, which changed meanwhile")
        elif os.path.isdir(path):
            listing = log.listings.get(path) or folder_digest(path)
            facts.inputs.setdefault(path_key(path, log.folder, "dir"), listing)
        else:
            facts.inputs.setdefault(key, log.before.get(path) or digests(path))


def _write(path: str, log: EffectLog, digests: Digests, store: Store, run: str, facts: FileFacts) -> None:
    mark = mark_of(path)
    key = path_key(path, log.folder)
    if mark is None or os.path.isdir(path):
        return  # made and removed again by the same run
    if log.before.get(path) == digests(path) and path not in log.reads:
        return  # opened for writing, and left as it was
    size, snapshot, reason = mark[0], "", ""
    if size > MAX_FILE:
        reason = f"the file is larger than {MAX_FILE >> 20} MiB"
    else:
        try:
            stored = store.put_file(path)
            snapshot, facts.added = stored.id, facts.added + stored.added
        except (OSError, StoreError) as error:
            reason = f"the file could not be kept: {error}"
    facts.writes.append(
        Version(
            id=new_id(), key=key, run=run, digest=digests(path), kind="file", loadable=not reason, reason=reason,
            snapshot=snapshot, bytes=size,
        )
    )  # fmt: skip


def handles() -> Iterator[tuple[int, str]]:
    """Yield the handles that this process has open, each with the path; none where the system does not tell."""
    try:
        found = os.listdir("/proc/self/fd")
    except OSError:
        return
    for handle in found:
        try:
            yield int(handle), os.readlink(f"/proc/self/fd/{handle}")
        except OSError:
            continue


def _still_open(log: EffectLog, facts: FileFacts) -> None:
    watched = {*log.written, *log.open}
    if not watched:
        return
    for _, target in handles():
        if target in watched:
            facts.open[target] = mark_of(target)
            facts.unknown.append(f"{path_key(target, log.folder)[5:]} is still open for writing")
