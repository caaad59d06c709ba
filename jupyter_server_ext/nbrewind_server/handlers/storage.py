"""What the store holds, cleaning it up, and forgetting."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server import storage
from nbrewind_server.handlers.base import RewindHandler
from nbrewind_server.messages import CleanRequest, ForgetRequest
from nbrewind_server.paths import Places, file_of


class StorageHandler(RewindHandler):
    """What the store holds."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the bytes by notebook, and the budget."""
        self.answer(await self.work(storage.storage_of, self.app.records, Places(self.contents_manager)))


class NotebookStorageHandler(RewindHandler):
    """What the store holds of a notebook."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the bytes by cell and by name."""
        name = self.required("path")
        path = await self.notebook(name)
        self.answer(await self.work(storage.notebook_storage_of, self.app.records, path, name))


class PreviewHandler(RewindHandler):
    """What cleaning up would do."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer what would go; nothing changes."""
        budget = self.read(CleanRequest).budget
        places = Places(self.contents_manager)
        self.answer(await self.work(storage.clean, self.app.records, places, budget, preview=True))


class CleanHandler(RewindHandler):
    """Cleans the store up."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Evict, and remove garbage; answer what was done."""
        budget = self.read(CleanRequest).budget
        places = Places(self.contents_manager)
        async with self.app.turn(self.app.records.directory):
            cleanup = await self.work(storage.clean, self.app.records, places, budget, preview=False)
        self.answer(cleanup)


class ForgetHandler(RewindHandler):
    """Removes records for good."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Forget a notebook, a cell or a name; answer what was removed, or would be."""
        request = self.read(ForgetRequest)
        path = await file_of(self.contents_manager, request.path, gone=True)
        async with self.app.turn(self.app.records.directory):
            forgotten = await self.work(storage.forget, self.app.records, path, request)
        self.answer(forgotten)
