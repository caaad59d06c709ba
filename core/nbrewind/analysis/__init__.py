"""Source text → what a cell may read, write and call. No kernel, no state, no exceptions."""

from __future__ import annotations

from nbrewind.analysis.cell import analyze, imported_names, source_digest
from nbrewind.analysis.spans import spans

__all__ = ["analyze", "imported_names", "source_digest", "spans"]
