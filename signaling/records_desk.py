"""What calls and pages read from and leave in the records: the thin side of ``signaling.records`` for this process."""

import logging
from collections.abc import Iterable

from aiohttp import web

from signaling.auth import origin_allowed
from signaling.call_model import Call
from signaling.callback_desk import Ended
from signaling.config import SignalingConfig
from signaling.messages.records import CallRate, CallsToday, ContactKnown, WrapUpSubmit
from signaling.page_errors import PageError
from signaling.records import Records
from signaling.records.call_records import Asker, RatingGiven, WrapUp
from signaling.records.model import Brand, Gender, Person
from signaling.records.opening import opening
from signaling.sessions import Page

ASKERS: dict[bool, Asker] = {True: "signer", False: "agent"}
log = logging.getLogger(__name__)


class RecordsDesk:
    def __init__(self, config: SignalingConfig, records: Records) -> None:
        self._config, self._records = config, records

    async def brand(self, slug: str) -> Brand | None:
        return await self._records.brands.by_slug(slug) if slug else None

    async def brand_by_id(self, brand_id: str) -> Brand | None:
        return await self._records.brands.by_id(brand_id)

    def brand_is_open(self, brand: Brand, now: float) -> bool:
        return opening(brand.hours, brand.timezone, brand.holidays_zone, now).is_open

    async def refused_agents(self, signer_id: str | None) -> tuple[str, ...]:
        return await self._records.people.refused(signer_id) if signer_id else ()

    async def person(self, person_id: str) -> Person | None:
        return await self._records.people.by_id(person_id)

    async def ended_call(self, call_id: str) -> Ended | None:
        """What the records say of a call that nobody has any more."""
        found = await self._records.calls.find(call_id)
        if found is None or found.ended_at is None:
            return None
        return Ended(found.end_reason, found.together_at is not None)

    async def agent_names(self, agent_ids: Iterable[str]) -> dict[str, str]:
        return await self._records.people.names(agent_ids)

    async def set_refusal(self, signer_id: str, agent_id: str, *, by_signer: bool, enabled: bool) -> None:
        """Silent; whoever asked for it takes it back."""
        people, asked_by = self._records.people, ASKERS[by_signer]
        if enabled:
            await people.refuse(signer_id, agent_id, asked_by)
        else:
            await people.take_back_refusal(signer_id, agent_id, asked_by)

    async def known_adviser(self, brand_id: str, signer_id: str | None) -> str | None:
        return await self._records.calls.known_adviser(brand_id, signer_id) if signer_id else None

    async def agent_gender(self, signer_id: str | None, asked: str | None) -> Gender | None:
        """
        Which interpreter a signer would rather have, kept with the account.

        :param asked: now: ``f``, ``m``, ``any``; None: as kept.
        """
        if asked is None:
            return await self._records.people.agent_gender(signer_id) if signer_id else None
        gender: Gender | None = "f" if asked == "f" else "m" if asked == "m" else None
        if signer_id is not None:
            await self._records.people.set_agent_gender(signer_id, gender)
        return gender

    async def signer_by_number(self, number: str) -> Person | None:
        """:param number: E.164."""
        return await self._records.people.by_number(number)

    async def signer_by_code(self, code: str) -> Person | None:
        return await self._records.people.by_code(code)

    async def origin_allowed(self, request: web.Request, slug: str | None) -> bool:
        brand = await self.brand(slug) if slug else None
        return origin_allowed(request.headers.get("Origin"), self._config, brand)

    def rating(self, call: Call, message: CallRate) -> RatingGiven:
        """:raises PageError: the call is not over."""
        if call.ended_at is None:
            raise PageError("out_of_place")
        return RatingGiven(call.call_id, call.signer_id, message.stars, message.problems)

    def wrap_up(self, call: Call, session: Page, message: WrapUpSubmit) -> WrapUp | None:
        """
        Direct calls: disposition, note, contact. Of a relay call nothing is taken (professional secrecy).

        :raises PageError: ``not_in_relay``.
        """
        if call.kind != "direct":
            if message.disposition or message.note or message.contact:
                raise PageError("not_in_relay")
            return None
        agent_id = session.identity.key
        return WrapUp(call.call_id, call.kind, agent_id, message.disposition, message.note, message.contact)

    async def send_today(self, session: Page) -> None:
        if session.identity.person_id is not None:
            rows = await self._records.calls.today(session.identity.person_id)
            session.send(CallsToday(calls=tuple(rows)))

    async def contact(self, call: Call) -> ContactKnown | None:
        """Direct calls only: the contact record of who calls, when known."""
        if call.kind != "direct" or call.brand_id is None:
            return None
        known = await self._records.calls.contact_for(call.brand_id, call.signer_id)
        if known is None:
            return None
        contact, earlier = known
        return ContactKnown(call_id=call.call_id, contact=contact, earlier_calls=earlier)
