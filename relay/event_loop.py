"""
The media worker's event loop: uvloop (half the cost a packet of the standard loop) with own UDP sockets under aioice.

aioice opens its sockets only through ``loop.create_datagram_endpoint``: the public place to put a transport of our own.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import uvloop

from relay.aiortc_internals import is_media_protocol, open_media_socket


class MediaLoop(uvloop.Loop):
    async def create_datagram_endpoint(
        self, protocol_factory: Callable[[], Any], local_addr: Any = None, remote_addr: Any = None, **options: Any
    ) -> tuple[Any, Any]:
        if local_addr is not None and remote_addr is None and not options:
            protocol = protocol_factory()
            if is_media_protocol(protocol):
                return open_media_socket(self, protocol, local_addr), protocol
            return await super().create_datagram_endpoint(lambda: protocol, local_addr=local_addr)
        return await super().create_datagram_endpoint(protocol_factory, local_addr, remote_addr, **options)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """For ``asyncio.Runner(loop_factory=new_event_loop)``."""
    return MediaLoop()
