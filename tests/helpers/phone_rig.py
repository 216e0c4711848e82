"""A phone worker with a control client and a stand-in for the media worker, for tests."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from relay import datagram
from relay.audio import PCM, WEB_FRAME, WEB_RATE, sine, tones
from relay.control import ControlClient
from relay.control_messages import AnyCommand, AnyEvent, WorkerState
from relay.model import WEB_LEGS, Leg, WebLeg
from relay.phone import worker
from relay.phone.config import PhoneWorkerConfig, TrunkConfig
from relay.phone.opus import OpusDecoder, OpusEncoder
from relay.phone.pacing import every_20_ms
from relay.phone.web_sound import WebSpeaker, WebStream
from relay.phone_messages import Dial, PhoneState, SetPhoneAudio
from tests.helpers.ports import free_port
from tests.helpers.sip_peers import RTP_PORTS, until

CALL = "call-1"
SPREAD_HZ = 150.0


class MediaStandIn:
    """Speaks a tone as each web leg it is told to, and keeps the last second that each web leg hears."""

    def __init__(self, folder: Path, call_id: str = CALL) -> None:
        self.call_id = call_id
        self.path = folder / f"media-{call_id}.sock"
        self.speaks: dict[WebLeg, float] = {}
        self.heard: dict[WebLeg, PCM] = {"signer": np.zeros(0, np.int16), "agent": np.zeros(0, np.int16)}
        self.texts: dict[WebLeg, str] = {"signer": "", "agent": ""}
        self._worker = folder / "audio.sock"
        self._key = datagram.call_key(call_id)
        self._voices: dict[WebLeg, tuple[OpusEncoder, WebStream]] = {
            leg: (OpusEncoder(), WebStream(partial(self._send, leg))) for leg in WEB_LEGS
        }
        self._ears: dict[WebLeg, tuple[WebSpeaker, OpusDecoder]] = {
            leg: (WebSpeaker(leg), OpusDecoder()) for leg in WEB_LEGS
        }
        self._at = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(self.path))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)
        self._clock = asyncio.create_task(every_20_ms(self._speak))

    def _speak(self) -> None:
        for leg, hz in self.speaks.items():
            encoder, stream = self._voices[leg]
            stream.send(encoder.encode(sine(hz, WEB_FRAME, self._at, WEB_RATE)), WEB_FRAME)
        self._at += WEB_FRAME

    def _send(self, leg: WebLeg, packet: bytes) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendto(datagram.pack(datagram.Kind.AUDIO, self._key, leg, packet), str(self._worker))

    def write(self, leg: WebLeg, text: str) -> None:
        """What a web leg types to the telephone."""
        self._socket.sendto(datagram.pack(datagram.Kind.TEXT, self._key, leg, text.encode()), str(self._worker))

    def _readable(self) -> None:
        message = datagram.unpack(self._socket.recv(4096))
        assert message is not None
        assert message.call_key == self._key
        if message.kind is datagram.Kind.TEXT:
            self.texts[message.leg] += message.payload.decode()
            return
        speaker, decoder = self._ears[message.leg]
        packet = speaker.read(message.payload, 0.0)
        assert packet is not None
        sound = decoder.decode(packet.data)
        self.heard[message.leg] = np.concatenate([self.heard[message.leg], sound])[-WEB_RATE:]

    def tones(self, leg: WebLeg) -> set[int]:
        """
        :returns: what sounded in the last half second, in Hz rounded to 20; down to 30 dB under the strongest. A busy
            machine leaves gaps, which spread a tone: what is close to a stronger one is part of it.
        """
        clear: list[float] = []
        found = tones(self.heard[leg][-WEB_RATE // 2 :], WEB_RATE)
        for tone in found:
            if tone.dbfs > found[0].dbfs - 30 and all(abs(tone.hz - other) > SPREAD_HZ for other in clear):
                clear.append(tone.hz)
        return {round(hz / 20) * 20 for hz in clear}

    async def speaks_for(self, seconds: float) -> None:
        """Until so much more was said."""
        end = self._at + round(seconds * WEB_RATE)
        await until(lambda: self._at >= end)

    def forget(self) -> None:
        for leg in self.heard:
            self.heard[leg] = np.zeros(0, np.int16)

    async def close(self) -> None:
        self._clock.cancel()
        await asyncio.gather(self._clock, return_exceptions=True)
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


class Signaling:
    """The control client, with everything the worker said."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.closed = False
        self._client = ControlClient(self.events.append, self._on_close)

    def _on_close(self) -> None:
        self.closed = True

    async def connect(self, path: Path) -> None:
        async with asyncio.timeout(45):
            while True:
                try:
                    await self._client.connect(path)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        await until(lambda: bool(self.events))

    async def ask(self, command: AnyCommand) -> dict[str, object]:
        return await self._client.request(command)

    @property
    def greeting(self) -> WorkerState:
        assert isinstance(self.events[0], WorkerState)
        return self.events[0]

    def phone(self, attempt: str | None = None) -> list[str]:
        """The progress of the phone leg so far, the outcome in the last place when it has ended."""
        states = [e for e in self.events if isinstance(e, PhoneState) and attempt in (None, e.attempt)]
        return [state.outcome or state.progress for state in states]

    def last(self) -> PhoneState:
        return [event for event in self.events if isinstance(event, PhoneState)][-1]

    async def until_phone(self, word: str, attempt: str | None = None) -> None:
        await until(lambda: word in self.phone(attempt))

    async def close(self) -> None:
        await self._client.close()


