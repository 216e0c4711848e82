"""Headers that every answer carries, and the check that a foreign page changes nothing with a visitor's cookie."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from signaling.auth import is_cross_site, is_https
from signaling.config import SignalingConfig
from signaling.http_api.keys import CONFIG
from signaling.http_api.problem import ProblemError

#: of a response: origins that may show it in a frame
FRAME_ANCESTORS: web.ResponseKey[tuple[str, ...]] = web.ResponseKey("frame_ancestors", tuple)
PERMISSIONS_POLICY = (
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), autoplay=(self), "
    "picture-in-picture=(self), screen-wake-lock=(self), geolocation=(self), payment=(), usb=()"
)
HSTS_S = 31_536_000  # one year, what browsers' preload lists ask


@web.middleware
async def origin_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    if is_cross_site(request, request.app[CONFIG]):
        raise ProblemError("foreign_origin")
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For ``app.on_response_prepare``. A handler's own value of a header stays."""
    config = request.app[CONFIG]
    ancestors = response.get(FRAME_ANCESTORS, ())
    wanted = {
        "Content-Security-Policy": content_security_policy(config, ancestors),
        "Permissions-Policy": PERMISSIONS_POLICY,
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not ancestors:
        wanted["X-Frame-Options"] = "DENY"
    if is_https(config):
        wanted["Strict-Transport-Security"] = f"max-age={HSTS_S}"
    if request.path.startswith("/api/"):
        wanted["Cache-Control"] = "no-store"
    for name, value in wanted.items():
        response.headers.setdefault(name, value)


def content_security_policy(config: SignalingConfig, frame_ancestors: Sequence[str] = ()) -> str:
    """
    Everything comes from ourselves. The WebSocket is named because Safari before 15.4 does not count it as 'self'.
    """
    own = urlsplit(config.public_url)
    socket = f"{'wss' if own.scheme == 'https' else 'ws'}://{own.netloc}"
    directives = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob: mediastream:",
        "worker-src": "'self' blob:",
        "connect-src": f"'self' {socket}",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(frame_ancestors) or "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
