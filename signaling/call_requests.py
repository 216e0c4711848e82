"""
From what a signer asks for to a call that can begin: relay, direct, to another signer, about a voice message.

Decides whether it may be and what is in it; that a person has one call at a time, and running it, is the desk's.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol

from interpreter_queue.model import PRIORITY_EMERGENCY, REHEARSAL_SKILL
from signaling.call_incoming import video_call
from signaling.call_lines import CallLines, asked_skill
from signaling.call_model import Call, Grace, Line, Side
from signaling.call_services import Services, grace_of
from signaling.call_terms import TRADES_BY_MODE, Mode, Party
from signaling.identity import Identity
from signaling.messages.call import CallAct, CallRequest, CostNotice, EmergencyNotice
from signaling.numbers import Dialable, EmergencyFound, read_number, readable
from signaling.page_errors import PageError
from signaling.phone_guard import Dialler, dialled_legs, dialler_of, dialler_of_signer
from signaling.queue_skills import levels
from signaling.records.database import is_temporary
from signaling.records.model import Brand, Gender, Person
from signaling.routing_plan import CallFacts
from signaling.sessions import Page, PageSession

EMERGENCY_WAITS_S = 1.0  # for the database
WISH_WAITS_S = 2.0
#: A voice message: its sound's key in Redis, and the number of who left it, None: anonymous.
TakeOut = Callable[[Page, str], Awaitable[tuple[str, str | None]]]


class Lookups(Protocol):
    """What is asked of the records."""

    async def brand(self, slug: str) -> Brand | None: ...
    def brand_is_open(self, brand: Brand, now: float) -> bool: ...
    async def refused_agents(self, signer_id: str | None) -> tuple[str, ...]: ...
    async def signer_by_number(self, number: str) -> Person | None: ...
    async def known_adviser(self, brand_id: str, signer_id: str | None) -> str | None: ...
    async def agent_gender(self, signer_id: str | None, asked: str | None) -> Gender | None: ...


class CallRequests:
    """:param take_out: of the signer's inbox."""

    def __init__(self, services: Services, lookups: Lookups, take_out: TakeOut, lines: CallLines) -> None:
        self._config, self._lookups, self._take_out = services.config, lookups, take_out
        self._guard, self.lines = services.guard, lines

    def emergency(self, message: CallRequest, who: Identity) -> EmergencyNotice | None:
        """
        Before sign-in, queue, quota, hours and everything else (PRODUCT): 114 is offered at once; to whom nobody can
        relay, because they have not signed in or are at a brand's page, always.

        :returns: None: an ordinary number, or an emergency that is to be relayed.
        """
        if not message.number:
            return None
        try:
            read = read_number(message.number, self._config, allow_uri=who.rehearsal)
        except PageError:
            return None  # refused in its turn, with its reason
        if not isinstance(read, EmergencyFound):
            return None
        is_relayed = message.kind == "relay" and not who.is_visitor
        may_relay = is_relayed and (read.kind == "relay_first" or self._config.relay_emergency)
        if may_relay and (read.kind == "relay_first" or message.emergency_confirmed):
            return None
        return EmergencyNotice(number=read.display, kind=read.kind, may_relay=may_relay)

    async def call(self, session: PageSession, message: CallRequest) -> Call | CostNotice:
        """:returns: a notice: the number costs extra, nobody has agreed. :raises PageError: why there is no call."""
        match message.kind:
            case "relay":
                return await self._relay(session, message)
            case "direct":
                return await self._direct(session, message)
            case _:
                raise PageError("invalid")  # a number decides that a call is one between signers

    async def callee(self, number: str | None, who: Identity) -> Person | None:
        """
        :param number: E.164. :param who: asks.
        :returns: the signer whose relay number it is; None: a telephone's.
        :raises PageError: it is their own, or of somebody who has left the service.
        """
        if number is None or who.rehearsal:
            return None
        person = None
        try:
            person = await self._lookups.signer_by_number(number)
        except Exception as error:  # without the database a number is a telephone's: the call is not refused for it
            if not is_temporary(error):
                raise
        if person is not None and person.id == who.person_id:
            raise PageError("own_number")
        if person is not None and person.disabled:
            raise PageError("number_refused")
        return person

    async def dialled(
        self, call: Call, party: Party, who: Identity, message: CallAct
    ) -> Dialable | EmergencyNotice | CostNotice | None:
        """
        What an action in a call dials: the number typed, or for ``dial`` without one the call's own, which may be of
        somebody who called. The same rules hold for both.

        :returns: None: no number is dialled.
        :raises PageError: it may not be dialled; ``signer_number``: a picture cannot take a telephone's place.
        """
        typed = message.number or (call.target if message.action == "dial" else None)
        if not typed:
            return None
        policy = await self._guard.policy(dialler_of(call, party))
        read = read_number(typed, self._config, allow_uri=call.rehearsal, policy=policy)
        if isinstance(read, EmergencyFound):
            if read.kind == "offer_114" and not self._config.relay_emergency:
                return EmergencyNotice(number=read.display, kind="offer_114", may_relay=False)
            return read
        if message.number and await self.callee(read.target, who) is not None:
            raise PageError("signer_number")
        if message.cost_confirmed or was_agreed(call, read.target):
            return read
        return _cost(read, call.call_id) or read

    async def _relay(self, session: PageSession, message: CallRequest) -> Call | CostNotice:
        who = session.identity
        if who.person_id is None and not who.rehearsal:
            raise PageError("sign_in_required")
        if message.message_id is not None:
            return await self._about_message(session, message)
        if not message.number:
            raise PageError("number_missing")
        read = read_number(message.number, self._config, allow_uri=who.rehearsal)
        callee = await self.callee(read.target, who)
        if callee is not None:
            return self._video(session, message, callee, read)
        is_emergency = isinstance(read, EmergencyFound)
        await self._guard.check(dialler_of_signer(who), read)
        if not (is_emergency or message.cost_confirmed or who.rehearsal) and (notice := _cost(read)):
            return notice
        return self._call(
            session,
            message,
            line=await self.lines.admit(await self._facts(who, message, is_emergency=is_emergency)),
            trades=TRADES_BY_MODE[message.mode],
            target=read.target,
            display=read.display,
            priority=PRIORITY_EMERGENCY if is_emergency else 0,
            location=message.location if is_emergency else None,
            caller_id=self._shown(who, message),
            refused_agents=await self._refused(who, is_emergency=is_emergency),
        )

    async def _refused(self, who: Identity, *, is_emergency: bool) -> tuple[str, ...]:
        """An emergency does not wait for the database."""
        if not is_emergency:
            return await self._lookups.refused_agents(who.person_id)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(EMERGENCY_WAITS_S):
                return await self._lookups.refused_agents(who.person_id)
        return ()

    async def _facts(self, who: Identity, message: CallRequest, *, is_emergency: bool = False) -> CallFacts:
        """Of a relay call. :raises PageError: it asks for what is no domain or language."""
        gender = None if is_emergency else await self._gender(who.person_id, message.gender)
        return CallFacts(
            kind="relay",
            mode=message.mode,
            trades=TRADES_BY_MODE[message.mode],
            domain=None if is_emergency else asked_skill(message.domain),
            language=asked_skill(message.language),
            gender=gender,
            is_emergency=is_emergency,
            is_rehearsal=who.rehearsal,
        )

    async def _gender(self, signer_id: str | None, asked: str | None) -> Gender | None:
        """A wish: a call does not wait for the database because of it. :param asked: None: as kept."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(WISH_WAITS_S):
                return await self._lookups.agent_gender(signer_id, asked)
        return None

    async def accepted(self, call: Call, mode: Mode) -> Line | None:
        """Of an incoming call that the signer takes. :returns: None: another call, whose line is known."""
        if call.direction != "incoming" or call.kind != "relay":
            return None
        return await self.lines.accepted(call, mode, await self._gender(call.signer_id, None))

    async def _about_message(self, session: PageSession, message: CallRequest) -> Call:
        """An agent relays it; who left it may be called back, where that is allowed."""
        who = session.identity
        line = await self.lines.admit(await self._facts(who, message))
        recording, number = await self._take_out(session, message.message_id or "")
        back: Dialable | None = None
        if number is not None:
            with contextlib.suppress(PageError):
                back = read_number(number, self._config, allow_uri=who.rehearsal)
        return self._call(
            session,
            message,
            line=line,
            trades=TRADES_BY_MODE[message.mode],
            recording=recording,
            target=back.target if back else None,
            display=back.display if back else None,
            caller_id=self._shown(who, message),
            refused_agents=await self._lookups.refused_agents(who.person_id),
        )

    def _video(self, session: PageSession, message: CallRequest, callee: Person, read: Dialable) -> Call:
        who = session.identity
        is_shown = not message.anonymous and who.number is not None
        return video_call(
            call_id=uuid.uuid4().hex,
            now=time.time(),
            signer_key=who.key,
            signer_id=who.person_id,
            signer_device=session.device,
            signer_device_type=session.device_type,
            watched=message.watched,
            signer_name=readable(who.number) if is_shown and who.number else None,
            peer_key=callee.id,
            peer_name=read.display,
            grace=self._grace,
            voice=message.voice,
            hearing=message.hearing,
            caller_id=who.number if is_shown else None,
            display=read.display,
        )

    async def _direct(self, session: PageSession, message: CallRequest) -> Call:
        brand = await self._lookups.brand(message.brand or session.brand or "")
        if brand is None or (brand.is_rehearsal and not session.identity.rehearsal):
            raise PageError("unknown_brand")
        facts = await self.direct_facts(session.identity, message, brand)
        rules = await self.lines.rules(facts)
        if not self._lookups.brand_is_open(brand, time.time()):
            raise PageError("brand_closed" if rules.callback else "brand_closed_no_callback")
        line = await self.lines.admit(facts)
        number: Dialable | EmergencyFound | None = None
        if brand.numbers:
            with contextlib.suppress(PageError):  # not dialled today: the brand is reachable all the same
                policy = await self._guard.policy(Dialler(None, "agent", brand_id=brand.id))
                number = read_number(
                    brand.numbers[0], self._config, allow_uri=session.identity.rehearsal, policy=policy
                )
        return self._call(
            session,
            message,
            line=line,
            supervision_allowed=rules.supervision,
            trades=("adviser",),
            skills=brand.skills,
            brand=brand.slug,
            brand_id=brand.id,
            brand_name=brand.name,
            target=number.target if number else None,
            display=number.display if number else None,
            caller_id=self._config.default_caller_id,
            refused_agents=await self._lookups.refused_agents(session.identity.person_id),
        )

    async def direct_facts(self, who: Identity, message: CallRequest, brand: Brand) -> CallFacts:
        """:raises PageError: it asks for what is no domain or language."""
        known = None
        with contextlib.suppress(Exception):  # without the database whoever is free serves
            async with asyncio.timeout(WISH_WAITS_S):
                known = await self._lookups.known_adviser(brand.id, who.person_id)
        return CallFacts(
            kind="direct",
            mode=message.mode,
            trades=("adviser",),
            brand=brand.slug,
            skills=levels(brand.skills),
            known_agent=known,
            domain=asked_skill(message.domain),
            language=asked_skill(message.language),
            is_rehearsal=who.rehearsal,
        )

    def _shown(self, who: Identity, message: CallRequest) -> str | None:
        """:returns: the number that the phone party sees."""
        return None if message.anonymous else who.number or self._config.default_caller_id

    @property
    def _grace(self) -> Grace:
        return grace_of(self._config)

    def _call(self, session: PageSession, message: CallRequest, **facts: object) -> Call:
        who = session.identity
        skills = {"skills": (*facts.get("skills", ()), REHEARSAL_SKILL)} if who.rehearsal else {}  # type: ignore[misc]
        return Call.model_validate(
            {
                "call_id": uuid.uuid4().hex,
                "kind": message.kind,
                "mode": message.mode,
                "signer_key": who.key,
                "signer_device": session.device,
                "signer_device_type": session.device_type,
                "signer": Side(watched=message.watched),
                "signer_id": who.person_id,
                "voice": message.voice,
                "hearing": message.hearing,
                "domain": message.domain or None,
                "language": message.language or None,
                "announce": message.announce,
                "rehearsal": who.rehearsal,
                "queued_at": time.time(),
                "grace": self._grace,
                **facts,
                **skills,
            }
        )


def was_agreed(call: Call, target: str) -> bool:
    """Whether somebody agreed in this call already to what this number costs: it was asked for, or dialled before."""
    if call.rehearsal:
        return True
    was_asked_for = target == call.target and call.direction == "outgoing" and call.recording is None
    return was_asked_for or any(leg.target == target for leg in dialled_legs(call))


def _cost(number: Dialable, call_id: str | None = None) -> CostNotice | None:
    if number.tariff == "ordinary":
        return None
    return CostNotice(number=number.display, reason=number.tariff, call_id=call_id)
