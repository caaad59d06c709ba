"""The checkpoint tree for people: its rows, what differs between two states, the texts at a checkpoint. All pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from nbrewind.model import Checkpoint, HistoryRow, Record, Run, Version
from nbrewind.planning.notebook import title
from nbrewind.planning.trace import LOCAL, is_initial

FindRun = Callable[[str], Run | None]
FindText = Callable[[str], str | None]
SHOWN = ("var:", "file:", "dir:", "ambient:", "env:")
"""Kinds of keys whose changes a difference tells."""


class Change(Record, frozen=True, kw_only=True):
    """One key that differs between two states; None where it does not exist."""

    key: str
    before: Version | None
    after: Version | None


def instant(seconds: float) -> str:
    """Return an RFC 3339 instant in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def history_rows(checkpoints: Iterable[Checkpoint], run: FindRun, text: FindText) -> list[HistoryRow]:
    """Return one row for each checkpoint, in the same order; ``text`` finds a text by its digest."""
    titles: dict[str, str] = {}

    def title_of(source: str) -> str:
        if source not in titles:
            titles[source] = title(text(source) or "")
        return titles[source]

    return [_row(checkpoint, run(checkpoint.run), title_of) for checkpoint in checkpoints]


def _row(checkpoint: Checkpoint, run: Run | None, title_of: Callable[[str], str]) -> HistoryRow:
    def names(made: bool) -> tuple[str, ...]:
        return tuple(
            sorted(
                key[4:]
                for key, to in checkpoint.delta.items()
                if bool(to) is made and key.startswith("var:") and not module_of(key[4:])
            )
        )

    # What a module holds when it has been loaded is no news.
    loaded = {key.removeprefix(LOCAL) for key in checkpoint.delta if key.startswith(LOCAL)}

    def module_of(name: str) -> str:
        return next((module for module in loaded if name.startswith(module + ".")), "")

    source = run.source if run and checkpoint.cell else ""
    return HistoryRow(
        id=checkpoint.id,
        parent=checkpoint.parent or None,
        session=checkpoint.session,
        cell=checkpoint.cell or None,
        run=checkpoint.run or None,
        action=checkpoint.action,
        time=instant(checkpoint.time),
        label=checkpoint.label,
        keep=checkpoint.keep,
        saved=checkpoint.saved,
        lost=checkpoint.lost,
        evicted=checkpoint.evicted,
        bytes=checkpoint.stored,
        seconds=run.seconds if run else 0.0,
        status=run.status if run else "ok",
        written=names(True),
        removed=names(False),
        source=source,
        title=title_of(source) if source else "",
    )


def difference(before: Mapping[str, Version], after: Mapping[str, Version]) -> tuple[list[Change], int]:
    """Return what differs between two states, variables first, and how many variables are equal in both."""
    changes, same = [], 0
    for key in sorted({*before, *after}, key=_order):
        if not key.startswith(SHOWN):
            continue
        old, new = before.get(key), after.get(key)
        if (old is None and is_initial(key, after)) or (new is None and is_initial(key, before)):
            continue  # a module was loaded, or is not any more
        if old is not None and new is not None and _equal(old, new):
            same += key.startswith("var:")
        else:
            changes.append(Change(key=key, before=old, after=new))
    return changes, same


def _order(key: str) -> tuple[int, str]:
    kind, _, name = key.partition(":")
    known = kind + ":"
    return (SHOWN.index(known) if known in SHOWN else len(SHOWN)), name


def _equal(one: Version, other: Version) -> bool:
    return one.id == other.id or (one.digest == other.digest and not one.digest.startswith("once:"))


def in_words(version: Version | None) -> str:
    """Return what a value is: ``DataFrame, 100 x 3``; empty where there is none."""
    return ", ".join(part for part in (version.kind, version.preview) if part) if version is not None else ""


def branch(checkpoints: Iterable[Checkpoint], end: str) -> Iterator[Checkpoint]:
    """Yield the checkpoint ``end`` and those above it, up to where its session began."""
    by_id = {checkpoint.id: checkpoint for checkpoint in checkpoints}
    while (found := by_id.pop(end, None)) is not None:
        yield found
        end = found.parent


def sources_at(checkpoints: Iterable[Checkpoint], end: str, run: FindRun) -> dict[str, str]:
    """Return the cells that ran on the branch that ends at a checkpoint, each with the digest of its last text there.

    In the order in which they ran last.
    """
    found: dict[str, str] = {}
    for checkpoint in branch(checkpoints, end):
        if checkpoint.cell and checkpoint.cell not in found and (ran := run(checkpoint.run)) is not None:
            found[checkpoint.cell] = ran.source
    return dict(reversed(found.items()))