class Rig:
    """One worker in this process, listening, with its client."""

    def __init__(self, folder: Path, config: PhoneWorkerConfig) -> None:
        self.folder = folder
        self.config = config
        self.signaling = Signaling()
        self.media = MediaStandIn(folder)
        self.others: list[MediaStandIn] = []

    def second_call(self, call_id: str, speaks: dict[WebLeg, float]) -> MediaStandIn:
        """Closed with the rig."""
        media = MediaStandIn(self.folder, call_id)
        media.speaks = speaks
        self.others.append(media)
        return media

    async def dial(
        self, target: str, attempt: str = "a", *, timeout_s: float = 30, epoch: int = 1, caller_id: str | None = None
    ) -> None:
        await self.signaling.ask(
            Dial(call_id=CALL, epoch=epoch, attempt=attempt, target=target, timeout_s=timeout_s, caller_id=caller_id)
        )

    async def hears(self, hears: dict[Leg, tuple[Leg, ...]]) -> None:
        await self.signaling.ask(SetPhoneAudio(call_id=CALL, epoch=1, worker_socket=str(self.media.path), hears=hears))


def worker_config(folder: Path, trunk: TrunkConfig | None = None, redis_url: str | None = None) -> PhoneWorkerConfig:
    first = free_port(RTP_PORTS)
    return PhoneWorkerConfig(
        worker_id="phone-test",
        control_socket=folder / "control.sock",
        audio_socket=folder / "audio.sock",
        redis_url=redis_url,
        sip_port=free_port(),
        trunk=trunk or TrunkConfig(),
        rtp_ports=(first, first + RTP_PORTS - 1),
        stop_deadline_s=1.0,
        no_response_s=8.0,
    )


@contextlib.asynccontextmanager
async def phone_worker(trunk: TrunkConfig | None = None, capacity: int = 40, **settings: Any) -> AsyncIterator[Rig]:
    """:param settings: of :class:`PhoneWorkerConfig`, others than the rig's."""
    folder = Path(tempfile.mkdtemp(prefix="psr-", dir="/tmp"))
    config = replace(worker_config(folder, trunk), capacity=capacity, **settings)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(config, stop))
    rig = Rig(folder, config)
    try:
        await rig.signaling.connect(config.control_socket)
        yield rig
    finally:
        await rig.signaling.close()
        for media in (rig.media, *rig.others):
            await media.close()
        stop.set()
        async with asyncio.timeout(30):
            await running
        shutil.rmtree(folder, ignore_errors=True)
