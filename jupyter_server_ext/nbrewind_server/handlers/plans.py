"""Plans: proposed, accepted, cancelled, acknowledged."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server.handlers.base import RewindHandler, may_use_kernels
from nbrewind_server.messages import PlanAction, PlanRequest, Plans


class PlansHandler(RewindHandler):
    """The plans of a notebook."""

    @web.authenticated
    @authorized
    def get(self) -> None:
        """Answer those at work, or ended and not yet acknowledged."""
        self.answer(Plans(plans=tuple(self.app.plans.of(self.required("path")))))

    @web.authenticated
    @authorized
    @may_use_kernels
    async def post(self) -> None:
        """Propose one; nothing runs."""
        request = self.read(PlanRequest)
        self.check_size(request)
        path = await self.notebook(request.path)
        async with self.app.turn(path):
            plan = await self.app.plans.propose(request, path)
        self.answer(plan)


class PlanHandler(RewindHandler):
    """One plan."""

    @web.authenticated
    @authorized
    def get(self, plan: str) -> None:
        """Answer how far it is."""
        self.answer(self.app.plans.get(plan))

    @web.authenticated
    @authorized
    @may_use_kernels
    async def post(self, plan: str) -> None:
        """Accept, cancel or acknowledge it."""
        self.answer(await self.app.plans.act(plan, self.read(PlanAction).action))
