"""What touches a kernel: rewinding it, and loading a value to look at. Needs permission for kernels, too."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server.handlers.base import RewindHandler, may_use_kernels
from nbrewind_server.messages import PeekRequest, RewindRequest
from nbrewind_server.rewind import peek, rewind


class RewindKernelHandler(RewindHandler):
    """Takes a kernel back, or forth."""

    @web.authenticated
    @authorized
    @may_use_kernels
    async def post(self) -> None:
        """Rewind; answer the report."""
        request = self.read(RewindRequest)
        await self.notebook(request.path)
        self.app.plans.refuse_at_work(request.kernel)
        self.answer(await rewind(self.app.kernels, request))


class PeekHandler(RewindHandler):
    """Shows values as they were."""

    @web.authenticated
    @authorized
    @may_use_kernels
    async def post(self) -> None:
        """Answer the first lines of a value."""
        request = self.read(PeekRequest)
        await self.notebook(request.path)
        self.app.plans.refuse_at_work(request.kernel)
        self.answer(await peek(self.app.kernels, request))
