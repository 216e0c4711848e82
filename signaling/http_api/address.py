"""Where a request comes from, behind proxies that are named in the configuration and nobody else."""

from aiohttp import web

from signaling.config import SignalingConfig


def client_address(request: web.Request, config: SignalingConfig) -> str:
    """The peer's address; behind trusted proxies, the last address in X-Forwarded-For that is not one of them."""
    peer = request.remote or "-"
    if peer not in config.trusted_proxies:
        return peer
    forwarded = [part.strip() for part in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    for address in reversed(forwarded):
        if address and address not in config.trusted_proxies:
            return address
    return peer
