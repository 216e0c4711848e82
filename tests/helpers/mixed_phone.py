"""
The telephone of one call beside a real media worker: the phone worker's own mixing and sockets, without SIP.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from relay.audio_exchange import AudioExchange, DatagramSender
from relay.datagram import Datagram, Kind, call_key
from relay.media_code import tone_share
from relay.model import CallPlan
from relay.phone.call_sound import CallSound
from relay.phone.pacing import every_20_ms
from relay.phone_messages import SetPhoneAudio
from relay.routing import EVERYBODY, routes
from tests.helpers.call_sound_rig import Telephone


class RealClock:
    """Stands in for the rig's."""

    @property
    def now(self) -> float:
        return time.monotonic()

    def __call__(self) -> float:
        return time.monotonic()


class MixedPhone:
    """:param socket: where the media worker sends voices; :param worker_socket: where it takes the mixes."""

    def __init__(self, call_id: str, socket: Path, worker_socket: Path, hz: float) -> None:
        self.socket = socket
        self._call_id, self._worker_socket = call_id, worker_socket
        self._sender = DatagramSender()
        self._exchange = AudioExchange(socket, self._from_worker)
        clock = RealClock()
        self._sound = CallSound(call_id, lambda to, data: self._sender.send(data, to), lambda event: None, clock)
        self.telephone = Telephone(clock, "G722", hz)  # type: ignore[arg-type]
        self._sound.add_line(self.telephone.line)

    def plan(self, plan: CallPlan) -> None:
        """As signaling does with each plan."""
        hears = routes(EVERYBODY, plan).hears
        self._sound.set_audio(
            SetPhoneAudio(call_id=self._call_id, epoch=1, worker_socket=str(self._worker_socket), hears=hears)
        )

    def heard_share(self, hz: float) -> float:
        """Of the last half second: how much is this tone, 0..1."""
        ear = self.telephone.ear
        heard = ear.sound[-ear.rate // 2 :]
        return tone_share(heard, hz, ear.rate) if len(heard) == ear.rate // 2 else 0.0

    def forget(self) -> None:
        self.telephone.ear.forget()

    def _from_worker(self, message: Datagram) -> None:
        if message.kind is Kind.AUDIO and message.call_key == call_key(self._call_id):
            self._sound.web_sound(message.leg, message.payload)

    def speak(self) -> None:
        """Every 20 ms."""
        self.telephone.say()
        self._sound.tick()

    def start(self) -> None:
        self._exchange.start()

    def close(self) -> None:
        self._exchange.close()
        self._sender.close()


@contextlib.asynccontextmanager
async def mixed_phone(call_id: str, socket: Path, worker_socket: Path, hz: float) -> AsyncIterator[MixedPhone]:
    phone = MixedPhone(call_id, socket, worker_socket, hz)
    phone.start()
    speaking = asyncio.create_task(every_20_ms(phone.speak))
    try:
        yield phone
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        phone.close()
