"""What the server can say of the store without failing: it must start, and answer, also where there is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypedDict

from jupyter_core.paths import jupyter_data_dir

State = Literal["ready", "absent", "unreadable"]


class StoreStatus(TypedDict):
    """The `store` part of the answer to `GET nbrewind/api/version`."""

    directory: str
    state: State
    reason: str | None


def default_directory() -> Path:
    """Return where kernels keep the store when nobody says otherwise."""
    chosen = os.environ.get("NBREWIND_STORE")
    return Path(chosen).expanduser() if chosen else Path(jupyter_data_dir()) / "nbrewind"


def store_status(directory: Path | None) -> StoreStatus:
    """Look for the store in a directory, or in the default one; never make one, never raise."""
    place = directory or default_directory()
    if not place.is_dir():
        return StoreStatus(directory=str(place), state="absent", reason="Nothing has been recorded yet.")
    try:
        # Imported here: a broken store package must not keep the server extension from loading.
        from nbrewind.store import Store

        Store.open(place, create=False).close()
    except Exception as error:
        return StoreStatus(directory=str(place), state="unreadable", reason=str(error) or type(error).__name__)
    return StoreStatus(directory=str(place), state="ready", reason=None)
