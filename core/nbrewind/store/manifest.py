"""What a snapshot consists of: pieces, and the blobs that large pieces are cut into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from blake3 import blake3

from nbrewind.store.types import CHUNK_BYTES, ContentError

ROW_BYTES = 64 * 1024
"""A longer piece is cut into blobs."""
_DIGEST = 32


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """One sequence of bytes: a row if it has no chunks, else blobs of 2 MiB (the last one shorter)."""

    digest: bytes
    size: int
    chunks: tuple[bytes, ...] = ()

    def spans(self) -> Iterator[tuple[bytes, int, int]]:
        """Yield digest, start and stop of every chunk."""
        for index, digest in enumerate(self.chunks):
            start = index * CHUNK_BYTES
            yield digest, start, min(start + CHUNK_BYTES, self.size)

    def parts(self) -> Iterator[Part]:
        """Yield all that is stored by itself."""
        if self.size and not self.chunks:
            yield Part(self.digest, self.size, True)
        for digest, start, stop in self.spans():
            yield Part(digest, stop - start, False)


class Part(NamedTuple):
    """What is stored by itself: a row, or one of the blobs of a large piece."""

    digest: bytes
    size: int
    is_row: bool


class Manifest(msgspec.Struct, frozen=True, array_like=True):
    """The pieces of one snapshot: of a value ``(segment..., side, buffer...)``, of a file ``(content,)``."""

    kind: str
    pieces: tuple[Piece, ...]
    segments: int = 1
    """How many pieces the stream of a value has."""

    @property
    def id(self) -> str:
        """Return the snapshot's id."""
        text = b"".join(piece.digest + piece.size.to_bytes(8, "little") for piece in self.pieces)
        count = b"" if self.segments == 1 else b"%d" % self.segments
        return blake3(self.kind.encode() + b"\0" + count + text).hexdigest()

    @property
    def size(self) -> int:
        """Return the content's size in bytes."""
        return sum(piece.size for piece in self.pieces)

    def parts(self) -> Iterator[Part]:
        """Yield all that is stored by itself."""
        for piece in self.pieces:
            yield from piece.parts()


def is_sound(manifest: Manifest) -> bool:
    """Whether a manifest from elsewhere is one that a store makes: nothing in it contradicts the rest."""
    count = len(manifest.pieces)
    if manifest.kind == "file":
        counts = count == 1 and manifest.segments == 1
    else:
        counts = manifest.kind == "value" and 1 <= manifest.segments < count
    return counts and all(_is_sound_piece(piece) for piece in manifest.pieces)


def _is_sound_piece(piece: Piece) -> bool:
    if len(piece.digest) != _DIGEST or any(len(digest) != _DIGEST for digest in piece.chunks):
        return False
    if not piece.chunks:
        return 0 < piece.size <= ROW_BYTES or (piece.size == 0 and piece.digest == blake3(b"").digest())
    wanted = -(-piece.size // CHUNK_BYTES)
    return piece.size > ROW_BYTES and len(piece.chunks) == wanted and piece == piece_of(piece.size, list(piece.chunks))


def piece_of(size: int, chunks: list[bytes]) -> Piece:
    """Return the piece that consists of these blobs."""
    digest = chunks[0] if len(chunks) == 1 else blake3(b"".join(chunks)).digest()
    return Piece(digest, size, tuple(chunks))


encode_manifest = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Manifest).decode


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ContentError: it is damaged.
    """
    try:
        return _decode(data)
    except ValueError as error:
        raise ContentError("the index of contents is damaged; run `nbrewind doctor`") from error
