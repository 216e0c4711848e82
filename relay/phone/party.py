"""
One phone party of a call: its dialog, its sound on the network, its state and its deadlines.

Decides what each SIP event means for the party. Left to others: SIP itself (``relay.phone.leg``), RTP
(``relay.phone.rtp``), who hears whom (``relay.phone.call_sound``), what a party means for the call
(``relay.phone.call``).
"""

import asyncio
import logging
import secrets
from dataclasses import replace
from functools import partial
from typing import Protocol

from relay.errors import RelayError
from relay.model import PhoneOutcome, PhoneProgress
from relay.phone.config import TrunkConfig
from relay.phone.dialling import may_be_forwarded
from relay.phone.leg import (
    Acknowledged,
    Answered,
    EarlyMedia,
    Ended,
    IncomingLeg,
    Invite,
    KeyPressed,
    LegEvent,
    LegListener,
    MediaChanged,
    PhoneLeg,
    ReferEnded,
    Referred,
    Ringing,
    Trying,
)
from relay.phone.line_sound import PhoneLine
from relay.phone.outcome import outcome_of
from relay.phone.rtp import RtpEndpoint, open_rtp
from relay.phone.sdp import LocalAudio, LocalText, offers_text
from relay.phone.services import Services
from relay.phone.target import Target
from relay.phone.text_endpoint import TextEndpoint, open_text
from relay.phone.trunk_dialling import Dialling
from relay.phone.trunk_routes import Route
from relay.phone.watchdog import Watchdog
from relay.phone_messages import Dial

SPEAKING_PROGRESS = ("answered", "held")
log = logging.getLogger(__name__)


class PartyOwner(Protocol):
    """The call."""

    def party_joined(self, party: "PhoneParty", line: PhoneLine) -> None:
        """Its sound can come and go now."""

    def party_left(self, party: "PhoneParty", line: PhoneLine) -> None:
        """Its sound has ended."""

    def party_moved(self, party: "PhoneParty") -> None:
        """``progress`` is another one; after ``ended`` nothing more is told."""

    def party_renegotiated(self, party: "PhoneParty") -> None:
        """Something else is negotiated, while ``progress`` stays."""

    def party_wrote(self, party: "PhoneParty", text: str) -> None:
        """Real-time text (T.140)."""

    def party_pressed(self, party: "PhoneParty", digit: str) -> None: ...

    def party_referred(self, party: "PhoneParty", referred: Referred) -> None: ...

    def party_refer_ended(self, party: "PhoneParty", sip_code: int) -> None: ...


