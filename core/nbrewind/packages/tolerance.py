"""The tolerance that a notebook declares for what a cell shows: ``metadata.nbrewind.tolerance`` of the cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from nbrewind.model import Record
from nbrewind.packages.form import KEY, PackageError

_NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class Tolerance(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much what a cell shows may differ from what it showed when it was recorded."""

    rtol: _NotNegative = 0.0
    """Of a number, relative to the recorded one."""
    atol: _NotNegative = 0.0
    """Of a number, in its own unit. It may differ by ``atol + rtol * abs(recorded)``."""
    pixels: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """The share of a picture's pixels that may differ."""
    levels: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    """By how much each channel of a pixel may differ, of 255, and the pixel still counts as the same."""

    @property
    def of_numbers(self) -> bool:
        """Whether numbers may differ at all."""
        return self.rtol > 0 or self.atol > 0


EXACT = Tolerance()


def tolerance_of(cell: Mapping[str, Any]) -> Tolerance:
    """Return the tolerance that a cell declares in its metadata.

    Raises:
        PackageError: it is not of the form of ``docs/reference/notebook-metadata.md``.
    """
    own = cell.get("metadata", {}).get(KEY)
    told = own.get("tolerance") if isinstance(own, dict) else None
    try:
        return EXACT if told is None else msgspec.convert(told, Tolerance)
    except msgspec.ValidationError as error:
        raise PackageError(f"metadata.nbrewind.tolerance: {error}") from error
