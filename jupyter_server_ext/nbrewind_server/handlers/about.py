"""What this server part is, and what it offers."""

from __future__ import annotations

from importlib.resources import files

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind.model import PROTOCOL
from nbrewind_server._version import __version__
from nbrewind_server.handlers.base import RewindHandler
from nbrewind_server.messages import Version


class VersionHandler(RewindHandler):
    """Says what this server part is, so that a front end can tell whether they fit."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the version, the protocol and the state of the store."""
        store = await self.work(self.app.records.status)
        self.answer(Version(version=__version__, protocol=PROTOCOL, store=store))


class OpenAPIHandler(RewindHandler):
    """Serves the description of this API."""

    @web.authenticated
    @authorized
    def get(self) -> None:
        """Answer the OpenAPI document as YAML."""
        self.finish(
            files("nbrewind_server").joinpath("openapi.yaml").read_text("utf-8"), set_content_type="application/yaml"
        )
