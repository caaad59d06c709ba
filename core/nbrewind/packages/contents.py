"""Which contents go into a package, and the parts of which these consist there.

Contents are read a part at a time: once to look for secrets and to name them, and, as they lie in the store, once to
write them. So a package of any size takes little memory, and its files can come in one order, whatever the store's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any

from nbrewind.model import Version
from nbrewind.packages import form
from nbrewind.packages.cleaning import Cleaner
from nbrewind.packages.form import LeftOut, PackageError, Part, Snapshot, sha256, to_json
from nbrewind.store import ContentError, Store
from nbrewind.store.manifest import Manifest
from nbrewind.store.manifest import Part as StoredPart
from nbrewind.store.types import Packed

SLIM_BYTES = 64 * 1024
"""Of a slim package, the largest content that goes along."""
SLIM = "larger than what goes into a slim package"
GONE = "the store has it no more"


class Contents:
    """The contents of a package that is made."""

    def __init__(self, store: Store, cleaner: Cleaner, slim: bool, tell: Callable[[str, float], None]) -> None:
        """Take them from ``store``. ``tell`` is told what is being done, and how much of it is done."""
        self._store, self._cleaner, self._slim, self._tell = store, cleaner, slim, tell
        self._named: dict[bytes, Part] = {}
        self._parts: dict[bytes, tuple[Part, StoredPart]] = {}
        self.included: dict[str, Manifest] = {}
        """By snapshot."""
        self.left_out: list[LeftOut] = []

    def choose(self, needed: dict[str, list[Version]]) -> None:
        """Decide which of the needed contents go along."""
        found: dict[str, tuple[Manifest | None, str]] = {}
        for number, (snapshot, versions) in enumerate(needed.items()):
            self._tell("Looking through contents", number / len(needed))
            manifest = _absent(self._store, snapshot)
            reason = GONE
            if manifest is not None:
                reason = SLIM if self._slim and manifest.size > SLIM_BYTES else self._cleaner.reason(versions)
                self._cleaner.look(manifest, versions, None if reason else self._name)
            found[snapshot] = manifest, reason
        for snapshot, (manifest, reason) in found.items():
            versions = needed[snapshot]
            if manifest is not None and not reason:
                reason = self._cleaner.content(manifest, versions)
            if manifest is None or reason:
                what = ", ".join(sorted({version.key.partition(":")[2] for version in versions})) or "made by a task"
                size = sum(version.bytes for version in versions[:1]) if manifest is None else manifest.size
                self.left_out.append(LeftOut(kind="content", id=snapshot, what=what, bytes=size, reason=reason))
                continue
            self.included[snapshot] = manifest
            for part in manifest.parts():
                self._parts[part.digest] = self._named[part.digest], part

    def _name(self, part: StoredPart, data: bytes, packed: Packed | None) -> None:
        if part.digest not in self._named:
            digest, length = sha256(data if packed is None else packed.data), 0 if packed is None else len(packed.data)
            self._named[part.digest] = Part(blake3=part.digest.hex(), sha256=digest, bytes=part.size, packed=length)

    @property
    def size(self) -> int:
        """Bytes of all contents, before parts that they share count once."""
        return sum(one.size for one in self.included.values())

    def parts(self) -> list[Part]:
        """Return all parts, sorted by name."""
        return sorted((part for part, _ in self._parts.values()), key=lambda one: one.sha256)

    def write_list(self, file: IO[bytes]) -> None:
        """Write what contents consist of."""
        for part in self.parts():
            file.write(to_json(part, indent=None))
        for name, manifest in sorted(self.included.items()):
            pieces = tuple((one.digest.hex(), one.size, tuple(c.hex() for c in one.chunks)) for one in manifest.pieces)
            kind: Any = manifest.kind
            file.write(to_json(Snapshot(id=name, kind=kind, segments=manifest.segments, pieces=pieces), indent=None))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the names of the parts' files, sorted, and their bytes."""
        parts = (part for _, part in sorted(self._parts.values(), key=lambda one: one[0].sha256))
        for part, data in self._store.contents.each(parts, self._file):
            yield form.BLOBS + self._named[part.digest].sha256, data

    def _file(self, part: StoredPart) -> bytes:
        named = self._named[part.digest]
        if not named.packed:
            return self._store.contents.part(part)
        data = self._store.contents.packed(part).data
        if sha256(data) != named.sha256:
            raise PackageError(f"content {named.blake3[:12]} has changed in the store meanwhile; export it again")
        return data


def _absent(store: Store, snapshot: str) -> Manifest | None:
    """Return what a content consists of; None where the store has it no more."""
    try:
        return store.contents.rows.manifest(snapshot) if store.has(snapshot) else None
    except ContentError:
        return None
