"""Small contents, and the lists of what larger ones consist of: rows of the database.

A row is compressed where that pays (`compress`), before it is written: SQLite would take longer for what this saves.
Rows wait in memory until a run is recorded, ``sync`` is called, or a megabyte has gathered: a put on the cell's path
costs no transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from blake3 import blake3

from nbrewind.store.database import Connection, Database, Guard
from nbrewind.store.layout import Layout
from nbrewind.store.lease import Lease
from nbrewind.store.manifest import Manifest, Part, Piece, decode_manifest, encode_manifest
from nbrewind.store.types import ContentError, MissingError

PLAIN, ZSTD = 0, 1  # codecs: the bytes as they are; compressed
COMPRESSED_BYTES = 4096  # shorter rows are stored as they are


class Row(NamedTuple):
    """A small content as it is stored."""

    codec: int
    data: bytes


class Pending(NamedTuple):
    """Rows that a transaction has taken over from memory."""

    rows: dict[bytes, Row]
    manifests: dict[str, bytes]


class Rows:
    """The tables ``contents`` and ``snapshots``, and what waits to be written to them."""

    def __init__(self, layout: Layout, database: Database, lease: Lease) -> None:
        """Use the tables of ``database``."""
        self._lease = lease
        self._layout, self._traces = layout, str(layout.traces)
        self._database = database
        self._lock = Guard(layout.directory)
        self._rows: dict[bytes, Row] = {}
        self._manifests: dict[str, bytes] = {}
        self._alike = False
        """The last row that was long enough was compressed, and so will the next be, most probably."""
        self.pending = 0
        """Bytes that wait."""

    @property
    def waiting(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._rows or self._manifests)

    def ensure(self, data: bytes) -> tuple[Piece, int]:
        """Make sure that a small content is here; return it as a piece, and the bytes added (0 if it was there)."""
        digest = blake3(data).digest()
        piece = Piece(digest, len(data))
        if not data or self.present(digest):
            return piece, 0
        self.add(digest, self.packed(data))
        return piece, len(data)

    def add(self, digest: bytes, row: Row) -> None:
        """Add a small content that is not here, and whose digest is that."""
        with self._lock:
            if digest not in self._rows:
                self._rows[digest] = row
                self.pending += len(row.data)

    def packed(self, data: bytes) -> Row:
        """Return a small content as it is stored."""
        if len(data) >= COMPRESSED_BYTES:
            from nbrewind.store.compress import compress

            found = compress(len(data), lambda start, stop: data[start:stop], sure=self._alike)
            self._alike = found is not None
            if found is not None:
                return Row(ZSTD, found)
        return Row(PLAIN, data)

    def present(self, digest: bytes) -> bool:
        """Return whether a small content is here; its bytes are verified when they are read."""
        return digest in self._rows or bool(
            self._database.read("SELECT codec FROM contents WHERE digest = ?", (digest,))
        )

    def absent(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return those of some small contents that are not here."""
        found = {digest for digest in digests if digest not in self._rows}
        return found - {row[0] for row in self._database.select("SELECT digest FROM contents WHERE digest IN", found)}

    def read(self, part: Part | Piece) -> bytes:
        """Return a small content, verified.

        Raises:
            ContentError: missing or damaged.
        """
        row = self._rows.get(part.digest) or self.stored(part.digest)
        return data_of(row, part, self._where(part.digest))

    def read_many(self, parts: Sequence[Part]) -> dict[bytes, bytes]:
        """Return small contents, verified, by digest: faster than one by one.

        Raises:
            ContentError: one is missing or damaged.
        """
        rows = {part.digest: row for part in parts if (row := self._rows.get(part.digest)) is not None}
        wanted = {part.digest for part in parts if part.digest not in rows}
        sql = "SELECT digest, codec, data FROM contents WHERE digest IN"
        rows.update((digest, Row(codec, data)) for digest, codec, data in self._database.select(sql, wanted))
        for digest in wanted - rows.keys():
            rows[digest] = self.stored(digest)
        return {part.digest: data_of(rows[part.digest], part, self._where(part.digest)) for part in parts}

    def stored(self, digest: bytes) -> Row:
        """Return a row as it is stored; it is not verified.

        Raises:
            ContentError: the store does not have it.
        """
        found = self._database.read("SELECT codec, data FROM contents WHERE digest = ?", (digest,))
        if not found:
            raise MissingError(f"content is missing: {self._where(digest)}; run `nbrewind doctor --repair`")
        return Row(*found[0])

    def _where(self, digest: bytes) -> str:
        return f"row {digest.hex()[:12]} of {self._traces}"

    def remove(self, digest: bytes) -> None:
        """Remove a damaged row, so that the next run that makes this content writes it again."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM contents WHERE digest = ?", (digest,))

    # -- manifests ----------------------------------------------------------------------------------------------------

    def add_manifest(self, manifest: Manifest) -> None:
        """Make sure that a manifest is here."""
        snapshot = manifest.id
        if snapshot not in self._manifests and not self._database.read(
            "SELECT 1 FROM snapshots WHERE id = ?", (snapshot,)
        ):
            with self._lock:
                self._manifests[snapshot] = encode_manifest(manifest)

    def manifest(self, snapshot: str) -> Manifest:
        """Return a snapshot's manifest.

        Raises:
            ContentError: the store does not have it.
        """
        data = self._manifests.get(snapshot)
        if data is None:
            found = self._database.read("SELECT manifest FROM snapshots WHERE id = ?", (snapshot,))
            if not found:
                raise MissingError(f"content {snapshot[:12]} is not in the store at {self._layout.directory}")
            data = found[0][0]
        manifest = decode_manifest(data)
        if manifest.id != snapshot:
            raise ContentError(f"content {snapshot[:12]} is damaged in {self._layout.traces}; run `nbrewind doctor`")
        return manifest

    def missing(self, snapshots: Iterable[str]) -> set[str]:
        """Return those of some snapshots that have no manifest."""
        found = {snapshot for snapshot in snapshots if snapshot not in self._manifests}
        return found - {row[0] for row in self._database.select("SELECT id FROM snapshots WHERE id IN", found)}

    # -- writing ------------------------------------------------------------------------------------------------------

    def take(self, connection: Connection) -> Pending:
        """Write what waits inside the caller's transaction; once that is committed, call ``taken``."""
        with self._lock:
            pending = Pending(dict(self._rows), dict(self._manifests))
        if pending.rows:
            connection.executemany(
                "INSERT OR IGNORE INTO contents VALUES (?, ?, ?)",
                [(digest, *row) for digest, row in pending.rows.items()],
            )
        if pending.manifests:
            connection.executemany(
                "INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?)",
                [(snapshot, decode_manifest(data).size, data) for snapshot, data in pending.manifests.items()],
            )
        return pending

    def taken(self, pending: Pending) -> None:
        """Drop from memory what a transaction has committed."""
        with self._lock:
            for digest, row in pending.rows.items():
                if self._rows.pop(digest, None) is not None:
                    self.pending -= len(row.data)
            for snapshot in pending.manifests:
                self._manifests.pop(snapshot, None)

    def write(self) -> None:
        """Commit what waits.

        Nothing is removed before it is forgotten here: who puts the same meanwhile finds it, and does not put it again.
        """
        if self.waiting:
            with self._lease.shared():
                with self._database.write() as connection:
                    pending = self.take(connection)
                self.taken(pending)


def data_of(row: Row, part: Part | Piece, where: str) -> bytes:
    """Return the bytes of what is stored as a row, verified; ``where`` it is stored is said in errors.

    Raises:
        ContentError: damaged.
    """
    if row.codec not in (PLAIN, ZSTD):
        raise ContentError(f"content was stored by a newer nbrewind: {where}; upgrade nbrewind")
    data = row.data if type(row.data) is bytes else None
    if data is not None and row.codec == ZSTD:
        from nbrewind.store.compress import decompress

        data = decompress(data, part.size)
    if data is None or len(data) != part.size or blake3(data).digest() != part.digest:
        raise ContentError(f"content is damaged: {where}; run `nbrewind doctor --repair`")
    return data
