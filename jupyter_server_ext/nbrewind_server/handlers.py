"""The REST handlers. Every method is authenticated first, then authorised for the resource `nbrewind`."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from nbrewind.model import PROTOCOL
from nbrewind_server._version import __version__
from nbrewind_server.store import StoreStatus

if TYPE_CHECKING:
    from nbrewind_server.app import NBRewindApp


class RewindHandler(ExtensionHandlerMixin, APIHandler):
    """Base of all handlers."""

    auth_resource = "nbrewind"

    async def store_status(self) -> StoreStatus:
        """Return the state of the store, read off the event loop."""
        app = cast("NBRewindApp", self.extensionapp)
        return await asyncio.to_thread(app.store_status)


class VersionHandler(RewindHandler):
    """Says what this server part is, so that a front end can tell whether they fit."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the version, the protocol and the state of the store."""
        self.finish({"version": __version__, "protocol": PROTOCOL, "store": await self.store_status()})


class OpenAPIHandler(RewindHandler):
    """Serves the description of this API."""

    @web.authenticated
    @authorized
    def get(self) -> None:
        """Answer the OpenAPI document as YAML."""
        self.set_header("Content-Type", "application/yaml")
        self.finish(
            files("nbrewind_server").joinpath("openapi.yaml").read_text("utf-8"), set_content_type="application/yaml"
        )


ROUTES: list[tuple[str, type[RewindHandler]]] = [
    (r"version", VersionHandler),
    (r"openapi\.yaml", OpenAPIHandler),
]
"""Path below `nbrewind/api/` and its handler. A test asks each of them without a token and without permission."""
