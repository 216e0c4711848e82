"""
A participant that sends garbage: from strangers' addresses, from its own, and protected with its own SRTP session.
"""

import asyncio
import contextlib
import re
import socket
import struct
from collections import deque
from random import Random
from typing import Any

import pylibsrtp
from aiortc.rtp import is_rtcp

from relay.aiortc_internals.ice import connection_of
from relay.forwarding.rtp import parse_header
from tests.helpers import malformed
from tests.helpers.line import server_address
from tests.helpers.malformed import Target
from tests.helpers.peers import CodedPeer

BURST = 20  # datagrams between two pauses: the worker's socket buffer must not be what drops them
PAUSE_S = 0.01
REMEMBERED = 100  # real packets to make garbage from


class Hostile:
    """
    Takes over an ordinary participant's transport. Its real media goes on in between, renumbered with the garbage so
    that SRTP's replay protection takes both.
    """

    def __init__(self, peer: CodedPeer, offer: str, answer: str, seed: int) -> None:
        dtls: Any = _transceivers(peer)[0].sender.transport
        self._dtls = dtls
        self._random = Random(seed)
        self._target = Target(_ssrcs(answer), _ssrcs(offer))
        self._server = server_address(offer)
        self._real: deque[bytes] = deque(maxlen=REMEMBERED)
        self._sequences: dict[bytes, int] = {}
        self._send_really = dtls._send_rtp
        dtls._send_rtp = self._send_media
        self.refused = 0  # by libsrtp before sending: a receiver would refuse them as well

    async def stranger(self, count: int) -> None:
        """Datagrams to the worker's port from addresses nobody knows."""
        for _ in range(0, count, 100):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind(("127.0.0.1", 0))
                sock.setblocking(False)
                for _ in range(100):
                    await self._paced(sock.sendto, malformed.datagram(self._random), self._server)

    async def from_own_address(self, count: int) -> None:
        pair = connection_of(self._dtls.transport.iceGatherer)._nominated[1]
        for _ in range(count):
            transport: Any = pair.protocol.transport
            data = malformed.datagram(self._random)
            await self._paced(transport.sendto, data or b"\0", pair.remote_addr)

    async def protected(self, count: int) -> None:
        """RTP, RTX and RTCP that decrypt well and make no sense."""
        while len(self._real) < REMEMBERED:
            await asyncio.sleep(0.01)
        for number in range(count):
            match number % 3:
                case 0:
                    data = malformed.rtcp(self._random, self._target)
                case 1:
                    data = malformed.rtp(self._random, self._real)
                case _:
                    data = malformed.rtx(self._random, self._real, self._random.choice(self._target.sending), 0)
            try:
                await (self._send_really(data) if is_rtcp(data) else self._send_media(data, is_real=False))
            except pylibsrtp.Error:
                self.refused += 1
            if number % BURST == 0:
                await asyncio.sleep(PAUSE_S)

    async def _paced(self, send: Any, data: bytes, address: tuple[str, int]) -> None:
        try:
            send(data, address)
        except OSError:
            self.refused += 1
        if self._random.random() < 1 / BURST:
            await asyncio.sleep(PAUSE_S)

    async def _send_media(self, data: bytes, *, is_real: bool = True) -> None:
        if not is_rtcp(data):
            if is_real:
                self._real.append(data)
            ssrc = data[8:12]
            sequence = self._sequences.get(ssrc, int.from_bytes(data[2:4], "big") - 1) + 1 & 0xFFFF
            await self._send_really(data[:2] + sequence.to_bytes(2, "big") + data[4:])
            self._sequences[ssrc] = sequence
        else:
            await self._send_really(data)


def make_tolerant(peer: CodedPeer) -> None:
    """
    What a hostile participant sends inside packets reaches the viewer as it is. Browsers leave out what they cannot
    read; aiortc's transport ends on a header extension that is shorter than its kind, and its Opus decoder takes an
    empty packet for the end of everything.
    """
    dtls: Any = _transceivers(peer)[0].sender.transport
    handle = dtls._handle_rtp_data

    async def handle_if_readable(data: bytes, arrival_time_ms: int) -> None:
        header = parse_header(data)
        if header is None or header.payload_start == header.payload_end:
            return
        with contextlib.suppress(struct.error, IndexError):
            await handle(data, arrival_time_ms=arrival_time_ms)

    dtls._handle_rtp_data = handle_if_readable


async def begin_anew(peer: CodedPeer, offer: str) -> None:
    """
    Give up on packets that nobody has and ask for a key frame, as browsers do by themselves: aiortc waits at a hole
    until 512 newer packets have come, and shows what a damaged reference makes of the next picture.
    """
    for transceiver in _transceivers(peer):
        buffer: Any = vars(transceiver.receiver)["_RTCRtpReceiver__jitter_buffer"]
        if buffer._origin is not None:
            buffer.remove(buffer.capacity)
            buffer._origin = None
    for ssrc in _ssrcs(offer):
        await _transceivers(peer)[1].receiver._send_rtcp_pli(ssrc)


def _transceivers(peer: CodedPeer) -> Any:
    connection = peer.media._connection
    assert connection is not None
    return connection.getTransceivers()


def _ssrcs(sdp: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(found) for found in re.findall(r"^a=ssrc:(\d+) ", sdp, re.MULTILINE)))
