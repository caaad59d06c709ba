"""A small content as a row has it: as it is, or compressed."""

from __future__ import annotations

from typing import NamedTuple

from blake3 import blake3

from nbrewind.store.manifest import Part, Piece
from nbrewind.store.types import ContentError

PLAIN, ZSTD = 0, 1  # codecs: the bytes as they are; compressed
COMPRESSED_BYTES = 4096  # shorter rows are stored as they are


class Row(NamedTuple):
    """A small content as it is stored."""

    codec: int
    data: bytes


class Packing:
    """Makes rows of small contents, compressed where that pays."""

    def __init__(self) -> None:
        """Expect nothing of the first one."""
        self._alike = False
        """The last one that was long enough was compressed, and so will the next be, most probably."""

    def __call__(self, data: bytes) -> Row:
        """Return the row."""
        if len(data) >= COMPRESSED_BYTES:
            from nbrewind.store.compress import compress

            found = compress(len(data), lambda start, stop: data[start:stop], sure=self._alike)
            self._alike = found is not None
            if found is not None:
                return Row(ZSTD, found)
        return Row(PLAIN, data)


def data_of(row: Row, piece: Part | Piece, where: str) -> bytes:
    """Return the bytes of what is stored as a row, verified; ``where`` it is stored is said in errors.

    Raises:
        ContentError: damaged.
    """
    if row.codec not in (PLAIN, ZSTD):
        raise ContentError(f"content was stored by a newer nbrewind: {where}; upgrade nbrewind")
    data = row.data if type(row.data) is bytes else None
    if data is not None and row.codec == ZSTD:
        from nbrewind.store.compress import decompress

        data = decompress(data, piece.size)
    if data is None or len(data) != piece.size or blake3(data).digest() != piece.digest:
        raise ContentError(f"content is damaged: {where}; run `nbrewind doctor --repair`")
    return data
