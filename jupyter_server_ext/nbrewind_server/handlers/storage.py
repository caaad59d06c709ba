"""What the store holds, cleaning it up, and forgetting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server import storage
from nbrewind_server.handlers.base import RewindHandler
from nbrewind_server.paths import Places, file_of
from nbrewind_server.storage_messages import BudgetRequest, CleanRequest, ForgetRequest

T = TypeVar("T")


class WholeStoreHandler(RewindHandler):
    """Base of those who look at the whole store: one at a time, so that they never take all threads."""

    async def alone(self, task: Callable[..., T], *args: Any, **options: Any) -> T:
        """Do blocking work off the event loop, once nobody else looks at the whole store."""
        async with self.app.turn(self.app.records.directory):
            return await self.work(task, self.app.records, *args, **options)


class StorageHandler(WholeStoreHandler):
    """What the store holds."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the bytes by notebook, and the budget."""
        self.answer(await self.alone(storage.storage_of, Places(self.contents_manager)))


class NotebookStorageHandler(WholeStoreHandler):
    """What the store holds of a notebook."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer the bytes by cell and by name."""
        name = self.required("path")
        path = await self.notebook(name)
        self.answer(await self.alone(storage.notebook_storage_of, path, name))


class PreviewHandler(WholeStoreHandler):
    """What cleaning up would do."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer what would go; nothing changes."""
        budget = self.read(CleanRequest).budget
        self.answer(await self.alone(storage.clean, Places(self.contents_manager), budget, preview=True))


class CleanHandler(WholeStoreHandler):
    """Cleans the store up."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Evict, and remove garbage; answer what was done."""
        budget = self.read(CleanRequest).budget
        self.answer(await self.alone(storage.clean, Places(self.contents_manager), budget, preview=False))


class BudgetHandler(WholeStoreHandler):
    """Sets how much may be held."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Set the budget of the store, or of a notebook; answer it."""
        request = self.read(BudgetRequest)
        path = await file_of(self.contents_manager, request.path, gone=True) if request.path else None
        self.answer(await self.alone(storage.set_budget, path, request))


class ForgetHandler(WholeStoreHandler):
    """Removes records for good."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Forget a notebook, a cell or a name; answer what was removed, or would be."""
        request = self.read(ForgetRequest)
        path = await file_of(self.contents_manager, request.path, gone=True)
        self.answer(await self.alone(storage.forget, path, request))
