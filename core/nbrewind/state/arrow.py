"""Columns of pandas over Arrow data: saved chunk by chunk, out of band.

pandas' own reducer puts the chunks together, which copies all of them each time that a frame is read. A few texts, such
as the names of columns, are made anew as one chunk: how many there are tells how they came about, which nobody asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .attributes import attributes
from .objects import reduce_trusted

if TYPE_CHECKING:
    from .snapshot import Snapshotter

_END = 8
"""Bytes at the end of a chunk of texts that ``nbytes`` does not count: the place where the last one ends."""
_FEW = 256
"""So many texts take 25 microseconds."""


def reduce_column(pickler: Snapshotter, column: Any) -> Any:
    """Return how a column is saved: pandas' own way where a chunk is a part of a larger one, which would be saved."""
    state = attributes(column)
    array: Any = state.get("_pa_array")
    chunks = getattr(array, "chunks", None)
    if chunks is not None and str(array.type).endswith("string") and len(array) <= _FEW:
        chunks = [_anew(array)]
    elif not chunks or any(map(_is_part, chunks)):
        return reduce_trusted(pickler, column)
    rest = {name: value for name, value in state.items() if name not in ("_pa_array", "_cache")}
    if rest.get("_readonly") is False:  # as its class says
        del rest["_readonly"]
    return made, (type(column), chunks, rest)


def _anew(array: Any) -> Any:
    import pyarrow as pa

    return pa.array(array.to_pylist(), type=array.type)


def _is_part(chunk: Any) -> bool:
    return bool(chunk.offset or chunk.get_total_buffer_size() - chunk.nbytes > _END)


def made(cls: type, chunks: list[Any], rest: dict[str, Any]) -> Any:
    """Make a column of its chunks and its other attributes, with nothing computed yet."""
    import pyarrow as pa

    column: Any = object.__new__(cls)
    column.__dict__.update(_pa_array=pa.chunked_array(chunks), **rest, _cache={})
    return column
