"""A small content as a row has it: as it is, or compressed."""

from __future__ import annotations

from typing import NamedTuple

from blake3 import blake3

from nbrewind.store.manifest import Piece
from nbrewind.store.types import ContentError

PLAIN, ZSTD = 0, 1  # codecs: the bytes as they are; compressed


class Row(NamedTuple):
    """A small content as it is stored."""

    codec: int
    data: bytes


def data_of(row: Row, piece: Piece, where: str) -> bytes:
    """Return the bytes of a piece that is stored as a row, verified; ``where`` it is stored is said in errors.

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
