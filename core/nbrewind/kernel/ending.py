"""The end of a kernel that a driver has started: no time is spent on garbage that nobody misses."""

from __future__ import annotations

import atexit
import gc
from typing import Any

from nbrewind.kernel.own_modules import loaded


def end_quickly(shell: Any) -> None:
    """Let this process end without looking through all that libraries have made, which takes a second with large ones.

    To be called before the first cell: what cells register with `atexit` is done before, as always. What they have
    bound is let go by IPython, and collected. Where modules of the user's own are loaded nothing is spared: what a
    class in one of them holds, like an open file, is finished only when the class is collected.
    """
    atexit.register(_end, shell)


def _end(shell: Any) -> None:
    shell.atexit_operations()  # IPython does this once only: it was going to be next
    if not any(loaded()):
        gc.collect()
        gc.freeze()
