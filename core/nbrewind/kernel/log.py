"""Failures of ours are never failures of the user's cell: they are logged, one quiet line each."""

from __future__ import annotations

import logging

logger = logging.getLogger("nbrewind")
last: str = ""
"""The last failure in words, for `%nbrewind status`."""


def quiet(doing: str, error: BaseException | str) -> None:
    """Log that ``doing`` something failed, and keep it for the status."""
    global last
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    last = f"{doing} failed: {text}"
    logger.debug("%s failed: %s", doing, text, exc_info=isinstance(error, BaseException))
