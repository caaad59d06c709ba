"""Keys of made-up calls, and the memo as another process has it."""

from __future__ import annotations

from typing import Any

from nbrewind.store import Store
from nbrewind.tasks import Key, Keys, Memo


def key_of(n: Any = 1, *, salt: str = "", marks: tuple[str, ...] = ()) -> Key:
    key = Keys().key(pow, (n,), salt=salt)
    assert isinstance(key, Key)
    return key._replace(marks=frozenset(marks))  # type: ignore[arg-type]


def again(store: Store) -> Memo:
    """Return the memo of another process, as far as that can be had in this one."""
    return Memo(Store.open(store.directory))
