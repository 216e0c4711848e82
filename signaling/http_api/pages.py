"""The pages themselves: signers', a brand's, agents', supervisors', and the one that businesses show in a frame."""

from aiohttp import web

from signaling.auth import normal_origin
from signaling.http_api.brands import public_brand
from signaling.http_api.keys import CONFIG
from signaling.http_api.problem import ProblemError
from signaling.http_api.security import FRAME_ANCESTORS
from signaling.http_api.static_files import REVALIDATE, STATIC, serve

EMBED_SCRIPT_CACHE = "public, max-age=300"  # v1.js is evergreen: businesses get a correction within minutes
SECURITY_TXT = "security.txt"  # in the data directory, written by the operator (RFC 9116)


async def signer_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "caller.html")


async def brand_page(request: web.Request) -> web.StreamResponse:
    """:raises ProblemError: ``unknown_brand``."""
    await public_brand(request)
    return await _page(request, "caller.html")


async def workstation_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "workstation.html")


async def supervisor_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "supervisor.html")


async def embed_page(request: web.Request) -> web.StreamResponse:
    """May be framed by the brand's own sites, and by nobody else."""
    brand = await public_brand(request)
    response = await _page(request, "embed.html")
    origins = [origin for entry in brand.allowed_origins if (origin := normal_origin(entry))]
    response[FRAME_ANCESTORS] = ("'self'", *origins)
    return response


async def embed_script(request: web.Request) -> web.StreamResponse:
    response = await serve(request, "embed.js", cache=EMBED_SCRIPT_CACHE)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"  # a host page may pin it by integrity=
    return response


async def service_worker(request: web.Request) -> web.StreamResponse:
    """For Web Push. At the root: a worker may only serve what lies below its own path."""
    return await serve(request, "sw.js", cache=REVALIDATE)


async def security_txt(request: web.Request) -> web.StreamResponse:
    path = request.app[CONFIG].data_dir / SECURITY_TXT
    if not path.is_file():
        raise ProblemError("not_found")
    return web.Response(text=path.read_text(), content_type="text/plain", charset="utf-8")


async def _page(request: web.Request, name: str) -> web.StreamResponse:
    if request.app[STATIC].find(name) is None:
        raise ProblemError("pages_missing")
    return await serve(request, name, cache=REVALIDATE)
