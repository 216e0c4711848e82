"""
The plain aiortc way, to compare with: ``MediaRelay`` between two peer connections, every picture decoded and encoded.

``python -m benchmarks.load.plain_relay SOCKET``: POST /offer ``{"call": int, "sdp": str}`` answers one leg.
"""

import asyncio
import sys
from collections import defaultdict

from aiohttp import web
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay


class PlainRelay:
    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._calls: dict[int, list[RTCPeerConnection]] = defaultdict(list)

    async def offer(self, request: web.Request) -> web.Response:
        body = await request.json()
        pc = RTCPeerConnection()
        await pc.setRemoteDescription(RTCSessionDescription(body["sdp"], "offer"))
        for transceiver in pc.getTransceivers():
            transceiver.direction = "sendrecv"
        legs = self._calls[body["call"]]
        legs.append(pc)
        await pc.setLocalDescription(await pc.createAnswer())
        if len(legs) == 2:
            self._bridge(*legs)
        return web.json_response({"sdp": pc.localDescription.sdp})

    def _bridge(self, one: RTCPeerConnection, other: RTCPeerConnection) -> None:
        for source, sink in ((one, other), (other, one)):
            for incoming, outgoing in zip(source.getTransceivers(), sink.getTransceivers(), strict=True):
                outgoing.sender.replaceTrack(self._relay.subscribe(incoming.receiver.track))


async def main() -> None:
    application = web.Application()
    application.router.add_post("/offer", PlainRelay().offer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, sys.argv[1]).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
