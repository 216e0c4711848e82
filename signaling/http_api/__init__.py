"""
The HTTP side of signaling: sign-in, what is public of brands, the pages, the embed button.

Health, metrics and the WebSocket are registered elsewhere, on the same application.
"""

from pathlib import Path

from aiohttp import web

from signaling.auth import AUTH, Auth
from signaling.config import SignalingConfig
from signaling.http_api import accounts, brands, calls, pages
from signaling.http_api.emergency import emergency
from signaling.http_api.keys import CONFIG, RECORDS
from signaling.http_api.problem import problem_middleware
from signaling.http_api.security import add_headers, origin_middleware
from signaling.http_api.static_files import STATIC, WEB_DIR, StaticFiles, films, static_file
from signaling.http_api.waits import set_up as set_up_waits
from signaling.records import Records
from signaling.waits import WaitBoard

__all__ = ["CONFIG", "RECORDS", "setup"]


def setup(
    app: web.Application,
    records: Records,
    config: SignalingConfig,
    web_dir: Path = WEB_DIR,
    *,
    waits: WaitBoard | None = None,
) -> None:
    """
    Register routes, middlewares and headers.

    :param records: opened and closed by the caller.
    :param web_dir: the built pages.
    :param waits: the relay's; None: they are not public here.
    """
    if waits is not None:
        set_up_waits(app, waits)
    app[RECORDS], app[CONFIG] = records, config
    app[AUTH] = Auth(records, config)
    app[STATIC] = StaticFiles(web_dir, config.data_dir / "advice")
    app.middlewares.extend((problem_middleware, origin_middleware))
    app.on_response_prepare.append(add_headers)
    app.add_routes(
        [
            web.post("/api/v1/sign-in", accounts.sign_in),
            web.post("/api/v1/sign-out", accounts.sign_out),
            web.get("/api/v1/me", accounts.me),
            web.get("/api/v1/brands", brands.list_brands),
            web.get("/api/v1/brands/{slug}", brands.one_brand),
            web.get("/api/v1/calls/{call_id}/quality", calls.call_quality),
            web.get("/api/v1/emergency", emergency),
            web.get("/api/v1/films", films),
            web.get("/", pages.signer_page),
            web.get("/b/{slug}", pages.brand_page),
            web.get("/workstation", pages.workstation_page),
            web.get("/supervisor", pages.supervisor_page),
            web.get("/embed/v1.js", pages.embed_script),
            web.get("/sw.js", pages.service_worker),
            web.get("/embed/{slug}", pages.embed_page),
            web.get("/static/{path:.+}", static_file),
            web.get("/.well-known/security.txt", pages.security_txt),
        ]
    )
