"""The relay's waits, for everybody: what a page shows before anybody signs in, and what operators publish."""

import time

from aiohttp import web

from signaling.http_api.address import address_group, client_address
from signaling.http_api.keys import CONFIG
from signaling.http_api.problem import ProblemError
from signaling.rate_limit import Rate, TokenBuckets
from signaling.waits import WaitBoard

PUBLIC_FOR_S = 5
ASKED = Rate(30, 60.0)  # by one address; a page asks every few seconds, and what it gets is 5 s old anyhow
WAITS: web.AppKey[WaitBoard] = web.AppKey("waits", WaitBoard)
BUCKETS: web.AppKey[TokenBuckets] = web.AppKey("waits_asked", TokenBuckets)


def set_up(app: web.Application, board: WaitBoard) -> None:
    """The route and what it needs."""
    app[WAITS], app[BUCKETS] = board, TokenBuckets(ASKED)
    app.router.add_get("/api/v1/waits", waits)


async def waits(request: web.Request) -> web.Response:
    """``GET /api/v1/waits``. :raises ProblemError: ``too_many_attempts``."""
    address = address_group(client_address(request, request.app[CONFIG]))
    if retry_after_s := request.app[BUCKETS].take(address, time.monotonic()):
        raise ProblemError("too_many_attempts", retry_after_s=retry_after_s)
    body = await request.app[WAITS].current()
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": f"public, max-age={PUBLIC_FOR_S}"}
    return web.json_response(text=body.model_dump_json(), headers=headers)
