"""Changes of live values become versions, their contents go to the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbrewind.kernel.log import quiet
from nbrewind.model import Version, new_id, once
from nbrewind.planning.trace import IMPORT, LOCAL, digest_of
from nbrewind.state.secret_names import PLAIN, is_secret_name
from nbrewind.store import Content, Store, StoreError


@dataclass
class Written:
    """The versions that a run made."""

    versions: dict[str, Version] = field(default_factory=dict)
    """Variables, by name."""
    ambient: dict[str, Version] = field(default_factory=dict)
    """Interpreter state, by key."""
    modules: list[Version] = field(default_factory=list)
    """What modules hold that can't be brought back, and the imports of submodules."""
    added: int = 0
    """Bytes that their contents added to the store."""
    failed: str = ""
    """Why contents could not be stored; empty if all could."""

    def all(self) -> list[Version]:
        """Return all versions."""
        return [*self.versions.values(), *self.ambient.values(), *self.modules]


@dataclass
class Limits:
    """What is not stored of values."""

    most: float
    """How many bytes one value's content may take; of a larger one the digest is known: it stays as fresh as it is."""
    never: Collection[str] = ()
    """Variables of which the notebook's user says that they are never recorded."""

    def secret(self, name: str, kind: str) -> str:
        """Return why a variable is kept live only, in words; empty if it is not."""
        if name in self.never:
            return "the notebook's settings say that it is never recorded"
        if kind not in PLAIN and is_secret_name(name):
            return "its name says that it is secret: it is kept in this kernel only, and not recorded"
        return ""


def write_changes(
    changes: Any, run: str, store: Store, derive: Callable[[str], str], written: Written, limits: Limits
) -> None:
    """Make versions of changed groups (`nbrewind.state.Changes`). ``derive`` gives the digest of a key without one.

    Of what is secret, and of what shares with it, nothing is stored, no digest either: it could be guessed from that.
    """
    for group in changes.groups:
        snapshot, loadable, reason = "", group.loadable, group.reason
        secret = next(filter(None, (limits.secret(name, group.kind.get(name, "")) for name in group.members)), "")
        if group.content is not None:
            size = sum(group.bytes.values())
            if secret:
                failure = secret
            elif size <= limits.most:
                snapshot, failure = _put(group.content, store, written)
            else:
                failure = f"it takes {size:,} bytes, and one value may take {limits.most:,.0f} (NBREWIND_VALUE_BYTES)"
            group.content = None  # it held views of the user's memory
            if failure:
                loadable, reason = False, failure
        for name in group.members:
            key = "var:" + name
            written.versions[name] = Version(
                id=new_id(),
                key=key,
                run=run,
                digest=(not secret and group.digest.get(name)) or derive(key),
                kind=group.kind.get(name, ""),
                preview="" if secret else group.preview.get(name, ""),
                fixed=group.fixed.get(name, False),
                loadable=loadable,
                reason=reason,
                snapshot=snapshot,
                members=group.members,
                refs=group.refs.get(name, ()),
                needs=group.needs.get(name, ()),
                packages=group.packages.get(name, ()),
                bytes=group.bytes.get(name, 0),
            )


def write_ambient(
    changes: Mapping[str, Any], run: str, store: Store, derive: Callable[[str], str], written: Written
) -> None:
    """Make versions of changed interpreter state (`nbrewind.state.AmbientChange` by key)."""
    for key, change in changes.items():
        snapshot, failure = "", ""
        if key.startswith("env:") and is_secret_name(key[4:]):
            failure = "its name says that it is secret: its value is not recorded"
        elif change.content is not None:
            snapshot, failure = _put(Content(change.content, [], b""), store, written)
        written.ambient[key] = Version(
            id=new_id(),
            key=key,
            run=run,
            digest=change.digest or derive(key),
            kind="setting",
            loadable=not failure,
            reason=failure,
            snapshot=snapshot,
            bytes=len(change.content or b""),
        )


def write_modules(modules: Iterable[str], run: str, derive: Callable[[str], str], written: Written) -> None:
    """Make versions of what modules hold since the run changed something there: known by how it was made, not kept."""
    for name in modules:
        key, reason = f"module:{name}", f"what is in module {name} is not recorded"
        version = Version(id=new_id(), key=key, run=run, digest=derive(key), loadable=False, reason=reason)
        written.modules.append(version)


def write_imports(names: Iterable[str], run: str, written: Written) -> None:
    """Make versions that say that the run has imported submodules."""
    for name in sorted(names):
        version = Version(id=new_id(), key=IMPORT + name, run=run, digest=digest_of(name), kind="import")
        written.modules.append(version)


def write_own_modules(names: Iterable[str], run: str, written: Written, *, only: bool = False) -> None:
    """Make versions that say that the run has loaded modules of the user's own; ``only``: and did nothing with them."""
    for name in sorted(names):
        reason = "" if only else "the run that loaded it may have changed what it holds"
        version = Version(
            id=new_id(), key=LOCAL + name, run=run, digest=digest_of(name), kind="local module", loadable=only,
            reason=reason,
        )  # fmt: skip
        written.modules.append(version)


def _put(content: Content, store: Store, written: Written) -> tuple[str, str]:
    try:
        stored = store.put(content)
    except (StoreError, OSError) as error:
        quiet("storing a value", error)
        written.failed = written.failed or str(error)
        return "", f"its content could not be stored: {error}"
    written.added += stored.added
    return stored.id, ""


def lost_versions(names: Iterable[str], run: str, reason: str) -> dict[str, Version]:
    """Make versions of which nothing is known."""
    return {
        name: Version(
            id=new_id(), key="var:" + name, run=run, digest=once(), loadable=False, reason=reason, members=(name,)
        )
        for name in names
    }
