"""
A participant without a browser: answers the server's offer, sends and decodes real media.

Rehearsals place whole calls with it, tests prove with it who sees and hears whom. Unlike the worker it is an ordinary
aiortc client, encoders and decoders included.
"""

import asyncio
import fractions
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from relay.aiortc_internals.ice import add_loopback, connection_of
from relay.forwarding.streams import MIDS
from relay.media_code import SAMPLE_RATE, Picture, Samples
from relay.model import IceServer

FRAME_SAMPLES = SAMPLE_RATE // 50  # 20 ms
VIDEO_TIME_BASE = fractions.Fraction(1, 90_000)
AUDIO_TIME_BASE = fractions.Fraction(1, SAMPLE_RATE)

#: called with the frame's number, returns BGR of shape (height, width, 3)
VideoSource = Callable[[int], Picture]
#: called with the index of the first sample, returns 960 mono samples at 48 kHz
AudioSource = Callable[[int], Samples]


class _Paced(MediaStreamTrack):
    """Frames at a steady pace; late ones are left out rather than sent in a burst."""

    def __init__(self, period_s: float) -> None:
        super().__init__()
        self._period_s = period_s
        self._began: float | None = None
        self._number = -1

    async def next_number(self) -> int:
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._began is None:
            self._began = now
        self._number = max(self._number + 1, int((now - self._began) / self._period_s))
        await asyncio.sleep(max(0.0, self._began + self._number * self._period_s - now))
        return self._number


class _VideoTrack(_Paced):
    kind = "video"

    def __init__(self, source: VideoSource, fps: float) -> None:
        super().__init__(1 / fps)
        self._source = source

    async def recv(self) -> VideoFrame:
        number = await self.next_number()
        frame = VideoFrame.from_ndarray(self._source(number), format="bgr24")
        frame.pts, frame.time_base = round(number * self._period_s * 90_000), VIDEO_TIME_BASE
        return frame


class _AudioTrack(_Paced):
    kind = "audio"

    def __init__(self, source: AudioSource) -> None:
        super().__init__(FRAME_SAMPLES / SAMPLE_RATE)
        self._source = source

    async def recv(self) -> AudioFrame:
        start = await self.next_number() * FRAME_SAMPLES
        frame = AudioFrame.from_ndarray(self._source(start).reshape(1, -1), format="s16", layout="mono")
        frame.pts, frame.time_base, frame.sample_rate = start, AUDIO_TIME_BASE, SAMPLE_RATE
        return frame


class MediaPeer:
    """
    One participant's end of one leg generation; make a new one to reconnect.

    :param video: None for a participant without camera. :param audio: None for one without microphone.
    :param on_video: called with each decoded picture (BGR). :param on_second_video: of the second picture; None: it is
        not asked for. :param on_audio: with mono samples at 48 kHz.
    :param on_text: with the channel's label (the writer, a leg's name) and the text.
    """

    def __init__(
        self,
        *,
        video: VideoSource | None = None,
        audio: AudioSource | None = None,
        fps: float = 25.0,
        on_video: Callable[[Picture], None] | None = None,
        on_second_video: Callable[[Picture], None] | None = None,
        on_audio: Callable[[Samples], None] | None = None,
        on_text: Callable[[str, str], None] | None = None,
    ) -> None:
        self._video, self._audio, self._fps = video, audio, fps
        self._on_video, self._on_audio, self._on_text = on_video, on_audio, on_text
        self._on_second_video = on_second_video
        self._connection: RTCPeerConnection | None = None
        self._channels: dict[str, RTCDataChannel] = {}
        self._readers: list[asyncio.Task[None]] = []
        self._videos = 0  # so far, in the offer's order
        self._connected = asyncio.Event()
        self._text_open = asyncio.Event()

    @property
    def state(self) -> str:
        """W3C connectionState, ``new`` before the answer."""
        return self._connection.connectionState if self._connection is not None else "new"

    async def answer(self, offer_sdp: str, ice_servers: Sequence[IceServer] = ()) -> str:
        """:returns: the answer's SDP; the connection then comes up by itself."""
        servers = [RTCIceServer(list(each.urls), each.username, each.credential) for each in ice_servers]
        connection = RTCPeerConnection(RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._connection = connection
        connection.on("track", self._read_track)
        connection.on("datachannel", self._take_channel)
        connection.on("connectionstatechange", self._state_changed)
        await connection.setRemoteDescription(RTCSessionDescription(offer_sdp, "offer"))
        self._use_transceivers(connection)
        await connection.setLocalDescription(await connection.createAnswer())
        return str(connection.localDescription.sdp)

    async def wait_connected(self, timeout_s: float = 10.0) -> None:
        """Media and text can flow. :raises TimeoutError: they cannot."""
        async with asyncio.timeout(timeout_s):
            await self._connected.wait()
            await self._text_open.wait()

    def send_text(self, text: str, *, to_phone: bool = False) -> None:
        """
        To the phone party, or to everybody else, as pages do.

        :raises ConnectionError: no text channel is open.
        """
        to = [channel for label, channel in self._channels.items() if (label == "phone") == to_phone]
        found = [channel for channel in to if channel.readyState == "open"]
        if not found:
            raise ConnectionError("text channel is not open")
        for channel in found:
            channel.send(text)

    @property
    def text_parties(self) -> frozenset[str]:
        """Labels of the open text channels."""
        return frozenset(label for label, channel in self._channels.items() if channel.readyState == "open")

    async def close(self) -> None:
        for task in self._readers:
            task.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    def _use_transceivers(self, connection: RTCPeerConnection) -> None:
        tracks: dict[str, MediaStreamTrack | None] = {
            MIDS["audio"]: _AudioTrack(self._audio) if self._audio is not None else None,
            MIDS["video"]: _VideoTrack(self._video, self._fps) if self._video is not None else None,
        }
        for transceiver in connection.getTransceivers():
            track = tracks.get(transceiver.mid or "")
            if transceiver.mid not in tracks:
                transceiver.direction = "inactive" if self._on_second_video is None else "recvonly"
            elif track is None:
                transceiver.direction = "recvonly"
            else:
                transceiver.sender.replaceTrack(track)
                transceiver.direction = "sendrecv"
        gatherer = connection.getTransceivers()[0].receiver.transport.transport.iceGatherer
        add_loopback(connection_of(gatherer), always=False, timeout_s=1.0)

    def _state_changed(self) -> None:
        if self.state == "connected":
            self._connected.set()

    def _take_channel(self, channel: RTCDataChannel) -> None:
        self._channels[channel.label] = channel
        self._text_open.set()

        def on_message(message: object) -> None:
            if isinstance(message, str) and self._on_text is not None:
                self._on_text(channel.label, message)

        channel.on("message", on_message)

    def _read_track(self, track: Any) -> None:
        self._videos += track.kind == "video"
        on_video = self._on_video if self._videos < 2 else self._on_second_video
        self._readers.append(asyncio.create_task(self._read(track, on_video)))

    async def _read(self, track: Any, on_video: Callable[[Picture], None] | None) -> None:
        """Always reading: aiortc's queue of decoded frames has no bound."""
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame) and on_video is not None:
                    on_video(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
                elif isinstance(frame, AudioFrame) and self._on_audio is not None:
                    channels = len(frame.layout.channels)
                    self._on_audio(frame.to_ndarray().reshape(-1, channels)[:, 0].astype(np.int16))
        except MediaStreamError:
            return