class PhoneParty:
    """Made for one attempt; begun by :meth:`dial` or :meth:`take`, over when ``progress`` is ``ended``."""

    def __init__(self, call_id: str, attempt: str, services: Services, owner: PartyOwner) -> None:
        self.attempt = attempt
        self.progress: PhoneProgress = "trying"
        self.outcome: PhoneOutcome | None = None
        self.sip_code: int | None = None
        self.leg: PhoneLeg | None = None
        self.rtp: RtpEndpoint | None = None
        self.line: PhoneLine | None = None
        self.text: TextEndpoint | None = None
        self.takes_text = False
        self._call_id, self._services, self._owner = call_id, services, owner
        config = services.config
        self._watchdog = Watchdog(config.unkept_after_s, config.rtp_timeout_s, asyncio.get_running_loop().time())
        self._timers: list[asyncio.TimerHandle] = []
        self._ending: PhoneOutcome | None = None
        self._dialling: Dialling | None = None
        self._rang = False
        self._sound_host = ""

    @property
    def is_up(self) -> bool:
        return self.progress != "ended"

    @property
    def is_speaking(self) -> bool:
        """Answered, perhaps on hold."""
        return self.progress in SPEAKING_PROGRESS

    # --- beginning ----------------------------------------------------------------------------------------

    async def dial(self, command: Dial, target: Target, replaces: str | None = None) -> None:
        """What goes wrong is told by ``progress``. :param replaces: see :class:`relay.phone.leg.Invite`."""
        log.info("phone leg begins call_id=%s attempt=%s", self._call_id, self.attempt)
        self._timers = [asyncio.get_running_loop().call_later(command.timeout_s, self.hang_up, "no_answer")]
        routes = self._services.routes

        async def place(route: Route, listener: LegListener) -> PhoneLeg | None:
            wants_text = route.trunk is not None and route.trunk.real_time_text
            audio = await self._open_sound(route.local_host, route.public_host, wants_text=wants_text)
            if audio is None:
                return None
            if route.trunk is not None:
                audio = replace(
                    audio,
                    encryption=route.trunk.srtp,
                    over_tls=route.transport == "tls",
                    codecs=route.trunk.codecs,
                )
            self.leg = self._services.stack.dial(_invite(command, route, audio, replaces), listener)
            return self.leg

        self._dialling = Dialling(
            routes.find(target),
            routes,
            place,
            self._on_leg_event,
            no_response_s=self._services.config.no_response_s,
        )
        await self._dialling.begin()

    async def take(self, leg: IncomingLeg, trunk: TrunkConfig | None = None) -> None:
        """
        Answer a telephone that rings with us.

        :param trunk: it came by; None: by one whose address is merely known.
        :raises RelayError: ``unknown_leg``: it is gone, or its offer cannot be taken.
        """
        log.info("phone leg is taken call_id=%s attempt=%s", self._call_id, self.attempt)
        self.progress, self._rang, self.leg = "ringing", True, leg
        leg.listen(self._on_leg_event)
        try:
            hosts = self._services.routes.own_hosts(leg.peer_host)
            audio = await self._open_sound(*hosts, wants_text=offers_text(leg.offer or ""))
        except OSError:
            leg.reject(503, "Service Unavailable")
            audio = None
        if audio is not None:
            self._may_send(leg.transport != "udp")
            leg.answer(_answering(audio, leg.transport, trunk))
        if not self.is_up:
            raise RelayError("unknown_leg", "the telephone is gone")

    async def _open_sound(self, local_host: str, public_host: str, *, wants_text: bool) -> LocalAudio | None:
        """
        Once for all ways of one address family.

        :returns: None when the party was ended meanwhile. :raises OSError: no RTP port is free.
        """
        if self.rtp is not None and self.line is not None and self._sound_host != local_host:
            self._owner.party_left(self, self.line)
            self._close_sound()
        if self.rtp is None:
            rtp = await open_rtp(local_host, self._services.ports)
            if not self.is_up:
                rtp.close()
                return None
            rtp.on_dtmf = self._key
            self.rtp, self.line, self._sound_host = rtp, PhoneLine(rtp), local_host
            self._owner.party_joined(self, self.line)
        if wants_text and self.text is None:
            await self._open_text(local_host)
        if self.rtp is None:  # ended meanwhile
            return None
        text = LocalText(self.text.port) if wants_text and self.text is not None else None
        return LocalAudio(public_host, self.rtp.port, secrets.randbits(31), text=text)

    async def _open_text(self, local_host: str) -> None:
        text = await open_text(local_host, self._services.ports)
        if self.is_up:
            self.text = text
            text.on_text = lambda written: self._owner.party_wrote(self, written)
        else:
            text.close()

    def _close_sound(self) -> None:
        for endpoint in (self.rtp, self.text):
            if endpoint is not None:
                endpoint.close()
        self.rtp = self.text = self.line = None
        self.takes_text = False

    # --- commands -----------------------------------------------------------------------------------------

    def hold(self, held: bool) -> None:
        """Nothing happens unless the party is answered."""
        if self.leg is not None and self.is_speaking and held != (self.progress == "held"):
            self.leg.hold(held)
            self._advance("held" if held else "answered")

    def press(self, digits: str) -> bool:
        """:returns: whether the peer takes keys now."""
        if self.rtp is None or self.progress not in ("early_media", *SPEAKING_PROGRESS):
            return False
        return self.rtp.press(digits) or self._press_by_info(digits)

    def _press_by_info(self, digits: str) -> bool:
        return self.leg is not None and all(self.leg.press_by_info(digit) for digit in digits)

    def hang_up(self, outcome: PhoneOutcome = "released") -> None:
        if not self.is_up:
            return
        self._ending = outcome
        if self._dialling is not None:
            self._dialling.stop()
            self.leg = self._dialling.leg
        if self.leg is not None:
            self.leg.hang_up()
        else:
            self._finish(outcome)

    def kept(self, now: float) -> None:
        """The owner of the call gave a command. :param now: the loop's time in s."""
        self._watchdog.kept(now)

    def watch(self, now: float) -> None:
        """End the leg when the call's owner or the telephone is gone. :param now: the loop's time in s."""
        if not self.is_up or self._ending is not None:
            return
        signs = self.rtp.signs_of_life if self.rtp is not None else 0
        sound_is_due = self.progress == "answered" and self.rtp is not None and self.rtp.goes_both_ways
        if self.text is not None:
            self.text.tick(now)
        outcome = self._watchdog.verdict(now, signs, sound_is_due=sound_is_due)
        if outcome is not None:
            log.warning("phone leg is given up call_id=%s outcome=%s", self._call_id, outcome)
            self.hang_up(outcome)

    # --- the leg ------------------------------------------------------------------------------------------

    def _on_leg_event(self, event: LegEvent) -> None:
        if not self.is_up:
            return
        match event:
            case Ringing(code):
                self._rang, self.sip_code = True, code
                if self.progress == "trying":
                    self._advance("ringing")
            case EarlyMedia(code, _):
                self._rang, self.sip_code = True, code
                self._connect(event)
                self._advance("early_media")
            case Answered():
                self.sip_code = 200
                self._connect(event)
                self._stop_timers()
                self._advance("answered")
            case Acknowledged():
                self._may_send(True)
            case MediaChanged():
                self._connect(event)
                self._owner.party_renegotiated(self)
            case KeyPressed(digit):
                self._key(digit)
            case Referred():
                self._owner.party_referred(self, event)
            case ReferEnded(sip_code):
                self._owner.party_refer_ended(self, sip_code)
            case Ended():
                self._on_ended(event)
        if not isinstance(event, Trying | Ended):
            self._keep_farewell()

    def _on_ended(self, event: Ended) -> None:
        if event.sip_code is not None:
            self.sip_code = event.sip_code
        if self._ending is not None:
            self._finish(self._ending)
        elif event.sip_code is not None:
            self._finish(outcome_of(event.sip_code, rang=self._rang, cause=event.cause))
        else:
            self._finish("hung_up")

    def _connect(self, event: EarlyMedia | Answered | MediaChanged) -> None:
        if self.rtp is not None:
            self.rtp.connect(event.media)
        if self.text is not None:
            self.text.connect(event.media.text)
            self.takes_text = event.media.text is not None

    def _may_send(self, allowed: bool) -> None:
        for endpoint in (self.rtp, self.text):
            if endpoint is not None:
                endpoint.link.may_send = allowed

    def _key(self, digit: str) -> None:
        if self.is_speaking:
            self._owner.party_pressed(self, digit)

    def _keep_farewell(self) -> None:
        request = self.leg.farewell() if self.leg is not None else None
        if request is not None:
            self._services.farewells.keep(self._farewell_key(), request)

    def _farewell_key(self) -> str:
        return f"{self._call_id} {self.attempt}"

    def _finish(self, outcome: PhoneOutcome) -> None:
        if not self.is_up:
            return
        self._stop_timers()
        self._services.farewells.drop(self._farewell_key())
        log.info("phone leg ends call_id=%s outcome=%s sip_code=%s", self._call_id, outcome, self.sip_code)
        self.outcome = outcome
        self.progress = "ended"
        if self.line is not None:
            self._owner.party_left(self, self.line)
        self._close_sound()
        self._owner.party_moved(self)

    def _advance(self, progress: PhoneProgress) -> None:
        if progress == self.progress:
            return
        self.progress = progress
        if self.line is not None:
            self.line.is_heard = progress in ("early_media", "answered")
            self.line.hears = progress == "answered"
        self._owner.party_moved(self)

    def _stop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []


def _answering(audio: LocalAudio, transport: str, trunk: TrunkConfig | None) -> LocalAudio:
    """Encrypted sound is taken wherever it is offered with its keys under TLS."""
    return replace(
        audio,
        encryption="require" if trunk is not None and trunk.srtp == "require" else "offer",
        over_tls=transport == "tls",
        codecs=trunk.codecs if trunk is not None else audio.codecs,
    )


def _invite(command: Dial, route: Route, audio: LocalAudio, replaces: str | None = None) -> Invite:
    trunk = route.trunk
    return Invite(
        user=route.user,
        domain=route.domain,
        address=route.address,
        transport=route.transport,
        from_domain=route.from_domain,
        audio=audio,
        caller_id=command.caller_id,
        asserted_id=trunk.caller_id if trunk else None,
        username=trunk.username if trunk else None,
        password=trunk.password if trunk else None,
        is_number=trunk is not None,
        own_hosts=frozenset({trunk.host, route.address[0]} if trunk else ()),
        may_follow=partial(may_be_forwarded, command.target),
        replaces=replaces,
    )
