"""The switches and ledgers of the stand-in cloud, under `/control`. No provider has these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.gpu_cloud.faults import BadFault, Faults

if TYPE_CHECKING:
    from local.gpu_cloud.submissions import Submissions

ListJobs = Callable[[], Awaitable[list[dict[str, Any]]]]


class ControlApi:
    """Routes for whoever plays with the local cloud; `list_jobs` reads the service's own jobs."""

    def __init__(self, faults: Faults, submissions: Submissions, list_jobs: ListJobs) -> None:
        self._faults = faults
        self._submissions = submissions
        self._list_jobs = list_jobs

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/control/faults", self._show_faults),
            web.post("/control/faults", self._switch_fault),
            web.get("/control/submissions", self._show_submissions),
            web.get("/control/jobs", self._show_jobs),
        ]

    async def _show_faults(self, _: web.Request) -> web.Response:
        return web.json_response(self._faults.as_json())

    async def _switch_fault(self, request: web.Request) -> web.Response:
        try:
            self._faults.switch(await request.json())
        except BadFault as error:
            return web.json_response({"error": str(error)}, status=400)
        except ValueError:
            return web.json_response({"error": "the body is not JSON"}, status=400)
        return web.json_response(self._faults.as_json())

    async def _show_submissions(self, _: web.Request) -> web.Response:
        return web.json_response(self._submissions.as_json())

    async def _show_jobs(self, _: web.Request) -> web.Response:
        return web.json_response(await self._list_jobs())
