"""The server extension as a Jupyter application: its options and its routes."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp
from traitlets import Unicode

from nbrewind_server.handlers import ROUTES
from nbrewind_server.store import StoreStatus, store_status

API = r"/nbrewind/api"
"""Where all routes lie, below the server's base URL."""


class NBRewindApp(ExtensionApp):
    """Serves what kernels recorded to the front end."""

    name = "nbrewind_server"
    app_name = "NBRewind"
    description = "Record, rewind and repeat notebooks."
    load_other_extensions = True

    store_dir = Unicode(
        "",
        config=True,
        help="""Directory of the store, which kernels write and this server reads.

        Empty: $NBREWIND_STORE, else `nbrewind` in Jupyter's data directory. Kernels that run under the same account on
        the same file system find it by the same rule; set NBREWIND_STORE in their environment if this is set.""",
    )

    def initialize_handlers(self) -> None:
        """Add the routes; jupyter_server puts the base URL in front."""
        self.handlers.extend((rf"{API}/{path}", handler) for path, handler in ROUTES)

    def store_status(self) -> StoreStatus:
        """Return where the store is and whether it can be read. Touches the disk: not for the event loop."""
        return store_status(Path(self.store_dir).expanduser() if self.store_dir else None)
