"""Which software a session has loaded goes into the store: once for all sessions that have loaded the same."""

from __future__ import annotations

import sys

from nbrewind.state.software import environment, loaded_modules, note
from nbrewind.store import Store


class SoftwareRecord:
    """Keeps up what one session has loaded."""

    def __init__(self, store: Store, session: str) -> None:
        """Nothing is known of ``session`` yet."""
        self._store, self._session = store, session
        self._modules, self._known = 0, set[str]()

    def look(self) -> None:
        """Record what is loaded, if that is more than before."""
        if len(sys.modules) == self._modules:
            return
        self._modules = len(sys.modules)
        found = loaded_modules()
        if not found <= self._known:
            self._known |= found
            note(self._store, self._session, environment(found))
