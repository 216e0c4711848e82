"""``/healthz`` (the process lives), ``/readyz`` (it can place calls, and what is missing), ``/metrics``."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from aiohttp import web

from signaling.http_api.address import is_from_this_machine
from signaling.metrics import Metrics

Check = Callable[[], Awaitable[str | None]]
CHECK_DEADLINE_S = 2.0


class Health:
    """
    :param checks: name -> coroutine that returns None when well, else a short word on what is wrong.
    :param required: names without which the service is not ready; the others only reduce it.
    """

    def __init__(
        self, metrics: Metrics, metrics_token: str | None, checks: dict[str, Check], required: set[str]
    ) -> None:
        self._metrics, self._token, self._checks, self._required = metrics, metrics_token, checks, required
        self.draining = False

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _request: web.Request) -> web.Response:
        names = list(self._checks)
        found = await asyncio.gather(*(self._ask(name) for name in names))
        faults = {name: fault for name, fault in zip(names, found, strict=True) if fault is not None}
        if self.draining:
            faults["draining"] = "leaving"
        ready = not self.draining and not (self._required & faults.keys())
        body = {
            "status": "ready" if ready else "not_ready",
            "checks": {name: faults.get(name, "ok") for name in names},
        }
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """With a token: ``Authorization: Bearer``; without: from this machine only, and through no proxy."""
        if self._token is not None:
            given = request.headers.get("Authorization", "")
            if not secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Bearer"})
        elif not is_from_this_machine(request):
            raise web.HTTPForbidden
        return web.Response(body=self._metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def _ask(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(CHECK_DEADLINE_S):
                return await self._checks[name]()
        except TimeoutError:
            return "silent"
        except Exception as error:  # a check must not bring the answer down
            return type(error).__name__
