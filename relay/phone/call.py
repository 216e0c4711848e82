"""
One call's telephone side: its leg and its state.

Decides what each SIP event means for the call. Left to others: SIP itself (``relay.phone.leg``), RTP
(``relay.phone.rtp``), sound (``relay.phone.call_sound``), commands (``relay.phone.worker``).
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from relay.control_messages import AnyEvent, Dial, PhoneDtmf, PhoneState
from relay.errors import RelayError, UnknownLegError
from relay.model import PhoneOutcome, PhoneProgress
from relay.phone.call_sound import CallSound, PhoneLine
from relay.phone.config import PhoneWorkerConfig
from relay.phone.farewells import Farewells
from relay.phone.leg import (
    Answered,
    EarlyMedia,
    Ended,
    Invite,
    LegEvent,
    MediaChanged,
    PhoneLeg,
    PhoneStack,
    Ringing,
    Trying,
)
from relay.phone.outcome import outcome_of
from relay.phone.rtp import RtpEndpoint, RtpPorts, open_rtp
from relay.phone.sdp import LocalAudio
from relay.phone.sip_transport import resolve
from relay.phone.target import Target, read_target
from relay.phone.watchdog import Watchdog

ATTEMPTS_KEPT = 32
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """
    What the worker lends to its calls.

    :param send: a datagram (``relay.datagram``) to the media worker at this address; never blocks.
    """

    config: PhoneWorkerConfig
    stack: PhoneStack
    ports: RtpPorts
    farewells: Farewells
    emit: Callable[[AnyEvent], None]
    send: Callable[[str, bytes], object]


class PhoneCall:
    """At most one phone leg at a time; the sound of the web legs is mixed whether there is one or not."""

    def __init__(self, call_id: str, services: Services) -> None:
        self.call_id = call_id
        self.progress: PhoneProgress | None = None
        self._services = services
        config = services.config
        self._watchdog = Watchdog(config.unkept_after_s, config.rtp_timeout_s, asyncio.get_running_loop().time())
        self._attempts: list[str] = []
        self._leg: PhoneLeg | None = None
        self._rtp: RtpEndpoint | None = None
        self._line: PhoneLine | None = None
        self.sound = CallSound(call_id, services.send, services.emit)
        self._timers: list[asyncio.TimerHandle] = []
        self._ending: PhoneOutcome | None = None
        self._sip_code: int | None = None
        self._responded = False
        self._rang = False

    @property
    def attempt(self) -> str:
        return self._attempts[-1]

    @property
    def leg_is_up(self) -> bool:
        return self.progress not in (None, "ended")

    # --- commands -----------------------------------------------------------------------------------------

    async def dial(self, command: Dial) -> None:
        """:raises RelayError: ``phone_busy``, ``bad_target``. What goes wrong later is told as an event."""
        if command.attempt in self._attempts:
            return
        if self.leg_is_up:
            raise RelayError("phone_busy", "the call has a phone leg already")
        target = read_target(command.target, self._services.config.trunk)
        self._attempts = [*self._attempts[-ATTEMPTS_KEPT:], command.attempt]
        self._ending, self._sip_code, self._responded, self._rang = None, None, False, False
        self._advance("trying")
        log.info("phone leg begins call_id=%s attempt=%s", self.call_id, command.attempt)
        loop = asyncio.get_running_loop()
        self._watchdog.new_leg(loop.time())
        self._timers = [
            loop.call_later(command.timeout_s, self.hang_up, "no_answer"),
            loop.call_later(self._services.config.no_response_s, self._no_response),
        ]
        try:
            await self._place(command, target)
        except (OSError, ValueError, RuntimeError) as error:  # no name, no port, or a URI the stack cannot write
            log.warning("phone leg cannot be placed call_id=%s: %s", self.call_id, type(error).__name__)
            if self._is_current(command.attempt):
                self._finish("trunk_failed")

    async def _place(self, command: Dial, target: Target) -> None:
        config = self._services.config
        address = await resolve(target.host, target.port)
        rtp = await open_rtp(config.sip_host, self._services.ports)
        if not self._is_current(command.attempt):  # hung up meanwhile
            rtp.close()
            return
        rtp.on_dtmf = self._phone_digit
        self._rtp, self._line = rtp, PhoneLine(rtp)
        self.sound.add_line(self._line)
        attempt = command.attempt
        self._leg = self._services.stack.dial(
            _invite(command, target, address, config, LocalAudio(config.sip_host, rtp.port, secrets.randbits(31))),
            lambda event: self._on_leg_event(attempt, event),
        )

    def hold(self, held: bool) -> None:
        """:raises UnknownLegError: no phone leg has been answered."""
        if self._leg is None or self.progress not in ("answered", "held"):
            raise UnknownLegError("phone")
        if held == (self.progress == "held"):
            return
        self._leg.hold(held)
        self._advance("held" if held else "answered")

    def press(self, digits: str) -> None:
        """:raises RelayError: ``unknown_leg``; ``no_dtmf`` when the peer takes no telephone-events."""
        if self._rtp is None or self.progress not in ("early_media", "answered", "held"):
            raise UnknownLegError("phone")
        if not self._rtp.press(digits):
            raise RelayError("no_dtmf", "the peer negotiated no telephone-event")

    def hang_up(self, outcome: PhoneOutcome = "released") -> None:
        if not self.leg_is_up:
            return
        self._ending = outcome
        if self._leg is not None:
            self._leg.hang_up()
        else:
            self._finish(outcome)

    def kept(self, now: float) -> None:
        """The owner gave a command. :param now: the loop's time in s."""
        self._watchdog.kept(now)

    def watch(self, now: float) -> None:
        """End the leg when its owner or its telephone is gone. :param now: the loop's time in s."""
        if not self.leg_is_up or self._ending is not None:
            return
        signs = self._rtp.signs_of_life if self._rtp is not None else 0
        sound_is_due = self.progress == "answered" and self._rtp is not None and self._rtp.goes_both_ways
        outcome = self._watchdog.verdict(now, signs, sound_is_due=sound_is_due)
        if outcome is not None:
            log.warning("phone leg is given up call_id=%s outcome=%s", self.call_id, outcome)
            self.hang_up(outcome)

    # --- the leg ------------------------------------------------------------------------------------------

    def _on_leg_event(self, attempt: str, event: LegEvent) -> None:
        if not self._is_current(attempt):
            return
        self._responded = True
        if isinstance(event, Ringing):
            self._rang, self._sip_code = True, event.code
            if self.progress == "trying":
                self._advance("ringing")
        elif isinstance(event, EarlyMedia):
            self._rang, self._sip_code = True, event.code
            self._connect(event)
            self._advance("early_media")
        elif isinstance(event, Answered):
            self._sip_code = 200
            self._connect(event)
            self._stop_timers()
            self._advance("answered")
        elif isinstance(event, MediaChanged):
            self._connect(event)
        elif isinstance(event, Ended):
            self._on_ended(event)
            return
        if not isinstance(event, Trying):
            self._keep_farewell()

    def _on_ended(self, event: Ended) -> None:
        if event.sip_code is not None:
            self._sip_code = event.sip_code
        if self._ending is not None:
            self._finish(self._ending)
        elif event.sip_code is not None:
            self._finish(outcome_of(event.sip_code, rang=self._rang))
        else:
            self._finish("hung_up")

    def _connect(self, event: EarlyMedia | Answered | MediaChanged) -> None:
        if self._rtp is not None:
            self._rtp.connect(event.media)

    def _keep_farewell(self) -> None:
        request = self._leg.farewell() if self._leg is not None else None
        if request is not None:
            self._services.farewells.keep(self._farewell_key(), request)

    def _farewell_key(self) -> str:
        return f"{self.call_id} {self.attempt}"

    def _finish(self, outcome: PhoneOutcome) -> None:
        self._stop_timers()
        if self._line is not None:
            self.sound.remove_line(self._line)
            self._line.rtp.close()
        self._rtp = self._leg = self._line = None
        self._services.farewells.drop(self._farewell_key())
        log.info("phone leg ends call_id=%s outcome=%s sip_code=%s", self.call_id, outcome, self._sip_code)
        self._advance("ended", outcome)

    def _advance(self, progress: PhoneProgress, outcome: PhoneOutcome | None = None) -> None:
        if progress == self.progress:
            return
        self.progress = progress
        self._reroute()
        self._services.emit(
            PhoneState(
                call_id=self.call_id,
                attempt=self.attempt,
                progress=progress,
                outcome=outcome,
                sip_code=self._sip_code,
            )
        )

    def _is_current(self, attempt: str) -> bool:
        return self.leg_is_up and self.attempt == attempt

    def _no_response(self) -> None:
        if not self._responded:
            self.hang_up("trunk_failed")

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    # --- sound --------------------------------------------------------------------------------------------

    def _reroute(self) -> None:
        if self._line is not None:
            self._line.is_heard = self.progress in ("early_media", "answered")
            self._line.hears = self.progress == "answered"
            self.sound.line_changed()

    def _phone_digit(self, digit: str) -> None:
        if self.progress == "answered":
            self._services.emit(PhoneDtmf(call_id=self.call_id, digit=digit, attempt=self.attempt))


def _invite(
    command: Dial, target: Target, address: tuple[str, int], config: PhoneWorkerConfig, audio: LocalAudio
) -> Invite:
    trunk = config.trunk
    return Invite(
        user=target.user,
        domain=(trunk.from_domain if target.by_trunk else None) or target.domain,
        address=address,
        transport=target.transport,
        from_domain=(trunk.from_domain if target.by_trunk else None) or config.sip_host,
        audio=audio,
        caller_id=command.caller_id,
        asserted_id=trunk.caller_id if target.by_trunk else None,
        username=trunk.username if target.by_trunk else None,
        password=trunk.password if target.by_trunk else None,
        is_number=target.by_trunk,
    )
