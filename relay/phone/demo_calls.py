"""
The calls of the demonstration phone: what each does by itself, and what a person at the page makes of it.

Left to others: which number behaves how (``relay.phone.demo_numbers``), the page (``relay.phone.demo_web``).
"""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Literal

from relay.audio import PHONE_FRAME
from relay.phone.codecs import SoundCodec, sound_codec
from relay.phone.config import DemoPhoneConfig
from relay.phone.demo_numbers import HANG_UP_AFTER_S, Behaviour, behaviour_of, normalise
from relay.phone.demo_sound import ContinuousTone, GreetingThenEcho, Heard, PageSound, Sound
from relay.phone.leg import Answered, EarlyMedia, Ended, IncomingLeg, Invite, LegEvent, MediaChanged, PhoneLeg
from relay.phone.pacing import every_20_ms
from relay.phone.rtp import RtpEndpoint, RtpPorts, open_rtp
from relay.phone.rtp_packets import Payload
from relay.phone.sdp import CodecName, LocalAudio
from relay.phone.sippy_adapter import SippyStack, StackConfig

CallState = Literal["ringing", "calling", "answered", "ended"]
DIGITS_KEPT = 64
REFUSALS: dict[str, tuple[int, str]] = {
    "busy": (486, "Busy Here"),
    "unknown": (404, "Not Found"),
    "declines": (603, "Decline"),
}
DIALLED = re.compile(r"\+?[0-9][0-9 .]{1,24}")
CALLER = "+33199000099"  # the demonstration phone's own number
NARROW: tuple[CodecName, ...] = ("PCMA", "PCMU")  # a plain telephone; all its sounds are 8 kHz
CLOSE_DEADLINE_S = 2.0
log = logging.getLogger(__name__)


class DemoCall:
    """One call of the demonstration phone: :class:`ReceivedCall` or :class:`PlacedCall`."""

    def __init__(self, number: str, caller: str | None, behaviour: Behaviour, phone: "DemoPhone") -> None:
        self.id = secrets.token_hex(8)
        self.number, self.caller = number, caller
        self.behaviour = behaviour
        self.state: CallState = "ringing"
        self.sip_code: int | None = None  # why it came to nothing
        self.began = time.monotonic()
        self.digits = ""
        self.page = PageSound()
        self.heard = Heard()
        self.rtp: RtpEndpoint | None = None
        self.leg: PhoneLeg | None = None
        self._codec: SoundCodec = sound_codec("PCMA")
        self._phone = phone
        self._sound = _sound(behaviour, self.page)

    def hang_up(self) -> None:
        if self.leg is not None:
            self.leg.hang_up()
        else:
            self._end()

    def press(self, digits: str) -> None:
        if self.rtp is not None:
            self.rtp.press(digits)

    def tick(self) -> None:
        if self.rtp is not None and self.rtp.active:
            self.rtp.tick()
            self.rtp.send(self._codec.encode(self._sound.speak()), PHONE_FRAME)

    def summary(self) -> dict[str, Any]:
        """For the page and for rehearsals: what is heard, as numbers only."""
        heard = self.heard.tones()
        return {
            "id": self.id,
            "number": self.number,
            "caller": self.caller,
            "kind": self.behaviour.kind,
            "state": self.state,
            "seconds": round(time.monotonic() - self.began, 1),
            "sends_hz": self.behaviour.hz or None,
            "dominant_hz": heard[0].hz if heard else None,
            "tones": [{"hz": tone.hz, "dbfs": tone.dbfs} for tone in heard],
            "level_dbfs": round(self.heard.level_dbfs(), 1),
            "digits": self.digits,
        }

    async def _open_sound(self) -> LocalAudio | None:
        """:returns: None: the call has ended meanwhile. :raises OSError: no RTP port is free."""
        config = self._phone.config
        rtp = await open_rtp(config.sip_host, self._phone.ports)
        if self.state == "ended":
            rtp.close()
            return None
        self.rtp = rtp
        rtp.on_payload, rtp.on_dtmf = self._hear, self._digit
        return LocalAudio(config.sip_host, rtp.port, secrets.randbits(31), codecs=NARROW)

    def _on_leg_event(self, event: LegEvent) -> None:
        if isinstance(event, Answered | EarlyMedia | MediaChanged) and self.rtp is not None:
            self.rtp.connect(event.media)
            self._codec = sound_codec(event.media.codec)
            if isinstance(event, Answered):
                self.state = "answered"
            self._phone.changed()
        elif isinstance(event, Ended):
            self.sip_code = event.sip_code
            self._end()

    def _end(self) -> None:
        self.state = "ended"
        if self.rtp is not None:
            self.rtp.close()
        self._phone.forget(self)

    def _hear(self, packet: Payload) -> None:
        frame = self._codec.decode(packet.data)
        self.heard.hear(frame)
        self._sound.hear(frame)

    def _digit(self, digit: str) -> None:
        self.digits = (self.digits + digit)[-DIGITS_KEPT:]
        self._phone.changed()


