"""One group read: its content and digests, and what is told of it; or why it was not read to its end."""

from __future__ import annotations

import builtins
import weakref
from collections.abc import Mapping
from typing import Any

import msgspec

from nbrewind.analysis.tables import OPAQUE_GLOBALS
from nbrewind.model import Version, once
from nbrewind.store.types import Content

from . import describe
from .changes import Baseline, GroupChange
from .code import ANY, MAGIC
from .definitions import Scope
from .digest import Fingerprint, content_digest, member_digest
from .kinds import is_tracked, module_of, root_of
from .links import Group
from .lookups import looked_up
from .snapshot import Snapshotter
from .space import home_of


def read(
    group: Group,
    pickler: Snapshotter,
    namespace: Mapping[str, Any],
    chunks: dict[bytes, bytes],
    base: Baseline | None = None,
) -> GroupChange | None:
    """Read a group; return it as a change, or None if it equals *base*. Raise `OverLimit` if it takes too much.

    *chunks*: see `content_digest`.
    """
    members = group.members
    values, home = [namespace.get(name) for name in members], home_of(namespace)
    reason = group.problem or pickler.save(tuple(Scope("") if value is home else value for value in values))
    if any(value is home for value in values):
        pickler.refs.add(ANY)
    stream: bytes | memoryview = b""
    fingerprint = None
    views: list[memoryview] = []
    content = None
    digest, parts = "", tuple[bytes, ...]()
    if not reason:
        stream = pickler.file.getvalue()
        views = [buffer.raw() for buffer in pickler.buffers]
        if pickler.exact:
            fingerprint = Fingerprint(stream, views, pickler.limit)
            if base is not None and base.fingerprint == fingerprint:
                return None
            digest, parts = content_digest(stream, views, fingerprint, chunks, pickler.limit)
        side = msgspec.msgpack.encode([1, MAGIC, pickler.places, pickler.lines]) if pickler.places else b""
        content = Content(stream, list(views), side, parts)
        pickler.limit.keep()
    size = len(stream) + sum(len(view) for view in views)
    share, rest = divmod(size, len(members))
    needs = {
        name: tuple(sorted({*group.needs.get(name, ()), *(pickler.needs if not reason else ())})) for name in members
    }
    if reason:  # what could not be saved was not looked at to its end
        pickler.refs.update(looked_up(values, home))
    known = pickler.refs & OPAQUE_GLOBALS
    refs = tuple(sorted(known.union(n for n in pickler.refs if n in namespace or not hasattr(builtins, n))))
    return GroupChange(
        members=members,
        digest={name: digest if len(members) == 1 or not digest else member_digest(digest, name) for name in members},
        content=content,
        loadable=content is not None,
        reason=reason,
        refs=dict.fromkeys(members, refs),
        needs=needs,
        packages={name: tuple(sorted(pickler.packages)) for name in members},
        kind={name: describe.kind(value) for name, value in zip(members, values, strict=True)},
        preview={name: describe.preview(value) for name, value in zip(members, values, strict=True)},
        fixed={name: describe.fixed(value) for name, value in zip(members, values, strict=True)},
        bytes={name: share + (rest if index == 0 else 0) for index, name in enumerate(members)},
        baseline=_baseline(
            values,
            fingerprint,
            plain=pickler.plain and len(members) == 1 and fingerprint is not None and not fingerprint.small,
        ),
    )


def unread(
    group: Group, namespace: Mapping[str, Any], known: Mapping[str, Version], *, walked: bool = True
) -> GroupChange:
    """Return a group that is not read to its end, for the reason in ``group.problem``: a value that equals nothing.

    *known*: the versions that the names had. What these referred to they may still refer to.
    """
    members = group.members
    values = [namespace.get(name) for name in members]
    before = [known[name] for name in members if name in known]
    packages = {root_of(module_of(type(value))) for value in values}
    packages = {name for name in packages if is_tracked(name) and name != "__main__"}
    refs = tuple(sorted({name for version in before for name in version.refs}))
    needs = {name for version in before for name in version.needs}.difference(members)
    return GroupChange(
        members=members,
        digest={name: once() for name in members},
        content=None,
        loadable=False,
        reason=group.problem,
        refs=dict.fromkeys(members, refs),
        needs={name: tuple(sorted({*group.needs.get(name, ()), *needs})) for name in members},
        packages=dict.fromkeys(members, tuple(sorted(packages.union(*(version.packages for version in before))))),
        kind={name: describe.kind(value) for name, value in zip(members, values, strict=True)},
        preview={name: describe.preview(value) for name, value in zip(members, values, strict=True)},
        fixed=dict.fromkeys(members, False),
        bytes=dict.fromkeys(members, 0),
        baseline=_baseline(values, None, group.problem, walked),
    )


def _baseline(
    values: list[Any], fingerprint: Fingerprint | None, limit: str = "", walked: bool = True, plain: bool = False
) -> Baseline:
    ids, weak = tuple(map(id, values)), tuple(map(_weak, values))
    return Baseline(ids, weak, fingerprint, limit, walked, plain)


def _weak(value: object) -> weakref.ref[object] | None:
    # An array with a weak reference to it can't be resized.
    if any(base.__name__ == "ndarray" for base in type(value).__mro__):
        return None
    try:
        return weakref.ref(value)
    except TypeError:
        return None
