"""
One side of a load call: aiortc does SDP, ICE and DTLS, then its socket and SRTP sessions go to the native data path.

Every private name of aiortc and aioice that the load generator uses is here; the relay's own code is not used, so that
a fault of it cannot hide.
"""

import asyncio
from typing import Any, Literal

import aiortc.codecs
import aiortc.rtcrtpreceiver
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpHeaderExtensionParameters

from benchmarks.load.native import PeerConfig, session_address

TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
_MID, _LEVEL = "urn:ietf:params:rtp-hdrext:sdes:mid", "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
CONNECT_DEADLINE_S = 30.0


def prepare_aiortc() -> None:
    """Negotiate transport-wide feedback as browsers do, the same extensions on every system, and start no decoders."""
    aiortc.codecs.HEADER_EXTENSIONS["video"] = [
        each for each in aiortc.codecs.HEADER_EXTENSIONS["video"] if each.uri == _MID
    ] + [RTCRtpHeaderExtensionParameters(id=3, uri=TRANSPORT_CC)]
    for codec in aiortc.codecs.CODECS["video"]:
        if codec.name != "rtx":
            codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))
    setattr(aiortc.rtcrtpreceiver, "decoder_worker", _nothing)  # noqa: B010 -- four idle threads a call otherwise


def _nothing(*_: object) -> None: ...


async def _silence(*_: object, **__: object) -> None:
    """In place of aiortc's own RTCP: the native path sends it."""


class IdleTrack(MediaStreamTrack):
    """Never gives anything; a sender without track would ask 50 times a second."""

    def __init__(self, kind: Literal["audio", "video"]) -> None:
        super().__init__()
        self.kind = kind

    async def recv(self) -> Any:
        return await asyncio.get_running_loop().create_future()


class LoadPeer:
    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))

    async def offer(self) -> str:
        """VP8 and Opus."""
        kinds: tuple[Literal["audio", "video"], ...] = ("audio", "video")
        for kind in kinds:
            transceiver = self.pc.addTransceiver(IdleTrack(kind), direction="sendrecv")
            wanted = ("opus",) if kind == "audio" else ("VP8", "rtx")
            codecs = RTCRtpSender.getCapabilities(kind).codecs
            transceiver.setCodecPreferences([each for each in codecs if each.name in wanted])
        self._mute()
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def answer(self, offer: str) -> str:
        """Sends and takes the first audio and the first video section, refuses further ones."""
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        seen: set[str] = set()
        for transceiver in self.pc.getTransceivers():
            if transceiver.kind in seen:
                transceiver.direction = "inactive"
                continue
            seen.add(transceiver.kind)
            transceiver.direction = "sendrecv"
            transceiver.sender.replaceTrack(IdleTrack("audio" if transceiver.kind == "audio" else "video"))
        self._mute()
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return str(self.pc.localDescription.sdp)

    async def connected(self) -> None:
        """:raises TimeoutError: no connection. :raises ConnectionError: it failed."""
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            while self.pc.connectionState != "connected":
                if self.pc.connectionState in ("failed", "closed"):
                    raise ConnectionError(f"peer connection {self.pc.connectionState}")
                await asyncio.sleep(0.01)

    @property
    def srtp_profile(self) -> str:
        return str(self._dtls._ssl.get_selected_srtp_profile().decode())

    @property
    def _dtls(self) -> Any:
        return self.pc.getTransceivers()[0].sender.transport

    @property
    def _pair(self) -> Any:
        """The candidate pair that ICE nominated."""
        return self._dtls.transport._connection._nominated[1]

    def hand_over(self, group: int, *, stamped: bool) -> PeerConfig:
        """From here on this loop reads the socket no longer; what is not media comes back through :meth:`receive`."""
        audio, video = (self._first(kind) for kind in ("audio", "video"))
        socket = self._pair.protocol.transport.get_extra_info("socket")
        loop: Any = asyncio.get_running_loop()
        loop._remove_reader(socket.fileno())
        sender_of_audio: Any = audio.sender
        sender_of_video: Any = video.sender
        return PeerConfig(
            fd=socket.fileno(),
            group=group,
            stamped=int(stamped),
            port=self._pair.remote_addr[1],
            address=self._pair.remote_addr[0].encode(),
            send_session=session_address(self._dtls._tx_srtp),
            receive_session=session_address(self._dtls._rx_srtp),
            audio_ssrc=sender_of_audio._ssrc,
            video_ssrc=sender_of_video._ssrc,
            audio_type=_payload_type(audio, "opus"),
            video_type=_payload_type(video, "VP8"),
            mid_extension=_extension(video, _MID),
            level_extension=_extension(audio, _LEVEL),
            transport_extension=_extension(video, TRANSPORT_CC),
            audio_mid=str(audio.mid).encode(),
            video_mid=str(video.mid).encode(),
        )

    def receive(self, datagram: bytes) -> None:
        """STUN and DTLS that the native path met."""
        self._pair.protocol.datagram_received(datagram, self._pair.remote_addr)

    async def close(self) -> None:
        await self.pc.close()

    def _first(self, kind: str) -> RTCRtpTransceiver:
        return next(each for each in self.pc.getTransceivers() if each.kind == kind)

    def _mute(self) -> None:
        for transceiver in self.pc.getTransceivers():
            for end in (transceiver.sender, transceiver.receiver):
                setattr(end, "_send_rtcp", _silence)  # noqa: B010


def _payload_type(transceiver: Any, name: str) -> int:
    return int(next(codec.payloadType for codec in transceiver._codecs if codec.name == name))


def _extension(transceiver: Any, uri: str) -> int:
    return int(next((each.id for each in transceiver._headerExtensions if each.uri == uri), 0))
