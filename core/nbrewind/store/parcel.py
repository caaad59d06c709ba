"""Contents on their way from one store to another: small ones in a parcel, large ones as files beside it.

The files are blobs as a store has them, named by their digests, so whoever carries parcels need carry each only once.
Whatever a parcel brings is verified by its digest before it is taken: nothing in it is trusted, and nothing unpickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nbrewind.model import Record
from nbrewind.store.manifest import Manifest, decode_manifest, encode_manifest, piece_of
from nbrewind.store.packed import Row, data_of
from nbrewind.store.store import Store
from nbrewind.store.types import ContentError


class Parcel(Record, frozen=True, kw_only=True):
    """Some contents of one store."""

    manifests: dict[str, bytes] = {}
    """Snapshot to what it consists of."""
    rows: dict[str, tuple[int, bytes]] = {}
    """Digest to codec and bytes, as they are stored."""
    blobs: dict[str, int] = {}
    """Digest to the size of the content; the file that holds it may be shorter."""


def pack(store: Store, snapshots: Iterable[str]) -> Parcel:
    """Pack some contents of ``store``.

    Raises:
        ContentError: one of them is not there.
    """
    parcel = Parcel()
    for snapshot in snapshots:
        manifest = store.contents.manifest(snapshot)
        parcel.manifests[snapshot] = encode_manifest(manifest)
        for piece in manifest.pieces:
            if piece.size and not piece.chunks and piece.digest.hex() not in parcel.rows:
                row = store.contents.packed(piece.digest)
                parcel.rows[piece.digest.hex()] = (row.codec, row.data)
            parcel.blobs.update({digest.hex(): stop - start for digest, start, stop in piece.spans()})
    return parcel


def unpack(store: Store, parcel: Parcel, file_of: Callable[[bytes], Path]) -> int:
    """Take over the contents of a parcel, safely on disk afterwards; return the bytes that this has added.

    ``file_of`` says where the file of a blob lies. What is to be kept is unpacked in ``store.writing()``, which lasts
    until something refers to it.

    Raises:
        ContentError: something is missing, damaged, or not what its name says.
    """
    contents, rows, added = store.contents, dict[bytes, Row](), 0
    manifests = {snapshot: _verified(snapshot, data) for snapshot, data in parcel.manifests.items()}
    for manifest in manifests.values():
        for digest, row, size in _rows(manifest, parcel):
            if digest not in rows and not contents.has_row(digest):
                added += size
            rows[digest] = row
        for piece in manifest.pieces:
            for digest, start, stop in piece.spans():
                added += contents.blobs.take(file_of(digest), digest, stop - start)
    contents.take_over(rows, {snapshot: encode_manifest(manifest) for snapshot, manifest in manifests.items()})
    return added


def _verified(snapshot: str, data: bytes) -> Manifest:
    manifest = decode_manifest(data)
    split = (piece for piece in manifest.pieces if piece.chunks)
    if manifest.id != snapshot or any(piece_of(one.size, list(one.chunks)).digest != one.digest for one in split):
        raise ContentError(f"content {snapshot[:12]} is not what its name says")
    return manifest


def _rows(manifest: Manifest, parcel: Parcel) -> Iterator[tuple[bytes, Row, int]]:
    for piece in manifest.pieces:
        if piece.size and not piece.chunks:
            packed = parcel.rows.get(piece.digest.hex())
            if packed is None:
                raise ContentError(f"content is missing: row {piece.digest.hex()[:12]} of a parcel")
            data_of(Row(*packed), piece, f"row {piece.digest.hex()[:12]} of a parcel")
            yield piece.digest, Row(*packed), piece.size


def carry(source: Store, target: Store, snapshots: Iterable[str]) -> int:
    """Bring contents of one store into another on this machine; return the bytes that this has added. See `unpack`."""
    missing = [snapshot for snapshot in dict.fromkeys(snapshots) if not target.contents.has(snapshot)]
    return unpack(target, pack(source, missing), source.layout.blob) if missing else 0
