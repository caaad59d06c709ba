"""What a provider of interpreter state is."""

from __future__ import annotations

import importlib
import sys
from typing import Any


class Provider:
    """One item of interpreter state."""

    key = ""
    """``ambient:NAME``."""
    module = ""
    """The module that must be imported for the item to exist; empty: it always does."""
    folder = ""
    """The notebook's: paths in it count relative to it."""

    def signature(self) -> Any:
        """Return something cheap that differs whenever the item's value differs; None: the item does not exist."""
        return None if self.module and self.module not in sys.modules else self.read()

    def begin(self) -> None:
        """Make the item exist, where the user has imported its library: parts of some are loaded only when used."""
        if self.module.partition(".")[0] in sys.modules:
            importlib.import_module(self.module)

    def read(self) -> Any:
        """Return the value as plain data (MessagePack), or None if it has no such form."""
        raise NotImplementedError

    def write(self, data: Any) -> None:
        """Make the value what `read` returned at some time."""
        raise NotImplementedError

    def default(self) -> Any:
        """Return what `read` returns right after the module's import; None: not known."""
        return None

    def is_fresh(self) -> bool:
        """Tell whether the item was not touched since the module's import, where `default` can't say."""
        return False
