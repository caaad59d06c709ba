"""What a snapshot consists of: pieces, and the blobs that large pieces are cut into."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from blake3 import blake3

from nbrewind.store.types import CHUNK_BYTES, ContentError


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
