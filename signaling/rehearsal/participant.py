"""
One of the rehearsal's people: a page's WebSocket, a camera with a code in the picture, a voice, an eye and an ear.

Answers every media offer by itself; what to do in the call is decided by the driver.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from relay.media_code import STRIP, Picture, PictureCode, Samples, draw_code, read_code
from relay.media_peer import MediaPeer
from relay.model import WebLeg
from signaling.call_terms import PageRole
from signaling.messages import AnyServerMessage
from signaling.messages.media import MediaAnswer, MediaClosed, MediaOffer
from signaling.rehearsal.client import PageClient, RehearsalError
from signaling.rehearsal.eye import Eye
from signaling.rehearsal.pictures import Loop
from signaling.rehearsal.service import Service
from signaling.rehearsal.tones import Ear, Voice

SAMPLE_RATE = 48_000  # Hz
FRAME_SAMPLES = 960  # 20 ms
CLOSE_DEADLINE_S = 5.0
log = logging.getLogger(__name__)


def strip_rows(height: int) -> int:
    """:returns: rows at the lower edge that the code takes."""
    return round(height * STRIP)


def _now_ms() -> int:
    return int(time.monotonic() * 1000)


@dataclass(frozen=True)
class Persona:
    """
    Who takes part.

    :param ident: in the picture's code, 0..255.
    :param voice_hz: its tone, silent until switched on; None: no microphone.
    :param sees_two: takes the second picture too.
    """

    leg: WebLeg
    ident: int
    camera: Loop
    voice_hz: float | None
    fps: float
    sees_two: bool = False


class Participant:
    def __init__(self, http: aiohttp.ClientSession, service: Service, persona: Persona) -> None:
        self.leg, self.ident = persona.leg, persona.ident
        role: PageRole = "signer" if persona.leg == "signer" else "agent"
        self.client = PageClient(http, service.url, service.token, role, self._on_message)
        self.second_eye = Eye()
        self.eye, self.ear, self.voice = Eye(), Ear(), Voice(persona.voice_hz or 0.0, SAMPLE_RATE)
        self.offered_at = 0.0  # monotonic s: the newest media offer
        self.text, self.text_at = "", 0.0
        self._camera, self._fps = persona.camera, persona.fps
        self._sees_two = persona.sees_two
        self._has_microphone = persona.voice_hz is not None
        self._peer: MediaPeer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    # --- going and coming

    async def vanish(self) -> None:
        """Page and media are gone at once, as when a tab is closed or a battery is empty."""
        self._drop_peer()
        await self.client.close()

    # --- text

    async def wait_text(self, timeout: float) -> None:
        """Media is connected and text can be typed. :raises RehearsalError: not in time."""
        try:
            if self._peer is None:
                raise ConnectionError("no peer")
            await self._peer.wait_connected(timeout)
        except (ConnectionError, TimeoutError) as error:
            raise RehearsalError("text_closed", f"{self.leg} : pas de canal de texte") from error

    def type_text(self, text: str, *, to_phone: bool = False) -> None:
        """:raises RehearsalError: the channel has gone."""
        try:
            if self._peer is None:
                raise ConnectionError("no peer")
            self._peer.send_text(text, to_phone=to_phone)
        except ConnectionError as error:
            raise RehearsalError("text_closed", f"{self.leg} : canal de texte fermé") from error

    # --- media

    def _on_message(self, message: AnyServerMessage) -> None:
        if isinstance(message, MediaOffer):
            self.offered_at = time.monotonic()
            self._spawn(self._answer(message))
        elif isinstance(message, MediaClosed):
            self._drop_peer()

    async def _answer(self, offer: MediaOffer) -> None:
        """A new generation replaces the connection, as it does in a page."""
        self._drop_peer()
        peer = self._peer = MediaPeer(
            video=self._look, audio=self._speak if self._has_microphone else None, fps=self._fps,
            on_video=self._see, on_second_video=self._see_second if self._sees_two else None,
            on_audio=self._hear, on_text=self._read,
        )  # fmt: skip
        sdp = await peer.answer(offer.sdp, offer.ice_servers)
        await self.client.ask(MediaAnswer(call_id=offer.call_id, generation=offer.generation, sdp=sdp))

    def _drop_peer(self) -> None:
        """
        Close the connection aside. A close that has begun is never cancelled: aiortc would leave its decoder thread
        behind, and the process could not end.
        """
        peer, self._peer = self._peer, None
        if peer is not None:
            task = asyncio.create_task(peer.close(), name=f"rehearsal-{self.leg}-close")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._drop_peer()
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_DEADLINE_S)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"rehearsal-{self.leg}-media")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning("media not established: %s", type(error).__name__, extra={"leg": self.leg})
            self.client.error_codes.append(error.code if isinstance(error, RehearsalError) else type(error).__name__)

    # --- senses

    def _look(self, number: int) -> Picture:
        picture = self._camera.frame(number / self._fps).copy()
        draw_code(picture, PictureCode(self.ident, _now_ms()))
        return picture

    def _speak(self, _start: int) -> Samples:
        return self.voice.take(FRAME_SAMPLES)

    def _see(self, picture: Picture) -> None:
        self._show(picture, self.eye)

    def _see_second(self, picture: Picture) -> None:
        self._show(picture, self.second_eye)

    def _show(self, picture: Picture, eye: Eye) -> None:
        code = read_code(picture)
        height, width = picture.shape[:2]
        found = (code.participant, float(code.age_ms(_now_ms()))) if code is not None else None
        eye.see(width, height, found, time.monotonic())

    def _hear(self, samples: Samples) -> None:
        self.ear.hear(samples, SAMPLE_RATE)

    def _read(self, _writer: str, text: str) -> None:
        self.text += text.replace("\ufeff", "")
        self.text_at = time.monotonic()


@asynccontextmanager
async def join(http: aiohttp.ClientSession, service: Service, persona: Persona) -> AsyncIterator[Participant]:
    """Somebody who is connected for the time of the block. :raises UnreachableError:"""
    participant = Participant(http, service, persona)
    async with participant.client:
        try:
            yield participant
        finally:
            with contextlib.suppress(ConnectionError):
                await participant.close()