class ReceivedCall(DemoCall):
    def __init__(self, leg: IncomingLeg, behaviour: Behaviour, phone: "DemoPhone") -> None:
        super().__init__(normalise(leg.number), leg.caller, behaviour, phone)
        self.leg = self._incoming = leg
        leg.listen(self._on_leg_event)

    async def answer(self) -> None:
        """:raises OSError: no RTP port is free."""
        if self.state != "ringing" or self.rtp is not None:
            return
        audio = await self._open_sound()
        if audio is not None:
            self._incoming.answer(audio)

    def decline(self) -> None:
        self._incoming.reject(*REFUSALS["declines"])


class PlacedCall(DemoCall):
    """By a person at the page, to the relay: what a hearing person does who calls a signer."""

    def __init__(self, number: str, phone: "DemoPhone") -> None:
        super().__init__(normalise(number), CALLER, Behaviour("person"), phone)
        self.state = "calling"

    async def place(self, stack: SippyStack) -> None:
        """:raises OSError: no RTP port is free. :raises ValueError: not a number that can be written."""
        config = self._phone.config
        audio = await self._open_sound()
        if audio is None:
            return
        relay = f"{config.sip_host}:{config.relay_port}"
        address = (config.sip_host, config.relay_port)
        invite = Invite(self.number, relay, address, "udp", config.sip_host, audio, caller_id=self.caller)
        self.leg = stack.dial(invite, self._on_leg_event)


def _sound(behaviour: Behaviour, page: PageSound) -> Sound:
    if behaviour.kind in ("echo", "hangs_up"):
        return GreetingThenEcho()
    if behaviour.kind == "tone":
        return ContinuousTone(behaviour.hz)
    return page


class DemoPhone:
    """All calls to the demonstration phone; ``on_change`` is called when the list or a state changes."""

    def __init__(self, config: DemoPhoneConfig) -> None:
        self.config = config
        self.ports = RtpPorts(*config.rtp_ports)
        self.calls: dict[str, DemoCall] = {}
        self.on_change: Callable[[], None] = lambda: None
        known = frozenset({config.sip_host, "127.0.0.1", "::1"})
        self._stack = SippyStack(StackConfig(config.sip_host, config.sip_port, known_hosts=known), self._incoming)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """:raises OSError: the SIP port is taken."""
        await self._stack.start()
        self._spawn(every_20_ms(self._tick))

    async def close(self) -> None:
        for call in list(self.calls.values()):
            call.hang_up()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.close(CLOSE_DEADLINE_S)

    def changed(self) -> None:
        self.on_change()

    def forget(self, call: DemoCall) -> None:
        if self.calls.pop(call.id, None) is not None:
            log.info("demonstration call ends id=%s", call.id)
            self.changed()

    def _incoming(self, leg: IncomingLeg, _trunk: str) -> None:
        behaviour = behaviour_of(leg.number)
        if len(self.calls) >= self.config.capacity:
            behaviour = Behaviour("busy")
        if behaviour.kind in REFUSALS:
            leg.reject(*REFUSALS[behaviour.kind])
            return
        call = ReceivedCall(leg, behaviour, self)
        self.calls[call.id] = call
        leg.ring()
        log.info("demonstration call begins id=%s kind=%s", call.id, behaviour.kind)
        self.changed()
        if behaviour.kind in ("echo", "tone", "hangs_up"):
            self._spawn(self._behave(call))

    def new_call(self, number: str) -> PlacedCall | None:
        """
        For :meth:`place`.

        :param number: as typed. :returns: None: it is none, or there are too many calls.
        """
        if len(self.calls) >= self.config.capacity or not DIALLED.fullmatch(number.strip()):
            return None
        call = PlacedCall(number, self)
        self.calls[call.id] = call
        self.changed()
        return call

    async def place(self, call: PlacedCall) -> None:
        log.info("demonstration call is placed id=%s", call.id)
        try:
            await call.place(self._stack)
        except (OSError, ValueError, RuntimeError):
            call.hang_up()

    async def _behave(self, call: ReceivedCall) -> None:
        await asyncio.sleep(self.config.ring_s)
        try:
            await call.answer()
        except OSError:
            call.hang_up()
            return
        if call.behaviour.kind == "hangs_up":
            await asyncio.sleep(HANG_UP_AFTER_S)
            call.hang_up()

    def _tick(self) -> None:
        for call in list(self.calls.values()):
            try:
                call.tick()
            except Exception:  # one call's fault must not silence the others
                log.exception("sound of a demonstration call failed")

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
