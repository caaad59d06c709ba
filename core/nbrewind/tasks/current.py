"""The memo of this process: that of the kernel that records, else one on the user's store."""

from __future__ import annotations

import threading

from nbrewind.store import Store

from .memo import Memo

_lock = threading.Lock()
_memo: Memo | None = None


def set_memo(memo: Memo | None) -> None:
    """Say which memo doors use that were given none; with None, the user's store is opened when one is needed."""
    global _memo
    with _lock:
        _memo = memo


def current_memo() -> Memo:
    """Return the memo that doors use that were given none.

    Raises:
        StoreError: the user's store can't be opened.
    """
    global _memo
    with _lock:
        if _memo is None:
            _memo = Memo(Store.open())
        return _memo
