"""Which software a session and its tasks have loaded, or read data of: once for all that have loaded the same."""

from __future__ import annotations

import sys
from collections.abc import Callable

from nbrewind.model import Run
from nbrewind.state.software import environment, loaded_modules, note
from nbrewind.store import Store

_PACKAGE = "package:"


class SoftwareRecord:
    """Keeps up what one session has loaded."""

    def __init__(self, store: Store, session: str) -> None:
        """Nothing is known of ``session`` yet."""
        self._store, self._session = store, session
        self._modules, self._known = 0, set[str]()
        self.elsewhere: Callable[[], set[str]] = set
        """Returns the top-level modules that tasks of the session have loaded in other processes."""

    def look(self, run: Run) -> None:
        """Record what is loaded, and what the last run has read data of, if that is more than before."""
        used = {item.key.removeprefix(_PACKAGE) for item in run.inputs if item.key.startswith(_PACKAGE)}
        used |= self.elsewhere()
        if len(sys.modules) == self._modules and used <= self._known:
            return
        modules, found = len(sys.modules), loaded_modules() | used
        if not found <= self._known:
            note(self._store, self._session, environment(self._known | found))
            self._known |= found
        self._modules = modules
