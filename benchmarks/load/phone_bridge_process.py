"""
The process that bridges calls for ``benchmarks.phone_bridge``: ours as the phone worker has it, or the plain way.

``python -m benchmarks.load.phone_bridge_process ours|plain|vco CODEC FOLDER PEER_PORT…``; says its RTP ports, then
bridges until it is ended. Real sockets both ways: Opus RTP in Unix datagrams, the telephone's RTP over UDP.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, cast

import av
from aiortc.codecs.g711 import PcmaDecoder, PcmaEncoder
from aiortc.codecs.opus import OpusDecoder, OpusEncoder
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket as PlainPacket

from relay import datagram
from relay.audio_exchange import AudioExchange, DatagramSender
from relay.model import Leg
from relay.phone.call_sound import CallSound, PhoneLine
from relay.phone.pacing import every_20_ms
from relay.phone.rtp import RtpEndpoint, RtpPorts, open_rtp
from relay.phone.rtp_packets import Payload
from relay.phone.sdp import CodecName, Negotiated
from relay.phone.web_sound import WebStream
from relay.phone_messages import SetPhoneAudio

HOST = "127.0.0.1"
PORTS = RtpPorts(30_000, 39_998)
PAYLOAD_TYPES: dict[CodecName, int] = {"PCMA": 8, "opus": 96}
RELAYED: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent",), "agent": ("phone",)}
VCO: dict[Leg, tuple[Leg, ...]] = {"phone": ("agent", "signer"), "agent": ("phone", "signer")}
Kind = Literal["ours", "plain", "vco"]  # vco: ours, with a signer who speaks
AIORTC_CAPACITY, AIORTC_PREFETCH = 16, 4  # of RTCRtpReceiver for audio


class Bridge(Protocol):
    def web_sound(self, message: datagram.Datagram) -> None: ...

    def tick(self) -> None: ...


class Ours:
    """As in the phone worker."""

    HEARS = RELAYED

    def __init__(self, call_id: str, rtp: RtpEndpoint, media: str, send: Callable[[bytes, str], object]) -> None:
        self._sound = CallSound(call_id, lambda address, message: send(message, address), lambda event: None)
        self._sound.set_audio(SetPhoneAudio(call_id=call_id, epoch=1, worker_socket=media, hears=self.HEARS))
        self._sound.add_line(PhoneLine(rtp, is_heard=True, hears=True))

    def web_sound(self, message: datagram.Datagram) -> None:
        self._sound.web_sound(message.leg, message.payload)

    def tick(self) -> None:
        self._sound.tick()


class Vco(Ours):
    """The telephone and the interpreter both hear the signer as well."""

    HEARS = VCO


class Plain:
    """What a peer connection of aiortc and ``av.AudioResampler`` make of it, without ICE, DTLS and threads."""

    def __init__(self, call_id: str, rtp: RtpEndpoint, media: str, send: Callable[[bytes, str], object]) -> None:
        key = datagram.call_key(call_id)
        header = datagram.header(datagram.Kind.AUDIO, key, "agent")
        self._rtp, self._stream = rtp, WebStream(self._to_web)
        self._header, self._media, self._send = header, media, send
        self._from_web, self._from_phone = (JitterBuffer(AIORTC_CAPACITY, AIORTC_PREFETCH) for _ in range(2))
        self._opus_in, self._opus_out = OpusDecoder(), OpusEncoder()
        self._pcma_in, self._pcma_out = PcmaDecoder(), PcmaEncoder()
        self._narrow = av.AudioResampler(format="s16", layout="mono", rate=8000)
        self._sequence = 0
        rtp.on_payload = self._phone_sound

    def web_sound(self, message: datagram.Datagram) -> None:
        packet = PlainPacket.parse(message.payload)
        packet._data = packet.payload  # type: ignore[attr-defined]  # as a receiver does
        _, frame = self._from_web.add(packet)
        if frame is None:
            return
        for decoded in self._opus_in.decode(frame):
            for narrow in self._narrow.resample(cast(av.AudioFrame, decoded)):
                payloads, _ = self._pcma_out.encode(narrow)
                for payload in payloads:
                    self._rtp.send(payload, len(payload))

    def _phone_sound(self, payload: Payload) -> None:
        self._sequence += 1 + payload.lost
        packet = PlainPacket(8, 0, self._sequence & 0xFFFF, payload.timestamp, 1, payload.data)
        packet._data = payload.data  # type: ignore[attr-defined]
        _, frame = self._from_phone.add(packet)
        if frame is None:
            return
        for decoded in self._pcma_in.decode(frame):
            payloads, _ = self._opus_out.encode(decoded)
            for each in payloads:
                self._stream.send(each, 960)

    def _to_web(self, packet: bytes) -> None:
        self._send(self._header + packet, self._media)

    def tick(self) -> None:
        self._rtp.tick()


MAKERS: dict[Kind, type[Ours | Plain]] = {"ours": Ours, "plain": Plain, "vco": Vco}


async def run(kind: Kind, codec: CodecName, folder: Path, peers: list[int]) -> None:
    sender, bridges, endpoints = DatagramSender(), dict[bytes, Bridge](), list[RtpEndpoint]()
    for index, peer in enumerate(peers):
        rtp = await open_rtp(HOST, PORTS)
        rtp.connect(Negotiated(HOST, peer, codec, PAYLOAD_TYPES[codec], None))
        call_id = f"call-{index}"
        bridges[datagram.call_key(call_id)] = MAKERS[kind](call_id, rtp, str(folder / "media.sock"), sender.send)
        endpoints.append(rtp)
    exchange = AudioExchange(
        folder / "audio.sock", lambda message: bridges[message.call_key].web_sound(message), burst=200
    )
    exchange.start()

    def tick() -> None:
        for bridge in bridges.values():
            bridge.tick()

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clock = asyncio.create_task(every_20_ms(tick))
    print(json.dumps([rtp.port for rtp in endpoints]), flush=True)
    await stop.wait()
    clock.cancel()
    exchange.close()


def main() -> None:
    kind, codec, folder, *peers = sys.argv[1:]
    asyncio.run(run(cast(Kind, kind), cast(CodecName, codec), Path(folder), [int(port) for port in peers]))


if __name__ == "__main__":
    main()
