"""Contents on their way from one store to another: small ones in a parcel, large ones as files beside it.

The files are blobs as a store has them, named by their digests, so whoever carries parcels need carry each only once.
Whatever a parcel brings is verified by its digest before it is taken: nothing in it is trusted, and nothing unpickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from nbrewind.model import Record
from nbrewind.store.manifest import Manifest, Part, decode_manifest, encode_manifest
from nbrewind.store.small import Row, data_of
from nbrewind.store.store import Store
from nbrewind.store.types import MissingError


class Parcel(Record, frozen=True, kw_only=True):
    """Some contents of one store."""

    manifests: tuple[bytes, ...] = ()
    """What each consists of."""
    rows: dict[str, Row] = {}
    """Digest to the row, as it is stored."""
    blobs: tuple[str, ...] = ()
    """Digests of what lies in files."""


def pack(store: Store, snapshots: Iterable[str]) -> Parcel:
    """Pack some contents of ``store``.

    Raises:
        ContentError: one of them is not there.
    """
    manifests = [store.contents.rows.manifest(snapshot) for snapshot in dict.fromkeys(snapshots)]
    parts = dict.fromkeys(part for manifest in manifests for part in manifest.parts())
    return Parcel(
        manifests=tuple(map(encode_manifest, manifests)),
        rows={part.digest.hex(): store.contents.rows.stored(part.digest) for part in parts if part.is_row},
        blobs=tuple(part.digest.hex() for part in parts if not part.is_row),
    )


def unpack(store: Store, parcel: Parcel, file_of: Callable[[bytes], Path]) -> int:
    """Take over the contents of a parcel, safely on disk afterwards; return the bytes that this has added.

    ``file_of`` says where the file of a blob lies. What is to be kept is unpacked in ``store.writing()``, which lasts
    until something refers to it.

    Raises:
        ContentError: something is missing, damaged, or not what its name says.
    """

    def read(part: Part) -> bytes | Path:
        if not part.is_row:
            return file_of(part.digest)
        where = f"row {part.digest.hex()[:12]} of a parcel"
        if part.digest.hex() not in parcel.rows:
            raise MissingError(f"content is missing: {where}")
        return data_of(parcel.rows[part.digest.hex()], part, where)

    return _put(store, map(decode_manifest, parcel.manifests), read)


def carry(source: Store, target: Store, snapshots: Iterable[str]) -> int:
    """Bring contents of one store into another on this machine; return the bytes that this has added. See `unpack`."""
    missing = [snapshot for snapshot in dict.fromkeys(snapshots) if not target.contents.has(snapshot)]

    def read(part: Part) -> bytes | Path:
        return source.contents.part(part) if part.is_row else source.layout.blob(part.digest)

    return _put(target, map(source.contents.rows.manifest, missing), read) if missing else 0


def _put(store: Store, manifests: Iterable[Manifest], read: Callable[[Part], bytes | Path]) -> int:
    added = sum(store.contents.put_parts(manifest, read).added for manifest in manifests)
    store.sync()
    return added
